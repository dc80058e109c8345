"""A second network that reads the target's texts: its states at the target's places.

1. The reader tokenizes the text of each window by itself; places are aligned by characters. A
   place of the target has the state of the reader's token that its last character lies in.
2. Where the target reads both ways and the reader does not, the reader's states some tokens later
   stand beside: they have seen what follows.
3. Where the target reads forwards only, nothing behind the place may be seen. A reader that reads
   forwards gives the last token that ends at or before the place's end. One that reads both ways
   reads the text up to the place, one pass a place, over a sample of places.

States are of one layer and kept on disk by reader, texts and places. Our formulation.
"""

from typing import NamedTuple

import numpy as np

from ..data.windows import TokenWindows, batches, cut
from ..errors import UsageError
from ..io.home import kept
from .target import Target

AHEAD = (4, 8)
"""Tokens later, of a reader that reads forwards, for a target that reads both ways."""
LAYER = 0.4
"""Of the reader's depth: layer 12 of SmolLM2's 30, where ridge regression on neurons of MiniLM
found most."""
PREFIXES = 6000
"""Places that a reader in both directions reads for a target that reads forwards."""
_ROWS = 32


class ReaderStates(NamedTuple):
    """States of a reader at the places of windows."""

    values: np.ndarray
    """float16 `[place, feature]`, the known places in order."""
    known: np.ndarray
    """bool `[window, place]`: where there is a state."""


def load_text_reader(spec: str, target: Target) -> Target:
    """A reader by its name, folder or `.gguf` file.

    Raises:
        UsageError: if it cannot be loaded, is the target itself, or cannot read.
    """
    reader = target if spec == target.name else Target.load(spec)
    _check(reader, target)
    return reader


def _check(reader: Target, target: Target) -> None:
    if reader.fingerprint == target.fingerprint:
        raise UsageError(
            f"the reader is the target itself ({target.name}); choose another network as reader"
        )
    _site(reader)


def reader_states(
    reader: Target, target: Target, windows: TokenWindows, *, seed: int = 0
) -> ReaderStates:
    """The states of a reader at a target's counted places.

    Args:
        reader: Reads text; never the target itself.
        target: Whose windows these are.
        windows: Token windows.
        seed: Of the sample of places, where every place takes a pass of its own.

    Raises:
        UsageError: if the reader is the target, or has no layers that can be read.
    """
    _check(reader, target)
    site = _site(reader)

    def read() -> dict[str, np.ndarray]:
        if target.kind == "causal" and reader.kind != "causal":
            return _of_prefixes(reader, site, windows, seed)._asdict()
        return _aligned(reader, site, windows, forwards=target.kind == "causal")._asdict()

    decides = f"{reader.fingerprint} {site} {LAYER} {target.kind} {seed} {PREFIXES} {AHEAD}"
    return ReaderStates(**kept("readers", f"{decides} {windows.fingerprint}", read))


def _site(reader: Target) -> str:
    layers = [name for name in reader.sites if name.startswith("resid.")]
    if reader.tokenizer is None or not layers:
        raise UsageError(f"{reader.name} cannot read: it needs a tokenizer and residual streams")
    return f"resid.{round(LAYER * len(layers))}"


def _aligned(reader: Target, site: str, windows: TokenWindows, *, forwards: bool) -> ReaderStates:
    """One pass over the windows' texts, the reader's tokens aligned with the target's."""
    texts = [windows.text(i) for i in range(len(windows))]
    read = cut(reader, texts, length=reader.context_length, document_per_row=True)
    known = windows.counted & (windows.end > windows.start)
    index = np.zeros(known.shape, np.int64)  # the reader's token of each place
    last = np.zeros(len(windows), np.int64)  # the reader's last token of each window
    for row in range(len(windows)):
        own = np.flatnonzero(read.counted[row])
        if not len(own):
            known[row] = False
            continue
        end = windows.end[row] - windows.span(row)[0]
        ends = read.end[row, own] if forwards else read.start[row, own]
        # forwards: tokens that end by then; else the last token that begins before the end
        at = np.searchsorted(ends, end, side="right" if forwards else "left") - 1
        known[row] &= at >= 0
        index[row], last[row] = own[np.clip(at, 0, len(own) - 1)], own[-1]
    steps = (0,) if forwards or reader.kind != "causal" else (0, *AHEAD)
    parts: list[np.ndarray] = []
    for start, rows in batches(read, _ROWS):
        values = reader.trace(rows.trimmed(), [site], output=False).values[site]
        states = values.half().cpu().numpy()  # [input, place, d]
        for i in range(len(rows)):
            row = start + i
            places = index[row][known[row]]
            wanted = [np.minimum(places + step, last[row]) for step in steps]
            parts.append(np.concatenate([states[i, some] for some in wanted], axis=1))
    return ReaderStates(np.concatenate(parts), known)


def _of_prefixes(reader: Target, site: str, windows: TokenWindows, seed: int) -> ReaderStates:
    """One pass a place over the text up to its end, over a sample of places."""
    row, place = np.nonzero(windows.counted & (windows.end > windows.start))
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(row))[:PREFIXES])
    row, place = row[chosen], place[chosen]
    texts = []
    for i, at in zip(row, place, strict=True):
        whole = windows.texts[int(windows.document[i])]
        texts.append(whole[windows.span(i)[0] : int(windows.end[i, at])])
    read = cut(reader, texts, length=reader.context_length, document_per_row=True)
    known = np.zeros(windows.ids.shape, bool)
    parts = []
    order = np.argsort(read.attended.sum(1), kind="stable")  # rows of a like length together
    for start in range(0, len(order), _ROWS):
        some = order[start : start + _ROWS]
        rows = read.rows(some)
        values = reader.trace(rows.trimmed(), [site], output=False).values[site]
        last = np.array([np.flatnonzero(c)[-1] if c.any() else 0 for c in rows.counted])
        parts.append(values.half().cpu().numpy()[np.arange(len(some)), last])
    known[row, place] = True
    return ReaderStates(np.concatenate(parts)[np.argsort(order, kind="stable")], known)
