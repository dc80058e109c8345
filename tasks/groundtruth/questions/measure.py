"""Measures what is asked about with PyTorch hooks and NumPy, apart from the tools that answer.

Nothing here uses `Target.trace`, a tool or an index: activations are read at a module's port, units
are zeroed by writing zeros there, and everything else is arithmetic on the arrays.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....tools.models import Target
from ...asking.data import default_data, explore
from .predictions import Predictions

LENGTH, SEED = 64, 0
"""Tokens a window, and the seed, of the corpora that questions are asked over."""
_ROWS = 64


def tokens_of(target: str) -> int:
    """Tokens of the corpus of a target."""
    return 20_000 if target == "minilm" else 50_000


class Bench(Predictions):
    """A target with the part of its corpus that experiments see.

    Args:
        name: Of the target.
    """

    def __init__(self, name: str) -> None:
        super().__init__(Target.load(name))
        self.data = default_data(self.target)
        self._kept: dict[str, np.ndarray] = {}

    @cached_property
    def windows(self) -> Any:
        """The exploration part of the corpus."""
        return explore(
            self.target,
            self.data,
            tokens=tokens_of(self.target.name),
            length=LENGTH,
            seed=SEED,
        )

    def site(self, name: str) -> np.ndarray:
        """All units of a site over the corpus, `[window, place, unit]`; NaN where not counted."""
        if name not in self._kept:
            windows = self.windows
            parts = []
            for at in range(0, len(windows), _ROWS):
                rows = slice(at, at + _ROWS)
                ids = torch.as_tensor(windows.ids[rows].astype(np.int64))
                attended = torch.as_tensor(windows.attended[rows].astype(np.int64))
                parts.append(self.read(name, ids, attended))
            values = np.concatenate(parts)
            values[~windows.counted] = np.nan
            self._kept[name] = values
        return self._kept[name]

    def unit(self, name: str) -> np.ndarray:
        """One unit at all counted places, `[place]`."""
        return self.of(name)[self.windows.counted]

    def of(self, name: str) -> np.ndarray:
        """One unit over the corpus, `[window, place]`; NaN where not counted."""
        site, _, index = name.rpartition("/")
        return self.site(site)[:, :, int(index)]

    def at(self, unit: str, text: str) -> dict[str, float]:
        """A unit on a text: its value at each token, by the token's text."""
        site, _, index = unit.rpartition("/")
        ids = self.ids(text)
        values = self.read(site, ids, torch.ones_like(ids))[0, :, int(index)]
        names = [self.target.tokenizer.decode([token]).strip() for token in ids[0].tolist()]
        return dict(zip(names, values.tolist(), strict=True))

    def read(self, name: str, ids: Tensor, attended: Tensor) -> np.ndarray:
        """A site on rows of tokens, `[row, place, unit]`; no heads."""
        site = self.target.sites[name]
        box: list[Tensor] = []

        def keep(module: Any, args: tuple[Any, ...], output: Any) -> None:
            given = args if site.port == "input" else output
            box.append((given[0] if isinstance(given, tuple) else given).detach())

        module = self.target.network.get_submodule(site.module)
        with module.register_forward_hook(keep), torch.no_grad():
            self.target.network(input_ids=ids, attention_mask=attended)
        return box[-1].float().cpu().numpy()

    def holds(self, words: Sequence[str]) -> np.ndarray:
        """Where a corpus has one of these words, `[window, place]`, by the tokens' text."""
        wanted = {word.lower() for word in words}
        hit = np.array([surface.strip().lower() in wanted for surface in self.windows.vocabulary])
        return hit[self.windows.ids] & self.windows.counted

    def correlations(self, site: str, where: np.ndarray) -> np.ndarray:
        """Of every unit of a site with being at these places, `[unit]`."""
        counted = self.windows.counted
        values = self.site(site)[counted].astype(np.float64)  # [place, unit]
        wanted = where[counted].astype(np.float64)
        values = values - values.mean(0)
        wanted = wanted - wanted.mean()
        spread = np.sqrt((values**2).sum(0) * (wanted**2).sum())
        return (values * wanted[:, None]).sum(0) / np.maximum(spread, 1e-12)


class Benches:
    """Benches by the name of their target, loaded when they are first needed."""

    def __init__(self) -> None:
        self._loaded: dict[str, Bench] = {}

    def __getitem__(self, name: str) -> Bench:
        if name not in self._loaded:
            self._loaded[name] = Bench(name)
        return self._loaded[name]
