"""The suite of planted text units: one seed gives two benches, everyday text (A) and prose (B).

1. Forms are drawn over word sets; the corpus is written (or prose edited) as they ask: words that
   always come together, exceptions and suppressors that hardly come at all.
2. Units that answer to the forms are planted among the neurons of one MLP of the host, each on the
   scale of a host neuron and with another as background. What they write into the residual stream
   is known: toward their own concept, toward another one, or nothing; some come in pairs that do
   the same.
3. Beside them stand units without a function (null) and units that never fire (dead), and tier C:
   functions that no predicate can say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch

from ....tools.data.corpus import Corpus, Document
from ....tools.data.windows import cut, surfaces
from ....tools.errors import UsageError
from ....tools.models.interleave import Interleaved, interleave
from ....tools.models.planted import Vocabulary, residual_norm
from ....tools.models.target import Target
from . import beyond, signal
from .agreeing import agreeing
from .draw import BENT, FORMS, Draw, Written
from .forms import Form

Tier = Literal["A", "B", "C"]
KINDS = (*FORMS, "null", "dead")
SITE = "mlp.1"
EACH = {"A": 7, "B": 5}
"""Units of each kind and seed; every kind has as many in tiers A and B together."""
BEYOND = 6
"""Units of tier C on each bench."""
_LENGTH = 0.25
_LEAST_WORDS = 5  # of a set, that are one token of a host
TOKENS = 100_000


@dataclass(frozen=True)
class GroundUnit:
    """A planted unit and its truth."""

    unit: str
    """Its name at the target, one among the host's own."""
    tier: Tier
    kind: str
    variant: str
    text: str
    """The true description."""
    form: Form | None
    """None for units without a function."""
    relation: str
    """What it writes: toward its `own` concept, toward `other` words, `nothing`, or half of what a
    `twin` writes too."""
    promotes: tuple[str, ...] = ()
    """Words that its output vector points to."""


@dataclass(frozen=True)
class GroundBench:
    """A target with planted units, its corpus, and text that nobody sees."""

    name: str
    target: Target
    corpus: Corpus
    units: tuple[GroundUnit, ...]
    fresh: tuple[str, ...]
    """Texts for the cells of truth tables."""
    vocabulary: Vocabulary = field(repr=False)


def bench(
    tier: Tier,
    seed: int,
    *,
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    beyond_each: int = BEYOND,
    tokens: int = TOKENS,
    host: Target | None = None,
) -> GroundBench:
    """One bench of one seed, with units of that tier and half of tier C.

    Args:
        tier: `A`: everyday text written for the suite; `B`: prose and word sets from elsewhere.
        seed: Of everything; below 1000 are for development.
        kinds: Kinds of units to plant.
        each: Units of each kind; default `EACH`.
        beyond_each: Units of tier C.
        tokens: About how many tokens the corpus has.
        host: A language model or encoder to plant in; default: the one that ships.

    Raises:
        UsageError: if the host cannot carry the suite.
    """
    from .host import suite_host

    each = EACH[tier] if each is None else each
    source = _everyday(tokens, seed) if tier == "A" else _prose(tokens, seed)
    if host is not None:
        source = _fitted(source, host)
    host = host or suite_host()
    rng = np.random.default_rng([seed, "AB".index(tier)])
    stream = _stream(host, source.plain())
    draw = Draw(source.sets, source.pools, surfaces(host), stream, rng)
    drawn: list[tuple[str, Form | None]] = []
    for kind in sorted(kinds, key=lambda kind: kind not in BENT):
        for turn in range(each):
            twin = kind == "one" and turn == 1
            form = drawn[-1][1] if twin else None
            if form is None and kind in FORMS:
                form = draw.form(kind, turn)
            drawn.append((kind, form))
    for turn in range(beyond_each):
        drawn.append(("beyond", _beyond(turn + beyond_each * (tier == "B"), draw, host, stream)))
    documents, fresh = source.written(draw.written)
    forms = [form for _, form in drawn if form is not None]
    vocabulary = Vocabulary(surfaces(host), host.tokenizer)
    documents = agreeing(documents, host, vocabulary, forms, rng)
    order = [int(at) for at in rng.permutation(len(drawn))]
    planted, facts = _plant(host, [drawn[at] for at in order], source, rng)
    target, names = interleave(host, planted, site=SITE, seed=seed)
    units = []
    for (kind, form), name, (relation, promotes) in zip(
        [drawn[at] for at in order], names, facts, strict=True
    ):
        units.append(
            GroundUnit(
                name,
                "C" if kind == "beyond" or (form and form.facts.get("beyond")) else tier,
                kind,
                form.variant if form else "",
                form.text if form else kind,
                form,
                relation,
                promotes,
            )
        )
    corpus = Corpus(
        f"suite {seed} {tier}",
        [Document(f"{number}", text) for number, text in enumerate(documents)],
    )
    return GroundBench(f"{seed}-{tier}", target, corpus, tuple(units), tuple(fresh), vocabulary)


