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

from ..activations.measured import MOST_TEXTS, note_line, of_texts, words_of
from ..activations.records import activity, flat, full_scale, peak_of, reference
from ..activations.text_spans import Span, SpanValues, at_span, occurrences
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..registry import tool
from ..render.text import MARKS, number, peak, snippet

_OPS = ("replace", "delete", "insert", "swap")


class Variant(NamedTuple):
    """An edited text."""

    edit: str
    """What was done, in a few words."""
    text: str
    focus: tuple[int, int]
    """Characters of the new text that the edit left changed (empty after a deletion)."""
    old: tuple[int, int]
    """Characters of the original that it changed."""


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
    """
    chosen, asked = lab.chosen(unit), words_of(at)
    original = _original(lab, text, window)
    variants, refused = make_variants(original, edits)
    if len(variants) > MOST_TEXTS - 1:
        refused.append(f"only the first {MOST_TEXTS - 1} of {len(variants)} variants were measured")
        variants = variants[: MOST_TEXTS - 1]
    if not variants:
        raise UsageError("no edit could be made: " + ("; ".join(refused) or "pass edits"))
    kept = [variant for variant in variants if variant.text.strip()]
    refused += [f"{v.edit} leaves no text" for v in variants if not v.text.strip()]
    found = of_texts(
        lab, chosen, [original, *(v.text for v in kept)], source="edit", most=MOST_TEXTS
    )
    scale = full_scale(lab, chosen)
    before = peak_of(found.values[0])
    place = peak(found.values[0])
    top = (
        (int(found.windows.start[0, place]), int(found.windows.end[0, place]))
        if place is not None
        else (0, 0)
    )
    bar = activity(flat(lab, chosen).values)
    table: list[dict[str, Any]] = []
    rows: list[str] = []
    for row, variant in enumerate(kept, 1):
        values = found.values[row]
        own = at_span(found.windows, row, values, _follow(variant, original, top))
        after = peak_of(values)
        table.append(
            {
                "edit": variant.edit,
                "text": variant.text,
                "before": before,
                "after": after,
                "change": None if None in (before, after) else after - before,  # type: ignore[operator]
                "at_same_token": own.value,
            }
        )
        line = f"{variant.edit}: {_own(own, _place_of(variant, top))}"
        if after is not None and after > bar and after != own.value:
            drawn = snippet(found.windows, row, values, scale=scale, before=28, after=12)
            line += f"; peak elsewhere {number(after)}: {drawn}"
        rows.append(line + found.at_words(row, asked))
    focus = at_span(found.windows, 0, found.values[0], top).split
    head = (
        f"{chosen}, peak {number(before)} in the original ({reference(lab, chosen)}; {MARKS}): "
        + snippet(found.windows, 0, found.values[0], scale=scale)
        + found.at_words(0, asked)
        + f"\nedit: activation at «{focus}», or at what took its place (a peak elsewhere is "
        "said if active; | parts the tokens of a word)"
    )
    return Result(
        "\n".join([head, *rows, note_line([*refused, *found.notes])]).rstrip(),
        {
            "unit": str(chosen),
            "original": {"text": original, "peak": before, "place": place},
            "variants": table,
            "measured": found.items,
            "refused": refused,
        },
    )


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
        added = _string(edit, "text")
        anchor, before = edit.get("after"), False
        if anchor is None:
            anchor, before = edit.get("before"), True
        if anchor is None:
            return [
                Variant(f"insert '{added}'", _joined("", added, original), (0, len(added)), (0, 0))
            ]
        start, end = occurrences(original, str(anchor))[0]
        point = start if before else end
        new = _joined(
            original[:point].rstrip() if before else original[:point], added, original[point:]
        )
        begin = new.index(added, max(0, point - 1))
        where = f"{'before' if before else 'after'} '{anchor}'"
        return [
            Variant(f"insert '{added}' {where}", new, (begin, begin + len(added)), (point, point))
        ]
    if op == "delete":
        find = _string(edit, "find")
        new, focus, old = _replaced(original, find, "", every)
        return [Variant(f"delete '{find}'", new, focus, old)]
    if op == "swap":
        one, other = _string(edit, "find"), _string(edit, "with")
        a, b = sorted([occurrences(original, one)[0], occurrences(original, other)[0]])
        if a[1] > b[0]:
            raise UsageError(f"swap: '{one}' and '{other}' overlap")
        middle = original[a[1] : b[0]]
        new = (
            original[: a[0]]
            + original[b[0] : b[1]]
            + middle
            + original[a[0] : a[1]]
            + original[b[1] :]
        )
        return [Variant(f"swap '{one}' and '{other}'", new, (a[0], b[1]), (a[0], b[1]))]
    if op == "replace":
        find = _string(edit, "find")
        given = edit.get("with")
        each = given if isinstance(given, (list, tuple)) else [given]
        out = []
        for new_text in each:
            if not isinstance(new_text, str):
                raise UsageError("replace needs with: a string, or a list of strings")
            new, focus, old = _replaced(original, find, new_text, every)
            out.append(Variant(f"'{find}' to '{new_text}'", new, focus, old))
        return out
    raise UsageError(f"there is no edit op '{op}'; the ops are {', '.join(_OPS)}")


def _string(edit: Mapping[str, Any], key: str) -> str:
    value = edit.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"the edit {dict(edit)} needs {key}: a non-empty string")
    return value


def _replaced(
    text: str, find: str, new: str, every: bool
) -> tuple[str, tuple[int, int], tuple[int, int]]:
    spots = occurrences(text, find)
    first = spots[0]
    for start, end in reversed(spots if every else spots[:1]):
        left, right = text[:start], text[end:]
        if not new and left.endswith(" ") and right.startswith(" "):
            right = right[1:]
        text = left + new + right
    return text, (first[0], first[0] + len(new)), first


def _joined(left: str, middle: str, right: str) -> str:
    gap = " " if left and not left[-1].isspace() else ""
    tail = " " if right and (right[0].isalnum() or right[0] in "'\"(") else ""
    return f"{left}{gap}{middle}{tail}{right}"


def _place_of(variant: Variant, at: Span) -> str:
    """Where the original's peak token lies: `left` or `right` of the edit, or `inside` it."""
    if at[1] <= variant.old[0]:
        return "left"
    return "right" if at[0] >= variant.old[1] else "inside"


def _follow(variant: Variant, original: str, at: Span) -> Span:
    """The characters of the new text that the original's peak token became."""
    grown = len(variant.text) - len(original)
    where = _place_of(variant, at)
    if where == "left":
        return at
    return (at[0] + grown, at[1] + grown) if where == "right" else variant.focus


def _own(found: SpanValues, where: str) -> str:
    """The value, with the tokens where an edit put in a word of several."""
    if found.value is None:
        return "that token is gone"
    split = "|" in found.split and where == "inside"
    return f"{number(found.value)} ({found.text()})" if split else number(found.value)


def _original(lab: Lab, text: str | None, window: int | None) -> str:
    if text is not None and text.strip():
        return text
    if window is None:
        raise UsageError("pass text, or window: the number of an exemplar's window")
    if not 0 <= window < len(lab.explore):
        raise UsageError(f"there is no window {window}; explore has 0 to {len(lab.explore) - 1}")
    return lab.explore.text(window)
