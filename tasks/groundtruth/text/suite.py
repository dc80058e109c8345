"""The suite of planted text units: one seed gives two benches, everyday text (A) and prose (B).

1. Functions are drawn over word sets; the corpus is written (or prose edited) as they ask: words
   that always come together, exceptions and suppressors that hardly come at all.
2. Units with these functions are planted among the neurons of one MLP of the host
   (`groundtruth/planted.py`). What they write into the residual stream is known.
3. Beside them stand units without a function (null), units that never fire (dead), and tier C:
   functions that no predicate can say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ....tools.data.corpus import Corpus, Document
from ....tools.data.windows import cut, surfaces
from ....tools.errors import UsageError
from ....tools.models.planted import Vocabulary
from ....tools.models.target import Target
from ..planted import (
    INEXPRESSIBLE,
    NO_FUNCTION,
    PlantedUnit,
    Probes,
    Tier,
    draw_functions,
    plant,
)
from . import inexpressible, prose, signal, words
from .agreeing import agreeing
from .draw import DRAWN_FIRST, EXPRESSIBLE, Asked, Draw
from .functions import TextFunction
from .host import suite_host
from .host_neurons import HostNeurons
from .inputs import probes
from .sets import prose_sets
from .writing import documents

KINDS = (*EXPRESSIBLE, *NO_FUNCTION)
SITE = "mlp.1"
EACH = {"A": 7, "B": 5}
"""Units of each kind and seed; every kind has as many in tiers A and B together."""
EACH_INEXPRESSIBLE = 6
"""Units of tier C on each bench."""
_LEAST_WORDS = 5
"""Words of a set that are one token of a host."""
TOKENS = 100_000


@dataclass(frozen=True)
class TextBench:
    """A target with planted units, its corpus, and text that nobody sees."""

    name: str
    target: Target
    corpus: Corpus
    units: tuple[PlantedUnit, ...]
    fresh: tuple[str, ...]
    """Texts for the cells of truth tables."""
    vocabulary: Vocabulary = field(repr=False)

    def probes(self, unit: PlantedUnit, seed: int) -> Probes | None:
        """Fresh inputs for every cell of a unit's truth table; None without a function."""
        if unit.function is None:
            return None
        return probes(unit.function, self.target, self.vocabulary, self.fresh, seed=seed)


def bench(
    tier: Tier,
    seed: int,
    *,
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    inexpressible_each: int = EACH_INEXPRESSIBLE,
    tokens: int = TOKENS,
    host: Target | None = None,
) -> TextBench:
    """One bench of one seed, with units of that tier and half of tier C.

    Args:
        tier: `A`: everyday text written for the suite; `B`: prose and word sets from elsewhere.
        seed: Of everything; below 1000 are for development.
        kinds: Kinds of units to plant.
        each: Units of each kind; default `EACH`.
        inexpressible_each: Units of tier C.
        tokens: About how many tokens the corpus has.
        host: A language model or encoder to plant in; default: the one that ships.

    Raises:
        UsageError: if the host cannot carry the suite.
    """
    host = host or suite_host()
    source = _fitted(_everyday(tokens, seed) if tier == "A" else _prose(tokens, seed), host)
    rng = np.random.default_rng([seed, "AB".index(tier)])
    stream = _stream(host, source.plain())
    draw = Draw(source.sets, source.pools, surfaces(host), stream, rng)
    order = sorted(kinds, key=lambda kind: kind not in DRAWN_FIRST)
    each = EACH[tier] if each is None else each
    drawn = draw_functions(order, each, draw.function, twins="one")
    first = inexpressible_each * (tier == "B")
    for turn in range(first, first + inexpressible_each):
        drawn.append((INEXPRESSIBLE, _inexpressible(turn, draw, host, stream)))
    texts, fresh = source.written(draw.asked)
    functions = [function for _, function in drawn if function is not None]
    vocabulary = Vocabulary(surfaces(host), host.tokenizer)
    texts = agreeing(texts, host, vocabulary, functions, rng)
    target, units = plant(
        host,
        SITE,
        drawn,
        lambda drawn: HostNeurons(host, SITE, drawn, source.plain()),
        signal,
        rng,
        tier=tier,
        seed=seed,
    )
    corpus = Corpus(
        f"suite {seed} {tier}",
        [Document(f"{number}", text) for number, text in enumerate(texts)],
    )
    return TextBench(f"{seed}-{tier}", target, corpus, units, tuple(fresh), vocabulary)


