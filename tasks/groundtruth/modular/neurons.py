"""A neuron of the modular-addition transformer as a black box, and what its descriptions name."""

import re
from collections.abc import Sequence

from ..functions.blackbox import Arguments, BlackBox, Case
from .truth import Truth


def neuron_box(truth: Truth, neuron: int, hidden: Sequence[Arguments]) -> BlackBox:
    """A neuron as a function of a and b."""
    modulus = len(truth.table)
    frequency = int(truth.frequency[neuron])
    held = f"frequency {frequency}" if frequency else "no single frequency"

    def refuses(arguments: Arguments) -> str | None:
        whole = all(isinstance(x, int) and not isinstance(x, bool) for x in arguments)
        if not whole or not all(0 <= int(x) < modulus for x in arguments):
            return f"a and b are whole numbers from 0 to {modulus - 1}"
        return None

    return BlackBox(
        name=f"mlp.0/{neuron}",
        kind="one frequency" if frequency else "no frequency",
        template="neuron",
        takes=(
            f"two whole numbers a and b from 0 to {modulus - 1}; it is a neuron (after its ReLU) "
            f"of a network that computes a + b modulo {modulus}. Many such neurons are made of "
            f"waves of one frequency k, cos(2 pi k x / {modulus}) with x = a, b, a + b or a - b; "
            "say in your words 'frequency K' with its number (1 to "
            f"{(modulus - 1) // 2}), or 'no single frequency'"
        ),
        words=f"{held}; its largest share of variance is {truth.share[neuron]:.2f}",
        code="",
        cases=tuple(Case(pair, "unseen") for pair in hidden),
        refuses=refuses,
        arity=2,
        function=lambda a, b: float(truth.table[a, b, neuron]),
    )


def named(words: str, modulus: int) -> int | None:
    """The frequency that a description names: 0 for "no single frequency", None for nothing."""
    if re.search(r"\bno (single |one |dominant |clear )?frequency", words, re.IGNORECASE):
        return 0
    result = re.search(r"\bfrequency\s*(?:of|is|k|=|:|\s)*\s*(\d+)", words, re.IGNORECASE)
    if result is None:
        return None
    k = int(result.group(1)) % modulus
    return min(k, modulus - k)
