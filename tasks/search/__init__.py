"""Search over a finished or running set of labels: by words, by meaning, by what units do."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .search import RunSearch

__all__ = ["RunSearch"]


def __getattr__(name: str) -> Any:
    """`RunSearch`, imported when it is asked for: the command line must answer at once."""
    if name == "RunSearch":
        from .search import RunSearch

        return RunSearch
    raise AttributeError(name)
