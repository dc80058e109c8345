"""Importing this module registers every tool of a conversation in `registry.TOOLS`."""

from ...tools.instruments import TOOLS
from ..search import run_tools as _run_tools  # noqa: F401
from . import investigate_tool as _investigate_tool  # noqa: F401

__all__ = ["TOOLS"]
