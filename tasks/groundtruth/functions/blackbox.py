"""A black box: a function with a known truth in words and in code, of which only calls are seen.

What an investigator is handed is `Calls`: it says what inputs are taken, counts what is spent and
refuses what is outside; the truth and the hidden inputs stay with the box.
"""

import collections
import functools
import itertools
import math
import re
import string
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ....tools.errors import UsageError
from ....tools.sandbox.functions import Argument, Value

Arguments = tuple[Argument, ...]


class Case(NamedTuple):
    """A hidden input."""

    arguments: Arguments
    domain: str
    """Where it comes from: inside or outside the range that may be called; words or made-up."""
    cell: str = ""
    """The side of the function's condition that it is on; each is judged by itself."""


@dataclass(frozen=True)
class BlackBox:
    """One function."""

    name: str
    """`periodic/2`: says nothing to those who do not know the suite."""
    kind: str
    """Results are given by kind."""
    template: str
    """The form that it was made from."""
    takes: str
    """What it takes, in words that investigators read."""
    words: str
    """What it computes."""
    code: str
    """Python that defines `f`, without noise."""
    cases: tuple[Case, ...]
    """Hidden inputs."""
    noise: float = 0.0
    """Standard deviation of what is added to each call, by itself."""
    refuses: Callable[[Arguments], str | None] = lambda arguments: None
    """Why an input is not taken; None: it is."""
    arity: int = 1
    function: Callable[..., Value] | None = None
    """What computes it, where that is no code (a neuron)."""

    @functools.cached_property
    def truth(self) -> Callable[..., Value]:
        """The function: from its code, or as it was given."""
        return made(self.code) if self.function is None else self.function

    @functools.cached_property
    def answers(self) -> list[Value]:
        """The truth on the hidden inputs."""
        return [self.truth(*case.arguments) for case in self.cases]


def made(code: str) -> Callable[..., Any]:
    """The `f` of code that a generator of this package wrote, so that words and code are of one.

    What investigators write goes to `run_code` (`tools/sandbox`) instead.
    """
    space: dict[str, Any] = {
        "math": math,
        "re": re,
        "string": string,
        "itertools": itertools,
        "collections": collections,
    }
    exec(compile(code, "<truth>", "exec"), space)
    return space["f"]


@dataclass
class Calls:
    """What an investigator may do with a box: call it."""

    _box: BlackBox = field(repr=False)
    budget: int
    """Calls in all."""
    seed: int = 0
    """Of the noise."""
    log: list[tuple[Arguments, Value]] = field(default_factory=list)
    """What was called, and what came."""

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng([self.seed, zlib.crc32(self._box.name.encode())])

    @property
    def takes(self) -> str:
        """What the function takes, in words."""
        return self._box.takes

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return self._box.arity

    @property
    def left(self) -> int:
        """Calls that are left."""
        return self.budget - len(self.log)

    def __call__(self, *arguments: Argument) -> Value:
        """One call.

        Raises:
            UsageError: if none is left, or for an input that the function does not take.
        """
        if self.left <= 0:
            raise UsageError(f"all {self.budget} calls are spent; answer with what is known")
        if len(arguments) != self.arity:
            raise UsageError(f"f takes {self.arity} argument(s), not {len(arguments)}")
        why = self._box.refuses(arguments)
        if why is not None:
            raise UsageError(why)
        value = self._box.truth(*arguments)
        if self._box.noise and isinstance(value, int | float):
            value = float(value) + self._box.noise * float(self._rng.normal())
        self.log.append((arguments, value))
        return value


class Answer(NamedTuple):
    """What an investigator makes of a box."""

    words: str
    code: str
    failed: str | None = None
    """Why there is none."""
    spent: Mapping[str, float] = MappingProxyType({})
    """Requests and tokens of a language model."""


Investigate = Callable[[Calls], Answer]
"""An investigator: calls the function, then answers."""


def answered(investigate: Investigate, calls: Calls) -> Answer:
    """The answer; what an investigator raises is one too, so that a suite goes on."""
    try:
        return investigate(calls)
    except Exception as error:
        return Answer("", "", f"{type(error).__name__}: {error}")
