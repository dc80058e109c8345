"""Questions outside the documented kinds: several measurements, or a step of reasoning."""

from collections.abc import Callable, Sequence

import numpy as np

from ...organisms.induction import attention
from .checks import About, All, Choice, Number, YesNo
from .measure import Bench
from .prediction_questions import change
from .question import Check, KnownQuestion
from .unit_checks import Names

_SUM, _FACT = "37+25=", "the country of the city of Lena is"
_INDUCTION = "ka lo mi bo ka lo mi"
PROMPTS = {"sum": _SUM, "fact": _FACT, "induction": _INDUCTION}
"""What `{sum}` and the others in the text of a question stand for."""
_HALF = 0.5


def _share(bench: Bench, unit: str) -> float:
    """Share of the corpus's tokens at which a unit is above half of its maximum."""
    values = bench.unit(unit)
    return float((values > _HALF * values.max()).mean())


def _selective(bench: Bench) -> Check:
    shares = {unit: _share(bench, unit) for unit in ("planted/6", "planted/1")}
    return All(
        [
            Names(["planted/6"], sentences=1, leads=True),
            Number(shares["planted/6"], "the share of planted/6", least=5e-5),
            Number(shares["planted/1"], "the share of planted/1", least=5e-5),
        ]
    )


def _previous(bench: Bench) -> Check:
    prompts = [_INDUCTION, "da fe gi ro pu da fe gi", "lu so ta ve lu so ta"]
    patterns = attention(bench.target, prompts)
    means = np.mean([[np.diagonal(a, -1).mean() for a in one[0]] for one in patterns], 0)
    names = [f"head.0/{head}" for head, mean in enumerate(means) if mean > _HALF]
    return All([Names(names, sentences=1)], [About(["previous"])])


def _more_than_others(bench: Bench, unit: str, beside: str) -> Check:
    """Whether a unit costs an answer more than nearly all others of its layer do."""
    drops = bench.drops(_SUM, "62")
    others = [cost for name, cost in drops.items() if name.startswith(f"{beside}/")]
    above = float(np.mean([drops[unit] > cost for cost in others]))
    what = "the log-probability of '62'"
    return All([YesNo(above > 0.9), change(bench, _SUM, "62", [unit], what)], [About([unit])])


def _quiet(bench: Bench) -> Check:
    peaks = np.nanmax(bench.site("mlp.0")[bench.windows.counted], axis=0)
    many = float((peaks < _HALF).sum())
    return Number(many, "the number of such neurons", within=0.0, least=0.5, sentences=2)


def _highest_mean(bench: Bench) -> Check:
    means = {f"planted/{at}": float(bench.unit(f"planted/{at}").mean()) for at in range(12)}
    best = max(means, key=lambda unit: means[unit])
    best_mean = Number(means[best], f"the mean of {best}", least=2e-4)
    return All([Names([best], sentences=1), best_mean])


def _most_alike(bench: Bench) -> Check:
    values = bench.site("mlp.1")[bench.windows.counted].astype(np.float64)
    table = np.atleast_2d(np.corrcoef(values.T))
    np.fill_diagonal(table, 0)
    one, other = np.unravel_index(int(table.argmax()), table.shape)
    names = sorted((f"mlp.1/{one}", f"mlp.1/{other}"))
    highest = Number(float(table.max()), "their correlation", least=0.02)
    return All([Names(names, sentences=1), highest])


def _which_mlp(bench: Bench) -> Check:
    sites = [f"mlp.{at}" for at in range(4)]
    costs = [-bench.logprob(_SUM, "62", bench.neurons(site)) for site in sites]
    worst = sites[int(np.argmax(costs))]
    what = f"the log-probability of '62' without {worst}"
    return All([Choice(worst, sites), change(bench, _SUM, "62", bench.neurons(worst), what)])


def _without_layer(bench: Bench) -> Check:
    answer = bench.likeliest(_SUM, bench.neurons("mlp.1")).strip()
    return All([YesNo(True), Number(float(answer), "the new answer", within=0.0, least=0.5)])


def _two_groups(bench: Bench) -> Check:
    pairs = {"previous": ["head.0/2", "head.0/3"], "others": ["head.0/0", "head.0/1"]}
    what = "the log-probability of ' bo' without head.0/2 and head.0/3"
    return All(
        [
            YesNo(True),
            Names(pairs["previous"], pairs["others"]),
            change(bench, _INDUCTION, " bo", pairs["previous"], what),
        ]
    )


def _word(bench: Bench, unit: str, text: str) -> Check:
    """At which word of a text a unit is strongest, and how strong."""
    values = bench.at(unit, text)
    values.pop(bench.target.tokenizer.bos_token, None)
    best = max(values, key=lambda word: values[word])
    words = [word for word in values if word.isalpha()]
    return All([Choice(best, words), Number(values[best], f"the activation of {unit}")])


def _capital(bench: Bench) -> Check:
    values = bench.at("planted/6", "seven men saw Seven dogs")
    return All(
        [
            YesNo(True),
            Number(values["Seven"], "the activation at 'Seven'", least=0.02),
        ],
        [About(["planted/6"])],
    )


def _name_matters(bench: Bench) -> Check:
    one, other = (bench.at("planted/10", f"{who} met the doctor.") for who in ("Anna", "Tom"))
    what = "the activation of planted/10 at 'doctor' for Anna beside Tom"
    gap = Number(one["doctor"] - other["doctor"], what, sentences=2)
    return All([gap], [About(["planted/10", "doctor"])])


def _ahead(bench: Bench) -> Check:
    gap = bench.logprob(_FACT, " Italy") - bench.logprob(_FACT, " Spain")
    return All([Number(gap, "the lead of Italy over Spain", within=0.03)], [About(["Italy"])])


def _other_person(bench: Bench) -> Check:
    answer = bench.likeliest(_FACT.replace("Lena", "Anna")).strip()
    options = ["Italy", "Qatar", "Ghana", "Spain", "Norway", "Estonia"]
    return All([Choice(answer, options)], [About(["Anna"])])


def _loudest(bench: Bench, site: str) -> Check:
    peaks = np.nanmax(bench.site(site)[bench.windows.counted], axis=0)
    best = f"{site}/{int(peaks.argmax())}"
    highest = Number(float(peaks.max()), f"the maximum of {best}")
    return All([Names([best], sentences=1), highest])


def _months_alone(bench: Bench) -> Check:
    """No planted unit fires on months alone: the one for months fires on weekdays as much."""
    share = float((bench.of("planted/1")[bench.holds(["Monday"])] > _HALF).mean())
    words = Number(share, "the share of Mondays at which planted/1 is active")
    return All([YesNo(False), Names(["planted/1"]), words])


def _label(bench: Bench, wanted: str, *options: str) -> Check:
    return Choice(wanted, options)


_CHECKS: dict[str, Callable[..., Check]] = {
    made.__name__.removeprefix("_"): made
    for made in (
        *(_selective, _previous, _more_than_others, _quiet, _highest_mean, _most_alike),
        *(_which_mlp, _without_layer, _two_groups, _word, _capital, _name_matters),
        *(_ahead, _other_person, _loudest, _months_alone, _label),
    )
}


def outside(
    *, name: str, target: str, text: str, check: str, args: Sequence[str] = ()
) -> KnownQuestion:
    """A question of `questions.toml`, whose check is one of those above."""
    asked = text.format(**PROMPTS)
    known = _CHECKS[check]
    return KnownQuestion(
        f"outside-{name}", "outside", target, asked, lambda bench: known(bench, *args)
    )
