"""A second network that reads the target's texts: its states at the target's places.

1. A place has, of each of two layers, the state of the reader's token there and the mean of its
   states near by. On neurons of MiniLM the mean added more than the states of single neighbours
   did (correlation within tokens .22 to .17), and two fifths into the network no more was found
   than one fifth.
2. Where the target reads both ways, the reader tokenizes the text of each window by itself; a
   place has the state of the reader's token that its last character lies in, and the mean over
   the tokens to either side.
3. Where the target reads forwards only, nothing behind the place may be seen. For a reader that
   reads forwards the text is cut at the ends of the target's places, and each piece is tokenized
   by itself: what follows cannot change the tokens before. One that reads both ways reads the text
   up to the place, one pass a place. The mean is over the tokens before.

States are kept in memory by the text of a window, and on disk for many. Our formulation.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..data.tokens import tokenize
from ..data.windows import TokenRows, TokenWindows, batches, cut, specials
from ..errors import UsageError
from ..io.home import kept
from .target import Target
from .trust import built_in, clean

DEPTHS = (0.2, 0.4)
"""Of the reader: how far in the layers are whose states are read."""
NEAR = 8
"""Tokens to either side over which the mean is; twice as many before a place of a causal target."""
PREFIXES = 6000
"""Places at most where a reader takes a pass of its own for each, in a sample."""
_ROWS = 32
_ON_DISK = 2000
"""Places from which states are kept on disk."""
_MEMORY = 2**30
"""Bytes of states that are kept in memory."""


class ReaderStates(NamedTuple):
    """States of a reader at the places of windows."""

    values: np.ndarray
    """float16 `[place, layer, feature]`, the known places in order."""
    known: np.ndarray
    """bool `[window, place]`: where there is a state."""


class _Read(NamedTuple):
    """Windows as a reader tokenizes them."""

    rows: Any
    token: np.ndarray
    """int64 `[window, place]`: the reader's token of each place; -1 for none."""


_states: "OrderedDict[bytes, np.ndarray]" = OrderedDict()  # of one window, [place, layer, feature]
_readers: dict[str, Target] = {}  # by fingerprint
_lock = threading.RLock()


def load_text_reader(spec: str, target: Target) -> Target:
    """A reader by its name, folder or `.gguf` file; predictors that name it find it from now on.

    Raises:
        UsageError: if it cannot be loaded, is the target itself, or cannot read.
    """
    reader = target if spec == target.name else Target.load(spec)
    refuse_itself(reader, target)
    layers(reader)
    _readers[reader.fingerprint] = reader
    return reader


def reader_named(name: str, fingerprint: str) -> Target:
    """The reader that a predictor names: one that was loaded, or one that ships.

    Predictors come from files and language models, so that nothing else is loaded.

    Raises:
        UsageError: if it is neither, or has other weights than the predictor was made with.
    """
    with _lock:
        if fingerprint in _readers:
            return _readers[fingerprint]
        if not built_in(name):
            raise UsageError(
                f"a predictor reads with '{clean(name)}', which does not ship with neuroscribe: "
                "name that model with --reader"
            )
        reader = Target.load(name)
        layers(reader)
        if reader.fingerprint != fingerprint:
            raise UsageError(
                f"a predictor was made with reader '{name}' of other weights "
                f"({clean(fingerprint)}, here {reader.fingerprint}): its values would differ"
            )
        _readers[fingerprint] = reader
        return reader


def refuse_itself(reader: Target, target: Target) -> None:
    """Checks that a reader is another network than the target.

    Raises:
        UsageError: if it is the same.
    """
    if reader.fingerprint == target.fingerprint:
        raise UsageError(
            f"the reader is the target itself ({target.name}); choose another network as reader"
        )


def layers(reader: Target) -> tuple[str, ...]:
    """The sites that are read.

    Raises:
        UsageError: if the network has no tokenizer or no residual streams.
    """
    known = [name for name in reader.sites if name.startswith("resid.")]
    if reader.tokenizer is None or not known:
        raise UsageError(f"{reader.name} cannot read: it needs a tokenizer and residual streams")
    return tuple(f"resid.{round(depth * len(known))}" for depth in DEPTHS)


