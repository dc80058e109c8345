"""Activations of a unit on texts that the planner writes, token by token."""

from collections.abc import Sequence

from .errors import UsageError
from .evidence import Result
from .lab import Lab
from .measured import Measured, activity, flat, full_scale, of_texts, peak_of, said
from .models import Unit
from .registry import tool
from .render_text import MARKS, number, snippet
from .within import at_span, occurrences

_SHOWN = 24
_BEGUN = 48  # characters of a text behind the first ones
_SHORT = 24  # tokens of a text that is always shown whole


@tool(needs=("text",))
def activations(
    lab: Lab, texts: list[str], unit: str | None = None, *, at: str | list[str] | None = None
) -> Result:
    """Measures the unit on texts that you write, token by token.

    Write near-misses of your hypothesis next to texts that fit it. Give the unit a few words of
    context, as in the exemplars.

    Args:
        texts: The texts, at most 64.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        at: A word or words whose own activation is said for each text that holds them, with the
            tokens that they are split into.
    """
    chosen = lab.chosen(unit)
    asked = [at] if isinstance(at, str) else list(at or [])
    asked = [word for word in asked if word.strip()]
    found = of_texts(lab, chosen, texts, source="planner")
    head = f"{chosen} on your texts; peak at «» ({reference(lab, chosen)}; {MARKS}):"
    rows = drawn(lab, chosen, found, asked)
    return Result(
        "\n".join([head, *rows, said(found.notes)]).rstrip(),
        {"unit": str(chosen), "measured": found.items},
    )


def drawn(lab: Lab, unit: Unit, found: Measured, asked: Sequence[str] = ()) -> list[str]:
    """One line a text: its number, its peak, words asked for, the text with activations marked."""
    scale = full_scale(lab, unit)
    short = len(found.items) > 8
    rows = []
    for row in range(min(len(found.items), _SHOWN)):
        values = found.values[row]
        top = peak_of(values)
        whole = int(found.windows.attended[row].sum()) <= _SHORT
        before, after = (10_000, 10_000) if whole else (40 if short else 100, 20)
        shown = snippet(found.windows, row, values, scale=scale, before=before, after=after)
        rows.append(f"{row + 1}. {number(top)}: {shown}{_asked(found, row, asked)}")
    for row in range(_SHOWN, len(found.items)):  # too many to draw: how they begin
        text = " ".join(found.windows.texts[int(found.windows.document[row])].split())
        top = number(peak_of(found.values[row]))
        rows.append(f"{row + 1}. {top}: {text[:_BEGUN]}{_asked(found, row, asked)}")
    return rows


def _asked(found: Measured, row: int, asked: Sequence[str]) -> str:
    """The activation of the words asked for, token by token."""
    shown = []
    for word in asked:
        try:
            spans = occurrences(found.windows.texts[int(found.windows.document[row])], word)
        except UsageError:
            continue
        here = [at_span(found.windows, row, found.values[row], span) for span in spans]
        shown += [one.said() for one in here]
    return f" | at {', '.join(dict.fromkeys(shown))}" if shown else ""


def reference(lab: Lab, unit: Unit) -> str:
    """What activations of the unit are to be compared with."""
    values = flat(lab, unit).values
    if not values.size:
        return "not measured on explore"
    return (
        f"on explore: mean {number(float(values.mean()))}, active above "
        f"{number(activity(values))}, max {number(float(values.max()))}"
    )
