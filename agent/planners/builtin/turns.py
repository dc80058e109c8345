"""One turn of the built-in planner: which calls to make, and why."""

from collections.abc import Generator
from typing import Any, Literal, NamedTuple

from ....tools.evidence import Evidence

Experiments = Literal["designed", "random", "none"]
"""`random` and `none` are for comparison: inputs that are changed at random, or no inputs."""


class Calls(NamedTuple):
    """Calls to make together."""

    why: str
    calls: tuple[tuple[str, dict[str, Any]], ...]
    """Tool names with their arguments."""


Turns = Generator[Calls, list[Evidence], None]
