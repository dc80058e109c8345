"""The suites by name."""

from ...tools.errors import UsageError, nearest
from .suite import Suite
from .suite_text import TextSuite
from .suite_vision import VisionSuite

SUITES: dict[str, Suite] = {suite.name: suite for suite in (TextSuite(), VisionSuite())}


def suite_of(name: str) -> Suite:
    """The suite of that name.

    Raises:
        UsageError: if there is none.
    """
    if name not in SUITES:
        raise UsageError(f"there is no suite '{name}'; nearest: {nearest(name, SUITES)}")
    return SUITES[name]
