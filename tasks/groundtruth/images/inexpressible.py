"""Tier C: functions of what the host sees that no predicate says exactly: small trained probes.

Each probe is a ridge regression, trained here on scenes drawn for it, from the means of the host's
channels to something that is computed from pixels or is known of the scene: how alike left and
right are, how much of the picture is edges, how much of it things fill, how warm its colours are,
how far apart things are, and one class of the host. A unit is active where the probe is among its
highest; the map is what each place adds to the probe. What the best predicate reaches on them is
measured, not assumed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ....tools.models.target import Target
from ....tools.scenes.scene import Scene
from ....tools.statistics.association import correlation
from ..planted import INEXPRESSIBLE, ON_OFF, Cell

KINDS = ("symmetry", "edges", "filled", "warmth", "class", "spread")
SITES = ("conv.1", "conv.3")
_TRAINED = 500
"""Pictures that a probe is trained on."""
_SHARE = 0.15
"""Of pictures in which the unit is active."""


@dataclass(frozen=True, eq=False)
class ProbeFunction:
    """A function of pictures that is a probe of the host."""

    text: str
    variant: str
    host: Target
    weights: np.ndarray
    """float64 `[channel]` over the sites in order."""
    cut: float
    top: float
    """The probe's value for a level of one."""
    fit: float
    """Held-out correlation of the probe with what it was trained on."""
    kind: str = INEXPRESSIBLE
    cells: tuple[Cell, ...] = ON_OFF
    concept: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def values(self, pixels: np.ndarray) -> np.ndarray:
        """The noiseless function, `[image]` in 0..1."""
        return self._level(features(self.host, pixels).mean((1, 2)) @ self.weights)

    def maps(self, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The level over space, `[image, height, width]`: its maximum is the level."""
        seen = features(self.host, pixels)  # [image, height, width, channel]
        level = self._level(seen.mean((1, 2)) @ self.weights)
        adds = np.maximum(seen @ self.weights, 0)
        share = adds / np.maximum(adds.max((1, 2), keepdims=True), 1e-9)
        share[adds.max((1, 2)) <= 0] = 1.0
        return share * level[:, None, None]

    def _level(self, value: np.ndarray) -> np.ndarray:
        share = np.clip((value - self.cut) / max(self.top - self.cut, 1e-9), 0, 1)
        return np.where(value > self.cut, 0.6 + 0.4 * share, 0.0)


def probe(
    kind: str,
    host: Target,
    pixels: np.ndarray,
    scenes: Sequence[Scene],
    rng: np.random.Generator,
) -> ProbeFunction:
    """Trains one probe.

    Args:
        kind: One of `KINDS`.
        host: The network without planted units.
        pixels: What it sees of some pictures, uint8 `[image, height, width, 3]`.
        scenes: Their scenes.
        rng: Of the class that is probed for.
    """
    label = int(rng.integers(len(host.labels)))
    wanted = _wanted(kind, host, pixels, scenes, label)  # [image]
    seen = features(host, pixels).mean((1, 2))  # [image, channel]
    half = len(seen) * 4 // 5
    scale = seen[:half].std(0) + 1e-6
    x = (seen - seen[:half].mean(0)) / scale
    penalty = 10.0 * np.eye(x.shape[1])
    y = wanted - wanted[:half].mean()
    weights = np.linalg.solve(x[:half].T @ x[:half] + penalty, x[:half].T @ y[:half])
    fit = correlation(x[half:] @ weights, y[half:])
    weights = weights / scale
    value = seen @ weights
    cut, top = np.quantile(value, [1 - _SHARE, 0.995])
    name = f"the class {host.labels[label]}" if kind == "class" else kind
    return ProbeFunction(
        f"pictures that a linear probe for {name} gives a high value",
        kind,
        host,
        weights,
        float(cut),
        float(top),
        fit,
    )


_last: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # replaced as a whole, so threads may share it


def features(host: Target, pixels: np.ndarray) -> np.ndarray:
    """The host's channels over space, float64 `[image, height, width, channel]`."""
    kept = _last.get(id(host))
    if kept is not None and kept[0] is pixels:
        return kept[1]
    assert host.image is not None
    with torch.no_grad():
        given = host.image.normalise(torch.from_numpy(pixels).to(host.device))
        values = host.trace(given, list(SITES), output=False).values
    parts = []
    for name in SITES:
        flat = values[name].float().cpu().numpy()  # [image, place, channel]
        side = round(flat.shape[1] ** 0.5)
        parts.append(flat.reshape(len(flat), side, side, -1))
    result = np.concatenate(parts, axis=-1).astype(np.float64)
    _last[id(host)] = (pixels, result)
    return result


def _wanted(
    kind: str, host: Target, pixels: np.ndarray, scenes: Sequence[Scene], label: int
) -> np.ndarray:
    grey = pixels.astype(np.float64).mean(-1) / 255  # [image, height, width]
    rgb = pixels.astype(np.float64).mean((1, 2)) / 255  # [image, 3]
    table: dict[str, Callable[[], np.ndarray]] = {
        "symmetry": lambda: -np.abs(grey - grey[:, :, ::-1]).mean((1, 2)),
        "edges": lambda: np.abs(np.diff(grey, axis=1)).mean((1, 2)),
        "filled": lambda: np.array([sum(t.size**2 for t in scene.things) for scene in scenes]),
        "warmth": lambda: rgb[:, 0] - rgb[:, 2],
        "class": lambda: _logit(host, pixels, label),
        "spread": lambda: np.array([_spread(scene) for scene in scenes]),
    }
    return table[kind]()


def _logit(host: Target, pixels: np.ndarray, label: int) -> np.ndarray:
    assert host.image is not None
    with torch.no_grad():
        result = host.trace(host.image.normalise(torch.from_numpy(pixels).to(host.device))).output
    assert result is not None
    return result[:, label].cpu().double().numpy()


def _spread(scene: Scene) -> float:
    """How far apart things are."""
    if len(scene.things) < 2:
        return 0.0
    return float(np.std([t.x for t in scene.things]) + np.std([t.y for t in scene.things]))
