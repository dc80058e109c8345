"""Activations of a unit on texts that the planner writes, token by token."""

from .evidence import Result
from .lab import Lab
from .measured import Measured, activity, flat, full_scale, of_texts, peak_of, said
from .models import Unit
from .registry import tool
from .render_text import number, snippet

_SHOWN = 24


@tool(needs=("text",))
def activations(lab: Lab, texts: list[str], unit: str | None = None) -> Result:
    """Measures the unit on texts that you write, token by token.

    Write near-misses of your hypothesis next to texts that fit it. Give the unit a few words of
    context, as in the exemplars.

    Args:
        texts: The texts, at most 64.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    found = of_texts(lab, chosen, texts, source="planner")
    head = f"{chosen} on your texts; peak activation at «» ({reference(lab, chosen)}):"
    rows = drawn(lab, chosen, found)
    return Result(
        "\n".join([head, *rows, said(found.notes)]).rstrip(),
        {"unit": str(chosen), "measured": found.items},
    )


def drawn(lab: Lab, unit: Unit, found: Measured) -> list[str]:
    """One line a text: its number, its peak, the text with activations marked."""
    scale = full_scale(lab, unit)
    short = len(found.items) > 8
    rows = []
    for row in range(min(len(found.items), _SHOWN)):
        values = found.values[row]
        top = peak_of(values)
        shown = snippet(
            found.windows, row, values, scale=scale, before=40 if short else 100, after=20
        )
        rows.append(f"{row + 1}. {number(top)}: {shown}")
    if len(found.items) > _SHOWN:
        rest = [peak_of(values) for values in found.values[_SHOWN:]]
        rows.append(f"peaks of the other {len(rest)}: " + ", ".join(number(p) for p in rest))
    return rows


def reference(lab: Lab, unit: Unit) -> str:
    """What activations of the unit are to be compared with."""
    values = flat(lab, unit).values
    if not values.size:
        return "not measured on explore"
    return (
        f"on explore: mean {number(float(values.mean()))}, active above "
        f"{number(activity(values))}, max {number(float(values.max()))}"
    )
