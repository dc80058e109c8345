"""Features of pictures, computed once for the same pictures: colour shares, a network's features.

A network's features are the means over space of its middle and its last site, standardised by
constants of the network on drawn scenes, projected at random (seeded) to 48 numbers, of length 1.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import batches
from ..errors import UsageError
from ..memo import Memo

SIZE = 48
_SCENES = 96  # that the constants are measured on
_MOST = 16
_ROWS = 32
_kept = Memo()


def colour_shares(rows: ImageRows) -> np.ndarray:
    """The share of every colour of the palette in what is seen of a picture, `[image, colour]`."""
    from ..scenes.palette import COLOURS, nearest_colours

    def shares() -> np.ndarray:
        out = np.zeros((len(rows), len(COLOURS)))
        for i in range(len(rows)):
            small = rows.seen(i)[::3, ::3].reshape(-1, 3)
            out[i] = np.bincount(nearest_colours(small), minlength=len(COLOURS)) / len(small)
        return out

    return once(("colours", rows.texts), shares)


def features(rows: ImageRows, network: str) -> np.ndarray:
    """What a network sees in pictures, `[image, feature]`, each of length 1.

    `pictures` gives `SIZE` numbers; a network that reads photographs gives its compressed states.
    """
    if network != "pictures":
        from ..models.picture_reader import compressed
        from .network_reader import network_of

        return compressed(network_of(rows, network), rows)

    def projected() -> np.ndarray:
        centre, spread = _constants(network)
        x = (_means(rows, network) - centre) / spread
        draw = np.random.default_rng(0).normal(size=(x.shape[1], SIZE))
        x = x @ draw
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)

    return once(("features", network, rows.texts), projected)


@lru_cache(maxsize=4)
def _network(name: str) -> tuple[Any, tuple[str, ...]]:
    """A target that takes pictures, with its middle and last site.

    Predictors come from files and language models, so that only targets that ship may be named.
    """
    from ..models import Target
    from ..models.trust import built_in, clean

    if not built_in(name):
        raise UsageError(
            f"network '{clean(name)}' does not ship with neuroscribe, and a predictor may name no "
            "other: use 'pictures'"
        )
    target = Target.load(name)
    if target.image is None:
        raise UsageError(f"network '{name}' takes no pictures; give a vision model")
    for kind in ("conv", "resid"):
        sites = [site for site in target.sites if site.startswith(f"{kind}.")]
        if sites:
            return target, (sites[len(sites) // 2], sites[-1])
    raise UsageError(f"network '{name}' has neither conv nor resid sites to take features from")


@lru_cache(maxsize=4)
def _constants(name: str) -> tuple[np.ndarray, np.ndarray]:
    from ..data.image_rows import image_rows
    from ..data.scene_pictures import picture_of
    from ..scenes.grammar import scenes

    target, _ = _network(name)
    x = _means(image_rows(target, [picture_of(scene) for scene in scenes(_SCENES, seed=0)]), name)
    return x.mean(0), x.std(0) + 1e-6


def _means(rows: ImageRows, name: str) -> np.ndarray:
    """Means over space of both sites, `[image, channel]`."""
    from ..data.image_rows import image_rows

    target, sites = _network(name)
    out: list[np.ndarray] = []
    for _, some in batches(rows, _ROWS):
        values = target.trace(image_rows(target, some.pictures), sites, output=False).values
        scalars = [target.sites[s].scalar(values[s]).float().mean(1) for s in sites]
        out.append(np.concatenate([one.cpu().numpy() for one in scalars], axis=1))
    return np.concatenate(out) if out else np.zeros((0, SIZE))


def once(key: tuple[Any, ...], make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives, kept under a key for as long as it is among the last."""
    return _kept.once(key, make, most=_MOST)
