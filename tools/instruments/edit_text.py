"""Edits a text in many ways and measures the unit before and after each.

An edit is {"op": ...} with
    replace  "find", "with": a string, or a list of alternatives (one variant each)
    delete   "find"
    insert   "text", and "before" or "after": a string of the text; neither: at the start
    swap     "find", "with": two strings of the text change places
and "all": true for every occurrence instead of the first. `find` matches whole words if it can.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..activations.measured import MOST_TEXTS, Texts, note_line, of_texts, words_of
from ..activations.records import activity, flat, full_scale, peak_of, reference
from ..activations.text_spans import Span, at_span, occurrences
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..registry import tool
from ..render.text import MARKS, marks_key, number, peak, snippet

_OPS = ("replace", "delete", "insert", "swap")


class Variant(NamedTuple):
    """An edited text."""

    edit: str
    """What was done, in a few words."""
    text: str
    focus: Span
    """Characters of the new text that the edit left changed (empty after a deletion)."""
    old: Span
    """Characters of the original that it changed."""

    def place_of(self, at: Span) -> str:
        """Where a span of the original lies: `left` or `right` of the edit, or `inside` it."""
        if at[1] <= self.old[0]:
            return "left"
        return "right" if at[0] >= self.old[1] else "inside"

    def became(self, at: Span, original: str) -> Span:
        """The characters of the new text that a span of the original became."""
        grown = len(self.text) - len(original)
        moved = {"left": at, "right": (at[0] + grown, at[1] + grown), "inside": self.focus}
        return moved[self.place_of(at)]


@tool(needs=("text",))
def edit_text(
    lab: Lab,
    edits: list[dict[str, Any]],
    text: str | None = None,
    window: int | None = None,
    unit: str | None = None,
    *,
    at: str | list[str] | None = None,
) -> Result:
    """Measures the unit on a text and on edited variants of it: which words does it need, and what
    may stand in their place?

    Args:
        edits: Each from the original, at most 64 variants: {"op":"replace","find":"cat","with":
            ["dog","car"]}, {"op":"delete","find":"the old"}, {"op":"insert","text":"not",
            "before":"sleep"} (or after; neither: at the start), {"op":"swap","find":"cat","with":
            "mouse"}; "all":true for every occurrence.
        text: The original.
        window: Instead: of explore.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        at: Words whose own activation is said.

    Returns:
        original {peak}; variants [{edit, text, before, after}]; measured
    """
    chosen, words = lab.chosen(unit), words_of(at)
    original = _original(lab, text, window)
    variants, refused = make_variants(original, edits)
    if len(variants) > MOST_TEXTS - 1:
        refused.append(f"only the first {MOST_TEXTS - 1} of {len(variants)} variants were measured")
        variants = variants[: MOST_TEXTS - 1]
    if not variants:
        raise UsageError("no edit could be made: " + ("; ".join(refused) or "pass edits"))
    kept = [variant for variant in variants if variant.text.strip()]
    refused += [f"{v.edit} leaves no text" for v in variants if not v.text.strip()]
    measured = of_texts(
        lab, chosen, [original, *(v.text for v in kept)], source="edit", most=MOST_TEXTS
    )
    before, place = peak_of(measured.values[0]), peak(measured.values[0])
    top = (0, 0)
    if place is not None:
        top = int(measured.windows.start[0, place]), int(measured.windows.end[0, place])
    scale, bar = full_scale(lab, chosen), activity(flat(lab, chosen).values)
    table, rows = [], []
    for row, variant in enumerate(kept, 1):
        entry, line = _changed(measured, row, variant, before, top, (scale, bar))
        table.append(entry)
        rows.append(line + measured.at_words(row, words))
    focus = at_span(measured.windows, 0, measured.values[0], top).split
    head = (
        f"{chosen}, peak {number(before)} in the original "
        f"({reference(lab, chosen)}{marks_key(lab, MARKS)}): "
        + snippet(measured.windows, 0, measured.values[0], scale=scale)
        + measured.at_words(0, words)
        + f"\nedit: activation at «{focus}», or at what took its place (a peak elsewhere is "
        "said if active; | parts the tokens of a word)"
    )
    return Result(
        "\n".join([head, *rows, note_line([*refused, *measured.notes])]).rstrip(),
        {
            "unit": str(chosen),
            "original": {"text": original, "peak": before, "place": place},
            "variants": table,
            "measured": measured.items,
            "refused": refused,
        },
    )


def _changed(
    measured: Texts,
    row: int,
    variant: Variant,
    before: float | None,
    top: Span,
    levels: tuple[float, float],
) -> tuple[dict[str, Any], str]:
    """One variant beside the original, as data and in words.

    Args:
        measured: The original and the variants.
        row: Of the variant.
        variant: It.
        before: The peak of the original.
        top: The original's peak token.
        levels: The unit's largest activation, and the one above which it is active.
    """
    values, (scale, bar) = measured.values[row], levels
    original = measured.windows.texts[0]
    own = at_span(measured.windows, row, values, variant.became(top, original))
    after = peak_of(values)
    line = "that token is gone"
    if own.value is not None:
        split = "|" in own.split and variant.place_of(top) == "inside"
        line = f"{number(own.value)} ({own.text()})" if split else number(own.value)
    if after is not None and after > bar and after != own.value:
        text = snippet(measured.windows, row, values, scale=scale, before=28, after=12)
        line += f"; peak elsewhere {number(after)}: {text}"
    entry = {
        "edit": variant.edit,
        "text": variant.text,
        "before": before,
        "after": after,
        "change": None if before is None or after is None else after - before,
        "at_same_token": own.value,
    }
    return entry, f"{variant.edit}: {line}"


def make_variants(
    original: str, edits: Sequence[Mapping[str, Any]]
) -> tuple[list[Variant], list[str]]:
    """The edited texts, and what could not be edited with the reason."""
    out: list[Variant] = []
    refused: list[str] = []
    for edit in edits:
        try:
            out.extend(_variants(original, edit))
        except UsageError as error:
            refused.append(str(error))
    return out, refused


def _variants(original: str, edit: Mapping[str, Any]) -> list[Variant]:
    op = edit.get("op", "replace" if "with" in edit else None)
    every = bool(edit.get("all", False))
    if op == "insert":
        return [_inserted(original, edit)]
    if op == "delete":
        find = _string(edit, "find")
        return [_replaced(original, find, "", every, f"delete '{find}'")]
    if op == "swap":
        return [_swapped(original, _string(edit, "find"), _string(edit, "with"))]
    if op == "replace":
        find, given = _string(edit, "find"), edit.get("with")
        each = given if isinstance(given, list | tuple) else [given]
        texts = [new for new in each if isinstance(new, str)]
        if len(texts) < len(each):
            raise UsageError("replace needs with: a string, or a list of strings")
        return [_replaced(original, find, new, every, f"'{find}' to '{new}'") for new in texts]
    raise UsageError(f"there is no edit op '{op}'; the ops are {', '.join(_OPS)}")


def _string(edit: Mapping[str, Any], key: str) -> str:
    value = edit.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"the edit {dict(edit)} needs {key}: a non-empty string")
    return value


def _inserted(original: str, edit: Mapping[str, Any]) -> Variant:
    added = _string(edit, "text")
    side = next((side for side in ("after", "before") if edit.get(side) is not None), None)
    if side is None:
        return Variant(f"insert '{added}'", _joined("", added, original), (0, len(added)), (0, 0))
    start, end = occurrences(original, str(edit[side]))[0]
    point = start if side == "before" else end
    left = original[:point].rstrip() if side == "before" else original[:point]
    new = _joined(left, added, original[point:])
    begin = new.index(added, max(0, point - 1))
    return Variant(
        f"insert '{added}' {side} '{edit[side]}'", new, (begin, begin + len(added)), (point, point)
    )


def _swapped(original: str, one: str, other: str) -> Variant:
    a, b = sorted([occurrences(original, one)[0], occurrences(original, other)[0]])
    if a[1] > b[0]:
        raise UsageError(f"swap: '{one}' and '{other}' overlap")
    parts = (original[: a[0]], original[slice(*b)], original[a[1] : b[0]], original[slice(*a)])
    new = "".join([*parts, original[b[1] :]])
    return Variant(f"swap '{one}' and '{other}'", new, (a[0], b[1]), (a[0], b[1]))


def _replaced(text: str, find: str, new: str, every: bool, edit: str) -> Variant:
    spots = occurrences(text, find)
    for start, end in reversed(spots if every else spots[:1]):
        left, right = text[:start], text[end:]
        if not new and left.endswith(" ") and right.startswith(" "):
            right = right[1:]
        text = left + new + right
    first = spots[0]
    return Variant(edit, text, (first[0], first[0] + len(new)), first)


def _joined(left: str, middle: str, right: str) -> str:
    gap = " " if left and not left[-1].isspace() else ""
    tail = " " if right and (right[0].isalnum() or right[0] in "'\"(") else ""
    return f"{left}{gap}{middle}{tail}{right}"


def _original(lab: Lab, text: str | None, window: int | None) -> str:
    if text is not None and text.strip():
        return text
    if window is None:
        raise UsageError("pass text, or window: the number of an exemplar's window")
    if not 0 <= window < len(lab.explore):
        raise UsageError(f"there is no window {window}; explore has 0 to {len(lab.explore) - 1}")
    return lab.explore.text(window)
