"""Modular addition: `12+40=` is followed by `5`, modulo 47.

One layer, ReLU neurons, trained on all its training pairs at once with strong weight decay: it
first remembers them and then groks (Power et al. 2022; Nanda et al. 2023). The known mechanism is
trigonometric: numbers are embedded on circles, each neuron works on one frequency, and the logits
add up cos(w(a + b - c)). The figure is the share of each neuron's variance over all pairs that lies
on one frequency; the control is the same architecture untrained.
"""

from typing import Any

import numpy as np

from ...tools.data.windows import cut
from ...tools.models import Target
from ...tools.models.untrained import untrained
from .spec import Organism, Recipe, gpt2
from .sums import sum_batches, sum_pool

MODULUS = 47
_pool = sum_pool("modular", MODULUS, lambda a, b: (a + b) % MODULUS)


def frequency_shares(table: np.ndarray) -> np.ndarray:
    """Shares of variance by frequency, `[neuron, frequency]`, frequencies from 1.

    The two-dimensional Fourier transform splits a neuron's variance over all pairs without
    remainder. The share of frequency k is what lies on k alone: `cos` and `sin` of `k a`, of `k b`,
    and their products, eight directions. It is 0 for a neuron that never changes.

    Args:
        table: Activations `[a, b, neuron]`, an odd number of values a side.
    """
    modulus = len(table)
    power = np.abs(np.fft.fft2(table, axes=(0, 1))) ** 2  # [a, b, neuron]
    power[0, 0] = 0
    total = power.sum((0, 1))[:, None]  # [neuron, 1]
    shares = []
    for k in range(1, (modulus - 1) // 2 + 1):
        lines = np.array([0, k, modulus - k])
        shares.append(power[lines][:, lines].sum((0, 1)))
    result = np.stack(shares, axis=1)
    return np.divide(result, total, where=total > 1e-12, out=np.zeros_like(result))


def _figures(target: Target) -> dict[str, Any]:
    return {
        "neuron_variance_on_one_frequency": fourier(target),
        "control_untrained": fourier(untrained(target)),
    }


def fourier(target: Target) -> dict[str, Any]:
    """The neurons' shares of variance on their best frequency, at `=`, over all pairs."""
    pairs = [f"{a}+{b}=" for a in range(MODULUS) for b in range(MODULUS)]
    windows = cut(target, pairs, length=target.context_length, document_per_row=True)
    values = target.trace(windows, ["mlp.0"], output=False).values["mlp.0"][:, -1]
    table = values.cpu().double().numpy().reshape(MODULUS, MODULUS, -1)  # [a, b, neuron]
    shares = frequency_shares(table)  # [neuron, frequency]
    alive = table.std((0, 1)) > 1e-3 * table.std()
    best = shares[alive].max(1)
    frequency = shares[alive].argmax(1)[best >= 0.5] + 1
    return {
        "median": round(float(np.median(best)), 4),
        "neurons_above_half": int((best >= 0.5).sum()),
        "neurons_alive": int(alive.sum()),
        "neurons": len(alive),
        "by_frequency": {
            str(k): int((frequency == k).sum()) for k in sorted(set(frequency.tolist()))
        },
    }


MODULAR = Organism(
    name="modular",
    mechanism=(
        "(a + b) mod 47 by trigonometry: numbers on circles, each neuron at one Fourier frequency"
    ),
    words=(*(str(n) for n in range(MODULUS)), "+", "="),
    architecture=gpt2(layers=1, width=96, activation_function="relu"),
    pool=_pool,
    batches=sum_batches,
    recipe=Recipe(steps=7000, rate=2e-3, decay=1.0, batch=512),
    figures=_figures,
)
