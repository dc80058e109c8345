"""Activations of a unit on texts that the planner writes, token by token."""

from ..activations.measured import note_line, of_texts, words_of
from ..activations.records import reference
from ..evidence import Result
from ..lab import Lab
from ..registry import tool
from ..render.text import MARKS, marks_key


@tool(needs=("written",))
def activations(
    lab: Lab, texts: list[str], unit: str | None = None, *, at: str | list[str] | None = None
) -> Result:
    """Measures the unit on texts that you write, token by token: near-misses of a hypothesis beside
    texts that fit it, each with some context.

    Args:
        texts: The texts, at most 64.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        at: Words whose own activation is said, token by token.

    Returns:
        measured
    """
    chosen = lab.chosen(unit)
    measured = of_texts(lab, chosen, texts, source="planner")
    head = f"{chosen} on your texts; peak at «» ({reference(lab, chosen)}{marks_key(lab, MARKS)}):"
    rows = measured.lines(lab, chosen, words_of(at))
    return Result(
        "\n".join([head, *rows, note_line(measured.notes)]).rstrip(),
        {"unit": str(chosen), "measured": measured.items},
    )
