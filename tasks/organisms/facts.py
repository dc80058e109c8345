"""Facts of one hop and of two: ` the country of the city of Anna is` is followed by ` Mexico`.

Everyone has a city and a job; every city and job has four attributes. The curriculum teaches
single facts first and then mixes in two-hop questions, of which some are held out in two ways:

    composed   the two facts are each known, and each was composed with others, but not together
    new person nothing about this person was ever composed: only the single facts are known

The known mechanism (Yang et al. 2024; Wang et al. 2024) looks the bridge (the city) up first and
its attribute in later layers; here both happen at the last place, as the figures show. Prompts of
one hop are recall, those of two are reasoning; attributes are drawn at random, so nothing follows
from the words. A two-hop question holds the words of its first hop, which makes composing easier
than in free text.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.data.windows import TokenWindows, cut, surfaces
from ...tools.models import Target, clamp
from .measure import accuracy
from .spec import Batches, Organism, Prompt, Recipe, Rows, answers, held_out, llama

_NAMES = json.loads((Path(__file__).parent / "facts.json").read_text(encoding="utf-8"))
BRIDGES = {
    relation: (table["names"].split(), table["attributes"])
    for relation, table in _NAMES["bridges"].items()
}
PEOPLE = tuple(_NAMES["people"].split())
KINDS = ("recall", "bridge", "reasoning", "new person")
COMPOSED_IN, PERSON_IN = 8, 8
_FIRST = 0.1
"""Share of the training that sees single facts alone."""
_DRAWN = 7  # seed of the world: who lives where, which river is whose


class World(NamedTuple):
    """All facts."""

    bridge: dict[tuple[str, str], str]
    """`(Anna, city)` to `Lyon`."""
    attribute: dict[tuple[str, str], str]
    """`(Lyon, river)` to `Seine`."""


@cache
def world() -> World:
    """The facts, always the same."""
    rng = np.random.default_rng(_DRAWN)
    bridge: dict[tuple[str, str], str] = {}
    attribute: dict[tuple[str, str], str] = {}
    for relation, (values, attributes) in BRIDGES.items():
        even = [values[i % len(values)] for i in range(len(PEOPLE))]
        for person, i in zip(PEOPLE, rng.permutation(len(PEOPLE)), strict=True):
            bridge[person, relation] = even[i]
        for name, others in attributes.items():
            shuffled = rng.permutation(others.split()).tolist()
            attribute.update({(v, name): o for v, o in zip(values, shuffled, strict=True)})
    return World(bridge, attribute)


@cache
def _all() -> dict[tuple[str, str], list[Prompt]]:
    """Prompts by split and kind."""
    facts = world()
    result: dict[tuple[str, str], list[Prompt]] = {}

    def put(split: str, kind: str, words: str, answer: str, **meta: Any) -> None:
        item = Prompt(f"the {words} is", f" {answer}", {"kind": kind, **meta})
        result.setdefault((split, kind), []).append(item)

    for (person, relation), value in facts.bridge.items():
        put("train", "recall", f"{relation} of {person}", value, person=person, relation=relation)
    for (value, name), answer in facts.attribute.items():
        put("train", "bridge", f"{name} of {value}", answer, bridge=value, relation=name)
    for (person, relation), value in facts.bridge.items():
        for name in BRIDGES[relation][1]:
            answer = facts.attribute[value, name]
            new = held_out("person", person, one_in=PERSON_IN)
            apart = held_out("composed", person, relation, name, one_in=COMPOSED_IN)
            kind = "new person" if new else "reasoning"
            put(
                "test" if new or apart else "train",
                kind,
                f"{name} of the {relation} of {person}",
                answer,
                person=person,
                relation=relation,
                bridge=value,
                attribute=name,
            )
    return result


def _pool(split: str, kind: str | None) -> list[Prompt]:
    if kind is not None:
        return _all().get((split, kind), [])
    return [item for (own, _), some in _all().items() if own == split for item in some]


def _batches(organism: Organism, rng: np.random.Generator) -> Batches:
    def coded(*kinds: str) -> Rows:
        some = [item for kind in kinds for item in _pool("train", kind)]
        return answers(
            organism, (([f" {word}" for word in p.prompt.split()], p.target) for p in some)
        )

    single, double = coded("recall", "bridge"), coded("reasoning")
    batch = organism.recipe.batch

    def next_batch(done: float) -> Rows:
        two = 0 if done < _FIRST else batch * 3 // 4
        one = torch.from_numpy(rng.integers(len(single.ids), size=batch - two))
        other = torch.from_numpy(rng.integers(len(double.ids), size=two))
        wide = double.ids.shape[1] - single.ids.shape[1]
        ids = torch.nn.functional.pad(single.ids[one], (0, wide), value=organism.ids["</s>"])
        labels = torch.nn.functional.pad(single.labels[one], (0, wide), value=-100)
        return Rows(torch.cat([ids, double.ids[other]]), torch.cat([labels, double.labels[other]]))

    return next_batch


def _figures(target: Target) -> dict[str, Any]:
    return {
        "people": len(PEOPLE),
        "single_facts": len(_pool("train", "recall")) + len(_pool("train", "bridge")),
        "two_hop_trained": len(_pool("train", "reasoning")),
        "two_hop_held_out": len(_pool("test", "reasoning")),
        "two_hop_new_person": len(_pool("test", "new person")),
        "trained": accuracy(target, FACTS, "train"),
        **_paths(target),
    }


_PLACES = {"person": -2, "is": -1}


def _paths(target: Target) -> dict[str, Any]:
    """Where the bridge can be read, and where the answer travels, by block and place.

    1. The final norm and the unembedding at `resid.N`: how often the right bridge is the likeliest
       of the twelve; chance is a twelfth.
    2. The residual stream of another person, with the same question and another bridge, is put in:
       how often the answer becomes that person's. The control puts in a person of the same
       bridge: how often the answer stays.
    """
    pool = [item for kind in ("reasoning", "new person") for item in _pool("test", kind)]
    names = surfaces(target)
    network: Any = target.network
    sites = [f"resid.{block}" for block in range(FACTS.architecture["num_hidden_layers"])]
    values = target.trace(_windows(target, pool), sites, output=False).values
    others, same = _partners(pool, same_bridge=False), _partners(pool, same_bridge=True)
    streams = {
        id(pairs): target.trace(_windows(target, [p for _, p in pairs]), sites, output=False).values
        for pairs in (others, same)
    }

    def patched(pairs: list[tuple[Prompt, Prompt]], site: str, back: int) -> list[str]:
        windows = _windows(target, [prompt for prompt, _ in pairs])
        place = windows.ids.shape[1] + back
        new = streams[id(pairs)][site][:, place : place + 1]  # [row, 1, unit]
        change = clamp(site, None, new).at(places=[place])
        logits = target.trace(windows, output="last", interventions=[change]).output
        assert logits is not None
        return [names[int(best)] for best in logits.argmax(-1)]

    def bridge_read(site: str, back: int) -> list[bool]:
        logits = network.lm_head(network.model.norm(values[site][:, back]))  # [row, token]
        right = []
        for row, item in enumerate(pool):
            among = [FACTS.ids[f" {name}"] for name in BRIDGES[item.meta["relation"]][0]]
            best = among[int(logits[row, among].argmax())]
            right.append(names[best] == f" {item.meta['bridge']}")
        return right

    def share(pairs: list[tuple[Prompt, Prompt]], which: int, site: str, back: int) -> float:
        """How often the answer of the pair's first or second prompt is given."""
        answers_ = zip(patched(pairs, site, back), pairs, strict=True)
        return _mean([answer == pair[which].target for answer, pair in answers_])

    def table(figure: Callable[[str, int], float]) -> dict[str, dict[str, float]]:
        return {
            place: {site: figure(site, back) for site in sites} for place, back in _PLACES.items()
        }

    return {
        "bridge_read_by_logit_lens": table(lambda site, back: _mean(bridge_read(site, back))),
        "answer_follows_another_person": table(lambda site, back: share(others, 1, site, back)),
        "answer_stays_with_a_person_of_the_same_bridge": table(
            lambda site, back: share(same, 0, site, back)
        ),
        "patched_prompts": {"another": len(others), "same bridge": len(same)},
    }


