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

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...tools.models import Target
from .spec import Batches, Organism, Prompt, Recipe, Rows, answers, held_out

_PEOPLE = """
Anna Bela Carl Dora Emil Fay Gus Hana Ivan Judy Kurt Lena Milo Nora Otto Pia Quin Rosa Sven Tara
Ugo Vera Walt Xena Yuri Zoe Abel Bess Cleo Dean Edna Finn Gina Hugo Iris Jack Kara Liam Mona Neil
Olga Paul Rita Seth Tina Uma Vito Wanda Yves Zara Alma Boris Clara Derek Elsa Frank Greta Henry
Inga Jonas Karin Louis Mabel Nigel Oscar Petra Ralph Sonja Tomas Ursula Viktor Wilma Adele Bruno
Celia Dmitri Ernst Flora Gerda Harold
"""
_CITIES = "Arlon Bergen Cadiz Delft Essen Faro Ghent Hull Izmir Jena Kazan Lyon"
_JOBS = "baker clerk dentist editor farmer guard hunter judge miner nurse pilot tailor"
_OF_A_CITY = {
    "country": "Peru Chile Kenya Nepal Ghana Malta Qatar Japan Spain Italy Egypt Cuba",
    "river": "Rhine Loire Volga Tagus Indus Congo Niger Ebro Oder Seine Meuse Tiber",
    "mayor": "Adams Brown Clark Davis Evans Foster Green Harris Irwin Jones King Lewis",
    "food": "bread soup rice beans pasta fish stew cheese curry salad pie cake",
}
_OF_A_JOB = {
    "tool": "oven pen drill press plough lamp knife gavel pick needle radio scissors",
    "colour": "red blue green black white brown pink grey gold silver violet orange",
    "patron": "Agnes Barbara Cecilia Dominic Elmo Florian Gabriel Hubert Ives Jerome Luke Monica",
    "animal": "cat dog horse owl fox bear wolf hare goat crow seal swan",
}
BRIDGES = {"city": (_CITIES.split(), _OF_A_CITY), "job": (_JOBS.split(), _OF_A_JOB)}
PEOPLE = tuple(_PEOPLE.split())
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
        even = [values[at % len(values)] for at in range(len(PEOPLE))]
        for person, at in zip(PEOPLE, rng.permutation(len(PEOPLE)), strict=True):
            bridge[person, relation] = even[at]
        for name, others in attributes.items():
            shuffled = rng.permutation(others.split()).tolist()
            attribute.update({(v, name): o for v, o in zip(values, shuffled, strict=True)})
    return World(bridge, attribute)


@cache
def _all() -> dict[tuple[str, str], list[Prompt]]:
    """Prompts by split and kind."""
    facts = world()
    found: dict[tuple[str, str], list[Prompt]] = {}

    def put(split: str, kind: str, words: str, answer: str, **meta: Any) -> None:
        item = Prompt(f"the {words} is", f" {answer}", {"kind": kind, **meta})
        found.setdefault((split, kind), []).append(item)

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
    return found


def _pool(split: str, kind: str | None) -> list[Prompt]:
    if kind is not None:
        return _all().get((split, kind), [])
    return [item for (own, _), some in _all().items() if own == split for item in some]


def _batches(organism: Organism, rng: np.random.Generator) -> Batches:
    import torch

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
    from .measure import accuracy

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
    from ...tools.data.windows import cut, surfaces
    from ...tools.models import clamp

    pool = [item for kind in ("reasoning", "new person") for item in _pool("test", kind)]
    names = surfaces(target)
    network: Any = target.network
    blocks = range(FACTS.architecture["num_hidden_layers"])
    sites = [f"resid.{block}" for block in blocks]

    def run(some: list[Prompt]) -> Any:
        texts = [item.prompt for item in some]
        return cut(target, texts, length=target.context_length, document_per_row=True)

    def partners(same: bool) -> list[tuple[Prompt, Prompt]]:
        keys = ("relation", "attribute")
        return [
            (one, fit[0])
            for one in pool
            if (
                fit := [
                    p
                    for p in _pool("train", "reasoning")
                    if all(p.meta[k] == one.meta[k] for k in keys)
                    and (p.meta["bridge"] == one.meta["bridge"]) == same
                ]
            )
        ]

    values = target.trace(run(pool), sites, output=False).values
    lens: dict[str, dict[str, float]] = {}
    moved: dict[str, dict[str, float]] = {}
    stays: dict[str, dict[str, float]] = {}
    others, alike = partners(False), partners(True)
    given = {
        id(pairs): target.trace(run([two for _, two in pairs]), sites, output=False).values
        for pairs in (others, alike)
    }

    def patched(pairs: list[tuple[Prompt, Prompt]], site: str, at: int) -> list[str]:
        windows = run([one for one, _ in pairs])
        place = windows.ids.shape[1] + at
        new = given[id(pairs)][site][:, place : place + 1]  # [row, 1, unit]
        logits = target.trace(
            windows, output="last", interventions=[clamp(site, None, new).at(places=[place])]
        ).output
        assert logits is not None
        return [names[int(best)] for best in logits.argmax(-1)]

    for place, at in _PLACES.items():
        for site in sites:
            logits = network.lm_head(network.model.norm(values[site][:, at]))  # [row, token]
            right = []
            for row, item in enumerate(pool):
                among = [FACTS.ids[f" {name}"] for name in BRIDGES[item.meta["relation"]][0]]
                best = among[int(logits[row, among].argmax())]
                right.append(names[best] == f" {item.meta['bridge']}")
            lens.setdefault(place, {})[site] = _mean(right)
            went = [
                new == two.target
                for new, (_, two) in zip(patched(others, site, at), others, strict=True)
            ]
            kept = [
                new == one.target
                for new, (one, _) in zip(patched(alike, site, at), alike, strict=True)
            ]
            moved.setdefault(place, {})[site] = _mean(went)
            stays.setdefault(place, {})[site] = _mean(kept)
    return {
        "bridge_read_by_logit_lens": lens,
        "answer_follows_another_person": moved,
        "answer_stays_with_a_person_of_the_same_bridge": stays,
        "patched_prompts": {"another": len(others), "same bridge": len(alike)},
    }


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
    architecture={
        "model_type": "llama",
        "num_hidden_layers": 4,
        "hidden_size": 96,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 256,
        "max_position_embeddings": 32,
    },
    pool=_pool,
    batches=_batches,
    recipe=Recipe(steps=4000, rate=2e-3, decay=0.3, batch=128),
    figures=_figures,
    kinds=KINDS,
    tested={"train": ("recall", "bridge", "reasoning"), "test": ("reasoning", "new person")},
    headline=("reasoning",),
)
