"""Importing this module registers every tool of a conversation in `registry.TOOLS`."""

from ...tools import belt as _belt  # noqa: F401
from . import investigate_tool as _investigate_tool  # noqa: F401