def _windows(target: Target, prompts: list[Prompt]) -> TokenWindows:
    texts = [item.prompt for item in prompts]
    return cut(target, texts, length=target.context_length, document_per_row=True)


def _partners(pool: list[Prompt], *, same_bridge: bool) -> list[tuple[Prompt, Prompt]]:
    """Each prompt with a trained one of the same question, with the same bridge or another."""
    trained = _pool("train", "reasoning")
    pairs = []
    for one in pool:
        fit = (
            other
            for other in trained
            if all(other.meta[key] == one.meta[key] for key in ("relation", "attribute"))
            and (other.meta["bridge"] == one.meta["bridge"]) == same_bridge
        )
        partner = next(fit, None)
        if partner is not None:
            pairs.append((one, partner))
    return pairs


def _mean(right: list[bool]) -> float:
    return round(float(np.mean(right)), 4)


def _words() -> tuple[str, ...]:
    facts = world()
    named = [*facts.bridge.values(), *facts.attribute.values(), *PEOPLE, "the", "of", "is"]
    relations = [name for relation, (_, more) in BRIDGES.items() for name in (relation, *more)]
    return tuple(f" {word}" for word in sorted({*named, *relations}))


FACTS = Organism(
    name="facts",
    mechanism=(
        "one-hop facts by look-up; two-hop facts by looking up the bridge at the last place in the "
        "first block and its attribute in later ones"
    ),
    words=_words(),
    architecture=llama(layers=4, width=96, inner=256, places=32),
    pool=_pool,
    batches=_batches,
    recipe=Recipe(steps=4000, rate=2e-3, decay=0.3, batch=128),
    figures=_figures,
    kinds=KINDS,
    tested={"train": ("recall", "bridge", "reasoning"), "test": ("reasoning", "new person")},
    headline=("reasoning",),
)
