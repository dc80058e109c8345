"""Scans words: what a unit does at each of thousands, or at one word with each of them before it.

The words are those of explore, most frequent first; each is put alone into the same short text, so
that nothing but the word differs. Our formulation.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from ..activations.records import activity, flat, item
from ..activations.text_spans import at_span
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import number

_MOST = 3000  # words of one call: about ten seconds on a small model
_ENDS = 20  # words that are always listed from each end
_SHOWN = 60  # words that are listed of the rarer side
_KEPT = 12  # texts that go to the ledger, from each side


@tool(needs=("text",))
def scan(
    lab: Lab,
    unit: str | None = None,
    *,
    before: str = "",
    after: str = "",
    words: list[str] | None = None,
    many: Annotated[int, UpTo(_MOST)] = _MOST,
    at: Literal["word", "end"] | None = None,
) -> Result:
    """Puts each of thousands of words into one short text and reads the unit at the word: all words
    that it is on at. With `after`, a word that it is on at, the end is read: which words it needs
    before that, or which suppress it; longer `after` ("and then the lung") puts them further back.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        before: Text before the scanned word.
        after: Text behind it.
        words: Left out: those of explore, most frequent first.
        many: How many words.
        at: Read the scanned word (with text on both sides), or the end.
    """
    chosen = lab.chosen(unit)
    names = vocabulary(lab) if words is None else [w.strip() for w in words if w.strip()]
    names = list(dict.fromkeys(names))
    left_out, names = max(0, len(names) - many), names[:many]
    if not names:
        raise UsageError("there is no word to scan; pass words")
    own = at == "word" or not after
    windows, values, read = _read(lab, chosen, names, before, after, own=own)
    opens = lab.target.kind == "causal" and bool(windows.counted[:, 0].any())
    if own and not before and opens:  # the first place of all is often an attention sink
        tried = [
            (lead, _read(lab, chosen, names, lead, after, own=own)) for lead in vocabulary(lab)[:2]
        ]
        if tried:  # one of them may itself suppress
            before, (windows, values, read) = max(tried, key=lambda t: float(np.nansum(t[1][2])))
    base = float(read[-1]) if not own and np.isfinite(read[-1]) else None
    read = read[: len(names)]
    good = np.isfinite(read)
    bar = activity(flat(lab, chosen).values)
    on = good & (read > bar)
    rare_on = on.sum() <= good.sum() / 2
    rows = [
        f"{chosen} {_where(before, after, own)}, {int(good.sum())} words one at a time: on (above "
        f"{number(bar)}) with {int(on.sum())}, off with {int((good & ~on).sum())}."
    ]
    if base is not None:
        rows.append(f"Without any word: {number(base)}.")
    order = np.flatnonzero(good)
    order = order[np.argsort(-read[order], kind="stable")]
    split = _split(windows, names)
    listed: list[int] = []
    if len(order):
        most = max(_ENDS, min(_SHOWN, int(on.sum())) if rare_on else 0)
        least = max(_ENDS, 0 if rare_on else min(_SHOWN, int((good & ~on).sum())))
        top, low = order[:most], order[most:][-least:][::-1]
        listed = [*top, *low]

        def said(some: np.ndarray) -> str:
            return ", ".join(
                f"{names[i]}{'*' if split[i] else ''} {number(float(read[i]))}" for i in some
            )

        rest = int(on.sum()) - int(on[top].sum())
        more = f"; {rest} more are on" if rest else ""
        rows.append(f"{'Highest' if len(low) else 'All'}: {_sides(top, on, said)}{more}.")
        if len(low):
            rest = int((good & ~on).sum()) - int((~on)[listed].sum())
            more = f"; {rest} more are off" if rest and not rare_on else ""
            rows.append(f"Lowest: {_sides(low, on, said)}{more}.")
        if split[listed].any():
            rows.append("* split into several tokens, which also moves what stands behind it.")
        weaker = np.setdiff1d(_weaker(read, good & ~on, bar), listed) if rare_on else []
        if 0 < len(weaker) <= 0.2 * (good & ~on).sum():
            weaker = weaker[np.argsort(-read[weaker], kind="stable")]
            rows.append(f"Not on, but above the rest (a weaker level?): {said(weaker[:30])}.")
        rows.append(f"Median of all: {number(float(np.median(read[good])))}.")
    else:
        rows.append("No word could be read.")
    if own and rare_on and good.any() and not (before and after):
        rows.append(
            f"Next: scan with `after` set to one of these, and with a few words between ('and the "
            f"{names[order[0]]}'): what stands before may suppress it, or be needed."
            if on.any()
            else "Where explore has it active, it needs something else beside the word: scan with "
            "`after` set to a word at its peaks, to see what it needs before that."
        )
    if own and on.sum() >= 0.9 * good.sum() > 0:
        rows.append("It is on at nearly every word: not the word decides, but place or context.")
    if left_out:
        which = "rarer words of explore" if words is None else "of your words, the last,"
        rows.append(f"Note: {left_out} {which} were not scanned; pass them as words.")
    if not good.all():
        rows.append(f"Note: {int((~good).sum())} words were not counted (special or cut off).")
    data: dict[str, Any] = {
        "unit": str(chosen),
        "before": before,
        "after": after,
        "threshold": bar,
        "without": base,
        "words": {names[i]: float(read[i]) for i in np.flatnonzero(good)},
        "on": [names[i] for i in np.flatnonzero(on)],
        "measured": [
            item(chosen, windows, int(i), values[i], source="scan")
            for i in _kept(read, good, on, rare_on)
        ],
    }
    return Result("\n".join(rows), data | ({} if at is None else {"at": at}))


def _where(before: str, after: str, own: bool) -> str:
    """Which place of which text is read."""
    if not own:
        lead = f" after '{_cut(before)}'" if before else ""
        return f"at the last word of '{_cut(after)}' behind the word{lead}"
    sides = [
        f"{side} '{_cut(text)}'" for side, text in (("after", before), ("before", after)) if text
    ]
    return " ".join(["at the word", *sides])


def _sides(some: np.ndarray, on: np.ndarray, said: Callable[[np.ndarray], str]) -> str:
    """Words in order, those that are on parted from those that are off."""
    parts = [("on", some[on[some]]), ("off", some[~on[some]])]
    return "; ".join(f"{name} with {said(words)}" for name, words in parts if len(words))


def _kept(read: np.ndarray, good: np.ndarray, on: np.ndarray, rare_on: bool) -> list[int]:
    """The texts that go to the ledger: the strongest of the rarer side, and some of the other."""
    rare = np.flatnonzero(on if rare_on else good & ~on)
    order = rare[np.argsort(-read[rare] if rare_on else read[rare], kind="stable")]
    return [*order[:_KEPT], *_spread(np.setdiff1d(np.flatnonzero(good), order), _KEPT)]


def _read(
    lab: Lab, unit: Unit, names: Sequence[str], before: str, after: str, *, own: bool
) -> tuple[TokenWindows, np.ndarray, np.ndarray]:
    """Texts, activations `[text, place]`, and those at the words, or (not `own`) at last words with
    the text without a word last.
    """
    texts = [" ".join(part for part in (before, name, after) if part) for name in names]
    if not own:
        texts.append(" ".join(part for part in (before, after) if part))
    windows = lab.tokenize(texts)
    values = lab.activations(windows, [unit])[0]
    if not (own and after):
        return windows, values, _last_word(windows, values)
    first = len(before) + 1 if before else 0
    spans = [(first, first + len(name)) for name in names]
    found = [at_span(windows, row, values[row], span).value for row, span in enumerate(spans)]
    return windows, values, np.array([np.nan if value is None else value for value in found])


def _split(windows: TokenWindows, names: Sequence[str]) -> np.ndarray:
    """bool `[name]`: the scanned word takes more than one token."""
    tokens = windows.attended[: len(names)].sum(1)
    return tokens > (tokens.min() if len(tokens) else 0)


def _weaker(read: np.ndarray, others: np.ndarray, bar: float) -> np.ndarray:
    """Words that are not on and stand out from the rest all the same, strongest first."""
    some = read[others]
    middle = float(np.median(some))
    spread = 1.5 * float(np.median(np.abs(some - middle)))
    found = np.flatnonzero(others)[some > middle + max(8 * spread, 0.15 * (bar - middle))]
    return found[np.argsort(-read[found], kind="stable")]


def vocabulary(lab: Lab) -> list[str]:
    """The words of explore, each as it is mostly written, most frequent first."""
    key = ("scan words", id(lab.explore))
    if key not in lab.memo:
        windows = lab.explore
        here = windows.counted & (windows.word >= 0)
        forms: dict[str, Counter[str]] = {}
        for at, many in Counter(windows.word[here].tolist()).items():
            word = windows.words[at]
            if word[:1].isalpha():
                forms.setdefault(word.lower(), Counter())[word] += many
        order = sorted(forms.values(), key=lambda counts: -counts.total())
        lab.memo[key] = [counts.most_common(1)[0][0] for counts in order]
    return lab.memo[key]


def _last_word(windows: TokenWindows, values: np.ndarray) -> np.ndarray:
    """The largest activation on the tokens of each text's last word; NaN where none counts."""
    ordinal = np.where(windows.attended, windows.ordinal, -1)
    last = ordinal.max(1, keepdims=True)  # [text, 1]
    own = (ordinal == last) & (last >= 0) & np.isfinite(values)
    return np.where(own.any(1), np.where(own, values, -np.inf).max(1), np.nan)


def _spread(rows: np.ndarray, many: int) -> np.ndarray:
    if not len(rows):
        return rows
    return rows[np.unique(np.linspace(0, len(rows) - 1, many).round().astype(int))]


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
