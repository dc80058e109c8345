"""Which Fourier frequencies units follow over numeric tokens: see `activations/frequencies.py`.

The sum of two numbers modulo p is computed by networks as waves of a few key frequencies (Nanda et
al. 2023). One call says of a unit which one or two frequencies explain it, of whole sites which
units follow a single frequency and which frequencies these are.
"""

from typing import Annotated, Any

from ..activations.frequencies import (
    FURTHER,
    PERMUTATIONS,
    SINGLE,
    Frequencies,
    Numbers,
    frequencies_of_sites,
    key_frequencies,
    numbers_in,
)
from ..activations.frequencies import frequencies as search
from ..activations.selectivity import sites_of
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..statistics.bootstrap import Interval

MOST = 40


@tool(needs=("text", "numbers"))
def frequencies(
    lab: Lab,
    unit: str | None = None,
    *,
    of: list[int] | None = None,
    read_at: int | None = None,
    modulus: int | None = None,
    sites: list[str] | None = None,
    many: Annotated[int, UpTo(MOST)] = 10,
) -> Result:
    """Which Fourier frequencies of the numbers in a text a unit follows: how much of its variance
    one and two frequencies explain on texts that did not choose them, beside exchanged outputs;
    with sites, how many of their units follow one frequency alone, and which.

    Args:
        unit: The unit, such as mlp.0/3.
        of: Places of one or two numbers, counted from the start of the text, from 0; left out: the
            first two places with numbers.
        read_at: The place where the unit is read; left out: before a third number, else the last.
        modulus: Of the numbers; left out: one above the largest.
        sites: Whole sites instead of a unit, such as mlp.0.
        many: How many units of the sites to list, at most 40.
    """
    numbers = numbers_in(lab.explore, positions=of, read_at=read_at, modulus=modulus)
    head = (
        f"numbers at the places {', '.join(map(str, numbers.positions))} (from 0) of "
        f"{len(numbers.rows):,} texts, modulo {numbers.modulus}; variance explained on texts that "
        f"did not choose the frequency, 95% over texts; control: {PERMUTATIONS} exchanges of the "
        "outputs"
    )
    data: dict[str, Any] = {
        "positions": list(numbers.positions),
        "modulus": numbers.modulus,
        "texts": len(numbers.rows),
    }
    if sites:
        lines, more = _of_sites(lab, numbers, sites_of(lab.target, sites), many)
        return Result("\n".join([head, *lines]), data | more)
    chosen = lab.chosen(unit)
    column = lab.column(chosen)[numbers.rows, numbers.places]
    found = search(numbers, column[:, None], lab.rng("frequencies"))
    said = _entry(found, 0)
    return Result(
        "\n".join([head, f"{chosen}: {_words(said)}"]), {**data, "unit": str(chosen), **said}
    )


def _of_sites(
    lab: Lab, numbers: Numbers, sites: list[str], many: int
) -> tuple[list[str], dict[str, Any]]:
    """Lines and payload of whole sites."""
    lines: list[str] = []
    keys: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for site, found in frequencies_of_sites(lab, numbers, sites, lab.rng("frequencies")).items():
        key = keys[site] = key_frequencies(found)
        lines.append(f"{site}: {key.words()}")
        rows += [
            {"unit": str(Unit(site, at)), **_entry(found, at)}
            for at in range(len(found.first))
            if not found.constant[at]
        ]
    rows.sort(key=lambda row: -row["one"]["value"])
    lines += [f"{row['unit']}: {_words(row)}" for row in rows[:many]]
    return lines, {"sites": {s: k._asdict() for s, k in keys.items()}, "units": rows[:many]}


def _entry(found: Frequencies, unit: int) -> dict[str, Any]:
    """One unit as payload."""

    def of(value: Interval) -> dict[str, float]:
        return {key: round(number, 4) for key, number in value.as_dict().items()}

    return {
        "first": int(found.first[unit]),
        "second": int(found.second[unit]),
        "one": of(found.one[unit]),
        "added": of(found.added[unit]),
        "control": round(float(found.null[:, unit].max()), 4),
        "single": bool(found.single[unit]),
        "agreed": bool(found.agreed[unit]),
        "constant": bool(found.constant[unit]),
    }


def _words(entry: dict[str, Any]) -> str:
    """`frequency 5 explains .93 [.92, .94], 12 adds .01 ...`."""
    if entry["constant"]:
        return "never changes there"
    one, added = entry["one"], entry["added"]
    second = (
        f"; {entry['second']} adds {added['value']:.2f} [{added['low']:.2f}, {added['high']:.2f}]"
        if entry["second"]
        else ""
    )
    verdict = (
        "single-frequency"
        if entry["single"]
        else f"not single-frequency (needs {SINGLE:.2f} and at most {FURTHER:.2f} added)"
    )
    parts = "" if entry["agreed"] else "; parts of the texts chose different frequencies"
    return (
        f"frequency {entry['first']} explains {one['value']:.2f} [{one['low']:.2f}, "
        f"{one['high']:.2f}]{second}; control at most {entry['control']:.2f}; {verdict}{parts}"
    )