def reader_states(reader: Target, windows: TokenWindows, *, ahead: bool) -> ReaderStates:
    """The states of a reader at the counted places of windows.

    Args:
        reader: Reads text; never the target itself.
        windows: Token windows of the target.
        ahead: Whether what follows a place may be seen: for targets that read both ways.

    Raises:
        UsageError: if the reader has no layers that can be read.
    """
    has_text = windows.counted & (windows.end > windows.start)
    with _lock:
        name = f"{reader.fingerprint} {ahead}"
        keys = [_key(name, windows, row) for row in range(len(windows))]
        missing = [row for row, key in enumerate(keys) if key not in _states]
        if missing:
            rows = windows.rows(missing)
            fresh = _fresh(reader, rows, ahead)  # [place, layer, feature]
            ends = np.cumsum(has_text[missing].sum(1))[:-1]
            for row, part in zip(missing, np.split(fresh, ends), strict=True):
                _states[keys[row]] = part.copy()
        for key in keys:
            _states.move_to_end(key)
        parts = [_states[key] for key in keys]
        while sum(part.nbytes for part in _states.values()) > _MEMORY and len(_states) > 1:
            _states.popitem(last=False)
    size = (0, len(DEPTHS), 2 * reader.sites[layers(reader)[0]].units)
    values = np.concatenate(parts) if parts else np.zeros(size, np.float16)
    there = np.isfinite(values[:, 0, 0])
    known = has_text.copy()
    known[has_text] = there
    return ReaderStates(values[there], known)


def sampled(windows: TokenWindows, *, seed: int = 0) -> TokenWindows:
    """The same windows of which a sample of places counts, where every place takes a pass."""
    places = np.flatnonzero((windows.counted & (windows.end > windows.start)).ravel())
    chosen = np.random.default_rng(seed).permutation(places)[:PREFIXES]
    counted = np.zeros(windows.counted.size, bool)
    counted[chosen] = True
    return replace(windows, counted=counted.reshape(windows.counted.shape))


def _key(name: str, windows: TokenWindows, row: int) -> bytes:
    """What decides the states of one window; `name` of the reader and of how it reads."""
    here = windows.counted[row] & (windows.end[row] > windows.start[row])
    ends = (windows.end[row][here] - windows.span(row)[0]).tobytes()
    starts = (windows.start[row][here] - windows.span(row)[0]).tobytes()
    decides = f"{name} {windows.text(row)}".encode("utf-8", "replace")
    return hashlib.sha256(decides + b"\0" + starts + b"\0" + ends).digest()


def _fresh(reader: Target, windows: TokenWindows, ahead: bool) -> np.ndarray:
    """float16 `[place with text, layer, feature]`; NaN where the reader has no state."""
    size = int((windows.counted & (windows.end > windows.start)).sum())
    read = _prefixes if reader.kind != "causal" and not ahead else _passes
    if size < _ON_DISK:
        return read(reader, windows, ahead)
    decides = f"{reader.fingerprint} {layers(reader)} {NEAR} {ahead} {windows.fingerprint}"
    arrays = kept("readers", decides, lambda: {"states": read(reader, windows, ahead)})
    return arrays["states"]


def _passes(reader: Target, windows: TokenWindows, ahead: bool) -> np.ndarray:
    """One pass a window."""
    read = _by_characters(reader, windows) if ahead else _by_pieces(reader, windows)
    has_text = windows.counted & (windows.end > windows.start)
    parts: list[np.ndarray] = []
    for start, rows in _in_batches(read.rows):
        for i, states in enumerate(_layers_of(reader, rows)):
            index = read.token[start + i][has_text[start + i]]
            parts.append(_features(states[: rows.attended[i].sum()], index, ahead))
    return np.concatenate(parts)


def _in_batches(rows: Any) -> Iterator[tuple[int, TokenRows]]:
    if isinstance(rows, TokenWindows):
        for start, some in batches(rows, _ROWS):
            yield start, some.trimmed()
        return
    for start in range(0, len(rows.ids), _ROWS):
        some = slice(start, start + _ROWS)
        yield start, TokenRows(rows.ids[some], rows.attended[some], rows.counted[some])


def _layers_of(reader: Target, rows: TokenRows) -> np.ndarray:
    """float32 `[row, place, layer, d]`."""
    sites = layers(reader)
    values = reader.trace(rows, list(dict.fromkeys(sites)), output=False).values
    return np.stack([values[site].float().cpu().numpy() for site in sites], axis=2)


