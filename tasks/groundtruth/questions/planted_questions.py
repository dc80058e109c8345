"""Questions about `planted`: the truth is in `target.truth`, or counted over the whole corpus."""

from collections.abc import Sequence

import numpy as np

from .checks import About, All, Number
from .concepts import ABOUT, WORDS, Reader
from .measure import Bench
from .question import KnownQuestion, asked
from .unit_checks import Concepts, Names, Shown, around, runs

TARGET = "planted"
_STRONG = 0.6  # share of a unit's maximum from which a window is strong
_WEAK = 0.25


def reader(bench: Bench) -> Reader:
    """Finds concepts in answers, by the words that the units were made from."""
    truth = bench.target.truth
    single = {next(iter(names)): unit for unit, names in ABOUT.items() if len(names) == 1}
    members = {name: truth[unit].words for name, unit in single.items()}
    members |= {
        "units of time": truth["planted/2"].words,
        "numbers": truth["planted/6"].words,
        "professions": truth["planted/10"].words,
        "women": WORDS["women"],
    }
    for unit in ("planted/1", "planted/5", "planted/9"):  # of two kinds, told apart by the words
        for name in ABOUT[unit]:
            members[name] = tuple(
                word for word in truth[unit].words if word.lower().removesuffix("s") in WORDS[name]
            )
    return Reader(members)


def concepts(bench: Bench, *units: str) -> Concepts:
    """What units are about."""
    return Concepts({unit: ABOUT[unit] for unit in units}, reader(bench))


def what(unit: str) -> KnownQuestion:
    """What a unit does."""
    text = f"What does unit {unit} do?"
    return asked("what", unit, TARGET, text, lambda bench: concepts(bench, unit))


def find(thing: str, unit: str, sites: str = "") -> KnownQuestion:
    where = f" of the site {sites}" if sites else ""

    def check(bench: Bench) -> All:
        places = bench.holds(bench.target.truth[unit].words)
        responding = correlated(bench, ("planted", "mlp.0", "mlp.1"), places, 0.2)
        return All([Names([unit], responding)], [About([thing.split()[0]])])

    return asked("find", thing, TARGET, f"Which units{where} respond to {thing}?", check)


def correlated(bench: Bench, sites: Sequence[str], where: np.ndarray, least: float) -> list[str]:
    """Units whose correlation with being at these places reaches a bar, with their sign."""
    found: list[tuple[float, str]] = []
    for site in sites:
        for at, value in enumerate(bench.correlations(site, where)):
            if abs(value) >= least:
                found.append((-abs(value), f"{site}/{at}{'-' if value < 0 else ''}"))
    return [name for _, name in sorted(found)]


def find_word(target: str, word: str, sites: Sequence[str]) -> KnownQuestion:
    """Which neurons respond to a word: the strongest must be named, and no weak ones."""

    def check(bench: Bench) -> All:
        names = correlated(bench, sites, bench.holds([word]), 0.25)
        return All([Names(names[:2], names[2:], least=1)], [About([word])])

    where = " and ".join(sites)
    text = f"Which units of {where} respond to the word '{word}'?"
    return asked("find", f"{target}-{word}", target, text, check)


def compare(one: str, other: str, *, about: bool = True) -> KnownQuestion:
    """How two units go together, and with `about` what each does."""

    def check(bench: Bench) -> All:
        value = float(np.corrcoef(bench.unit(one), bench.unit(other))[0, 1])
        what = f"the correlation of {one} and {other}"
        number = Number(value, what, least=0.02, within=0.05, sentences=6)
        parts = [number, concepts(bench, one, other)] if about else [number]
        return All(parts, [About([one, other])])

    return asked("compare", f"{one}-{other}", TARGET, f"Compare {one} and {other}.", check)


def show(target: str, unit: str) -> KnownQuestion:
    """Windows of the corpus in which a unit is strong."""

    def check(bench: Bench) -> Shown:
        windows, values = bench.windows, np.nan_to_num(bench.of(unit), nan=-np.inf)
        peaks, places = values.max(1), values.argmax(1)
        order = np.argsort(-peaks, kind="stable")
        bar = min(_STRONG * peaks.max(), peaks[order[15]])
        strong = [int(at) for at in order if peaks[at] >= bar]
        known = frozenset[str]().union(*(runs(windows.text(at)) for at in strong))
        weak = [int(at) for at in order if peaks[at] < _WEAK * peaks.max()]
        return Shown(
            unit,
            [
                around(windows.texts[windows.document[at]], windows.start[at, places[at]])
                for at in strong
            ],
            [runs(windows.text(at)) - known for at in weak],
        )

    text = f"Show me the top exemplars of {unit}."
    return asked("show", f"{target}-{unit}", target, text, check)


def search(thing: str, unit: str, text: str) -> KnownQuestion:
    """Which unit of a run is labelled so."""
    subjects = [one.split()[0] for one in thing.split(" or ")]

    def check(bench: Bench) -> All:
        return All([Names([unit])], [About(subjects)])

    return asked("search", thing, TARGET, text.format(thing), check, run=True)
