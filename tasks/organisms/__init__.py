"""Organisms: small networks trained on known mechanisms, with their prompts and held-out figures.

    Target.load("organism:adder")                       the trained network
    prompts("adder", "test", 100, seed=0)               [(prompt, target, meta), ...]
    train.train("adder", None, folder)                  the same weights again

The weights lie in `tools/models/organisms`, where `Target.load` finds them without this package;
what they were trained on, and how, is here. `docs/organisms.md` says what each is known to do.
"""

from .registry import ORGANISMS, organism, prompts
from .spec import Organism, Prompt

__all__ = ["ORGANISMS", "Organism", "Prompt", "organism", "prompts"]