def _features(states: np.ndarray, index: np.ndarray, ahead: bool) -> np.ndarray:
    """The state of each place beside the mean of those near by, float16 `[place, layer, feature]`.

    Args:
        states: `[token, layer, d]` of one window, without padding.
        index: `[place]` the reader's token of each; -1 for none.
        ahead: Whether the mean is over tokens behind the place too.
    """
    sums = np.concatenate([np.zeros_like(states[:1]), states]).cumsum(0, dtype=np.float64)
    low = np.maximum(index - (NEAR if ahead else 2 * NEAR), 0)
    high = np.minimum(index + (NEAR if ahead else 0) + 1, len(states))
    mean = (sums[high] - sums[low]) / np.maximum(high - low, 1)[:, None, None]
    result = np.concatenate([states[index], mean], axis=2)
    result[index < 0] = np.nan
    return np.clip(result, -6e4, 6e4).astype(np.float16)


def _by_characters(reader: Target, windows: TokenWindows) -> _Read:
    """The windows' texts as the reader tokenizes them, aligned by characters."""
    texts = [windows.text(row) for row in range(len(windows))]
    read = cut(reader, texts, length=reader.context_length, document_per_row=True)
    index = np.full(windows.ids.shape, -1, np.int64)
    for row in range(len(windows)):
        own = np.flatnonzero(read.counted[row])
        if len(own):  # the last token that begins before the place's end
            end = windows.end[row] - windows.span(row)[0]
            at = np.searchsorted(read.start[row, own], end, side="left") - 1
            index[row] = np.where(at >= 0, own[np.maximum(at, 0)], -1)
    return _Read(read, index)


def _by_pieces(reader: Target, windows: TokenWindows) -> _Read:
    """The text between the ends of the target's places, each piece tokenized by itself."""
    before, _ = specials(reader.tokenizer)
    pieces = [_pieces(windows, row) for row in range(len(windows))]
    coded = tokenize(reader, [piece for texts in pieces for piece in texts])
    room = reader.context_length
    ids = np.zeros((len(windows), room), np.int32)
    attended = np.zeros((len(windows), room), bool)
    index = np.full(windows.ids.shape, -1, np.int64)
    for row, texts in enumerate(pieces):
        own = [next(coded).ids for _ in texts]
        whole = np.concatenate([np.array(before, np.int32), *own])[:room]
        ids[row, : len(whole)], attended[row, : len(whole)] = whole, True
        last = len(before) + np.cumsum([len(one) for one in own]) - 1
        has_text = np.flatnonzero(windows.counted[row] & (windows.end[row] > windows.start[row]))
        index[row, has_text] = np.where((last >= len(before)) & (last < room), last, -1)
    width = max(1, int(attended.sum(1).max(initial=1)))
    counted = attended.copy()
    counted[:, : len(before)] = False
    return _Read(TokenRows(ids[:, :width], attended[:, :width], counted[:, :width]), index)


def _pieces(windows: TokenWindows, row: int) -> list[str]:
    """What each place with text adds to what was read, in order."""
    has_text = np.flatnonzero(windows.counted[row] & (windows.end[row] > windows.start[row]))
    text = windows.texts[int(windows.document[row])]
    at, pieces = windows.span(row)[0], []
    for place in has_text:
        end = windows.known_to(row, int(place))
        pieces.append(text[at:end] if end > at else "")
        at = max(at, end)
    return pieces


def _prefixes(reader: Target, windows: TokenWindows, ahead: bool) -> np.ndarray:
    """One pass a place over the text up to its end."""
    row, place = np.nonzero(windows.counted & (windows.end > windows.start))
    texts: Sequence[str] = [
        windows.texts[int(windows.document[r])][windows.span(r)[0] : windows.known_to(r, p)]
        for r, p in zip(row.tolist(), place.tolist(), strict=True)
    ]
    read = cut(reader, texts, length=reader.context_length, document_per_row=True)
    order = np.argsort(read.attended.sum(1), kind="stable")  # rows of a like length together
    parts = []
    for _, rows in _in_batches(read.rows(order)):
        for i, states in enumerate(_layers_of(reader, rows)):
            counted = np.flatnonzero(rows.counted[i])
            last = counted[-1:] if len(counted) else np.array([-1])
            parts.append(_features(states[: rows.attended[i].sum()], last, ahead))
    return np.concatenate(parts)[np.argsort(order, kind="stable")]
