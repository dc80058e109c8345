"""The order of a built-in investigation of a unit that reads text.

1. Survey the unit; one that never fires is dead. Ask what a head attends to, and which frequency
   of numbers a unit follows. Look at exemplars.
2. Fit a rule list to explore (`fitting`), and of symbols what can be computed (`algorithms`). Where
   the unit is clearly on or off, scan the vocabulary as well: what it does at each word, and behind
   it (`scanner`); what the scans say leads where it explains more (`selection`).
3. Record the leading rivals, test them on explore, write near-misses for each and measure those.
4. Without scans, choose among the rivals by explore and written texts together.
5. Separate what is left, check the conclusion on fresh texts; where a second network reads the
   texts, add what its states say of the rest (`like`), and where a person allows it what fields of
   the data say (`field`). Measure the effect on the output.
"""

from collections.abc import Generator, Iterable, Sequence

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.errors import UsageError
from .....tools.evidence import Evidence
from .....tools.hypotheses.field_fitting import best_field, beyond
from .....tools.hypotheses.like_fitting import best_like
from ..course import succeeded
from ..findings import Hypothesis
from ..turns import Calls, Turns
from .algorithms import LEAST_GAIN, Algorithm, fit_algorithm
from .course import TextCourse
from .experiments import TextWriter
from .fitting import (
    RuleList,
    exchanged,
    explained_unseen,
    extended,
    fit_rules,
    left_over,
    levelled,
    null_score,
)
from .predictive_check import predictive_check
from .rivals import best_rule, contested, options, swapped
from .scanner import Scanner
from .selection import explains, on_off_f1, select_terms, without_context
from .simplify import RuleScorer
from .splits import Sample
from .terms import Term, plain_term

_RIVALS = 4
_TEXTS = 60  # fresh texts of the check at the end
_NEAR_MISSES = 40
_SCANS = 2.5  # tokens of all scans, over those of the first lists
_LENGTH = 40  # tokens of a random text, about
_SENTENCES = 7  # words of a concept that sentences are written about
_CERTAIN = 0.12
"""Share of variance from which no search of noise comes near; nothing is tried then."""


