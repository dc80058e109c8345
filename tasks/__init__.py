"""What a user comes for. `from neuroscribe.tasks import label` labels units from Python."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .labelling.label import label

__all__ = ["label"]


def __getattr__(name: str) -> Any:
    """Imports a task when it is first asked for: the command line must not load torch."""
    if name == "label":
        from .labelling.label import label

        return label
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
