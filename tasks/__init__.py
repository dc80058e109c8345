"""What a user comes for, from Python: `from neuroscribe.tasks import label, ask, evaluate`.

    run = label("planted", units="planted/0-2", data="builtin:stories", out="runs/a")
    answer = ask("planted", "What does unit planted/0 do?")
    found = evaluate(seeds=(1,), tiers=("A",), out="runs/b")

All three show themselves in a notebook. `open_conversation` is for more than one question.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asking.opening import ask, open_conversation
    from .evaluation.evaluate import evaluate
    from .labelling.label import label

__all__ = ["ask", "evaluate", "label", "open_conversation"]

_HOMES = {
    "ask": ".asking.opening",
    "evaluate": ".evaluation.evaluate",
    "label": ".labelling.label",
    "open_conversation": ".asking.opening",
}


def __getattr__(name: str) -> Any:
    """Imports a task when it is first asked for: the command line must not load torch."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
