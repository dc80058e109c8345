"""Facts of one hop and of two: ` the country of the city of Anna is` is followed by ` Mexico`.

Everyone has a city and a job; every city and job has four attributes. The curriculum teaches
single facts first and then mixes in two-hop questions, of which some are held out in two ways:

    composed   the two facts are each known, and each was composed with others, but not together
    new person nothing about this person was ever composed: only the single facts are known

The known mechanism (Yang et al. 2024; Wang et al. 2024) looks the bridge (the city) up at the
person's place in early layers and its attribute in later ones. Prompts of one hop are recall,
those of two are reasoning; attributes are drawn at random, so nothing follows from the words.
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
    }


def _words() -> tuple[str, ...]:
    facts = world()
    named = [*facts.bridge.values(), *facts.attribute.values(), *PEOPLE, "the", "of", "is"]
    relations = [name for relation, (_, more) in BRIDGES.items() for name in (relation, *more)]
    return tuple(f" {word}" for word in sorted({*named, *relations}))


FACTS = Organism(
    name="facts",
    mechanism=(
        "one-hop facts by look-up, two-hop facts by looking up the bridge early and its attribute "
        "late"
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
