"""Scans words: what a unit does at each of thousands, or at one word with each of them before it.

The words are those of explore, most frequent first; each is put alone into the same short text, so
that nothing but the word differs. Our formulation.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .data.windows import TokenWindows
from .errors import UsageError
from .evidence import Result
from .lab import Lab
from .measured import activity, flat, item
from .models import Unit
from .registry import tool
from .render_text import number

_MOST = 3000
_SHOWN = 60
_KEPT = 12  # texts that go to the ledger, from each side


@tool(needs=("text",))
def scan(
    lab: Lab,
    unit: str | None = None,
    *,
    before: str = "",
    after: str = "",
    words: list[str] | None = None,
    many: int = _MOST,
) -> Result:
    """Puts each of thousands of words into the same short text, one at a time, and reads the unit
    at the text's last word: which words switch it on, or off.

    Without `after` the scanned word itself is read: the full list of words that it is on at. With
    `after`, a word that it is on at, the scanned word stands before that: which words it needs
    before, or which suppress it. Longer `after` (such as "and then the lung") puts it further back.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        before: Text in front of the scanned word.
        after: Text behind the scanned word; its last word is read.
        words: The words to scan; left out: those of explore, most frequent first.
        many: How many words at most.
    """
    chosen = lab.chosen(unit)
    names = vocabulary(lab) if words is None else [w.strip() for w in words if w.strip()]
    names = list(dict.fromkeys(names))
    left_out = max(0, len(names) - max(1, min(many, _MOST)))
    names = names[: len(names) - left_out]
    if not names:
        raise UsageError("there is no word to scan; pass words")
    windows, values, read = _read(lab, chosen, names, before, after)
    if not after and not before and not np.isfinite(read).any():  # a first token is not counted
        tried = [(lead, _read(lab, chosen, names, lead, "")) for lead in vocabulary(lab)[:2]]
        if tried:  # one of them may itself suppress
            before, (windows, values, read) = max(tried, key=lambda t: float(np.nansum(t[1][2])))
    base = float(read[-1]) if after and np.isfinite(read[-1]) else None
    read = read[: len(names)]
    good = np.isfinite(read)
    bar = activity(flat(lab, chosen).values)
    on = good & (read > bar)
    rare_on = on.sum() <= good.sum() / 2
    shown = np.flatnonzero(on if rare_on else good & ~on)
    order = shown[np.argsort(-read[shown] if rare_on else read[shown], kind="stable")]
    where = "at the word" if not after else f"at the last word of '{_cut(after)}' behind the word"
    rows = [
        f"{chosen} {where}, {int(good.sum())} words one at a time"
        + (f" after '{_cut(before)}'" if before else "")
        + f": on (above {number(bar)}) with {int(on.sum())}, off with {int((good & ~on).sum())}."
    ]
    if base is not None:
        rows.append(f"Without any word: {number(base)}.")
    if not len(order):
        rows.append(
            f"No word {'switches it on' if rare_on else 'switches it off'}; values from "
            f"{number(float(read[good].min()))} to {number(float(read[good].max()))}."
            if good.any()
            else "No word could be read."
        )
        if not after and good.any() and not on.any():
            rows.append(
                "Where explore has it active, it needs something else beside the word: scan with "
                "`after` set to a word at its peaks, to see what it needs before that."
            )
    else:
        split = _split(windows, names)
        listed = ", ".join(
            f"{names[at]}{'*' if split[at] else ''} {number(float(read[at]))}"
            for at in order[:_SHOWN]
        )
        if split[order[:_SHOWN]].any():
            rows.append("* split into several tokens, which also moves what stands behind it.")
        rest = f" and {len(order) - _SHOWN} more" if len(order) > _SHOWN else ""
        rows.append(f"{'On' if rare_on else 'Off'} with: {listed}{rest}.")
        others = good & (~on if rare_on else on)
        if not after:
            rows.append(
                "Next: scan with `after` set to one of these, and with a few words between ('and "
                f"the {names[order[0]]}'): what stands before may suppress it, or be needed."
            )
        if others.any():
            some = read[others]
            weaker = _weaker(read, others, bar) if rare_on else np.zeros(0, int)
            if 0 < len(weaker) <= 0.2 * others.sum():
                listed = ", ".join(f"{names[at]} {number(float(read[at]))}" for at in weaker[:30])
                rows.append(f"Not on, but above the rest (a weaker level?): {listed}.")
            rows.append(
                f"With the others: median {number(float(np.median(some)))}, "
                f"from {number(float(some.min()))} to {number(float(some.max()))}."
            )
    if not after and on.sum() >= 0.9 * good.sum() > 0:
        rows.append("It is on at nearly every word: not the word decides, but place or context.")
    if left_out:
        rows.append(f"Note: {left_out} rarer words were not scanned; pass them as words.")
    if not good.all():
        rows.append(f"Note: {int((~good).sum())} words were not counted (special or cut off).")
    kept = [*order[:_KEPT], *_spread(np.setdiff1d(np.flatnonzero(good), order), _KEPT)]
    measured = [item(chosen, windows, int(at), values[at], source="scan") for at in kept]
    data: dict[str, Any] = {
        "unit": str(chosen),
        "before": before,
        "after": after,
        "threshold": bar,
        "without": base,
        "words": {names[at]: float(read[at]) for at in np.flatnonzero(good)},
        "on": [names[at] for at in np.flatnonzero(on)],
        "measured": measured,
    }
    return Result("\n".join(rows), data)


def _read(
    lab: Lab, unit: Unit, names: Sequence[str], before: str, after: str
) -> tuple[TokenWindows, np.ndarray, np.ndarray]:
    """Texts, activations `[text, place]`, and those at last words; the text without a word last."""
    texts = [" ".join(part for part in (before, name, after) if part) for name in names]
    if after:
        texts.append(" ".join(part for part in (before, after) if part))
    windows = lab.tokenize(texts)
    values = lab.activations(windows, [unit])[0]
    return windows, values, _last_word(windows, values)


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