@dataclass(frozen=True)
class _Source:
    sets: Any
    pools: Any
    plain: Any
    """Documents before anything is asked of them."""
    written: Any
    """`Written` to the documents of the corpus and fresh texts."""


def _fitted(source: _Source, host: Target) -> _Source:
    """The source with those words only that are one token of a host.

    Raises:
        UsageError: if the host is no language model, or does not begin texts as forms count.
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

    def kept(words: Sequence[str]) -> tuple[str, ...]:
        return tuple(word for word in words if word.lower() in whole)

    sets = {name: replace(item, words=kept(item.words)) for name, item in source.sets.items()}
    sets = {name: item for name, item in sets.items() if len(item.words) >= _LEAST_WORDS}
    pools = {name: kept(words) for name, words in source.pools.items()}
    return replace(source, sets=sets, pools=pools)


def _everyday(tokens: int, seed: int) -> _Source:
    from .words import categories, pools
    from .writing import documents

    sets = categories()
    many = max(40, tokens // 90)

    def plain() -> list[str]:
        return documents(sets, many=many // 2, seed=seed)

    def written(asked: Written) -> tuple[list[str], list[str]]:
        more: Any = {
            "pairings": asked.pairings,
            "avoid": asked.avoid,
            "drop": frozenset(asked.drop),
        }
        texts = documents(sets, many=many, seed=seed + 1, **more)
        return texts, documents(sets, many=300, seed=seed + 2)

    return _Source(sets, pools(), plain, written)


def _prose(tokens: int, seed: int) -> _Source:
    from .prose import avoided, dropped, paired, prose_documents, prose_sets
    from .words import pools

    whole = prose_documents(many_tokens=tokens + tokens // 5, seed=seed)
    cut_at = max(1, len(whole) * 5 // 6)
    kept, fresh = whole[:cut_at], whole[cut_at:]
    sets = {item.name: item for item in prose_sets(kept, many=60, seed=seed)}

    def written(asked: Written) -> tuple[list[str], list[str]]:
        texts = dropped(kept, frozenset(asked.drop), seed=seed)
        texts = avoided(texts, asked.avoid, seed=seed)
        return paired(texts, asked.pairings, seed=seed), fresh

    return _Source(sets, {"adjectives": pools()["adjectives"]}, lambda: kept, written)


def _beyond(turn: int, draw: Draw, host: Target, stream: np.ndarray) -> Form:
    table = host.network.get_input_embeddings().weight  # type: ignore[operator]
    embedding = table.detach().float().cpu().numpy()  # [id, d]
    frequency = np.bincount(stream, minlength=len(embedding))
    which = turn % 7
    if which == 0:
        return beyond.probe(embedding, frequency, draw.rng)
    if which == 1:
        found = draw.category()
        ids = np.array([i for i, s in enumerate(surfaces(host)) if s.strip() in found.words])
        return beyond.nearness(embedding, frequency, ids, found.name)
    if which == 2:
        return beyond.alliteration()
    if which == 3:
        return beyond.longer(int(draw.rng.integers(4, 7)))
    if which == 4:
        return beyond.parity((",",), ("the", "a", "and", "of"))
    if which == 5:
        return beyond.small_network(int(draw.rng.integers(1 << 20)))
    return beyond.ordered(draw.category().words)


def _plant(
    host: Target,
    drawn: Sequence[tuple[str, Form | None]],
    source: _Source,
    rng: np.random.Generator,
) -> tuple[list[Interleaved], list[tuple[str, tuple[str, ...]]]]:
    values = _neurons(host, source.plain())  # [token, neuron]
    strong = np.flatnonzero(np.quantile(values, 0.99, axis=0) > np.median(np.abs(values)))
    block = host.sites[SITE].block
    assert block is not None
    length = _LENGTH * residual_norm(host, block)
    head: Any = host.network.get_output_embeddings()  # type: ignore[operator]
    if head is None:  # an encoder writes toward what it reads
        head = host.network.get_input_embeddings()  # type: ignore[operator]
    unembedding = head.weight.detach().float()  # [id, d]
    names = [surface.strip().lower() for surface in surfaces(host)]
    concepts = [form.concept for _, form in drawn if form is not None and form.concept]
    planted, facts = [], []
    for number, (kind, form) in enumerate(drawn):
        like, behind = (int(at) for at in rng.choice(strong, 2, replace=False))
        neuron = signal.Neuron(like, np.sort(values[:, like]))
        other = signal.Neuron(behind, np.sort(values[:, behind]))
        twin = any(f is form for f in [f for _, f in drawn[:number]]) if form else False
        twin = twin or (form is not None and sum(f is form for _, f in drawn) > 1)
        relation = "twin" if twin else ("own", "other", "own", "nothing")[number % 4]
        words: tuple[str, ...] = ()
        if relation != "nothing":
            words = form.concept if form is not None and relation != "other" else ()
            words = words or concepts[int(rng.integers(len(concepts)))] if concepts else ()
        vector = torch.zeros(unembedding.shape[1])
        spoken = {word.lower() for word in words}
        chosen = torch.tensor([name in spoken for name in names])
        if chosen.any():
            toward = unembedding[chosen].mean(0) - unembedding.mean(0)
            vector = toward / toward.norm().clamp(min=1e-6) * length / neuron.scale
            vector = vector / 2 if twin else vector
        seed = int(rng.integers(1 << 30))
        function = _function(kind, form, neuron, seed, number)
        limit = 0.2 * neuron.scale
        quiet = kind in ("dead", "null") and not (kind == "null" and number % 3 == 1)
        planted.append(
            Interleaved(
                function,
                vector,
                None if quiet else behind,
                limit / max(other.spread, 1e-9),
                limit,
            )
        )
        facts.append((relation, words) if chosen.any() else ("nothing", ()))
    return planted, facts


def _function(kind: str, form: Form | None, neuron: signal.Neuron, seed: int, turn: int) -> Any:
    if form is not None:
        return signal.active(form, neuron, seed)
    if kind == "dead":
        return signal.dead(neuron, seed, below=bool(turn % 2))
    which = (signal.permuted, signal.hashed, signal.noise)[turn % 3]
    return which(neuron, seed)


def _stream(host: Target, texts: Sequence[str]) -> np.ndarray:
    windows = cut(host, texts, length=64)
    return windows.ids[windows.counted]


def _neurons(host: Target, texts: Sequence[str], *, rows: int = 128) -> np.ndarray:
    """Activations of the site's own neurons on some text, `[token, neuron]`."""
    windows = cut(host, texts, length=64).rows(slice(0, rows))
    values = host.trace(windows, [SITE], output=False).values[SITE]
    return values.float().cpu().numpy()[windows.counted]