class Investigation(TextCourse):
    """One unit in one lab."""

    def turns(self) -> Turns:
        """The turns; each receives the evidence of its calls."""
        findings, unit = self.findings, str(self.unit)
        if not (yield from self.survey()):
            return
        yield from self.look_for_patterns()
        sample = self.sample()
        scanner = Scanner(self.lab, sample, self._concept_words(), self.rng)
        designed = self.experiments == "designed" and self.has("activations")
        scans = scanner.bimodal and not sample.features.symbols  # a few symbols need no scan
        texts = scanner.first() if designed and scans else []
        if self.experiments == "random" and scans:  # as many tokens as scans take
            self.random_texts = int(_SCANS * self._scan_words(scanner) / _LENGTH)
        shown = ("top", "quantile") if self.has("exemplars") else ()
        kinds = tuple(("exemplars", {"unit": unit, "kind": kind}) for kind in shown)
        why = "Where is it active, strongly and weakly?"
        if texts:
            why += " And what does it do at each word by itself, and behind it?"
        made = yield Calls(why, (*kinds, *self._calls(texts)))
        fitted = fit_rules(sample)
        scanned: list[Term] = []
        if texts:
            scanned = yield from self._scanned(scanner, fitted, made[len(kinds) :])
        if scanned:
            findings.learn(sample, scanned, explained_unseen(sample, scanned))
            yield from self._scan_rivals(sample, fitted)
        else:
            yield from self._searched(sample, fitted)
        findings.algorithm = self._algorithm(sample)
        if findings.algorithm is not None:
            yield from self.record(findings.algorithm.hypotheses(), examples=2)
        if texts and findings.terms:
            findings.on_off = on_off_f1(scanner, findings.terms)
        self._compare_with_noise(sample)
        if self._rivals_differ and self.has("separate") and not scanned:
            arguments = {"unit": unit, "hypotheses": self._leading(), "many": 18}
            made = yield Calls(
                "Inputs on which the leading rivals differ.", (("separate", arguments),)
            )
            findings.separated = succeeded(made)
        if not self.noise and texts and findings.terms:
            yield from self._check(scanner)
        if not self.noise and not scanned:
            findings.like = self._like(sample)
            if findings.like:
                yield from self.record([findings.like], examples=2)
        findings.field = self._field(sample)
        if findings.field:
            yield from self.record([findings.field], examples=2)
        target = self.lab.target
        if target.kind == "encoder" or (target.kind == "causal" and "logit" in target.sites):
            yield from self.measure_effect()

    def fit(self) -> None:
        sample = self.sample()
        self.findings.learn(sample, *extended(sample, fit_rules(sample)))
        self.findings.algorithm = self._algorithm(sample)
        self._compare_with_noise(sample)
        self.findings.like = None if self.noise else self._like(sample)
        self.findings.field = self._field(sample)

    def _algorithm(self, sample: Sample) -> Algorithm | None:
        """What the unit computes of symbols or numbers, where that explains more than the terms."""
        if not (sample.features.symbols or self.lab.numeric):
            return None
        found = fit_algorithm(sample)
        return found if found.explained > max(0.0, self.findings.checked) + LEAST_GAIN else None

    def _compare_with_noise(self, sample: Sample) -> None:
        """Fits exchanged documents too, where what was found might be noise."""
        findings = self.findings
        if findings.algorithm is not None and findings.algorithm.explained < _CERTAIN:
            findings.null = fit_algorithm(exchanged(sample, self.rng)).explained
        elif findings.algorithm is None and not self.noise and findings.checked < _CERTAIN:
            findings.null = null_score(sample, self.rng)

    @property
    def _rivals_differ(self) -> bool:
        """Whether there are rivals that designed experiments could separate."""
        return self.experiments == "designed" and len(self.findings.recorded) > 1 and not self.noise

    def _scan_words(self, scanner: Scanner) -> int:
        """Words of the first lists, counted once: they hardly depend on the unit."""
        key = ("builtin scan words", id(self.inputs))
        return self.lab.memo.once(key, lambda: sum(len(text.split()) for text in scanner.first()))

    def _scanned(
        self, scanner: Scanner, fitted: RuleList, made: Sequence[Evidence]
    ) -> Generator[Calls, list[Evidence], list[Term]]:
        """Scans on where they lead; the terms that follow, if they say more than the fit."""
        findings = self.findings
        made = succeeded(made)
        if not made:
            return []
        findings.written = list(made)
        lists = self._measured(made)
        texts = scanner.second(lists, explained=explains(scanner, fitted.terms))
        for why, following in (
            ("The words that are left, and what the word before does.", scanner.third),
            ("Does each of these words do it by itself, and how far does it reach?", scanner.done),
        ):
            if texts:
                made = succeeded((yield Calls(why, self._calls(texts))))
                findings.written += made
                texts = following(self._measured(made)) if made else []
        return select_terms(scanner, fitted.terms, lists, self._measured(findings.written))

    def _scan_rivals(self, sample: Sample, fitted: RuleList) -> Turns:
        """Records what the scans say beside its rivals, and measures near-misses of all."""
        findings = self.findings
        leading = [term.stated_rule for term in findings.terms]
        scorer = RuleScorer(sample)
        searched = [item.rule for item in fitted.rivals[:_RIVALS]]
        spare = sorted(options(scorer, leading + searched), key=lambda r: -scorer.score(r).worth)
        others = (*map(without_context, leading), *searched, *spare)
        rivals = self._distinct(sample, [*findings.terms, *map(plain_term, others)])
        rivals = rivals[: _RIVALS + len(findings.terms)]
        yield from self._record(rivals)
        writer = TextWriter(sample, [term.stated_rule for term in rivals], self.rng)
        texts = list(dict.fromkeys(writer.near_misses(count=_NEAR_MISSES)))
        if texts:
            made = yield Calls(
                "Near-misses of the rivals, one condition changed at a time.", self._calls(texts)
            )
            findings.written += succeeded(made)
        findings.judge_written(self._measured(findings.written))

    def _check(self, scanner: Scanner) -> Turns:
        """Says where the unit is on in fresh texts, then measures them."""
        findings = self.findings
        writer = TextWriter(scanner.sample, [t.stated_rule for t in findings.terms], self.rng)
        made = yield Calls(
            "Is it on where the conclusion says, in texts that were not written to find it?",
            self._calls(list(dict.fromkeys(writer.mixed(count=_TEXTS)))),
        )
        made = succeeded(made)
        if made:
            findings.checks += made
            findings.check = predictive_check(scanner, findings.terms, self._measured(made))

    def _searched(self, sample: Sample, fitted: RuleList) -> Turns:
        """Records the fit and its rivals, measures near-misses, and keeps what they say."""
        findings = self.findings
        findings.learn(sample, *extended(sample, fitted))
        if not findings.terms:
            return
        scorer = RuleScorer(sample)
        rules = [term.stated_rule for term in findings.terms if not term.table]
        first, rest = rules[:1], rules[1:]
        rivals = options(scorer, [*first, *(item.rule for item in fitted.rivals[:4])])
        rivals.sort(key=lambda rule: (rule not in first, -scorer.score(rule).worth))
        recorded = [rule for rule in rivals if scorer.score(rule).worth > 0][:_RIVALS]
        terms = [*map(plain_term, (*recorded, *rest)), *findings.terms]
        yield from self._record(self._distinct(sample, terms))
        if self.experiments == "none" or not self.has("activations"):
            return
        calls = self._near_misses(sample, [*recorded, *rest])
        if not calls:
            return
        made = yield Calls("Near-misses of the rivals, one condition changed at a time.", calls)
        findings.written = succeeded(made)
        if not findings.written:
            return
        texts = self._measured(findings.written)
        sentences = [e for e in findings.written if e.tool == "write_texts"]
        context = self._measured(sentences) if sentences else None
        best = best_rule(scorer, rivals, rest, texts, context) if first else None
        if best is not None and best != first[0]:
            changed = levelled(sample, [plain_term(rule) for rule in (best, *rest)])
            findings.learn(sample, *extended(sample, fitted._replace(terms=tuple(changed))))
            others = [plain_term(item.rule) for item in swapped(scorer, scorer.score(best))[:2]]
            known = {str(rival.predicate) for rival in findings.recorded.values()}
            fresh = self._distinct(sample, [*findings.terms, *others])
            fresh = [term for term in fresh if str(term.predicate(sample.features)) not in known]
            if fresh:
                yield from self._record(fresh)
        findings.judge_written(texts)

    def _like(self, sample: Sample) -> Hypothesis | None:
        """What the states of a second network say of what the terms leave, if anything."""
        if "like" not in self.lab.meanings:
            return None
        explore, reader = self.lab.explore, self.lab.reader
        assert reader is not None
        assert isinstance(explore, TokenWindows)
        left = np.full(explore.ids.shape, np.nan)
        left[~self.aside] = left_over(sample, self.findings.terms).reshape(sample.features.shape)
        ahead = self.lab.target.kind != "causal"
        try:
            fit = best_like(reader, explore, left, ahead=ahead, seed=self.lab.seed)
        except UsageError:  # too few documents
            return None
        within = fit.held_out.correlation
        if within is None or not within.low > 0:
            return None
        return Hypothesis.of(fit.predictor)

    def _field(self, sample: Sample) -> Hypothesis | None:
        """What the data say of what the terms or the algorithm leave, where a planner may read
        fields."""
        explore = self.lab.explore
        if not self.lab.fields or not explore.fields:
            return None
        values = np.where(sample.weight > 0, sample.target, np.nan)
        algorithm = self.findings.algorithm
        if not self.noise and algorithm is None:
            values = left_over(sample, self.findings.terms)
        left = np.full(explore.ids.shape, np.nan)
        left[~self.aside] = values.reshape(sample.features.shape)
        if algorithm is not None:
            left = beyond(explore, left, [one.predicate for one in algorithm.hypotheses()])
        fit = best_field(self.lab, left, self.rng)
        return None if fit is None else Hypothesis.of(fit.predicate.model_dump())

    def _near_misses(self, sample: Sample, rules: Sequence) -> tuple:
        """Calls that measure texts which separate rules."""
        writer = TextWriter(sample, rules, self.rng)
        if self.experiments == "random":
            return self._calls(writer.random(count=self.random_texts))
        texts = writer.near_misses(count=_NEAR_MISSES)
        texts += writer.members(count=_NEAR_MISSES // 2) + writer.knocked(texts=1)
        calls = list(self._calls(list(dict.fromkeys(texts))))
        for group in contested(sample, rules):
            words = [*sample.features.groups[group].predicate["words"]]
            arguments = {
                "unit": str(self.unit),
                "source": "grammar",
                "words": self.rng.permutation(words)[:_SENTENCES].tolist(),
                "many": 2 * _SENTENCES,
            }
            calls.append(("write_texts", arguments))
        return tuple(calls)

    def _distinct(self, sample: Sample, terms: Iterable[Term]) -> list[Term]:
        """The terms without those that say the same as one before."""
        kept: dict[str, Term] = {}
        for term in terms:
            kept.setdefault(str(term.predicate(sample.features)), term)
        return list(kept.values())