@dataclass(frozen=True)
class _Source:
    sets: Mapping[str, words.Category]
    pools: Mapping[str, Sequence[str]]
    plain: Callable[[], list[str]]
    """Documents before anything is asked of them."""
    written: Callable[[Asked], tuple[list[str], list[str]]]
    """The documents of the corpus and fresh texts."""


def _fitted(source: _Source, host: Target) -> _Source:
    """The source with those words only that are one token of a host.

    The prose is that of the running Python, so even the host that ships may not know them all.

    Raises:
        UsageError: if the host is no language model, or does not begin texts as functions count.
    """
    if host.kind not in ("causal", "encoder") or SITE not in host.sites:
        raise UsageError(f"{host.name} cannot carry the suite: no language model with site {SITE}")
    begun = cut(host, ["a"], length=8)
    if int((begun.attended & ~begun.counted)[0, :2].sum()) != 1:
        raise UsageError(
            f"{host.name} cannot carry the suite: its tokenizer does not begin a text with one "
            "special token, from which places are counted"
        )
    whole = {surface.strip().lower() for surface in surfaces(host)}

    def kept(given: Sequence[str]) -> tuple[str, ...]:
        return tuple(word for word in given if word.lower() in whole)

    sets = {name: replace(item, words=kept(item.words)) for name, item in source.sets.items()}
    sets = {name: item for name, item in sets.items() if len(item.words) >= _LEAST_WORDS}
    pools = {name: kept(given) for name, given in source.pools.items()}
    return replace(source, sets=sets, pools=pools)


def _everyday(tokens: int, seed: int) -> _Source:
    sets = words.categories()
    size = max(40, tokens // 90)

    def plain() -> list[str]:
        return documents(sets, n=size // 2, seed=seed)

    def written(asked: Asked) -> tuple[list[str], list[str]]:
        texts = documents(
            sets,
            n=size,
            seed=seed + 1,
            pairings=asked.pairings,
            avoid=asked.avoid,
            drop=frozenset(asked.drop),
        )
        return texts, documents(sets, n=300, seed=seed + 2)

    return _Source(sets, words.pools(), plain, written)


def _prose(tokens: int, seed: int) -> _Source:
    whole = prose.prose_documents(max_tokens=tokens + tokens // 5, seed=seed)
    cut_at = max(1, len(whole) * 5 // 6)
    kept, fresh = whole[:cut_at], whole[cut_at:]
    sets = {item.name: item for item in prose_sets(kept, limit=60, seed=seed)}

    def written(asked: Asked) -> tuple[list[str], list[str]]:
        texts = prose.dropped(kept, frozenset(asked.drop), seed=seed)
        texts = prose.avoided(texts, asked.avoid, seed=seed)
        return prose.paired(texts, asked.pairings, seed=seed), fresh

    return _Source(sets, {"adjectives": words.pools()["adjectives"]}, lambda: kept, written)


def _inexpressible(turn: int, draw: Draw, host: Target, stream: np.ndarray) -> TextFunction:
    table = host.network.get_input_embeddings().weight  # type: ignore[operator]
    embedding = table.detach().float().cpu().numpy()  # [id, d]
    frequency = np.bincount(stream, minlength=len(embedding))
    match turn % 7:
        case 0:
            return inexpressible.probe(embedding, frequency, draw.rng)
        case 1:
            result = draw.category()
            ids = np.array([i for i, s in enumerate(surfaces(host)) if s.strip() in result.words])
            return inexpressible.nearness(embedding, frequency, ids, result.name)
        case 2:
            return inexpressible.alliteration()
        case 3:
            return inexpressible.longer(int(draw.rng.integers(4, 7)))
        case 4:
            return inexpressible.parity((",",), ("the", "a", "and", "of"))
        case 5:
            return inexpressible.small_network(int(draw.rng.integers(1 << 20)))
        case _:
            return inexpressible.ordered(draw.category().words)


def _stream(host: Target, texts: Sequence[str]) -> np.ndarray:
    windows = cut(host, texts, length=64)
    return windows.ids[windows.counted]
