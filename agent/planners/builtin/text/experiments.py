"""Experiments that part rivals: near-misses of the texts where the unit is active, and of others.

1. For every clause of every rival: texts where it holds are changed so that it fails, and texts
   where it fails, with the rule's other clauses holding where possible, so that it holds.
2. Words of a concept that explore never showed are put where its other words are active.
3. In two active texts every other word is replaced in turn, whatever the rivals say of it.
"""

from collections.abc import Sequence

import numpy as np

from .axes import is_context, step_of
from .feature_table import FeatureTable
from .rules import Clause, Rule
from .splits import Sample
from .templates import TemplateText, template_text

_CARRIERS = 3
_KNOCKED = 14  # words replaced in one text
_UNSEEN = 20
_LONGEST = 60
_MIXED = 0.2  # of the words of a mixed text that are replaced, half of these with their neighbour


class TextWriter:
    """Writes texts for a set of rules over one sample."""

    def __init__(self, sample: Sample, rules: Sequence[Rule], rng: np.random.Generator) -> None:
        self.sample = sample
        self.features: FeatureTable = sample.features
        self.rules = list(rules)
        self.rng = rng
        self.neutral = self._neutral()

    def near_misses(self, *, count: int) -> list[str]:
        """Texts in which one clause of one rival is made to fail or to hold."""
        out: list[str] = []
        for rule in self.rules:
            for at, clause in enumerate(rule.clauses):
                for holds in (True, False):
                    for item in self._carriers(rule, at, holds=holds):
                        out += self._flipped(item, clause, holds=holds)
        return self._some(out, count)

    def members(self, *, count: int) -> list[str]:
        """Concept words, unseen ones first, where other words of the rule are active."""
        out: list[str] = []
        for rule in self.rules:
            for at, clause in enumerate(rule.clauses):
                if not clause.groups or clause.negated:
                    continue
                words = self._words(clause)
                seen = set(self.features.names)
                order = sorted(words, key=lambda word: word in seen)[:_UNSEEN]
                for number, word in enumerate(order):
                    places = self._carriers(rule, at, holds=True)
                    if places:
                        item = places[number % len(places)]
                        out += self._set(item, clause, word)
        return self._some(out, count)

    def knocked(self, *, texts: int) -> list[str]:
        """Active texts with every other word replaced in turn."""
        out: list[str] = []
        for item in self._active(texts):
            others = [
                at
                for at in range(len(item.words))
                if at != item.at and self._ordinary(item.words[at])
            ]
            if len(others) > _KNOCKED:
                others = sorted(self.rng.choice(others, _KNOCKED, replace=False).tolist())
            out.append(item.text)
            out += [item.edited({at: self._other()}) for at in others]
        return out

    def random(self, *, count: int) -> list[str]:
        """Texts from anywhere with a fifth of their words replaced by others, for comparison."""
        features = self.features
        names = [name for name in features.names if self._ordinary(name)] or ["thing"]
        places = np.flatnonzero(self.sample.weight > 0)
        out: list[str] = []
        for place in self.rng.choice(places, 4 * count):
            item = template_text(features.windows, int(place))
            if item is None or not 3 <= len(item.spans) <= _LONGEST:
                continue
            chosen = np.flatnonzero(self.rng.random(len(item.words)) < 0.2)
            changes = {int(at): str(self.rng.choice(names)) for at in chosen}
            out.append(item.edited(changes))
            if len(out) == count:
                break
        return out

    def mixed(self, *, count: int) -> list[str]:
        """Stretches of explore with words of the rules put in, alone and side by side."""
        pools = [list(dict.fromkeys(self._words(c))) for rule in self.rules for c in rule.clauses]
        pools = [words for words in pools if words] or [self.neutral]
        places = np.flatnonzero(self.sample.weight > 0)
        out: list[str] = []
        for place in self.rng.choice(places, 4 * count):
            item = template_text(self.features.windows, int(place))
            if item is None or len(item.spans) < 3:
                continue
            changes: dict[int, str] = {}
            chosen = np.flatnonzero(self.rng.random(len(item.words)) < _MIXED)
            beside = chosen[self.rng.random(len(chosen)) < 0.5] + 1
            for at in (*chosen.tolist(), *beside.tolist()):
                pool = pools[int(self.rng.integers(len(pools)))]
                if at < len(item.words):
                    changes[at] = pool[int(self.rng.integers(len(pool)))]
            out.append(item.edited(changes))
            if len(out) == count:
                break
        return out

    def _active(self, count: int) -> list[TemplateText]:
        sample = self.sample
        y = np.where(sample.weight > 0, sample.target, -np.inf)
        best = np.argsort(-y, kind="stable")[:400]
        best = best[y[best] > 0.5 * y[best[: max(1, len(best) // 40)]].mean()]
        return self._distinct(self.rng.permutation(best).tolist(), count)

    def _distinct(self, places: Sequence[int], count: int) -> list[TemplateText]:
        """Template texts around places, no window twice, no word twice while there are others."""
        out: list[TemplateText] = []
        spare: list[TemplateText] = []
        words: set[str] = set()
        windows: set[int] = set()
        for place in places[:60]:
            item = template_text(self.features.windows, place)
            if item is None or item.window in windows or not 3 <= len(item.spans) <= _LONGEST:
                continue
            windows.add(item.window)
            word = item.words[item.at].lower()
            (spare if word in words else out).append(item)
            words.add(word)
            if len(out) == count:
                break
        return (out + spare)[:count]

    def _carriers(self, rule: Rule, at: int, *, holds: bool) -> list[TemplateText]:
        """Texts where the other clauses hold and this one does, or does not."""
        features = self.features
        rest = rule.without(at).mask(features)
        mask = rule.clauses[at].mask(features)
        region = rest & (mask if holds else ~mask) & (self.sample.weight > 0)
        places = np.flatnonzero(region)
        if len(places) > 400:
            places = self.rng.choice(places, 400, replace=False)
        if holds:  # the most active half
            places = places[np.argsort(-self.sample.target[places], kind="stable")]
            places = places[: max(4, len(places) // 2)]
        return self._distinct(self.rng.permutation(places).tolist(), _CARRIERS)

    def _flipped(self, item: TemplateText, clause: Clause, *, holds: bool) -> list[str]:
        """The text with the clause made to fail where it holds, or to hold where it fails."""
        if clause.axis == "flag" and self.features.symbols:  # where else the token stands
            return [item.edited({item.at: self._other()})]
        if clause.axis == "flag":
            word = item.words[item.at]
            changed = word.lower() if word[:1].isupper() else word[:1].upper() + word[1:]
            start, end = item.spans[item.at]
            return [item.text[:start] + changed + item.text[end:]]
        if clause.axis in ("position", "rank"):
            padding = [self._other() for _ in range(12)]
            start = item.spans[max(0, item.at - 1)][0]
            return [self.features.joint.join([*padding, item.text]), item.text[start:]]
        if holds != clause.negated:  # words that match are there: take them away
            changes = {at: self._other() for at in self._matching(item, clause)}
            return [item.edited(changes)] if changes else []
        words = self._words(clause)
        if not words:
            return []
        return self._set(item, clause, str(self.rng.choice(words)))

    def _set(self, item: TemplateText, clause: Clause, word: str) -> list[str]:
        """The text with a word put where the clause looks."""
        room = self._places(item, clause)
        matching = [at for at in self._matching(item, clause) if at in room]
        if len(room) > 1:
            free = [at for at in room if at != item.at and self._ordinary(item.words[at])]
            if not free:
                return []
            changes = {at: self._other() for at in matching}
            changes[matching[0] if matching else int(self.rng.choice(free))] = word
            return [item.edited(changes)]
        return [item.edited({at: word}) for at in room]

    def _places(self, item: TemplateText, clause: Clause) -> list[int]:
        """The words of a text that a clause looks at."""
        count = len(item.spans)
        step = {"previous": -1, "next": 1}.get(clause.axis.split("_")[0], 0)
        if is_context(clause.axis):
            side, _, reach = clause.axis.partition("_")
            far = int(reach) if reach else count
            before = range(max(0, item.at - far), item.at) if side != "later" else range(0)
            after = range(item.at + 1, min(count, item.at + 1 + far))
            return [*before, *(after if side != "earlier" else ())]
        at = item.at + step * step_of(clause.axis)
        return [at] if 0 <= at < count else []

    def _matching(self, item: TemplateText, clause: Clause) -> list[int]:
        known = set(self._words(clause, all_forms=True))
        return [at for at in self._places(item, clause) if self._plain(item.words[at]) in known]

    def _words(self, clause: Clause, *, all_forms: bool = False) -> list[str]:
        """Words that make a clause hold."""
        features = self.features
        out: list[str] = []
        for group in sorted(clause.groups):
            named = features.groups[group].predicate.get("words", ())
            seen = [features.names[at] for at in features.members[group].indices]
            out += [*named, *seen] if all_forms or not named else named
        if clause.axis.endswith("token"):
            surfaces = [features.windows.vocabulary[at].strip() for at in sorted(clause.values)]
            out += [text for text in surfaces if text]
        elif clause.axis != "flag":
            out += [features.names[at] for at in sorted(clause.values)]
            out += sorted(clause.unseen)
        return [self._plain(word) for word in out] if all_forms else out

    def _plain(self, word: str) -> str:
        """A word as it is compared: capitals mean something in symbols alone."""
        return word if self.features.symbols else word.lower()

    def _ordinary(self, word: str) -> bool:
        """Whether a word may be put anywhere: one of letters, or any symbol that is seen."""
        return bool(word.strip()) if self.features.symbols else word.isalpha()

    def _neutral(self) -> list[str]:
        """Ordinary words that no rule speaks of and on which the unit is not active."""
        features, sample = self.features, self.sample
        spoken: set[str] = set()
        for rule in self.rules:
            for clause in rule.clauses:
                spoken |= set(self._words(clause, all_forms=True))
        word = features.axes["word"]
        ok = (word >= 0) & (sample.weight > 0)
        size = len(features.names)
        count = np.bincount(word[ok], minlength=size)
        mean = np.bincount(word[ok], sample.target[ok], size) / np.maximum(count, 1)
        usual = np.median(mean[count > 0])
        order = np.argsort(-count, kind="stable")
        names = [
            features.names[at]
            for at in order[:600].tolist()
            if count[at] >= 3 and mean[at] <= usual + 1e-9 and self._ordinary(features.names[at])
        ]
        if features.symbols:
            return [name for name in names if name not in spoken] or names or [features.names[0]]
        names = [name for name in names if len(name) > 2 and name not in spoken]
        return names[10:90] or names or ["thing"]

    def _other(self) -> str:
        return self.neutral[int(self.rng.integers(len(self.neutral)))]

    def _some(self, texts: list[str], count: int) -> list[str]:
        kept = list(dict.fromkeys(texts))
        if len(kept) <= count:
            return kept
        chosen = sorted(self.rng.choice(len(kept), count, replace=False).tolist())
        return [kept[at] for at in chosen]
