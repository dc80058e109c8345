"""Scans words: what a unit does at each of thousands, or at one word with each of them before it.

The words are those of explore, most frequent first; each is put alone into the same short text, so
that nothing but the word differs. Our formulation.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from ..activations.records import activity, flat, item
from ..activations.text_spans import at_span
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..io.plain_text import clip
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import number

_ATTACHED = frozenset(["", "'", "’"])
"""How a text begins that is written right behind a word, such as 's."""
_MOST = 3000  # words of one call: about ten seconds on a small model
_ENDS = 20  # words that are always listed from each end
_SHOWN = 60  # words that are listed of the rarer side
_WEAKER = 30  # words that are listed of a weaker level
_KEPT = 12  # texts that go to the ledger, from each side


class Reading(NamedTuple):
    """The unit in a text for each word."""

    windows: TokenWindows
    values: np.ndarray
    """float32 `[text, place]`."""
    read: np.ndarray
    """`[text]` at the words; or at last words, with the text without a word last."""


class Scan(NamedTuple):
    """What the unit does at each word; every array is `[word]`."""

    names: list[str]
    read: np.ndarray
    on: np.ndarray
    """Whether it is active."""
    off: np.ndarray
    """Whether it was read and is not active."""
    split: np.ndarray
    """Whether the word takes more than one token."""

    @property
    def rare_on(self) -> bool:
        """Whether it is on at no more than half of the words."""
        return bool(self.on.sum() <= (self.on | self.off).sum() / 2)

    def text(self, some: np.ndarray) -> str:
        """Words with their activations."""
        return ", ".join(
            f"{self.names[i]}{'*' if self.split[i] else ''} {number(float(self.read[i]))}"
            for i in some
        )

    def sides(self, some: np.ndarray) -> str:
        """The same, those that are on parted from those that are off."""
        parts = [("on", some[self.on[some]]), ("off", some[self.off[some]])]
        return "; ".join(f"{name} with {self.text(words)}" for name, words in parts if len(words))


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
        at: Read the scanned word; or, as when left out with `after`, the end.

    Returns:
        words {word: activation}; on [word]
    """
    chosen = lab.chosen(unit)
    names = vocabulary(lab) if words is None else [w.strip() for w in words if w.strip()]
    names = list(dict.fromkeys(names))
    left_out, names = max(0, len(names) - many), names[:many]
    if not names:
        raise UsageError("there is no word to scan; pass words")
    own = at == "word" or not after
    before, reading = _led(lab, chosen, names, before, after, own=own)
    base = None
    if not own and np.isfinite(reading.read[-1]):
        base = float(reading.read[-1])
    read, bar = reading.read[: len(names)], activity(flat(lab, chosen).values)
    good = np.isfinite(read)
    scanned = Scan(
        names, read, good & (read > bar), good & ~(read > bar), _split(reading.windows, names)
    )
    rows = [
        f"{chosen} {_where(before, after, own)}, {int(good.sum())} words one at a time: on (above "
        f"{number(bar)}) with {int(scanned.on.sum())}, off with {int(scanned.off.sum())}.",
        *([] if base is None else [f"Without any word: {number(base)}."]),
        *_lines(scanned, bar),
        *(_advice(scanned, alone=not (before and after)) if own else []),
    ]
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
        "on": [names[i] for i in np.flatnonzero(scanned.on)],
        "measured": [
            item(chosen, reading.windows, int(i), reading.values[i], source="scan")
            for i in _kept(scanned)
        ],
    }
    return Result("\n".join(rows), data | ({} if at is None else {"at": at}))


def _lines(scanned: Scan, bar: float) -> list[str]:
    """The highest and the lowest words, words of a weaker level, and the median."""
    read, on, off = scanned.read, scanned.on, scanned.off
    order = np.flatnonzero(on | off)
    order = order[np.argsort(-read[order], kind="stable")]
    if not len(order):
        return ["No word could be read."]
    rare = scanned.rare_on
    most = max(_ENDS, min(_SHOWN, int(on.sum())) if rare else 0)
    least = max(_ENDS, 0 if rare else min(_SHOWN, int(off.sum())))
    top, low = order[:most], order[most:][-least:][::-1]
    listed = np.array([*top, *low])
    rest = int(on.sum() - on[top].sum())
    more = f"; {rest} more are on" if rest else ""
    rows = [f"{'Highest' if len(low) else 'All'}: {scanned.sides(top)}{more}."]
    if len(low):
        rest = int(off.sum() - off[listed].sum())
        more = f"; {rest} more are off" if rest and not rare else ""
        rows.append(f"Lowest: {scanned.sides(low)}{more}.")
    if scanned.split[listed].any():
        rows.append("* split into several tokens, which also moves what stands behind it.")
    weaker = np.setdiff1d(_weaker(read, off, bar), listed) if rare else np.zeros(0, int)
    if 0 < len(weaker) <= 0.2 * off.sum():
        weaker = weaker[np.argsort(-read[weaker], kind="stable")][:_WEAKER]
        rows.append(f"Not on, but above the rest (a weaker level?): {scanned.text(weaker)}.")
    return [*rows, f"Median of all: {number(float(np.median(read[on | off])))}."]


def _advice(scanned: Scan, *, alone: bool) -> list[str]:
    """What to scan next; `alone`: whether the words have text on one side at most."""
    rows = []
    on, good = scanned.on, scanned.on | scanned.off
    if alone and scanned.rare_on and on.any():
        best = scanned.names[int(np.argmax(np.where(good, scanned.read, -np.inf)))]
        rows.append(
            "Next: scan with `after` set to one of these, and with a few words between ('and the "
            f"{best}'): what stands before may suppress it, or be needed."
        )
    elif alone and scanned.rare_on and good.any():
        rows.append(
            "Where explore has it active, it needs something else beside the word: scan with "
            "`after` set to a word at its peaks, to see what it needs before that."
        )
    if on.sum() >= 0.9 * good.sum() > 0:
        rows.append("It is on at nearly every word: not the word decides, but place or context.")
    return rows


def _where(before: str, after: str, own: bool) -> str:
    """Which place of which text is read."""
    before, after = (clip(text, 40, "...") for text in (before, after))
    if not own:
        lead = f" after '{before}'" if before else ""
        return f"at the last word of '{after}' behind the word{lead}"
    sides = [f"{side} '{text}'" for side, text in (("after", before), ("before", after)) if text]
    return " ".join(["at the word", *sides])


def _kept(scanned: Scan) -> list[int]:
    """The texts that go to the ledger: the strongest of the rarer side, and some of the other."""
    rare = np.flatnonzero(scanned.on if scanned.rare_on else scanned.off)
    key = -scanned.read[rare] if scanned.rare_on else scanned.read[rare]
    order = rare[np.argsort(key, kind="stable")]
    rest = np.setdiff1d(np.flatnonzero(scanned.on | scanned.off), order)
    spread = np.unique(np.linspace(0, max(0, len(rest) - 1), _KEPT).round().astype(int))
    return [*order[:_KEPT], *(rest[spread] if len(rest) else ())]


def _led(
    lab: Lab, unit: Unit, names: Sequence[str], before: str, after: str, *, own: bool
) -> tuple[str, Reading]:
    """The texts measured; without text before the word, behind one of the two most frequent words
    where no token begins a text: its first place is often an attention sink."""
    reading = _read(lab, unit, names, before, after, own=own)
    opens = lab.target.kind == "causal" and bool(reading.windows.visible[:, 0].any())
    if not (own and not before and opens):
        return before, reading
    tried = [(lead, _read(lab, unit, names, lead, after, own=own)) for lead in vocabulary(lab)[:2]]
    # one of them may itself suppress
    best = max(tried, key=lambda pair: float(np.nansum(pair[1].read)), default=None)
    return best or (before, reading)


def _read(
    lab: Lab, unit: Unit, names: Sequence[str], before: str, after: str, *, own: bool
) -> Reading:
    """Each word between two texts; where the last word is read (not `own`), also no word."""
    behind = after if after[:1] in _ATTACHED else f" {after}"
    lead = f"{before} " if before else ""
    texts = [f"{lead}{name}{behind}" for name in names]
    if not own:
        texts.append(" ".join(part for part in (before, after) if part))
    windows = lab.tokenize(texts)
    values = lab.activations(windows, [unit])[0]
    if not (own and after):
        return Reading(windows, values, _last_word(windows, values))
    spans = [(len(lead), len(lead) + len(name)) for name in names]
    at_words = [at_span(windows, row, values[row], span).value for row, span in enumerate(spans)]
    return Reading(windows, values, np.array(at_words, float))


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
