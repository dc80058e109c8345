"""The course of the scans of one unit, and the rules that follow from them.

1. Lists of explore's words and the target's, the frequent ones in two orders: the words at which
   the unit is on, and those behind which it is. Words that were on once, and words that a concept
   of the found ones has and explore has not, are asked again.
2. Pair texts: what the word before does to a word at which the unit is on. Where no word is enough
   by itself, the heads are the words at which explore has it on.
3. Words that point to an effect are tested one by one, with how far the effect reaches; where a
   word before is required, every word is asked again behind it. What was found is written in
   capitals too, which many a tokenizer cuts in other places.

Scans say on or off of single places, so they are for units that are one or the other
(`bimodality`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .....tools.lab import Lab
from .bimodality import bimodality
from .capitals import before_in_capitals, in_capitals
from .naming import axis_of, clauses_of, narrowed, speaks_here, spelling
from .pairs import Pointed, Tests, likely, pointed
from .rules import Clause, Rule
from .scan import Answer, Scan, ScanWords, answer, behind, lists, pairs, words_of
from .splits import Sample
from .terms import Term, plain_term
from .texts import MeasuredTexts
from .vocabulary import vocabulary

_MOST_WORDS = 4000  # asked in two orders
_MORE_WORDS = 4000  # asked in one
_COVERED = 0.4  # of explore's activity, that words enough by themselves have to cover
_BESIDE = 0.1  # the same, where the unit is on behind words too
_MOST_FOUND = 120  # words that a rule lists; of more, it is their spelling that counts
_HEADS = 2
_MOST_FRESH = 300  # words of concepts that explore does not have


@dataclass
class ScanResult:
    """What the scans say so far."""

    answer: Answer
    tested: frozenset[str]
    """Words that were asked."""
    before: tuple[str, ...] = ()
    """Words that change what the unit does behind them."""
    reach: int = 0
    required: bool = False
    """Whether one of them has to be there; else none may."""
    heads: frozenset[str] = frozenset()
    """Words at which the unit is on where one of `before` is there."""


class Scanner:
    """Writes and reads the scans of one unit; whoever owns it measures the texts."""

    def __init__(
        self,
        lab: Lab,
        sample: Sample,
        concepts: Mapping[str, Sequence[str]],
        rng: np.random.Generator,
    ) -> None:
        """`concepts`: the base words of each concept."""
        self.lab, self.sample, self.concepts, self.rng = lab, sample, concepts, rng
        self.level = bimodality(sample.target[sample.weight > 0])
        self.active = (sample.weight > 0) & (sample.target > self.level.threshold)
        self.words: ScanWords = ScanWords({}, {}, {})
        self.lead = "the"
        self._lists: list[Scan] = []
        self._more: list[str] = []
        self._pairs: list[tuple[str, int]] = []
        self._heads: list[str] = []
        self._tests: Tests | None = None
        self._asked = 0  # texts that tests and what lies behind a word took
        self._pointed = Pointed((), ())
        self._started = False
        self.result: ScanResult | None = None

    @property
    def bimodal(self) -> bool:
        """Whether scans can say something of the unit."""
        return self.level.bimodal and bool(self.active.any())

    def first(self) -> list[str]:
        """Lists of all words, in two orders."""
        forms = self._vocabulary()
        forms |= {name: name for name in self._active_names() if name not in forms}
        self.words = words_of(self.lab, forms)
        names = list(self.words.forms)
        often = names[:_MOST_WORDS]
        self.lead = self._quiet()
        return [
            text
            for some in (often, often, names[_MOST_WORDS:])
            for text in lists(self.lab, self.words, some, self.lead, self.rng)
        ]

    def second(self, texts: MeasuredTexts, *, explained: bool) -> list[str]:
        """Words asked again, and pair texts; `explained`: a rule is known that says it all."""
        scan = Scan(texts, self.level.threshold)
        self._lists = [scan]
        now = self._answer()
        again = sorted(now.unsure) if len(now.unsure) <= _MOST_FOUND else []
        fresh = self._fresh(now.at | now.behind)
        if fresh:
            more = words_of(self.lab, {word: word for word in fresh})
            self.words = ScanWords(
                {**self.words.forms, **more.forms},
                {**self.words.sizes, **more.sizes},
                {**self.words.pieces, **more.pieces},
            )
        known = self.words.forms  # some words are no tokens of a small vocabulary
        names = [name for name in (*again, *fresh) if name in known]
        quiet = [name for name in self._silent(now) if name in known and name not in names]
        count = min(len(quiet), max(20, len(names)))
        padding = (
            [str(one) for one in self.rng.choice(quiet, count, replace=False)] if quiet else []
        )
        self._more = [
            text
            for _ in range(2 if names else 0)
            for text in lists(self.lab, self.words, [*names, *padding], self.lead, self.rng)
        ]
        out = list(self._more)
        self._heads = self._chosen_heads(now, explained)
        names = list(self.words.forms)
        for number, head in enumerate(self._heads):
            some = names if not number else names[:_MOST_WORDS]
            new = pairs(self.lab, self.words, some, head, self.rng)
            self._pairs.append((head, len(new)))
            out += new
        self.result = ScanResult(now, frozenset(self.words.forms))
        return out

    def third(self, texts: MeasuredTexts) -> list[str]:
        """Tests of single words, and, where one is required, all words behind one."""
        assert self.result is not None
        upto = len(self._more)
        if upto:
            self._lists.append(self._part(texts, 0, upto))
        now = self._answer()
        self.result = replace(self.result, answer=now)
        scans = []
        for head, count in self._pairs:
            scans.append((head, self._part(texts, upto, upto + count)))
            upto += count
        normal = bool(now.at)
        left, heads = pointed(scans, normal=normal)
        self._pointed = Pointed(likely(left, self.words), heads)
        neutral = [n for n in self._silent(now) if n not in self._pointed.words]
        neutral = [name for name in neutral if self.words.single(name)][:200]
        if len(neutral) < 10:
            return []
        out: list[str] = []
        if self._pointed.words:
            heads = self._pointed.heads or tuple(self._heads)
            self._tests = Tests(self.words, heads, neutral, self.rng)
            out += self._tests.write(self._pointed.words)
            if not normal:
                names = list(self.words.forms)
                out += behind(self.lab, self.words, names, self._pointed.words[0], self.rng)
            self._asked = len(out)
        result = sorted(now.at | now.behind)
        if len(result) <= _MOST_FOUND:
            out += in_capitals(self.words, result, self.lead, neutral, self.rng)
        head = next(iter(self._pointed.heads or self._heads), "")
        if head:
            before = self._pointed.words
            out += before_in_capitals(self.words, before, head, neutral, self.rng)
        return out

    def done(self, texts: MeasuredTexts) -> list[str]:
        """Reads the tests; nothing follows."""
        assert self.result is not None
        if self._tests is None:
            return []
        normal = bool(self.result.answer.at)
        upto = len(self._tests.texts)
        before, reach = self._tests.read(self._part(texts, 0, upto), normal=normal)
        heads: set[str] = set()
        if not normal and before:
            behind_ = self._part(texts, upto, self._asked)
            heads = {
                one.name for row in behind_.rows for one in row[1::2] if one.on
            } - self.result.answer.behind
        self.result = replace(
            self.result,
            before=tuple(before),
            reach=reach,
            required=not normal,
            heads=frozenset(heads),
        )
        return []

    def parts(self, base: Sequence[Term], *, started: bool = False) -> list[Term]:
        """The parts that follow from the scans.

        Args:
            base: Those that are known to hold at words.
            started: Name tokens that begin words, and not words.
        """
        self._started = started
        result = self.result
        if result is None:
            return []
        if result.required and base:
            return list(base)
        if result.required:
            heads = result.heads if len(result.heads) <= _MOST_FOUND else frozenset()
            if not heads or not result.before:
                return []
            return [plain_term(Rule((*self._named("word", heads), self._context(result))))]
        out = list(base)
        if not out:
            at = result.answer.at
            if 0 < len(at) <= _MOST_FOUND:
                out.append(plain_term(Rule(self._named("word", at))))
            if 0 < len(result.answer.behind) <= _MOST_FOUND and result.answer.reach:
                axis = axis_of(result.answer.reach)
                out.append(plain_term(Rule(self._named(axis, result.answer.behind))))
        if not result.before:
            return out
        clause = self._context(result)
        return [narrowed(part, clause) if speaks_here(part) else part for part in out]

    def spelled(self, *, tokens: bool = False) -> list[Term]:
        """A rule about the spelling of words or tokens that fits what was asked, if one does."""
        assert self.result is not None
        asked, at = self.result.tested, self.result.answer.at
        if tokens:
            asked, at = (frozenset(filter(self.words.single, names)) for names in (asked, at))
        return spelling(self.sample.features, asked, at, tokens=tokens)

    def _context(self, result: ScanResult) -> Clause:
        (clause,) = self._named(axis_of(result.reach), frozenset(result.before))[:1]
        return replace(clause, negated=not result.required)

    def _named(self, axis: str, words: frozenset[str]) -> tuple[Clause, ...]:
        assert self.result is not None
        off = self.result.tested - words
        return clauses_of(
            self.sample.features,
            axis,
            words,
            off=off,
            concepts=self.concepts,
            started=self._started,
        )

    def _part(self, texts: MeasuredTexts, start: int, stop: int) -> Scan:
        return Scan(texts.rows(start, stop), self.level.threshold)

    def _answer(self) -> Answer:
        """What the lists say; words that cover little of explore's activity say nothing.

        Such words are on because of something that happened to stand before them.
        """
        now = answer(self._lists)
        index = self.sample.features.index
        _many, on = self._rates()
        asked = sum(on[index[name]] for name in self.words.forms if name in index)
        covered = sum(on[index[name]] for name in now.at if name in index)
        if covered >= (_BESIDE if now.behind else _COVERED) * asked:
            return now
        unsure = now.unsure if now.behind else frozenset()
        return now._replace(at=frozenset(), unsure=unsure)

    def _vocabulary(self) -> dict[str, str]:
        """Explore's words, the most frequent first, each with the form to write it in."""
        windows = self.sample.features.windows
        key = ("builtin scanned words", id(windows))
        most = _MOST_WORDS + _MORE_WORDS
        return dict(self.lab.memo.once(key, lambda: vocabulary(windows, most=most)))

    def _active_names(self) -> list[str]:
        """Words of explore at or behind which the unit was ever on."""
        features = self.sample.features
        result: set[int] = set()
        for axis in ("word", "previous_word"):
            result |= set(np.unique(features.axes[axis][self.active]).tolist())
        names = sorted(
            features.names[at] for at in result if at >= 0 and features.names[at].isalpha()
        )
        return names if len(names) <= _MOST_FRESH else []

    def _rates(self) -> tuple[np.ndarray, np.ndarray]:
        """How often each word of explore occurs, and how often it is on."""
        features = self.sample.features
        word = features.axes["word"]
        ok = (word >= 0) & (self.sample.weight > 0)
        size = len(features.names)
        return np.bincount(word[ok], minlength=size), np.bincount(
            word[ok & self.active], minlength=size
        )

    def _quiet(self) -> str:
        """A frequent word at which the unit is never on."""
        _many, on = self._rates()
        index = self.sample.features.index
        return next((n for n in self.words.forms if n in index and not on[index[n]]), "the")

    def _silent(self, now: Answer) -> list[str]:
        """Words at and behind which the unit is off, in a random order."""
        loud = now.at | now.behind | now.unsure
        names = [name for name in self.words.forms if name not in loud and len(name) > 2]
        return self.rng.permutation(names).tolist() if names else []

    def _fresh(self, result: frozenset[str]) -> list[str]:
        """Base words of the concepts of some found words that explore does not have."""
        out: dict[str, None] = {}
        if len(result) > _MOST_FOUND:
            return []
        for members in self.concepts.values():
            if len(result & set(members)) >= 3:
                out |= dict.fromkeys(m for m in members if m not in self.words.forms)
        return [word for word in out if word.isalpha()][:_MOST_FRESH]

    def _chosen_heads(self, now: Answer, explained: bool) -> list[str]:
        features = self.sample.features
        count, on = self._rates()
        if len(now.at) > _MOST_FOUND or (not now.at and (now.behind or explained)):
            return []
        names = [name for name in features.names if name in self.words.forms]
        if now.at:
            names = [name for name in names if name in now.at]
        index = features.index

        def worth(name: str) -> float:
            at = index[name]
            return on[at] * (on[at] / max(count[at], 1)) + 0.5 * self.words.single(name)

        names = [name for name in names if on[index[name]] > 0]
        return sorted(names, key=lambda name: (-worth(name), name))[:_HEADS]
