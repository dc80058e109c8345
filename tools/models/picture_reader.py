"""A second network that looks at the target's pictures: its classes and its pooled states.

1. The reader gets each picture in its own way: resized, cut and normalised as it was trained. Of a
   picture that was made of what the target sees, it gets that, resized.
2. Its states are the mean and the maximum over space of four sites, at a quarter, half, three
   quarters and the end of its depth: convolutions, or the residual stream of a transformer.
3. `compressed` makes 64 numbers of them, by constants of the network alone: standardised on drawn
   scenes, large values drawn in by `sign(z) log(1 + |z|)`, sites of equal weight, projected at
   random (seeded), of length 1. What is alike by these numbers is alike to the reader.

States are kept on disk by reader and pictures. Our formulation.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image

from ..data.image_rows import ImageRows, image_rows
from ..data.pictures import Picture
from ..data.windows import batches
from ..errors import UsageError, nearest
from ..io.home import kept
from .imagenet import class_groups, class_names
from .target import Target

COMPRESSED = 64
"""Numbers of a picture in `compressed`, in which examples of a predictor are written. Twice as many
reach 5% more correlation on channels of SqueezeNet and EfficientNet-Lite0."""
_DEPTHS = (0.25, 0.5, 0.75, 1.0)
"""Where ridge regression from one of these networks to channels of the other found most."""
_SCENES = 96
_LEAST_KEPT = 32  # pictures of one call from which states are kept on disk
_ROWS = 16


class PictureStates(NamedTuple):
    """What a reader makes of pictures."""

    values: np.ndarray
    """float32 `[image, feature]`: pooled states."""
    classes: np.ndarray
    """float32 `[image, class]`: probabilities; no columns for a network without classes."""


_states: "WeakKeyDictionary[Any, dict[str, tuple[np.ndarray, np.ndarray]]]" = WeakKeyDictionary()
"""By network and picture."""


def check_picture_reader(reader: Target, target: Target) -> None:
    """Refuses a reader that cannot see, or that is the target.

    Raises:
        UsageError: says which.
    """
    _sites(reader)
    if reader.fingerprint == target.fingerprint:
        raise UsageError(
            f"the reader is the target itself ({target.name}); choose another network as reader"
        )


def picture_states(reader: Target, rows: ImageRows) -> PictureStates:
    """The states and classes of pictures; each picture is read once.

    Raises:
        UsageError: if the reader has no sites that can be read.
    """
    known = _states.setdefault(reader.network, {})
    keys = [_key(picture) for picture in rows.pictures]
    new = {key: i for i, key in enumerate(keys) if key not in known}
    if new:
        some = rows.rows(sorted(new.values()))
        made = partial(_read, reader, some)
        if len(new) >= _LEAST_KEPT:
            names = " ".join(_key(picture) for picture in some.pictures)
            how = reader.image.description if reader.image is not None else ""
            decides = f"{reader.fingerprint} {_sites(reader)} {how} {names}"
            arrays = kept("readers", decides, made)
        else:
            arrays = made()
        pairs = zip(arrays["values"], arrays["classes"], strict=True)
        known.update(zip((_key(picture) for picture in some.pictures), pairs, strict=True))
    if not keys:
        return PictureStates(np.zeros((0, 1), np.float32), np.zeros((0, len(reader.labels))))
    values, classes = zip(*(known[key] for key in keys), strict=True)
    return PictureStates(np.stack(values).astype(np.float32), np.stack(classes))


def compressed(reader: Target, rows: ImageRows) -> np.ndarray:
    """What a reader sees in pictures, `[image, COMPRESSED]`, each of length 1."""
    centre, spread, weight = _constants(reader)
    z = (picture_states(reader, rows).values - centre) / spread
    z = np.sign(z) * np.log1p(np.abs(z)) * weight
    x = z @ np.random.default_rng(0).normal(size=(z.shape[1], COMPRESSED))
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


def classes_named(reader: Target, name: str) -> tuple[int, ...]:
    """The numbers of the reader's classes that a name means: of a group, or of one class.

    Raises:
        UsageError: if the reader has neither; names the nearest.
    """
    wanted = " ".join(name.lower().split())
    groups = reader_groups(reader)
    if wanted in groups:
        return groups[wanted]
    found = tuple(i for i, names in enumerate(_synonyms(reader.labels)) if wanted in names)
    if found:
        return found
    if not reader.labels:
        raise UsageError(f"the reader '{reader.name}' has no classes; use like, look or area")
    known = [*groups, *(names[0] for names in _synonyms(reader.labels))]
    raise UsageError(
        f"the reader '{reader.name}' has no class or group '{name}'; nearest: "
        f"{nearest(wanted, known)}"
    )


def reader_groups(reader: Target) -> dict[str, tuple[int, ...]]:
    """Groups of ImageNet's classes that the reader tells apart, as numbers of its classes.

    None for a network most of whose classes are others.
    """
    names = _synonyms(class_names())
    if len(reader.labels) == len(names):
        same = sum(a[0] == b[0] for a, b in zip(_synonyms(reader.labels), names, strict=True))
        if same > 0.9 * len(names):
            return dict(class_groups())
    own = {parts[0]: i for i, parts in enumerate(_synonyms(reader.labels))}
    if 2 * sum(parts[0] in own for parts in names) < len(own):
        return {}
    groups = {
        group: tuple(sorted(own[names[i][0]] for i in members if names[i][0] in own))
        for group, members in class_groups().items()
    }
    return {group: members for group, members in groups.items() if len(members) > 1}


def _synonyms(labels: Sequence[str]) -> list[list[str]]:
    """`[class]`: the names of a class, the usual one first, in small letters."""
    return [[part.strip().lower() for part in label.split(",")] for label in labels]


def _sites(reader: Target) -> tuple[str, ...]:
    """The sites that are read."""
    if reader.image is None:
        raise UsageError(f"the reader '{reader.name}' takes no pictures; give a vision model")
    for kind in ("conv", "resid"):
        names = [name for name in reader.sites if name.startswith(f"{kind}.")]
        if names:
            return tuple(dict.fromkeys(names[round(d * (len(names) - 1))] for d in _DEPTHS))
    raise UsageError(
        f"the reader '{reader.name}' has neither convolutions nor a residual stream to read"
    )


def _key(picture: Picture) -> str:
    """What decides what a reader sees of a picture."""
    return picture.key if picture.seen is None else f"seen {picture.key}"


def _read(reader: Target, rows: ImageRows) -> dict[str, np.ndarray]:
    """States, float16 `[image, feature]`, and classes, float32 `[image, class]`."""
    assert reader.image is not None
    sites = _sites(reader)
    values: list[np.ndarray] = []
    classes: list[np.ndarray] = []
    shown = image_rows(reader, [_shown(picture, reader) for picture in rows.pictures])
    for _, some in batches(shown, _ROWS):
        trace = reader.trace(some, sites, output=bool(reader.labels))
        pooled = []
        for name in sites:
            scalar = reader.sites[name].scalar(trace.values[name]).float()  # [image, place, unit]
            pooled += [scalar.mean(1), scalar.amax(1)]
        values.append(np.concatenate([one.cpu().numpy() for one in pooled], 1).astype(np.float16))
        output = trace.output
        good = output is not None and output.shape[1:] == (len(reader.labels),)
        if output is not None and good:
            classes.append(output.float().softmax(1).cpu().numpy())
        else:
            classes.append(np.zeros((len(some), 0), np.float32))
    return {"values": np.concatenate(values), "classes": np.concatenate(classes)}


def _shown(picture: Picture, reader: Target) -> Picture:
    """The picture as the reader sees it, where it was made of what the target sees."""
    seen = picture.seen
    if seen is None:
        return picture
    high, wide = reader.image.size  # type: ignore[union-attr]

    def resized() -> np.ndarray:
        return np.array(Image.fromarray(seen()).resize((wide, high)), np.uint8)

    return replace(picture, seen=resized)


_measured: "WeakKeyDictionary[Any, tuple[np.ndarray, np.ndarray, np.ndarray]]" = WeakKeyDictionary()


def _constants(reader: Target) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre and spread of each feature on drawn scenes, and its weight; `[feature]` each."""
    if reader.network not in _measured:
        from ..data.scene_pictures import picture_of
        from ..scenes.grammar import scenes

        pictures = [picture_of(scene, side=256) for scene in scenes(_SCENES, seed=0)]
        x = picture_states(reader, image_rows(reader, pictures)).values
        widths = [reader.sites[name].units for name in _sites(reader) for _ in ("mean", "max")]
        site = np.repeat(np.arange(len(widths)), widths)
        whole = np.array([x[:, site == i].std() for i in range(len(widths))])[site]
        spread = x.std(0) + 0.1 * whole + 1e-6  # a channel that scenes leave silent counts little
        _measured[reader.network] = (x.mean(0), spread, 1 / np.sqrt(np.array(widths)[site]))
    return _measured[reader.network]
