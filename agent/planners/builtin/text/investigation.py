"""The course of a built-in investigation: what is done, in which order, and what is concluded.

1. Survey the unit; one that never fires is dead. Look at exemplars.
2. Search compositions of predicates over explore (`search`, `model`). A unit that is on or off is
   scanned as well (`scanner`); what the scans say leads where it explains more (`accept`).
3. Record the leading rivals, test them on explore, write near-misses for each and measure those.
4. Where a short rule leads, search again over explore and written texts together: the leader must
   explain both. What it explains of explore must not fall.
5. Separate what is left, measure the effect on the output, conclude.
"""

from collections.abc import Generator, Sequence

import numpy as np

from .....tools.evidence import Evidence
from ..turns import Calls, Turns
from .choice import Texts, chosen, options
from .course import Course
from .experiments import TextWriter, contested
from .model import AdditiveModel, fit_model, relearnt
from .null import CERTAIN, null_score
from .predictive_check import foretold
from .refit import again
from .rule_list import RuleList, explained_new, fit_rule_list, levelled
from .scanner import Scanner
from .selection import explains, on_off_f1, select_terms, without_context
from .simplify import RuleScorer, swapped
from .splits import Sample
from .terms import Term, plain_term

_RIVALS = 4
_CLEAR = 0.3  # share of variance from which a short rule is worth refining by experiments
_TEXTS = 60  # of one call
_FEWER = 40  # near-misses of short rules
_SHORT = 0.75  # share of the whole model's score from which short rules are preferred
_LISTED = 1.05  # the same for rules that list many words
_SCANS = 2.5  # tokens of all scans, over those of the first lists
_LENGTH = 40  # tokens of a random text, about
_SENTENCES = 7  # words of a concept that sentences are written about


