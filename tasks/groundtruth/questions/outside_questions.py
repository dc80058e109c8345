"""Questions outside the documented kinds: several measurements, or a step of reasoning."""

from collections.abc import Callable

import numpy as np

from .checks import About, All, Choice, Number, YesNo
from .measure import Bench
from .planted_questions import TARGET
from .prediction_questions import change
from .question import Check, KnownQuestion
from .unit_checks import Names

_SUM, _FACT = "37+25=", "the country of the city of Lena is"
_INDUCTION = "ka lo mi bo ka lo mi"
_HALF = 0.5


def _outside(name: str, target: str, text: str, check: Callable[[Bench], Check]) -> KnownQuestion:
    return KnownQuestion(f"outside-{name}", "outside", target, text, check)


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
    patterns = bench.attention(prompts)
    means = np.mean([[np.diagonal(a, -1).mean() for a in one[0]] for one in patterns], 0)
    names = [f"head.0/{head}" for head, mean in enumerate(means) if mean > _HALF]
    return All([Names(names, sentences=1)], [About(["previous"])])


def _more_than_others(unit: str, beside: str) -> Callable[[Bench], Check]:
    """Whether a unit costs an answer more than nearly all others of its layer do."""

    def check(bench: Bench) -> Check:
        drops = bench.drops(_SUM, "62")
        others = [cost for name, cost in drops.items() if name.startswith(f"{beside}/")]
        above = float(np.mean([drops[unit] > cost for cost in others]))
        what = "the log-probability of '62'"
        return All([YesNo(above > 0.9), change(bench, _SUM, "62", [unit], what)], [About([unit])])

    return check


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


def _word(unit: str, text: str) -> Callable[[Bench], Check]:
    """At which word of a text a unit is strongest, and how strong."""

    def check(bench: Bench) -> Check:
        values = bench.at(unit, text)
        values.pop(bench.target.tokenizer.bos_token, None)
        best = max(values, key=lambda word: values[word])
        words = [word for word in values if word.isalpha()]
        return All([Choice(best, words), Number(values[best], f"the activation of {unit}")])

    return check


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


def _loudest(site: str) -> Callable[[Bench], Check]:
    def check(bench: Bench) -> Check:
        peaks = np.nanmax(bench.site(site)[bench.windows.counted], axis=0)
        best = f"{site}/{int(peaks.argmax())}"
        highest = Number(float(peaks.max()), f"the maximum of {best}")
        return All([Names([best], sentences=1), highest])

    return check


def _months_alone(bench: Bench) -> Check:
    """No planted unit fires on months alone: the one for months fires on weekdays as much."""
    share = float((bench.of("planted/1")[bench.holds(["Monday"])] > _HALF).mean())
    words = Number(share, "the share of Mondays at which planted/1 is active")
    return All([YesNo(False), Names(["planted/1"]), words])


_LABELS = ("numbers", "capitalised numbers", "capitalised words")

QUESTIONS: tuple[KnownQuestion, ...] = (
    _outside(
        "selective",
        TARGET,
        "Which of planted/6 and planted/1 is above half of its own maximum on a smaller share of "
        "the corpus's tokens? Name it first, then give both shares.",
        _selective,
    ),
    _outside(
        "previous-token-heads",
        "organism:induction",
        "Which heads of layer 0 attend mostly to the previous token in texts such as "
        f"'{_INDUCTION}'?",
        _previous,
    ),
    _outside(
        "more-than-random",
        "organism:adder",
        f"Does zeroing mlp.3/86 cost '62' behind '{_SUM}' more than zeroing nearly any other "
        "neuron of mlp.3? Begin with yes or no, and say how much its log-probability changes.",
        _more_than_others("mlp.3/86", "mlp.3"),
    ),
    _outside(
        "not-more-than-random",
        "organism:adder",
        f"Does zeroing mlp.3/151 cost '62' behind '{_SUM}' more than zeroing nearly any other "
        "neuron of mlp.3? Begin with yes or no, and say how much its log-probability changes.",
        _more_than_others("mlp.3/151", "mlp.3"),
    ),
    _outside(
        "months-not-weekdays",
        TARGET,
        "Is there a unit of the site planted that fires on months but not on weekdays? Begin with "
        "yes or no, name the unit for months, and say on what share of the word 'Monday' in the "
        "corpus it is above 0.5.",
        _months_alone,
    ),
    _outside(
        "best-label",
        TARGET,
        f"Which of these labels fits planted/6 best: {', '.join(repr(one) for one in _LABELS)}? "
        "Answer with the label.",
        lambda bench: Choice(_LABELS[1], _LABELS),
    ),
    _outside(
        "quiet-neurons",
        TARGET,
        "How many neurons of mlp.0 never reach an activation of 0.5 on this corpus?",
        _quiet,
    ),
    _outside(
        "quiet-neurons-minilm",
        "minilm",
        "How many neurons of mlp.0 never reach an activation of 0.5 on this corpus?",
        _quiet,
    ),
    _outside(
        "highest-mean",
        TARGET,
        "Which unit of the site planted has the highest mean activation over the corpus, and what "
        "is it?",
        _highest_mean,
    ),
    _outside(
        "most-alike",
        TARGET,
        "Which two neurons of mlp.1 have the highest correlation over the corpus, and what is it?",
        _most_alike,
    ),
    _outside(
        "which-mlp",
        "organism:adder",
        f"Which one of mlp.0, mlp.1, mlp.2 and mlp.3 costs '62' behind '{_SUM}' most when all of "
        "its neurons are zeroed, and by how much does its log-probability change?",
        _which_mlp,
    ),
    _outside(
        "answer-without-mlp",
        "organism:adder",
        f"Does the likeliest answer to '{_SUM}' change when all neurons of mlp.1 are zeroed? "
        "Begin with yes or no, and say what the answer is then.",
        _without_layer,
    ),
    _outside(
        "two-groups-of-heads",
        "organism:induction",
        f"Does zeroing head.0/2 and head.0/3 together cost ' bo' behind '{_INDUCTION}' more than "
        "zeroing head.0/0 and head.0/1 together? Begin with yes or no, name the costly pair, and "
        "say how much the log-probability changes.",
        _two_groups,
    ),
    _outside(
        "strongest-word",
        TARGET,
        "At which word of 'The dog drank milk on Monday' is planted/5 strongest, and how strong?",
        _word("planted/5", "The dog drank milk on Monday"),
    ),
    _outside(
        "capital-matters",
        TARGET,
        "Does planted/6 tell 'Seven' from 'seven'? Begin with yes or no, and give its activation "
        "at 'Seven' in 'seven men saw Seven dogs'.",
        _capital,
    ),
    _outside(
        "name-matters",
        TARGET,
        "By how much does the activation of planted/10 at 'doctor' differ between 'Anna met the "
        "doctor.' and 'Tom met the doctor.'?",
        _name_matters,
    ),
    _outside(
        "ahead",
        "organism:facts",
        f"By how many nats is ' Italy' ahead of ' Spain' behind '{_FACT}'?",
        _ahead,
    ),
    _outside(
        "other-person",
        "organism:facts",
        f"What is the likeliest answer to '{_FACT}' when Lena is replaced by Anna?",
        _other_person,
    ),
    _outside(
        "loudest-neuron",
        "minilm",
        "Which neuron of mlp.0 reaches the highest activation on this corpus, and how high?",
        _loudest("mlp.0"),
    ),
)
