"""Measures a unit on inputs that a tool made: written texts, drawn and edited pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import plain
from ..images.recipes import Recipe, made_rows
from ..lab import Lab
from ..models import Unit
from ..render.text import number, snippet
from .records import full_scale, item, peak_of
from .text_spans import at_span, occurrences

MOST_TEXTS = 64
"""Texts of one call."""
MOST_PICTURES = 64
"""Pictures of one call."""
_SHORT = 24  # tokens of a text that is shown whole
_ALL = 1_000_000  # characters: a text is never cut before its peak


class Texts(NamedTuple):
    """Texts with the unit's activations."""

    windows: TokenWindows
    values: np.ndarray
    """float32 `[text, place]`, NaN where not counted."""
    items: list[dict[str, Any]]
    """The same in the form of `measured`."""
    notes: list[str]
    """What was cut or left out."""

    def lines(self, lab: Lab, unit: Unit, words: Sequence[str] = ()) -> list[str]:
        """One line a text: its number, its peak, the text with activations marked, and `words`."""
        scale = full_scale(lab, unit)
        rows = []
        for row, values in enumerate(self.values):
            whole = int(self.windows.attended[row].sum()) <= _SHORT
            after = _ALL if whole else 20
            text = snippet(self.windows, row, values, scale=scale, before=_ALL, after=after)
            rows.append(f"{row + 1}. {number(peak_of(values))}: {text}{self.at_words(row, words)}")
        return rows

    def at_words(self, row: int, words: Sequence[str]) -> str:
        """The activation of words in one text, token by token."""
        text = self.windows.texts[int(self.windows.document[row])]
        spans = [
            at_span(self.windows, row, self.values[row], span).text()
            for word in words
            for span in occurrences(text, word, whole_words=True)
        ]
        times = Counter(spans)  # a word that stands there again with the same value is said once
        listed = (name if n == 1 else f"{name} ({n} times)" for name, n in times.items())
        return f" | at {', '.join(listed)}" if spans else ""


class Pictures(NamedTuple):
    """Pictures with the unit's activations."""

    rows: ImageRows
    values: np.ndarray
    """float32 `[image]`, NaN where it was not finite."""
    items: list[dict[str, Any]]
    """The same in the form of `measured`."""


def of_texts(
    lab: Lab, unit: Unit, texts: Sequence[str], *, source: str, most: int = MOST_TEXTS
) -> Texts:
    """Measures the unit on written texts.

    Raises:
        UsageError: if no text has a token that counts.
    """
    given = [text for text in texts if isinstance(text, str)]
    kept = [text for text in given if text.strip()]
    notes = []
    if len(given) < len(texts):
        notes.append(f"{len(texts) - len(given)} entries were not text and were left out")
    if len(kept) < len(given):
        notes.append(f"{len(given) - len(kept)} empty texts were left out")
    if len(kept) > most:
        notes.append(f"only the first {most} of {len(kept)} texts were measured")
        kept = kept[:most]
    if not kept:
        raise UsageError("there is no text to measure: pass texts, a list of non-empty strings")
    windows = lab.tokenize(kept)
    ends = windows.end.max(1, initial=0)  # [text]: where what was read ends
    cut = sum(bool(text[int(end) :].strip()) for text, end in zip(windows.texts, ends, strict=True))
    if cut:
        notes.append(f"{cut} texts were cut to the context of {windows.ids.shape[1]} tokens")
    bare = int((~windows.counted.any(1)).sum())
    if bare and lab.target.special_tokens == "skip-first":
        notes.append(
            f"{bare} texts are their first token alone, which is left out: write before it"
        )
    values = lab.activations(windows, [unit])[0]  # [text, place]
    lost = int((windows.counted & ~np.isfinite(values)).sum())
    if lost:
        notes.append(f"{lost} activations were not finite and were left out")
        values = np.where(np.isfinite(values), values, np.nan)
    items = [item(unit, windows, row, values[row], source=source) for row in range(len(windows))]
    return Texts(windows, values, items, notes)


def of_recipes(
    lab: Lab,
    unit: Unit,
    recipes: Sequence[Recipe],
    *,
    source: str,
    more: Sequence[Mapping[str, Any]] | None = None,
) -> Pictures:
    """Makes the pictures and measures the unit on them.

    Args:
        lab: The lab.
        unit: The unit.
        recipes: What to make.
        source: Where the pictures come from, for the record.
        more: Further fields of each entry.
    """
    recipes = [plain(recipe) for recipe in recipes]  # as they are kept, so that replay draws these
    rows = made_rows(lab, recipes)
    values = lab.activations(rows, [unit])[0, :, 0]  # [image]
    values = np.where(np.isfinite(values), values, np.nan)
    items = []
    for at, (recipe, extra) in enumerate(zip(recipes, more or [{}] * len(recipes), strict=True)):
        window = recipe.get("window")
        where: dict[str, Any] = {"recipe": recipe} if window is None else {"window": window}
        items.append(item(unit, rows, at, values[at], source=source, **where, **extra))
    return Pictures(rows, values, items)


def words_of(given: str | Sequence[str] | None) -> list[str]:
    """The words of an argument `at`."""
    listed = [given] if isinstance(given, str) else list(given or [])
    return [word for word in listed if word.strip()]


def note_line(notes: Sequence[str]) -> str:
    """Notes as the last line of a result."""
    return f"Note: {'; '.join(notes)}." if notes else ""
