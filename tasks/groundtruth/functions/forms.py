"""Functions as data: what is drawn for a family, and the forms of words and code that it fills.

`numbers.toml` and `strings.toml` hold the families. Drawn are in this order `real` (a number,
rounded), `several` (different words of a pool), `one` (a word of a pool), `whole` (a whole number
below a limit), `conditions` (one of some), and last one of its `forms`.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Rng = np.random.Generator


class Draft(NamedTuple):
    """A function before it has inputs."""

    template: str
    words: str
    code: str
    """An expression, or for numbers the body of `f(x)` as lines."""
    cell: str | None = None
    """An expression whose values are the cells; None: one cell."""
    hints: tuple[str, ...] = ()
    """Endings and beginnings that matter, so that some inputs have them."""
    noise: float = 0.0
    """Share of the function's own spread."""


def families(name: str) -> dict[str, Any]:
    """The families of a file beside this one."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def real(rng: Rng, low: float, high: float, *, digits: int = 1) -> float:
    """A rounded number, never within a tenth of the range of 0, of either sign if low < 0."""
    while True:
        value = round(float(rng.uniform(low, high)), digits)
        if abs(value) >= 0.1 * max(abs(low), abs(high)):
            return value


def draft(
    family: Mapping[str, Any],
    rng: Rng,
    *,
    pools: Mapping[str, Sequence[str]] | None = None,
    more: Callable[[dict[str, Any]], Mapping[str, Any]] = lambda values: {},
) -> Draft:
    """One function of a family.

    Args:
        family: Of `families`.
        rng: Of all draws.
        pools: Words by name of the pool.
        more: Further values, made from those drawn.
    """
    pools = pools or {}
    values: dict[str, Any] = {}
    for name, (low, high) in family.get("real", {}).items():
        values[name] = real(rng, low, high)
    for pool, names in family.get("several", {}).items():
        drawn = rng.choice(pools[pool], len(names), replace=False)
        values |= zip(names, map(str, drawn), strict=True)
    for pool, name in family.get("one", {}).items():
        values[name] = str(rng.choice(pools[pool]))
    for name, (low, high) in family.get("whole", {}).items():
        values[name] = int(rng.integers(low, high))
    values |= more(values)
    if "conditions" in family:
        condition = _one(family["conditions"], rng)
        values |= {name: text.format(**values) for name, text in condition.items()}
    forms = family["forms"]
    form = _one(forms, rng) if len(forms) > 1 else forms[0]
    code = form["code"].format(**values)
    cell = form.get("cell")
    cell = None if cell is None else cell.format(**values)
    if "rule" in form:
        words, cell = f"true if {form['rule'].format(**values)}, else false", code
    else:
        words = form["words"].format(**values, code=code.replace("math.", ""))
    hints = tuple(hint.format(**values) for hint in form.get("hints", ()))
    return Draft(form["template"], words, code, cell, hints)


def _one(options: Sequence[Any], rng: Rng) -> Any:
    return options[int(rng.integers(len(options)))]
