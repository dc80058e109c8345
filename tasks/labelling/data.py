"""What the units of a run are measured on: target, corpus, and the windows of its three splits.

Where the target takes pictures, a window is a picture with one place: see `ImageRows`.

Units are measured in groups, each in one pass over all three splits; a group is as large as memory
allows, because a forward pass costs the same for one unit as for a hundred.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ...tools.activations.head_directions import offer_head_directions
from ...tools.activations.reach import reaching
from ...tools.data.corpus import Corpus
from ...tools.data.image_rows import ImageRows, image_rows
from ...tools.data.pictures import ImageCorpus
from ...tools.data.repeats import repeated
from ...tools.data.special import checked_special
from ...tools.data.windows import TokenWindows, cut
from ...tools.errors import UsageError, not_finite
from ...tools.io.home import keep, load_kept
from ...tools.io.user_code import is_code, parted
from ...tools.lab import at_places, measure
from ...tools.models.target import Target
from ...tools.models.text_reader import load_text_reader
from ...tools.models.unit import Unit
from ..scoring.measured import SPLITS, Measured, Splits
from ..scoring.reference import Reference
from .matched import Sites
from .settings import Settings

SPLIT_KEYS = {"explore": "explore", "validation": "select", "test": "report"}
"""Names of the splits in `run.json` and in JSON output."""
MEMORY = 512 * 2**20
"""Bytes that the activations of one group may take."""
ALSO_TOKENS = 30_000
"""Tokens of the other data that are read."""
LEAST_TOKENS = 200
"""Counted tokens that every split must have."""
LEAST_PICTURES = 20
"""Pictures that every split must have."""
_KEPT_FROM = 5_000_000
"""Parameters of a network from which activations are kept on disk: smaller ones are read faster."""
_ROWS = 64


@dataclass(frozen=True)
class RunData:
    """Target, corpus and windows of one run."""

    target: Target
    corpus: Corpus
    windows: Mapping[str, TokenWindows]
    """Token windows, or image rows, by split."""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """Windows of each split that were left out, as an earlier split nearly holds them."""
    sites: Sites = field(init=False, repr=False)
    """All units of a site on the held-out splits: whom a unit is compared with."""
    reader: Target | None = None
    """A second network that reads the texts, or sees the pictures."""
    also: TokenWindows | None = None
    """Windows of other data, on which descriptions are scored too."""
    _last: dict[Unit, Splits] = field(default_factory=dict, init=False, repr=False)
    """The activations measured last: whoever asks for the same units gets them again."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", Sites(self.target, self.windows))

    @cached_property
    def reference(self) -> Reference | None:
        """What the reader's states say of units; None without a reader that has states."""
        if self.reader is None:
            return None
        return Reference.of(self.reader, self.target, self.windows)

    @property
    def tokens(self) -> int:
        """Tokens of one pass over all splits."""
        return sum(int(windows.attended.sum()) for windows in self.windows.values())

    @property
    def facts(self) -> dict[str, Any]:
        """Target and corpus for `run.json`."""
        target, corpus = self.target, self.corpus
        return {
            "target": {
                "name": target.name,
                "kind": target.kind,
                "fingerprint": target.fingerprint,
                "special": target.special_tokens,
            },
            "corpus": {
                "name": corpus.name,
                "hash": corpus.hash,
                "documents": len(corpus),
                "skipped": len(getattr(corpus, "skipped", ())),
                "tokens": {SPLIT_KEYS[k]: int(w.counted.sum()) for k, w in self.windows.items()},
                "repeats": {SPLIT_KEYS[k]: n for k, n in self.repeats.items()},
                **({} if self.also is None else {"also": int(self.also.counted.sum())}),
            },
        }

    def groups(self, units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
        """The units, in groups whose activations fit in memory."""
        places = sum(windows.ids.size for windows in self.windows.values())
        size = max(1, MEMORY // (4 * max(places, 1)))
        for start in range(0, len(units), size):
            yield units[start : start + size]

    def measure(self, units: Sequence[Unit]) -> dict[Unit, Splits]:
        """The units' activations on every split, in one pass over each.

        Raises:
            UsageError: if an activation is NaN or infinite.
        """
        self.sites.expect(unit.site for unit in units)
        columns = {unit: self._last[unit] for unit in units if unit in self._last}
        missing = [unit for unit in units if unit not in columns]
        if missing:
            values = [self._values(self.windows[name], missing) for name in SPLITS]
            for i, unit in enumerate(missing):
                parts = zip(SPLITS, values, strict=True)
                columns[unit] = Splits(*(self._of(unit, name, v[i]) for name, v in parts))
        self._last.clear()
        self._last.update(columns)
        return columns

    def elsewhere(self, unit: Unit) -> Measured | None:
        """A unit on the other data; None where there are none."""
        if self.also is None:
            return None
        (values,) = self._values(self.also, [unit])
        return Measured(self.also, values, reaching=reaching(self.target, self.also, unit.site))

    def _of(self, unit: Unit, split: str, values: np.ndarray) -> Measured:
        windows = self.windows[split]
        return Measured(windows, values, reaching=reaching(self.target, windows, unit.site))

    def _values(self, windows: TokenWindows, units: Sequence[Unit]) -> np.ndarray:
        """float32 `[unit, window, place]`; of units of large networks, what was kept."""

        def measured(some: Sequence[Unit]) -> np.ndarray:
            values = measure(self.target, windows, some)
            for i, unit in enumerate(some):
                if not np.isfinite(values[i][windows.counted]).all():
                    raise not_finite(unit.site)
            return values

        if isinstance(windows, ImageRows) or self.target.parameters < _KEPT_FROM:
            return measured(units)
        here = f"{self.target.fingerprint} {windows.fingerprint}"
        decides = {unit: f"{here} {unit}{self._code(unit)}" for unit in units}
        known = {
            unit: arrays["values"]
            for unit, text in decides.items()
            if (arrays := load_kept("activations", text)) is not None
        }
        fresh = [unit for unit in units if unit not in known]
        for unit, values in zip(fresh, measured(fresh) if fresh else (), strict=True):
            known[unit] = values
            keep("activations", decides[unit], {"values": values})
        return np.stack([known[unit] for unit in units])

    def _code(self, unit: Unit) -> str:
        """What a site laid over the network adds to its weights, where that depends on data."""
        return getattr(self.target.site(unit.site).code, "fingerprint", "")

    def ranks(self, kind: str, sites: Sequence[str]) -> dict[str, np.ndarray]:
        """Variance, or share of places above zero, of every unit of sites over explore.

        Args:
            kind: `variance` or `firing`.
            sites: Names of sites.

        Returns:
            float64 `[unit]` by site.
        """
        windows = self.windows["explore"]
        sums = {name: np.zeros((3, self.target.sites[name].units)) for name in sites}
        for start in range(0, len(windows), _ROWS):
            rows = windows.rows(slice(start, start + _ROWS))

            def take(name: str, values: Tensor, rows: TokenWindows | ImageRows = rows) -> None:
                x = at_places(self.target, rows, name, values).astype(np.float64)
                sums[name] += np.stack([x.sum(0), np.square(x).sum(0), (x > 0).sum(0)])

            self.target.trace(rows, list(sites), output=False, take=take)
        n = int(windows.counted.sum())
        if kind == "firing":
            return {name: total[2] / n for name, total in sums.items()}
        return {name: total[1] / n - np.square(total[0] / n) for name, total in sums.items()}


def check_data(spec: str) -> None:
    """Refuses a corpus that is plainly not there, before anything heavy is loaded.

    Raises:
        UsageError: names the nearest.
    """
    from ...tools.data.sources import BUILTINS, check_made, load_corpus

    kind, _, name = spec.partition(":")
    check_made(spec)
    if is_code(spec):
        path, *_ = parted(spec)
        if not path.is_file():
            raise UsageError(f"there is no file {path} with a function that makes data")
        return
    if kind in ("self", "hf") or (kind == "builtin" and name.partition(":")[0] in BUILTINS):
        return
    if not Path(spec).exists() and not Path(spec.rpartition(":")[0] or spec).exists():
        load_corpus(spec)  # says what is near


def load_data(target: Target, settings: Settings) -> RunData:
    """Loads the corpus and cuts the windows of its splits; the target reads heads along them.

    Raises:
        UsageError: if the data cannot be read or are too few.
    """
    data = _loaded(target, settings)
    offer_head_directions(target, data.windows["explore"], settings.direction)
    return data


def _loaded(target: Target, settings: Settings) -> RunData:
    from ...tools.data.sources import load_corpus

    if target.tokenizer is None and target.image is None and not target.numbers:
        raise UsageError(
            f"{target.name} takes neither text nor pictures that neuroscribe can make: it has no "
            "tokenizer and no image input; a factory sets `factory.image` (see its docstring)"
        )
    if settings.special is not None:
        target.special = checked_special(settings.special)
    corpus = load_corpus(settings.data, target=target, **settings.corpus_options)
    if isinstance(corpus, ImageCorpus):
        if settings.also is not None:
            raise UsageError("--also is for texts; score pictures of another folder in a run apart")
        return _pictures(target, corpus, settings)
    windows: dict[str, TokenWindows] = {}
    repeats: dict[str, int] = {}
    for name, split in zip(SPLITS, corpus.splits(), strict=True):
        rows = cut(target, split, length=settings.context_length)
        again = repeated(rows, list(windows.values()))
        windows[name], repeats[name] = rows.rows(~again), int(again.sum())
        counted = int(windows[name].counted.sum())
        if counted < LEAST_TOKENS:
            raise UsageError(
                f"{settings.data} is too little data: {len(corpus)} documents give {counted} "
                f"tokens for {name} that the other splits do not repeat, {LEAST_TOKENS} are "
                "needed; give more or longer documents"
            )
    if settings.fields and not windows["explore"].fields:
        raise UsageError(
            f"--fields reads fields of the data, and {settings.data} has none; give FILE.py:NAME, "
            "or a .jsonl or .csv with fields (docs/finding.md)"
        )
    reader = None if settings.reader is None else load_text_reader(settings.reader, target)
    also = None if settings.also is None else _also(target, settings, list(windows.values()))
    return RunData(target, corpus, windows, repeats, reader=reader, also=also)


def _also(target: Target, settings: Settings, seen: Sequence[TokenWindows]) -> TokenWindows:
    """Windows of the other data that the run's own do not repeat."""
    from ...tools.data.sources import load_corpus

    assert settings.also is not None
    corpus = load_corpus(settings.also, target=target, **settings.corpus_options)
    if isinstance(corpus, ImageCorpus):
        raise UsageError(f"--also {settings.also} holds pictures; {target.name} reads texts")
    rows = cut(target, corpus, length=settings.context_length, most_tokens=ALSO_TOKENS)
    windows = rows.rows(~repeated(rows, seen))
    counted = int(windows.counted.sum())
    if counted < LEAST_TOKENS:
        raise UsageError(
            f"--also {settings.also} is too little data: {counted} tokens that {settings.data} "
            f"does not repeat, {LEAST_TOKENS} are needed"
        )
    return windows


def _pictures(target: Target, corpus: ImageCorpus, settings: Settings) -> RunData:
    from ...tools.predicates.readers import load_picture_reader

    reader = None if settings.reader is None else load_picture_reader(settings.reader, target)
    windows: dict[str, Any] = {}
    cache: dict[str, np.ndarray] = {}
    for name, split in zip(SPLITS, corpus.splits(), strict=True):
        assert isinstance(split, ImageCorpus)
        if len(split) < LEAST_PICTURES:
            raise UsageError(
                f"{settings.data} is too little data: {len(corpus)} pictures give {len(split)} for "
                f"{name}, {LEAST_PICTURES} are needed; give more pictures"
            )
        windows[name] = replace(image_rows(target, split, reader=reader), cache=cache)
    return RunData(target, corpus, windows, reader=getattr(reader, "network", None))
