"""Which units to label: lists and ranges, random draws, the most variable or active, a file.

    mlp.3/0-9,mlp.4/12-          units 0 to 9 of mlp.3, and the negative side of mlp.4/12
    random:20   random:20:mlp.3  a seeded draw without repetition
    top:20      top:20:firing    those with the largest variance, or that fire most often
    units.txt                    a file with selections, one or more a line

A trailing `-` is the sign; between two numbers it makes a range, whose own trailing `-` is the sign
of all of it: `mlp.3/0-9-`. Sites may be patterns in draws: `random:20:mlp.*`.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...tools.errors import UsageError
from ...tools.io.files import read_whole
from ...tools.models.site import Site
from ...tools.models.target import Target
from ...tools.models.unit import Unit

DIGITS = 15
"""Of a number in a selection; a target says how many units it has."""
_RANGE = re.compile(r"(?P<site>.+)/(?P<first>\d+)(?:-(?P<last>\d+))?(?P<sign>[+-]?)", re.DOTALL)
_DRAW = re.compile(r"(?P<kind>random|top):(?P<n>[^:]*)(?::(?P<rest>.*))?", re.DOTALL)
_MEASURES = ("variance", "firing")


class Range(NamedTuple):
    """Consecutive units of one site."""

    site: str
    first: int
    last: int
    sign: int


class Draw(NamedTuple):
    """So many units, at random or the first by a measure."""

    kind: str
    """`random`, `variance` or `firing`."""
    n: int
    sites: tuple[str, ...] = ()
    """Patterns; empty: those of the run."""


Part = Range | Draw
Ranks = Callable[[str, Sequence[str]], Mapping[str, np.ndarray]]
"""Given a measure and sites, the measure of every unit of each site, `[unit]`."""


def spelt_out(selection: str) -> str:
    """The selection itself, where the text names a file of them.

    Raises:
        UsageError: if the text looks like a file that cannot be read, or says nothing.
    """
    if not selection.strip():
        raise UsageError("no units are named; write --units mlp.3/0-9, random:20 or top:20")
    path = Path(selection)
    if not os.path.isfile(path):  # a selection of many units is longer than any path
        return selection.strip()
    try:
        lines = read_whole(path).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read units from {selection}: {error}") from error
    parts = [line.partition("#")[0].strip().strip(",") for line in lines]
    if not any(parts):
        raise UsageError(f"{selection} names no units; write one a line, such as mlp.3/7")
    return ",".join(part for part in parts if part)


def parse_selection(selection: str) -> tuple[Part, ...]:
    """Reads a selection without looking at any model.

    Raises:
        UsageError: names the part that is wrong.
    """
    return tuple(_part(text.strip()) for text in selection.split(",") if text.strip())


def _part(text: str) -> Part:
    draw = _DRAW.fullmatch(text)
    if draw:
        return _draw(text, draw)
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"'{text}' names no units; write SITE/INDEX such as mlp.3/7, a range such as "
            "mlp.3/0-9, random:20, top:20:firing, or an existing file with units"
        )
    if max(len(match["first"]), len(match["last"] or "")) > DIGITS:
        raise UsageError(f"'{text[:60]}' names no units: its index is too large for any site")
    first = int(match["first"])
    last = first if match["last"] is None else int(match["last"])
    if last < first:
        raise UsageError(f"'{text}' is an empty range; write the smaller index first")
    return Range(match["site"], first, last, -1 if match["sign"] == "-" else 1)


def _draw(text: str, match: re.Match[str]) -> Draw:
    number = match["n"]
    if not (number.isdecimal() and len(number) <= DIGITS and int(number)):
        raise UsageError(f"'{text}': write {match['kind']}:N with a number of units, such as 20")
    words = [word for word in (match["rest"] or "").split(":") if word]
    measures = [word for word in words if match["kind"] == "top" and word in _MEASURES]
    sites = [word for word in words if word not in measures]
    if len(sites) > 1:
        known = " or ".join(_MEASURES) if match["kind"] == "top" else "a site"
        raise UsageError(f"'{text}': after the number comes {known}, such as {match['kind']}:20")
    kind = "random" if match["kind"] == "random" else (measures or ["variance"])[0]
    return Draw(kind, int(number), tuple(sites))


def select_units(
    parts: Iterable[Part],
    target: Target,
    *,
    ranks: Ranks,
    sites: Sequence[str] = (),
    signs: str = "positive",
    seed: int = 0,
) -> list[Unit]:
    """The units of a selection, each once, in order.

    Args:
        parts: What `parse_selection` gave.
        target: Has the sites.
        ranks: Measures whole sites; called for `top` only.
        sites: Patterns for draws that name no site; empty: the neurons, or all sites.
        signs: `both` adds the negative side of units where it has a meaning.
        seed: For random draws.

    Raises:
        UsageError: if a site or unit does not exist; names the nearest.
    """
    chosen: list[Unit] = []
    for i, part in enumerate(parts):
        if isinstance(part, Range):
            chosen += _range(part, target)
            continue
        pool = _pool(part, target, sites)
        units = [(site, index) for site in pool for index in range(site.units)]
        if part.kind == "random":
            order = np.sort(np.random.default_rng([seed, i]).permutation(len(units))[: part.n])
        else:
            values = ranks(part.kind, [site.name for site in pool])
            ranked = np.concatenate([values[site.name] for site in pool])
            order = np.argsort(-ranked, kind="stable")[: part.n]
        chosen += [Unit(site.name, index) for site, index in (units[j] for j in order)]
    signed = (each for unit in chosen for each in _signs(unit, target, signs))
    return list(dict.fromkeys(signed))


def check_selection(parts: Iterable[Part], target: Target, *, sites: Sequence[str] = ()) -> None:
    """Refuses what the target does not have, without measuring anything.

    Raises:
        UsageError: if a site or unit does not exist, or too many are asked for.
    """
    for part in parts:
        if isinstance(part, Range):
            _range(part, target)
        else:
            _pool(part, target, sites)


def _pool(part: Draw, target: Target, sites: Sequence[str]) -> list[Site]:
    names = matching(target, part.sites or tuple(sites))
    if not (part.sites or sites):
        names, _ = usable(target, names)
    pool = [target.sites[name] for name in names]
    total = sum(site.units for site in pool)
    if part.n > total:
        raise UsageError(
            f"{part.n} units are asked for, {', '.join(names)} have {total}: give at most {total}"
        )
    return pool


def matching(target: Target, patterns: Sequence[str]) -> list[str]:
    """The sites that patterns name; without any, the neurons or channels, or all sites.

    Raises:
        UsageError: if a pattern names no site.
    """
    if not patterns:
        neurons = [name for name in target.sites if re.fullmatch(r"(mlp|conv)\.\d+", name)]
        return neurons or [name for name in target.sites if name != "logit"]
    names: list[str] = []
    for pattern in patterns:
        block = re.compile(rf"{re.escape(pattern)}\.\d+")
        here = [n for n in target.sites if fnmatchcase(n, pattern) or block.fullmatch(n)]
        if not here:
            target.site(pattern)  # says which are near, or why it cannot be reached
        names += here
    return list(dict.fromkeys(names))


def usable(target: Target, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The sites that a probe run can read and write, and why the others cannot be used.

    Raises:
        UsageError: if none can.
    """
    good: list[str] = []
    skipped: dict[str, str] = {}
    for name in names:
        try:
            target.site(name)
            good.append(name)
        except UsageError as error:
            skipped[name] = str(error)
    if not good:
        why = next(iter(skipped.values()), "it has none")
        raise UsageError(f"{target.name} has no site that can be used: {why}")
    return good, skipped


def _range(part: Range, target: Target) -> list[Unit]:
    site = target.site(part.site)
    if part.last >= site.units:
        raise UsageError(
            f"{part.site}/{part.last}: site {site.name} of {target.name} has units 0 to "
            f"{site.units - 1}"
        )
    return [Unit(part.site, index, part.sign) for index in range(part.first, part.last + 1)]


def _signs(unit: Unit, target: Target, signs: str) -> list[Unit]:
    site = target.sites[unit.site]
    if signs == "both" and unit.sign > 0 and has_negative_side(site):
        return [unit, Unit(unit.site, unit.index, -1)]
    return [unit]


def has_negative_side(site: Site) -> bool:
    """Whether values below zero say something: neither a floor nor a norm."""
    return site.floor is None and site.readout == "coordinate" and site.channels == 1
