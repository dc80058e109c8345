"""What every step of an investigation of text needs, and what it concludes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .....tools.activations.frequencies import numbers_in
from .....tools.activations.records import inputs_of
from .....tools.english.inflection import forms
from .....tools.english.lexicon import categories
from .....tools.errors import UsageError
from .....tools.evidence import Evidence
from .....tools.lab import Lab
from .....tools.models import Unit
from .....tools.models.attention import PATTERNS
from .....tools.predicates import parse
from .....tools.predicates.concepts import resolve
from ....citations import Citations
from ....description import MOST_WORDS
from ....ledger import activations_of
from ..confidence import Features, probability
from ..course import Course, succeeded
from ..findings import Findings, Hypothesis
from ..turns import Calls, Turns
from .algorithms import Algorithm
from .feature_table import FeatureTable, build
from .phrases import label, lists_words, phrase, strengths
from .splits import Sample
from .terms import Term
from .texts import MeasuredTexts

_TEXTS = 60  # of one call
_NOISE = 0.02
"""Share of variance, on documents not learnt from, under which nothing was found."""
_LEAST_ON_OFF = 0.3
"""F1 on explore under which a description says nothing of when a unit is on."""
_CLEARLY = 0.2
"""Share of variance from which a description says something of a unit, on or off or not."""
_ROUNDING = 1e-6
"""Spread over mean of what varies by single precision alone."""
_PARTLY = 0.5
"""Share of variance, on documents that decided nothing, under which a label over symbols says
"partly": units of small networks that are said in full reach .8."""
_MOST_REJECTED = 4
_FACTORS_SAID = 4
"""Of a clause; its predictor has all."""


@dataclass
class TextFindings(Findings):
    """Everything that a conclusion about a unit of text is drawn from."""

    sample: Sample | None = None
    terms: tuple[Term, ...] = ()
    checked: float = 0.0
    """Share of variance explained on documents not learnt from; they helped to choose, so that
    this decides and is not reported."""
    null: float = 0.0
    """The same that the search finds in the unit's activations on exchanged documents."""
    on_off: float | None = None
    """F1 of the terms on explore, for a unit that is clearly on or off."""
    written: list[Evidence] = field(default_factory=list)
    separated: list[Evidence] = field(default_factory=list)
    checks: list[Evidence] = field(default_factory=list)
    """Fresh texts, as measured."""
    texts: MeasuredTexts | None = None
    """Written texts, as measured."""
    on_written: dict[str, float] = field(default_factory=dict)
    """Correlation of each recorded rival with what was measured on written texts."""
    agreed: float | None = None
    """The same for all terms together."""
    follows: str = ""
    """What a head attends to, or a unit's frequency, where that beats its controls."""
    attends: dict[str, Any] | None = None
    """The component that says what a head attends to."""
    algorithm: Algorithm | None = None
    """What a unit computes of symbols and numbers, where that explains more than the terms."""
    like: Hypothesis | None = None
    """What a second network's states say beyond the terms."""
    field: Hypothesis | None = None
    """What the data say beside the texts, beyond the terms."""

    def learn(self, sample: Sample, terms: Sequence[Term], checked: float) -> None:
        """Takes a rule list as the leading one."""
        self.sample, self.terms, self.checked = sample, tuple(terms), checked

    def predicates(self) -> list[dict[str, Any]]:
        """What leads, as predicate JSON."""
        if self.algorithm is not None:
            return list(self.algorithm.predictors)
        if self.sample is None:
            return []
        return [term.predicate(self.sample.features) for term in self.terms]

    def judge_written(self, texts: MeasuredTexts) -> None:
        """Scores every rival, and the leading terms together, on written texts."""
        self.texts = texts
        for key, rival in self.recorded.items():
            self.on_written[key] = texts.correlation(texts.holds(rival.predicate))
        predictors = self.predicates()
        if predictors:
            self.agreed = texts.correlation(np.sum([texts.holds(p) for p in predictors], axis=0))


