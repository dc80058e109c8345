"""How good a dictionary is, on documents it was not trained on.

    explained variance   1 - E|x - x^|^2 / E|x - E x|^2          1 of the identity, 0 of the mean
    L0                   active latents of a place
    loss recovered       (CE_0 - CE_d) / (CE_0 - CE)      cross-entropy with x, with x^, with zeros
    KL recovered         1 - KL(clean || x^) / KL(clean || zeros)
    dead, dense          latents active nowhere; at more than a tenth of the places

For a transcoder x is a module's output, x^ what the dictionary makes of its input. Places that do
not count (padding, special tokens) keep their values. Intervals are bootstraps over documents.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows, batches
from ..errors import UsageError
from ..models import Target
from ..models.dictionaries import Dictionary
from ..models.intervention import clamp
from ..models.site import Entries, Site
from ..statistics.bootstrap import Resampler, interval

DENSE = 0.1
"""A latent active at a larger share of places is called dense, as in SAEBench."""
_ROWS = 16  # windows of one forward pass


class Quality(NamedTuple):
    """The measures; each entry has `value`, `low` and `high`, 95% over documents."""

    explained_variance: dict[str, float]
    active: dict[str, float]
    """L0."""
    loss: dict[str, float] | None
    """Cross-entropy of the network as it is, in nats a token; None without a vocabulary head."""
    loss_recovered: dict[str, float] | None
    kl_recovered: dict[str, float] | None
    dead: float
    dense: float
    places: int
    documents: int


def measure_dictionary(
    target: Target,
    site: str,
    windows: TokenWindows,
    *,
    tell: Callable[[int, int], None] | None = None,
) -> Quality:
    """Measures a dictionary of a target.

    Args:
        target: With the dictionary among its sites.
        site: Such as `sae.resid.5`.
        windows: Documents that it was not trained on.
        tell: Called with the windows done and the windows there are.

    Raises:
        UsageError: if the site is no dictionary.
    """
    here = target.site(site)
    if not isinstance(here.code, Dictionary):
        raise UsageError(f"{site} is no dictionary; its sites are named sae.NAME")
    code, sums = here.code, _Sums(len(windows.texts), here.units)
    raw = _raw_site(target, here, code)
    for start, rows in batches(windows, _ROWS):
        short = rows.trimmed()
        counted = torch.as_tensor(short.counted, device=target.device)
        document = rows.document[short.counted.nonzero()[0]]
        clean = target.trace(short, [raw.name], output=target.kind == "causal")
        x = clean.values[raw.name]
        made = code.reconstruct(x.flatten(2)).to(x.dtype)
        true = x.flatten(2)[..., -code.card.out :]
        sums.add_places(document, true[counted], made[counted], code.entries(x.flatten(2)[counted]))
        if target.kind == "causal":
            outputs = [clean.output]
            for other in (made, torch.zeros_like(made)):
                whole = torch.where(counted[..., None], other, true)
                whole = torch.cat([x.flatten(2)[..., : -code.card.out], whole], -1).view_as(x)
                change = clamp(raw.name, None, whole)
                outputs.append(target.trace(short, interventions=[change]).output)
            sums.add_outputs(rows.document, short, outputs)
        if tell is not None:
            tell(min(start + _ROWS, len(windows)), len(windows))
    return sums.quality()


def _raw_site(target: Target, site: Site, code: Dictionary) -> Site:
    """The tensor under a dictionary as a site of its own."""
    width = code.card.width + code.card.out if code.card.transcodes else code.card.width
    name = f"{site.name}:raw"
    if name not in target.sites:
        target.add_site(replace(site, name=name, units=width, code=None, floor=None))
    return target.sites[name]


class _Sums:
    """Sums by document."""

    def __init__(self, documents: int, latents: int) -> None:
        self.places = np.zeros(documents)
        self.left = np.zeros(documents)  # |x - x^|^2
        self.squares = np.zeros(documents)
        self.active = np.zeros(documents)
        self.total: Tensor | None = None  # `[width]`: x summed
        self.fired = torch.zeros(latents)
        self.outputs = np.zeros((4, documents))  # tokens; CE: clean, with x^, with zeros
        self.kl = np.zeros((2, documents))  # with x^, with zeros

    def add_places(self, document: np.ndarray, x: Tensor, made: Tensor, on: Entries) -> None:
        """`[place, width]` each, and the active latents."""
        x, made = x.cpu().double(), made.cpu().double()
        number = on.place.cpu().bincount(minlength=len(x))
        for name, one in (
            ("left", (x - made).square().sum(1)),
            ("squares", x.square().sum(1)),
            ("active", number),
        ):
            np.add.at(getattr(self, name), document, one.numpy())
        np.add.at(self.places, document, 1)
        self.total = x.sum(0) if self.total is None else self.total + x.sum(0)
        self.fired += on.unit.bincount(minlength=len(self.fired)).cpu()

    def add_outputs(self, document: np.ndarray, rows: Any, outputs: list[Tensor | None]) -> None:
        """Logits `[window, place, token]`: clean, with x^, with zeros."""
        ids = torch.as_tensor(np.asarray(rows.ids), dtype=torch.long)
        good = torch.as_tensor(rows.attended[:, 1:] & rows.counted[:, :-1])
        logs = [one[:, :-1].float().log_softmax(-1).cpu() for one in outputs if one is not None]
        of = np.repeat(document, good.sum(1).numpy())
        np.add.at(self.outputs[0], of, 1)
        for i, log in enumerate(logs):
            each = -log.gather(-1, ids[:, 1:, None])[..., 0][good]
            np.add.at(self.outputs[i + 1], of, each.numpy())
            if i:
                each = (logs[0].exp() * (logs[0] - log)).sum(-1)[good]
                np.add.at(self.kl[i - 1], of, each.numpy())

    def quality(self) -> Quality:
        """The measures with their intervals."""
        assert self.total is not None
        there = self.places > 0
        resampler = Resampler(np.arange(len(self.places))[there])
        n, left, squares, active = resampler.sums(
            *(one[there] for one in (self.places, self.left, self.squares, self.active))
        ).T
        centre = float((self.total / self.places.sum()).square().sum())
        variance = squares / n - centre
        recovered = kl = loss = None
        if self.outputs[0].sum():
            tokens, own, dictionary, zero, mine, nothing = resampler.sums(
                *(one[there] for one in (*self.outputs, *self.kl))
            ).T
            loss = _entry(own / tokens)
            recovered = _entry((zero - dictionary) / (zero - own))
            kl = _entry(1 - mine / nothing)
        rate = self.fired.numpy() / self.places.sum()
        return Quality(
            _entry(1 - left / n / variance),
            _entry(active / n),
            loss,
            recovered,
            kl,
            float((rate == 0).mean()),
            float((rate > DENSE).mean()),
            int(self.places.sum()),
            int(there.sum()),
        )


def _entry(draws: np.ndarray) -> dict[str, float]:
    return interval(draws).as_dict()
