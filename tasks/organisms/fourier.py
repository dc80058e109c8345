"""Frequencies of functions of two numbers modulo p (Nanda et al. 2023)."""

import numpy as np


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
