"""Planted units whose function is a list of words, with true and worse descriptions of each.

1. A unit is about one category of the lexicon, of which the worse description misses half; or about
   two categories, of which it misses one. The description that claims too much names another
   category, about as frequent, beside the true words.
2. Every unit writes along the unembedding of some words, half of which the worse description of its
   effect misses, or to which it adds as many others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from neuroscribe.tasks.evaluation.scorers.contract import Case
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut, surfaces
from neuroscribe.tools.english.inflection import plural
from neuroscribe.tools.english.lexicon import categories
from neuroscribe.tools.lab import measure
from neuroscribe.tools.memo import Memo
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.conditions import graded, one_of
from neuroscribe.tools.models.planted import Spec, plant, residual_norm

from tests.support.oracles import Meaning, Oracle

STORIES = 1000
LENGTH = 32
SITE = "sanity"
_WRITES = 0.5
"""What one unit of activation writes, as a share of the residual stream's norm."""
Planned = tuple[str, str, tuple[str, ...], str, str]
"""Name, group, the categories that the unit is about, the one that the broad description adds, the
one whose words the unit promotes. A frequent category is in about one window in ten."""
PLAN: tuple[Planned, ...] = (
    ("colours", "frequent half", ("colours",), "furniture", "rooms"),
    ("professions", "frequent half", ("professions",), "containers", "buildings"),
    ("gems or spices", "frequent or", ("gems", "spices"), "royalty", "materials"),
    ("instruments or fabrics", "frequent or", ("instruments", "fabrics"), "landforms", "tools"),
    ("planets", "rare half", ("planets",), "rivers", "sounds"),
    ("military ranks", "rare half", ("military ranks",), "reptiles", "vegetables"),
    ("tastes or sports", "rare or", ("tastes", "sports"), "school subjects", "games"),
    ("flowers or holidays", "rare or", ("flowers", "holidays"), "computing", "weapons"),
)


class Subject(NamedTuple):
    """A planted unit with its true, its narrow and its broad description."""

    name: str
    group: str
    """How frequent its words are, and whether the narrow description misses a half or a part."""
    words: tuple[str, ...]
    descriptions: dict[str, str]
    """By change: `true`, `missing`, `extra`; and `rival`, the true one in other words."""
    meanings: dict[str, Meaning]
    """By description."""


@dataclass(frozen=True)
class SanityBench:
    """The planted target, its subjects and their activations."""

    target: Target
    subjects: tuple[Subject, ...]
    splits: tuple[Splits, ...]
    memo: Memo = field(default_factory=Memo)

    def case(self, number: int, change: str) -> Case:
        """One subject with one of its descriptions; the rival is the true one."""
        subject = self.subjects[number]
        description = subject.descriptions[change]
        return Case(
            description,
            self.splits[number],
            predictors=(subject.meanings[description].predictor,),
            rival=subject.descriptions["rival"],
            target=self.target,
            unit=self.target.unit(f"{SITE}/{number}"),
            memo=self.memo,
        )

    def oracle(self, number: int, rng: np.random.Generator) -> Oracle:
        """Who knows what the subject's descriptions mean."""
        subject = self.subjects[number]
        true = subject.descriptions["true"]
        return Oracle(self.target, subject.meanings, truth=true, rng=rng)


def sanity_bench(*, stories: int = STORIES, plan: Sequence[Planned] = PLAN) -> SanityBench:
    """Plants the subjects on the shipped host and measures them."""
    host = Target.load("planted")
    subjects, specs = [], []
    norm = residual_norm(host, 0)
    for number, planned in enumerate(plan):
        subject, promoted = _subject(host, planned)
        subjects.append(subject)
        output = _direction(host, promoted) * norm * _WRITES
        specs.append(Spec(graded(one_of(subject.words), 1000 + 10 * number), output))
    target = plant(host, specs, block=0, site=SITE)
    corpus = load_corpus(f"builtin:stories:{stories}")
    windows = [cut(target, split, length=LENGTH) for split in corpus.splits()]
    units = [target.unit(f"{SITE}/{number}") for number in range(len(subjects))]
    values = [measure(target, part, units) for part in windows]
    splits = tuple(
        Splits(*(Measured(part, value[at]) for part, value in zip(windows, values, strict=True)))
        for at in range(len(subjects))
    )
    return SanityBench(target, tuple(subjects), splits)


def _subject(host: Target, planned: Planned) -> tuple[Subject, tuple[str, ...]]:
    """The subject, and the words that it promotes."""
    name, group, about, added, promotes = planned
    single = {surface.strip().lower() for surface in surfaces(host)}
    parts = [_words(category, single) for category in about]
    halves = parts if len(parts) > 1 else [parts[0][::2], parts[0][1::2]]
    kept, missed = halves
    extra = _words(added, single)
    taken = {*kept, *missed, *extra}
    unrelated = tuple(w for w in _words("metals", single) if w not in taken)
    ups = [word for word in _words(promotes, single) if word not in taken][:12]
    own, others = tuple(ups[:6]), tuple(ups[6:])

    def meaning(words: Sequence[str], close: Sequence[str], up: tuple[str, ...]) -> Meaning:
        predictor = {"kind": "words", "words": [*words], "inflect": False}
        return Meaning(predictor, tuple(words), tuple(close), unrelated, up)

    whole = meaning((*kept, *missed), extra, own)
    found = {
        "true": (f"words for {name}", whole),
        "missing": (
            f"words such as {', '.join(kept[:3])}",
            # the nearest neighbours of half a category are its other half
            meaning(kept, missed if len(parts) == 1 else extra, own[:3]),
        ),
        "extra": (
            f"words for {name}, or for {added}",
            meaning((*kept, *missed, *extra), unrelated, (*own, *others)),
        ),
        "rival": (f"any word for {name}", whole),
    }
    descriptions = {change: text for change, (text, _) in found.items()}
    subject = Subject(name, group, (*kept, *missed), descriptions, dict(found.values()))
    return subject, own


def _words(category: str, single: set[str]) -> tuple[str, ...]:
    """A category's words and plurals that are one token of the host each."""
    known = categories()[category]
    forms = {form for word in known.words for form in (word, plural(word))}
    return tuple(sorted(word for word in forms if word.lower() in single))


def _direction(host: Target, words: Sequence[str]) -> torch.Tensor:
    """`[d]` of length one: towards the unembeddings of the words."""
    rows: torch.Tensor = host.network.get_output_embeddings().weight  # type: ignore
    ids = [host.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
    vector = torch.stack([rows[at] / rows[at].norm() for at in ids]).sum(0).detach().float()
    return vector / vector.norm()