class TextCourse(Course[TextFindings]):
    """One unit over texts, with what was found."""

    things = "documents"
    seen = "at {} places"
    nothing = 0.97  # so it was for all of 48 development units

    def __init__(self, lab: Lab, unit: Unit, seed: int, *args: Any, **options: Any) -> None:
        super().__init__(lab, unit, seed, *args, **options)
        self.random_texts = _TEXTS
        self.findings = TextFindings()

    @property
    def searched(self) -> bool:
        return self.findings.sample is not None

    @property
    def noise(self) -> bool:
        return self.findings.field is None and self._texts_tell_nothing

    @property
    def _texts_tell_nothing(self) -> bool:
        findings = self.findings
        if self._rounding:
            return True
        silent = findings.on_off is not None and findings.on_off < _LEAST_ON_OFF
        if silent and findings.checked < _CLEARLY:
            return True
        checked = findings.checked if findings.algorithm is None else findings.algorithm.explained
        found = findings.terms or findings.algorithm
        return not found or checked < max(_NOISE, 1.5 * findings.null)

    @property
    def _rounding(self) -> bool:
        """Whether the unit is constant but for rounding, as the norm of a head may be."""
        values = self.column
        values = values[np.isfinite(values)].astype(np.float64)
        return bool(len(values)) and float(values.std()) <= _ROUNDING * abs(float(values.mean()))

    def noise_reason(self) -> str:
        return (
            "Nothing that was learnt on half of the documents predicts the other half: "
            f"{max(self.findings.checked, 0):.1%} of variance."
        )

    def components(self) -> list[Hypothesis]:
        if self.findings.algorithm is not None:
            computed = self.findings.algorithm.hypotheses()
            return [*computed, *filter(None, (self.findings.field,))]
        terms = () if self._texts_tell_nothing else self.findings.terms
        stated = [self._hypothesis(term, further=i > 0) for i, term in enumerate(terms)]
        return [*stated, *filter(None, (self.findings.like, self.findings.field))]

    @property
    def follows(self) -> str:
        return self.findings.follows

    @property
    def attends(self) -> list[dict[str, Any]]:
        return [self.findings.attends] if self.findings.attends else []

    def look_for_patterns(self) -> Turns:
        """Asks what a head attends to, and where texts are about numbers which frequency a unit
        follows."""
        head = f"{self.unit.site}/{self.unit.index}"
        if self.unit.site.startswith("head.") and self.has("attention"):
            made = yield Calls("What does it attend to?", (("attention", {"heads": [head]}),))
            for evidence in succeeded(made):
                name = evidence.data["heads"][0]["pattern"]["name"]
                if name:
                    self.findings.follows = words = f"attends to {PATTERNS[name]}"
                    predictor = {"kind": "attends", "head": head, "to": name}
                    self.findings.attends = {
                        "words": words,
                        "predictor": predictor,
                        "evidence": [evidence.id],
                    }
        elif self._numbers_stand and self.has("frequencies"):
            why = "Which frequency of the numbers does it follow?"
            made = yield Calls(why, (("frequencies", {"unit": str(self.unit)}),))
            for evidence in succeeded(made):
                found, many = evidence.data, len(evidence.data["positions"])
                if found["single"]:
                    of = "two numbers" if many == 2 else "the number"
                    self.findings.follows = (
                        f"frequency {found['first']} of {of} mod {found['modulus']}"
                    )

    @property
    def _numbers_stand(self) -> bool:
        """Whether texts are about numbers that stand at the same places in all of them."""
        try:
            return self.lab.numeric and bool(numbers_in(self.lab.explore).positions)
        except UsageError:
            return False

    def label(self) -> str:
        field, algorithm, terms = self.findings.field, self.findings.algorithm, self.findings.terms
        if field is not None and self._texts_tell_nothing:
            return field.words
        if algorithm is not None:
            shown = algorithm.label
        else:
            assert self.findings.sample is not None
            shown = label(self.findings.sample, terms if field is None else terms[:1])
        shown = shown if field is None else f"{shown}; also {parse(field.predicate).brief()}"
        held_out = self.findings.held_out
        little = held_out is not None and held_out.explained < _PARTLY
        partly = self.lab.symbolic and little and len(shown.split()) < MOST_WORDS
        return f"partly {shown}" if partly else shown

    @property
    def named(self) -> bool:
        if self.findings.algorithm is not None:
            return True
        listed = sum(term.n_listed for term in self.findings.terms)
        return listed <= MOST_WORDS or not lists_words(self.label())

    def results(self) -> list[Evidence]:
        findings = self.findings
        return [*findings.tests, *findings.written, *findings.separated, *findings.checks]

    def check_sentence(self, right: int, n: int) -> str:
        return f"Of {n} places of fresh texts where a condition holds, they say {right} rightly."

    def confidence(self) -> float:
        findings, held_out = self.findings, self.findings.held_out
        low = findings.checked if held_out is None else held_out.interval[0]
        return probability(
            Features(
                checked=None if findings.check is None else findings.check.worst,
                low=float(np.sqrt(max(low, 0.0))),
                length=sum(parse(one.predicate).complexity for one in self.components()),
            )
        )

    def rejected(self, leading: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        findings, citations = self.findings, Citations(self.lab, self.unit)
        scores = findings.scores()
        best = max((score for score, _ in scores.values()), default=0.0)
        stated = {one.words for one in self.components()} if leading else set()
        out = []
        for key, rival in findings.recorded.items():
            if rival.predicate in leading or rival.words in stated:
                continue
            score, test = scores.get(key, (0.0, ""))
            reason = f"correlation {score:.2f} on explore, the best rival {best:.2f}"
            evidence = [test] if test else []
            contrast = self._contrast(rival) if leading else ""
            if contrast:
                reason, evidence = contrast, citations.testing(findings.written, rival.predicate)
            elif key in findings.on_written and findings.agreed is not None and leading:
                reason += (
                    f"; {findings.on_written[key]:.2f} on written near-misses, "
                    f"the conclusion {findings.agreed:.2f}"
                )
                evidence += citations.testing(findings.written, rival.predicate)
            item = {"words": f"{key}: {rival.words}", "reason": reason, "evidence": evidence}
            out.append((rival.words.count(" and "), -score, item))
        out.sort(key=lambda entry: entry[:2])  # single claims first, the likeliest first
        return [item for _, _, item in out[:_MOST_REJECTED]]

    def _contrast(self, rival: Hypothesis) -> str:
        """What written texts say of the places on which a rival and the conclusion differ."""
        texts = self.findings.texts
        if texts is None:
            return ""
        leader = np.max([texts.holds(p) for p in self.findings.predicates()], axis=0)
        holds = texts.holds(rival.predicate)
        mean, n_rival = texts.alone(holds, leader)
        leader_mean, n_leader = texts.alone(leader, holds)
        if n_rival and n_leader and not mean < 0.5 * leader_mean:
            return ""
        reasons = []
        if n_rival:
            reasons.append(
                f"on {n_rival} written places where it alone holds the mean is {mean:.2g}"
            )
        if n_leader:
            reasons.append(f"on {n_leader} where only the conclusion holds it is {leader_mean:.2g}")
        return ", ".join(reasons)

    def _hypothesis(self, term: Term, *, further: bool = False) -> Hypothesis:
        """The term in words; of a further one with the factors of the first, these are not said."""
        sample, terms = self.findings.sample, self.findings.terms
        assert sample is not None
        words = phrase(sample, term)
        if further and term.factors and term.factors == terms[0].factors:
            words += "; more and less in the same contexts as the first"
        else:
            words += strengths(term.factors[:_FACTORS_SAID])
        return Hypothesis(words, term.predicate(sample.features))

    def _record(self, terms: Sequence[Term]) -> Turns:
        """Records terms as rivals and tests them on all of explore."""
        yield from self.record([self._hypothesis(term) for term in terms], examples=2)

    def _calls(self, texts: Sequence[str]) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Calls that measure texts."""
        unit = str(self.unit)
        return tuple(
            ("activations", {"unit": unit, "texts": list(texts[at : at + _TEXTS])})
            for at in range(0, len(texts), _TEXTS)
        )

    def _concept_words(self) -> dict[str, list[str]]:
        """The base words of each concept."""
        return {name: list(one["words"]) for name, (one, _) in self._concepts().items()}

    def _concepts(self) -> dict[str, tuple[dict[str, Any], list[str]]]:
        """Every concept's predicate and the forms of its words."""
        return self.lab.memo.once(
            "builtin concepts",
            lambda: {
                name: (
                    resolve(name).model_dump(),
                    sorted({form for word in one.words for form in forms(word, one.part)}),
                )
                for name, one in categories().items()
            },
        )

    def _board(self) -> FeatureTable:
        """The features of explore less what is kept aside, shared by a run's investigations."""
        key = ("builtin features", id(self.lab.explore), self.without)
        causal = self.lab.target.kind == "causal"
        return self.lab.memo.once(
            key,
            lambda: build(self.inputs, self._concepts(), causal=causal, without=self.without),
        )

    def sample(self) -> Sample:
        """The unit over what the search sees of explore."""
        values = self.column[~self.aside]
        known = np.isfinite(values) & self.inputs.counted
        target = np.where(known, values, 0.0).ravel().astype(np.float64)
        return Sample(self._board(), target, known.ravel().astype(np.float64))

    def _leading(self) -> list[str]:
        """The hypotheses to separate: those that lead now, then the earliest."""
        leading = [str(predicate) for predicate in self.findings.predicates()]
        keys = list(self.findings.recorded)
        keys.sort(key=lambda key: str(self.findings.recorded[key].predicate) not in leading)
        return keys[:3]

    def _measured(self, made: Sequence[Evidence]) -> MeasuredTexts:
        items = [item for evidence in made for item in evidence.data["measured"]]
        windows: Any = inputs_of(self.lab, items)
        return MeasuredTexts(windows, activations_of(windows, items))
