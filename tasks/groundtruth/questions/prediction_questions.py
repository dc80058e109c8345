"""Questions about predictions: which units drive one, what a unit is worth to it, where it arises.

The truth is brute force: every unit zeroed by itself, every block's output read as the last one.
"""

from functools import partial

import numpy as np

from .checks import About, All, Layer, Number
from .measure import Bench
from .question import KnownQuestion, asked
from .unit_checks import Drives

_LEAST = 0.02  # by which a probability must change to be another way to say it


def drive(target: str, prompt: str, answer: str) -> KnownQuestion:
    """Which units drive a prediction."""

    def check(bench: Bench) -> All:
        drops = bench.drops(prompt, answer)
        order = sorted(drops, key=lambda unit: -drops[unit])
        drives = Drives(order[:3], partial(bench.beats_chance, prompt, answer))
        return All([drives], [About([answer])])

    text = f"Which units drive '{answer}' in the prompt \"{prompt}\"?"
    return asked("drive", f"{target}-{prompt}", target, text, check)


def change(bench: Bench, prompt: str, answer: str, zero: list[str], what: str) -> Number:
    """By how much an answer's log-probability changes when units are zero."""
    before, after = bench.logprob(prompt, answer), bench.logprob(prompt, answer, zero)
    share = float(np.exp(after) - np.exp(before))
    others = [share] if abs(share) >= _LEAST else []
    return Number(after - before, what, others=others, change=True, least=0.02, sentences=5)


def ablate(target: str, unit: str, prompt: str, answer: str) -> KnownQuestion:
    """What a unit is worth to a prediction."""

    def check(bench: Bench) -> All:
        what = f"the log-probability of '{answer}' without {unit}"
        return All([change(bench, prompt, answer, [unit], what)], [About([answer, unit])])

    text = f"What happens to '{answer}' behind \"{prompt}\" if {unit} is ablated to zero?"
    return asked("ablate", f"{target}-{unit}-{answer.strip()}", target, text, check)


def where(target: str, prompt: str, answer: str) -> KnownQuestion:
    """In which block a prediction is settled."""

    def check(bench: Bench) -> All:
        return All([Layer(bench.settles(prompt, answer))], [About([answer])])

    text = f"Where in the layers is '{answer}' decided behind \"{prompt}\"?"
    return asked("where", f"{target}-{prompt}", target, text, check)
