"""Sanity tests of whole scorers: planted units, true and worse descriptions, known judges.

1. Units are planted whose function is a list of words: one category of the lexicon, of which the
   worse description misses half; or two categories, of which it misses one. The description that
   claims too much names another category, about as frequent, beside the true words.
2. Every unit writes along the unembedding of some words, half of which the worse description of its
   effect misses, or to which it adds as many others.
3. Every scorer scores the true, the narrow and the broad description with an oracle for a judge,
   which believes what it reads; the true one also with a judge that answers at random, and with an
   oracle of which half of the answers cannot be read.
4. A scorer passes where its value falls by `LEAST` on average, and surely so, in every group:
   frequent or rare words, half a category missing or one of two.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import torch

from ....tools.data.corpus import Corpus
from ....tools.data.sources import load_corpus
from ....tools.data.windows import cut, surfaces
from ....tools.english.inflection import plural
from ....tools.english.lexicon import categories
from ....tools.lab import measure
from ....tools.memo import Memo
from ....tools.models import Target
from ....tools.models.conditions import graded, one_of
from ....tools.models.planted import Spec, plant, residual_norm
from ...labelling.bench import Splits
from ...scoring.ngram_baselines import Measured
from . import SCORERS
from .contract import Case, Need, Panel, Score
from .oracle import Meaning, Oracle, Sometimes, Unreadable, oracle_panel, random_panel
from .sanity import Sanity, sanity_of

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


class Row(NamedTuple):
    """What one scorer does."""

    sanity: Sanity
    random: float | None
    """Mean value with the true description and a judge that answers at random."""
    nonsense: float | None
    """Mean value with the true description and an oracle that is unreadable half of the time."""
    failed: float | None
    """Share of its answers that the score says could not be read."""
    chance: float | None
    """The value of a judge that guesses; None where it depends on the base rate."""


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
    corpus: Corpus = load_corpus(f"builtin:stories:{stories}")
    windows = [cut(target, split, length=LENGTH) for split in corpus.splits()]
    units = [target.unit(f"{SITE}/{number}") for number in range(len(subjects))]
    values = [measure(target, part, units) for part in windows]
    splits = tuple(
        Splits(*(Measured(part, value[at]) for part, value in zip(windows, values, strict=True)))
        for at in range(len(subjects))
    )
    return SanityBench(target, tuple(subjects), splits)


def scorer_sanity(
    bench: SanityBench,
    *,
    names: Sequence[str] | None = None,
    panel: Panel | None = None,
    trials: int = 3,
    seed: int = 0,
    progress: Callable[[str], None] = lambda name: None,
    left_out: dict[str, str] | None = None,
) -> dict[str, Row]:
    """Every scorer on every subject; parts that are scores of their own are rows as well.

    Args:
        bench: The planted units.
        names: Of scorers; None: all.
        panel: Who reads the descriptions; None: an oracle, and beside it judges that answer at
            random or nonsense.
        trials: Samples of each unit.
        seed: Of the samples.
        progress: Told each scorer's name as its turn comes.
        left_out: Gets the reason of each scorer that gives no value.
    """
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    shares: dict[str, list[float]] = {}
    for name in names or SCORERS:
        progress(name)
        for number, trial in product(range(len(bench.subjects)), range(trials)):
            scores = _scores(bench, name, number, panel, [seed, trial, number])
            lacking = next((s.reason for s in scores.values() if s.value is None), None)
            if lacking is not None:
                if left_out is not None:
                    left_out[name] = lacking
                continue
            for change, score in scores.items():
                for row, value in _rows(name, score):
                    kept = values.setdefault(row, {}).setdefault(change, {})
                    kept.setdefault(bench.subjects[number].group, []).append(value)
            if "nonsense" in scores:
                spoilt = scores["nonsense"]
                shares.setdefault(name, []).append(spoilt.failed / max(spoilt.n, 1))
    return {
        row: Row(
            sanity_of(found),
            _mean(found.get("random")),
            _mean(found.get("nonsense")),
            float(np.mean(shares[row])) if row in shares else None,
            None if "F1" in row else SCORERS[row.split(",")[0]].chance,
        )
        for row, found in values.items()
    }


def _scores(
    bench: SanityBench, name: str, number: int, given: Panel | None, seed: list[int]
) -> dict[str, Score]:
    """A scorer's scores of one subject by setting, all over the same items."""
    scorer = SCORERS[name]
    return {
        setting: scorer(case, panel, np.random.default_rng([*seed, 7]))
        for setting, panel, case in _settings(bench, number, seed, scorer.needs, given)
    }


PARTS = {
    "detection": {"detection, F1 at base rate": ("f1_at_base_rate", "value")},
    "fuzzing": {"fuzzing, F1 at base rate": ("f1_at_base_rate", "value")},
    "simulation": {"simulation, top and random": ("unweighted", "value")},
    "intruder": {"intruder, blind": ("blind", "value")},
    "predictive": {"predictive, unrelated only": ("unrelated", "value")},
}
"""Parts of scores that are tested too, by the names that they get."""


def _rows(name: str, score: Score) -> Iterator[tuple[str, float]]:
    assert score.value is not None
    yield name, score.value
    for row, (part, entry) in PARTS.get(name, {}).items():
        if part in score.parts:
            yield row, score.parts[part][entry]


def _settings(
    bench: SanityBench,
    number: int,
    seed: list[int],
    needs: Sequence[Need],
    given: Panel | None,
) -> Iterator[tuple[str, Panel, Case]]:
    """Descriptions and panels: the three descriptions with oracles, the true one with others."""
    for change in ("true", "missing", "extra"):
        case = bench.case(number, change)
        oracle = bench.oracle(number, np.random.default_rng([*seed, 1]))
        yield change, given or oracle_panel(oracle, case.description), case
    if given is not None or not set(needs) & {"judge", "embedder", "loss", "target"}:
        return
    case = bench.case(number, "true")
    yield "random", random_panel(np.random.default_rng([*seed, 2])), case
    if not set(needs) & {"judge", "target"}:
        return
    rng = np.random.default_rng([*seed, 3])
    panel = oracle_panel(bench.oracle(number, rng), case.description)
    assert panel.judge is not None
    half = Sometimes(panel.judge, Unreadable(rng), share=0.5, rng=rng)
    yield "nonsense", replace(panel, judge=half), case


def _mean(by: dict[str, list[float]] | None) -> float | None:
    values = [value for values in (by or {}).values() for value in values]
    return float(np.mean(values)) if values else None


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
