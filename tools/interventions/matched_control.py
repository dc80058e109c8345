"""A measured effect beside the same effect of controls: matched units, or random directions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..lab import Lab
from ..models import Unit
from ..render.text import between, number
from ..statistics.bootstrap import mean_interval
from ..statistics.causal_rule import units
from ..statistics.permutation import p_value, percentile
from .controls import Control
from .output_change import SPAN, has_classes

_DRAWS = 500
LEAST = 19
"""The fewest controls with which p can be .05."""


class Against(NamedTuple):
    """A number beside the same number of control sets."""

    mean: float
    interval: list[float] | None
    """95%, bootstrapped over prompts; None for one prompt."""
    controls: list[float]
    percentile: float
    """Share of controls below it, ties half, in percent."""
    p: float
    """(1 + controls at least as large) / (1 + controls)."""

    @property
    def standing(self) -> dict[str, Any]:
        """Where the mean stands among the controls, as plain JSON."""
        return {"controls": self.controls, "percentile": self.percentile, "p": self.p}


def compare(sizes: Sequence[Sequence[float]], rng: np.random.Generator) -> Against:
    """The first group's mean beside the means of the others."""
    mean = float(np.mean(sizes[0]))
    interval = mean_interval(sizes[0], seed=rng, resamples=_DRAWS)
    controls = [float(np.mean(group)) for group in sizes[1:] if len(group)]
    return Against(
        mean,
        None if interval is None else list(interval),
        controls,
        percentile(mean, controls),
        p_value(mean, controls),
    )


def verdict(lab: Lab, against: Against, where: str) -> str:
    """The effect, its interval, and where it stands among the controls."""
    line = f"{measure_name(lab)} {number(against.mean)}{between(against.interval)}"
    if not against.controls:
        return f"{line}; the site has no other unit to compare with"
    n = len(against.controls)
    line += (
        f"; {units(n)}, {where}: median {number(float(np.median(against.controls)))}, max "
        f"{number(max(against.controls))}; {rank(against.percentile, against.p, n)}"
    )
    if n < LEAST:
        return f"{line}: {too_few()}"
    return line if against.p <= 0.1 else f"{line}: over all outputs no more than a random unit does"


def control_words(control: Control, what: str) -> str:
    """Where an effect stands among its controls, in a line."""
    if not control.controls:
        return f"no {what} to compare with"
    sizes = sorted(abs(one) for one in control.controls)
    n = len(sizes)
    what = what if n > 1 else what.replace("units", "unit").replace("directions", "direction")
    line = (
        f"{n} {what}: median size {number(sizes[n // 2])}, largest {number(sizes[-1])}; "
        f"{rank(control.percentile, control.p, n)}"
    )
    if n < LEAST:
        return f"{line}: {too_few()}"
    return line if control.p <= 0.1 else f"{line}: no more than chance"


def rank(percentile: float, p: float, n: int) -> str:
    """How many controls an effect is larger than."""
    return f"larger than {round(percentile * n / 100)} of {n}, p={p:.2g}"


def too_few() -> str:
    """Where p cannot be .05."""
    return f"too few to tell; with {LEAST} p could be .05"


def named(units: Sequence[Unit]) -> str:
    """The units' names, the first six of them."""
    names = ", ".join(str(unit) for unit in units[:6])
    return names if len(units) <= 6 else f"{names} and {len(units) - 6} more"


def measure_name(lab: Lab) -> str:
    """What the size of an effect is for this target."""
    return {
        "causal": "KL of the next token (nats)",
        "encoder": "turn of the output embedding (1-cosine)",
        "module": "relative change of the output",
        "image": "KL of the classes (nats)"
        if has_classes(lab.target)
        else "turn of the output (1-cosine)",
    }[lab.target.kind]


def scope(lab: Lab) -> str:
    """Where the output is read."""
    if lab.target.kind == "causal":
        return f"output read at the peak and the {SPAN - 1} tokens after it"
    return "output read: " + ("pooled embedding" if lab.target.kind == "encoder" else "as it is")