class Investigation(Course):
    """One unit on one bench."""

    def turns(self) -> Turns:
        """The turns; each receives the evidence of its calls."""
        found = self.findings
        unit = str(self.unit)
        (survey,) = yield Calls("How often is the unit active?", (("survey", {"unit": unit}),))
        found.survey = survey
        values = self.lab.column(self.unit)
        finite = values[np.isfinite(values)]
        if finite.size == 0 or finite.max() <= 0 or finite.std() < 1e-9:
            found.dead = int(finite.size)
            return
        sample = self._sample(self.windows, values[~self.aside], self._board())
        scanner = Scanner(self.lab, sample, self._named(), self.rng)
        designed = self.experiments == "designed"
        texts = scanner.first() if designed and scanner.clear else []
        if self.experiments == "random" and scanner.clear:  # as many tokens as scans take
            self.random_texts = int(_SCANS * self._scan_words(scanner) / _LENGTH)
        kinds = tuple(("exemplars", {"unit": unit, "kind": kind}) for kind in ("top", "quantile"))
        why = "Where is it active, strongly and weakly?"
        if texts:
            why += " And what does it do at each word by itself, and behind it?"
        made = yield Calls(why, (*kinds, *self._calls(texts)))
        found.shown = made[: len(kinds)]
        short = fit_rule_list(sample)
        scanned: list[Term] = []
        if texts:
            scanned = yield from self._scanned(scanner, short, made[len(kinds) :])
        if scanned:
            found.learn(sample, scanned, explained_new(sample, scanned))
            yield from self._scan_rivals(sample, scanner, short)
        else:
            yield from self._searched(sample, short)
        if texts and found.parts:
            found.on_off = on_off_f1(scanner, found.parts, learnt=(found.sample or sample).board)
        if not found.noise and found.checked < CERTAIN:
            found.null = null_score(sample, self.rng)
        if len(found.recorded) > 1 and not found.noise and designed and not scanned:
            best = self._leading()
            made = yield Calls(
                "Inputs on which the leading rivals differ.",
                (("separate", {"unit": unit, "hypotheses": best, "many": 18}),),
            )
            found.separated = [e for e in made if e.error is None]
        if not found.noise and texts and found.parts:
            yield from self._foretold(scanner)
        if self.effects and self.lab.target.kind != "module":
            made = yield Calls("What does it do to the output?", (("unit_effect", {"unit": unit}),))
            found.effect = next((e for e in made if e.error is None), None)

    def _scan_words(self, scanner: Scanner) -> int:
        """Words of the first lists, counted once: they hardly depend on the unit."""
        key = ("builtin scan words", id(self.windows))
        if key not in self.lab.memo:
            self.lab.memo[key] = sum(len(text.split()) for text in scanner.first())
        return self.lab.memo[key]

    def _searched(self, sample: Sample, short: RuleList) -> Turns:
        """Rivals of the search alone, and what parts them."""
        found = self.findings
        model = None if short.whole and short.plain else fit_model(sample, found=short.found)
        least = _SHORT if short.plain else _LISTED
        if model is None or short.checked >= least * model.checked:
            found.learn(sample, short.parts, short.checked)
            yield from self._part_rivals(sample, short)
            return
        parts = relearnt(sample, model.parts)
        found.learn(sample, parts, model.checked)
        rivals = self._rivals(sample, model, parts)
        yield from self._record(sample, rivals)
        if any(not part.table for part in rivals):
            yield from self._experiment(sample, model, parts, rivals)

    def _scanned(
        self, scanner: Scanner, short: RuleList, made: Sequence[Evidence]
    ) -> Generator[Calls, list[Evidence], list[Term]]:
        """Scans on where they lead; the parts that follow, if they say more than the search."""
        found = self.findings
        made = [e for e in made if e.error is None]
        if not made:
            return []
        found.written = list(made)
        lists = self._measured(made)
        texts = scanner.second(*lists, explained=explains(scanner, short.parts))
        if texts:
            made = yield Calls(
                "The words that are left, and what the word before does.", self._calls(texts)
            )
            made = [e for e in made if e.error is None]
            found.written += made
            texts = scanner.third(*self._measured(made)) if made else []
        if texts:
            made = yield Calls(
                "Does each of these words do it by itself, and how far does it reach?",
                self._calls(texts),
            )
            made = [e for e in made if e.error is None]
            found.written += made
            if made:
                scanner.done(*self._measured(made))
        return select_terms(scanner, short.parts, lists, self._measured(found.written))

    def _scan_rivals(self, sample: Sample, scanner: Scanner, short: RuleList) -> Turns:
        """Records what the scans say beside its rivals, and measures near-misses of all."""
        found = self.findings
        mine = [part.said or part.rule for part in found.parts]
        bar = RuleScorer(sample)
        searched = [item.rule for item in short.rivals[:_RIVALS]]
        spare = sorted(options(bar, mine + searched), key=lambda rule: -bar.judge(rule).worth)
        others = [plain_term(r) for r in (*map(without_context, mine), *searched, *spare)]
        kept: dict[str, Term] = {}
        for part in (*found.parts, *others):
            kept.setdefault(str(part.predicate(sample.board)), part)
        rivals = list(kept.values())[: _RIVALS + len(found.parts)]
        yield from self._record(sample, rivals)
        bench = TextWriter(sample, [part.said or part.rule for part in rivals], self.rng)
        texts = list(dict.fromkeys(bench.near_misses(many=_FEWER)))
        if texts:
            made = yield Calls(
                "Near-misses of the rivals, one condition changed at a time.", self._calls(texts)
            )
            found.written += [e for e in made if e.error is None]
        found.texts = Texts(*self._measured(found.written))
        found.judge_written(found.texts.windows, found.texts.values)

    def _foretold(self, scanner: Scanner) -> Turns:
        """Says where the unit is on in fresh texts, then measures them."""
        found = self.findings
        rules = [part.said or part.rule for part in found.parts]
        bench = TextWriter(found.sample or scanner.sample, rules, self.rng)
        made = yield Calls(
            "Is it on where the conclusion says, in texts that were not written to find it?",
            self._calls(list(dict.fromkeys(bench.mixed(many=_TEXTS)))),
        )
        made = [e for e in made if e.error is None]
        if made:
            found.checks += made
            found.foretold = foretold(
                scanner, found.parts, (found.sample or scanner.sample).board, self._measured(made)
            )

    def _part_rivals(self, sample: Sample, short: RuleList) -> Turns:
        """Records short rivals, measures near-misses and sentences, and keeps what they say."""
        found = self.findings
        if not short.parts:
            return
        bar = RuleScorer(sample)
        first, *rest = [part.said or part.rule for part in short.parts]
        rules = options(bar, [first, *(item.rule for item in short.rivals[:4])])
        rules.sort(key=lambda rule: (rule != first, -bar.judge(rule).worth))
        shown = [rule for rule in rules if bar.judge(rule).worth > 0]
        yield from self._record(sample, [plain_term(rule) for rule in (*shown[:_RIVALS], *rest)])
        if self.experiments == "none":
            return
        bench = TextWriter(sample, [*shown[:_RIVALS], *rest], self.rng)
        if self.experiments == "designed":
            texts = bench.near_misses(many=_FEWER)
            texts += bench.members(many=_FEWER // 2) + bench.knocked(texts=1)
        else:
            texts = bench.random(many=self.random_texts)
        texts = list(dict.fromkeys(texts))
        unit = str(self.unit)
        calls = list(self._calls(texts))
        groups = contested(sample, shown) if self.experiments == "designed" else []
        for group in groups:
            words = [*sample.board.groups[group].predicate["words"]]
            picked = self.rng.permutation(words)[:_SENTENCES].tolist()
            arguments = {"unit": unit, "source": "grammar", "words": picked, "many": 2 * _SENTENCES}
            calls.append(("write_texts", arguments))
        if not calls:
            return
        made = yield Calls(
            "Near-misses of the rivals, one condition changed at a time.", tuple(calls)
        )
        found.written = [e for e in made if e.error is None]
        if not found.written:
            return
        whole = Texts(*self._measured(found.written))
        asked = [e for e in found.written if e.tool == "write_texts"]
        context = Texts(*self._measured(asked)) if asked else None
        best = chosen(bar, rules, rest, whole, context)
        if best != first:
            parts = levelled(sample, [plain_term(rule) for rule in (best, *rest)])
            found.learn(sample, parts, explained_new(sample, parts))
        known = {str(rival.predicate) for rival in found.recorded.values()}
        others = [plain_term(item.rule) for item in swapped(bar, bar.judge(best))[:2]]
        fresh = [p for p in (*found.parts, *others) if str(p.predicate(sample.board)) not in known]
        if fresh:
            yield from self._record(sample, fresh)
        found.texts = whole
        found.judge_written(whole.windows, whole.values)

    def _rivals(self, sample: Sample, model: AdditiveModel, parts: Sequence[Term]) -> list[Term]:
        """The leading parts and the best other rules, at least two, none twice."""
        out = list(parts[:_RIVALS])
        top = max((item.worth for item in model.rivals), default=0.0)
        for item in model.rivals:
            if len(out) >= max(_RIVALS, len(parts) + 2):
                break
            if item.worth >= 0.4 * top or len(out) < 2:
                out.append(plain_term(item.rule))
        kept: dict[str, Term] = {}
        for part in out:
            kept.setdefault(str(part.predicate(sample.board)), part)
        return list(kept.values())

    def _experiment(
        self, sample: Sample, model: AdditiveModel, parts: Sequence[Term], rivals: Sequence[Term]
    ) -> Turns:
        """Measures near-misses; where a rule leads, searches again over everything measured."""
        found = self.findings
        clear = bool(parts) and not parts[0].table and model.checked >= _CLEAR
        rules = [part.rule for part in rivals if not part.table]
        if self.experiments == "none":
            return
        bench = TextWriter(sample, rules, self.rng)
        if self.experiments == "random":
            texts = bench.random(many=self.random_texts)
        else:
            texts = bench.near_misses(many=_TEXTS if clear else 40)
        if clear and self.experiments == "designed":
            texts += bench.members(many=_TEXTS) + bench.knocked(texts=2)
        texts = list(dict.fromkeys(texts))
        if not texts:
            return
        made = yield Calls(
            "Near-misses of the rivals, one condition changed at a time.",
            self._calls(texts),
        )
        found.written = [e for e in made if e.error is None]
        if not found.written:
            return
        windows, values = self._measured(found.written)
        if clear:
            column = self.lab.column(self.unit)[~self.aside]
            better = again(sample, parts, column, windows, values, self._built)
            if better is not None:
                whole, new, checked = better
                found.learn(whole, new, checked)
                known = {str(rival.predicate) for rival in found.recorded.values()}
                fresh = [p for p in new if str(p.predicate(whole.board)) not in known]
                if fresh:
                    yield from self._record(whole, fresh)
        found.judge_written(windows, values)
