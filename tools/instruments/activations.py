"""Activations of a unit on texts that the planner writes, token by token."""

from collections import Counter
from collections.abc import Sequence

from ..activations.records import Measured, activity, flat, full_scale, of_texts, peak_of, said
from ..activations.text_spans import at_span, occurrences
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..registry import tool
from ..render.text import MARKS, number, snippet

_SHORT = 24  # tokens of a text that is shown whole
_ALL = 1_000_000  # characters: a text is never cut before its peak


@tool(needs=("text",))
def activations(
    lab: Lab, texts: list[str], unit: str | None = None, *, at: str | list[str] | None = None
) -> Result:
    """Measures the unit on texts that you write, token by token: near-misses of a hypothesis beside
    texts that fit it, each with some context.

    Args:
        texts: The texts, at most 64.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        at: Words whose own activation is said, token by token.
    """
    chosen = lab.chosen(unit)
    asked = words_asked(at)
    found = of_texts(lab, chosen, texts, source="planner")
    head = f"{chosen} on your texts; peak at «» ({reference(lab, chosen)}; {MARKS}):"
    rows = drawn(lab, chosen, found, asked)
    return Result(
        "\n".join([head, *rows, said(found.notes)]).rstrip(),
        {"unit": str(chosen), "measured": found.items},
    )


def drawn(lab: Lab, unit: Unit, found: Measured, asked: Sequence[str] = ()) -> list[str]:
    """One line a text: its number, its peak, the text with activations marked, words asked for."""
    scale = full_scale(lab, unit)
    rows = []
    for row in range(len(found.items)):
        values = found.values[row]
        whole = int(found.windows.attended[row].sum()) <= _SHORT
        after = _ALL if whole else 20
        shown = snippet(found.windows, row, values, scale=scale, before=_ALL, after=after)
        rows.append(f"{row + 1}. {number(peak_of(values))}: {shown}{words_at(found, row, asked)}")
    return rows


def words_asked(at: str | Sequence[str] | None) -> list[str]:
    """The words of an argument `at`."""
    given = [at] if isinstance(at, str) else list(at or [])
    return [word for word in given if word.strip()]


def words_at(found: Measured, row: int, asked: Sequence[str]) -> str:
    """The activation of the words asked for in one text, token by token."""
    shown = []
    for word in asked:
        try:
            spans = _whole(found.windows.texts[int(found.windows.document[row])], word)
        except UsageError:
            continue
        here = [at_span(found.windows, row, found.values[row], span) for span in spans]
        shown += [one.said() for one in here]
    times = Counter(shown)  # a word that stands there again with the same value is said once
    said = (name if n == 1 else f"{name} ({n} times)" for name, n in times.items())
    return f" | at {', '.join(said)}" if shown else ""


def _whole(text: str, word: str) -> list[tuple[int, int]]:
    """Where a word stands by itself in a text, not inside other words."""
    return [
        (start, end)
        for start, end in occurrences(text, word)
        if not (word[0].isalnum() and text[:start][-1:].isalnum())
        and not (word[-1].isalnum() and text[end:][:1].isalnum())
    ]


def reference(lab: Lab, unit: Unit) -> str:
    """What activations of the unit are to be compared with."""
    values = flat(lab, unit).values
    if not values.size:
        return "not measured on explore"
    return (
        f"on explore: mean {number(float(values.mean()))}, active above "
        f"{number(activity(values))}, max {number(float(values.max()))}"
    )
