"""The built-in labeller of the modular-addition neurons: some pairs, no language model.

1. Measure all neurons on a sample of pairs (a share of them is kept back).
2. For each frequency k fit, to all neurons at once, the nine terms 1, cos and sin of k a, of k b,
   of k (a + b) and of k (a - b); the frequency is that which explains most of the pairs kept back.
3. A neuron whose best frequency explains too little of them is said to have none.
4. Where cutting the fit off at 0, as the network does, helps on the pairs kept back, it is cut off
   and fitted again to the pairs where it is active.
5. Words name the frequency, the largest of the three parts and where it peaks; code is the fit.
"""

from typing import NamedTuple

import numpy as np

from .truth import THRESHOLD

_KEPT = 1 / 3  # share of the pairs that chooses
_RIDGE = 1e-6
_ROUNDS = 48  # fits to the active pairs
TERMS = 9


class Found(NamedTuple):
    """What the labeller says of one neuron."""

    frequency: int
    """0: none."""
    share: float
    """Share of the variance of the pairs kept back that it explains."""
    weights: np.ndarray
    """Of the nine terms; of the constant alone where there is no frequency."""
    cut: bool
    """Cut off at 0."""
    modulus: int

    @property
    def words(self) -> str:
        """What the neuron computes."""
        if self.frequency == 0:
            return f"no single frequency modulo {self.modulus}; about {self.weights[0]:.3g}"
        parts = {
            "a": self.weights[1:3],
            "b": self.weights[3:5],
            "a + b": self.weights[5:7],
            "a - b": self.weights[7:9],
        }
        sizes = {name: float(np.hypot(*pair)) for name, pair in parts.items()}
        name = max(sizes, key=lambda key: sizes[key])
        cosine, sine = parts[name]
        peak = float(np.arctan2(sine, cosine)) * self.modulus / (2 * np.pi) % self.modulus
        others = [f"{key} ({sizes[key]:.2g})" for key in sizes if key != name]
        said = (
            f"cosine of frequency {self.frequency} of {name} modulo {self.modulus} (amplitude "
            f"{sizes[name]:.2g}), highest where {self.frequency}({name}) is {peak:.0f} modulo "
            f"{self.modulus}; the same frequency of {', '.join(others)}"
        )
        return said + ("; never below 0" if self.cut else "")

    @property
    def code(self) -> str:
        """Python that defines `f(a, b)`."""
        numbers = [float(f"{value:.5g}") for value in self.weights]
        if self.frequency == 0:
            return f"def f(a, b):\n    return {numbers[0]!r}\n"
        total = f"{numbers[0]!r}"
        for at, name in enumerate(("a", "b", "a + b", "a - b")):
            cosine, sine = numbers[1 + 2 * at], numbers[2 + 2 * at]
            total += f"\n        + {cosine!r} * math.cos(w * ({name}))"
            total += f" + {sine!r} * math.sin(w * ({name}))"
        result = "max(0.0, total)" if self.cut else "total"
        return (
            f"import math\n\nw = 2 * math.pi * {self.frequency} / {self.modulus}\n\n"
            f"def f(a, b):\n    total = (\n        {total}\n    )\n    return {result}\n"
        )

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Its values, `[input]`."""
        if self.frequency == 0:
            return np.full(len(pairs), self.weights[0])
        total = terms(pairs, self.frequency, self.modulus) @ self.weights
        return np.maximum(total, 0) if self.cut else total


def terms(pairs: np.ndarray, frequency: int, modulus: int) -> np.ndarray:
    """The nine terms of a frequency, `[input, term]`."""
    a, b = pairs[:, 0], pairs[:, 1]
    angles = 2 * np.pi * frequency / modulus * np.stack([a, b, a + b, a - b])
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(8, -1)
    return np.concatenate([np.ones((1, len(pairs))), waves]).T


def label(
    pairs: np.ndarray,
    values: np.ndarray,
    modulus: int,
    *,
    frequencies: np.ndarray | None = None,
) -> list[Found]:
    """Labels every neuron from a sample.

    Args:
        pairs: What was measured, in an order drawn by chance, `[input, 2]`.
        values: `[input, neuron]`.
        modulus: Of the addition.
        frequencies: Instead of a search, the frequency of each neuron (for controls).
    """
    kept = int(len(pairs) * _KEPT)
    train, held = slice(kept, None), slice(0, kept)
    many = (modulus - 1) // 2
    explained = np.stack(
        [_explained(pairs, values, k, modulus, train, held) for k in range(1, many + 1)]
    )  # [frequency, neuron]
    chosen = explained.argmax(0) + 1 if frequencies is None else frequencies
    found = []
    for neuron, y in enumerate(values.T):
        k = int(chosen[neuron])
        share = float(explained[k - 1, neuron])
        if frequencies is None and share < THRESHOLD:
            mean = np.append(y.mean(), np.zeros(TERMS - 1))
            found.append(Found(0, share, mean, False, modulus))
        else:
            weights, cut = _fitted(terms(pairs, k, modulus), y, train, held)
            found.append(Found(k, share, weights, cut, modulus))
    return found


def _explained(
    pairs: np.ndarray, values: np.ndarray, k: int, modulus: int, train: slice, held: slice
) -> np.ndarray:
    """R squared on the pairs kept back, by neuron."""
    design = terms(pairs, k, modulus)
    weights = _solve(design[train], values[train])
    missed = np.square(values[held] - design[held] @ weights).mean(0)
    spread = values[held].var(0)
    return 1 - np.divide(missed, spread, out=np.ones_like(missed), where=spread > 1e-12)


def _fitted(
    design: np.ndarray, y: np.ndarray, train: slice, held: slice
) -> tuple[np.ndarray, bool]:
    """The plain fit or the one that is cut off at 0, whichever the pairs kept back prefer."""

    def misses(weights: np.ndarray, cut: bool) -> float:
        given = design[held] @ weights
        return float(np.square(y[held] - (np.maximum(given, 0) if cut else given)).mean())

    plain = _solve(design[train], y[train])
    cut = _cut_fit(design[train], y[train], plain)
    better = misses(cut, True) < misses(plain, False)
    start = _solve(design, y)
    return (_cut_fit(design, y, start), True) if better else (start, False)


def _cut_fit(design: np.ndarray, y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Least squares for max(0, design @ weights): where it is off, it may be anything below 0.

    Each round replaces the target by the present fit where that is below 0 and the neuron is off,
    and solves again; the misfit never grows.
    """
    weights = start
    for _ in range(_ROUNDS):
        given = design @ weights
        weights = _solve(design, np.where((y <= 0) & (given < 0), given, y))
    return weights


def _solve(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    gram = design.T @ design
    gram += _RIDGE * len(design) * np.eye(len(gram))
    return np.linalg.solve(gram, design.T @ y)
