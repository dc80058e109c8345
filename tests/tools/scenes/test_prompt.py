import numpy as np
import pytest
from checks import refused, tables
from neuroscribe.tools.data.scene_pictures import picture_of, prompted, scene_corpus
from neuroscribe.tools.scenes.english import described
from neuroscribe.tools.scenes.grammar import scenes
from neuroscribe.tools.scenes.prompt import groups_of, scene_of, wanted
from neuroscribe.tools.scenes.scene import Scene, Thing, related
from neuroscribe.tools.scenes.things import GROUPS
from neuroscribe.tools.scenes.vocabulary import vocabulary

TABLES = tables(__file__)


def names(scene: Scene) -> list[str]:
    return sorted(thing.name for thing in scene.things)


@pytest.mark.parametrize("seed", range(5))
def test_counts_sizes_colours_relations_and_settings(seed):
    scene = scene_of("two small red cats left of a blue tree on a meadow", seed)
    assert names(scene) == ["cat", "cat", "tree"]
    cats, tree = scene.things[:2], scene.things[2]
    assert {(cat.colour, cat.extent) for cat in cats} == {("red", "small")}
    assert tree.colour == "blue"
    assert all(related(cat, "left of", tree) for cat in cats)
    assert scene.background == "meadow"


@pytest.mark.parametrize("seed", range(5))
def test_textures_places_and_plain_backgrounds(seed):
    scene = scene_of(
        "a large striped fish in the middle, 3 circles at the top; on a dotted yellow background",
        seed,
    )
    fish, *circles = scene.things
    assert (fish.name, fish.texture, fish.extent) == ("fish", "striped", "large")
    assert fish.places == {"middle"}
    assert len(circles) == 3
    assert all("top" in circle.places for circle in circles)
    assert (scene.background, scene.colour, scene.texture) == ("plain", "yellow", "dotted")


@pytest.mark.parametrize(("prompt", "found", "background"), TABLES["synonyms_and_plurals"])
def test_synonyms_and_plurals(prompt, found, background):
    scene = scene_of(prompt)
    assert names(scene) == found
    assert scene.background == background


def test_phrases_and_groups():
    scene = scene_of("a cat with stripes at the top left and a dog that is red, on blue")
    cat, dog = scene.things
    assert (cat.texture, cat.places) == ("striped", {"top", "left"})
    assert (dog.colour, dog.texture) == ("red", "plain")
    assert scene.colour == "blue"
    scene = scene_of("four animals and a vehicle", seed=2)
    assert sum(thing.name in GROUPS["animals"] for thing in scene.things) == 4
    assert sum(thing.name in GROUPS["vehicles"] for thing in scene.things) == 1
    assert scene_of("a cat", 1) == scene_of("a cat", 1)
    assert len({scene_of("a cat", seed) for seed in range(10)}) > 5


@pytest.mark.parametrize("relation", ["left of", "right of", "above", "below", "overlapping"])
def test_relations_hold(relation):
    for seed in range(4):
        one, other = scene_of(f"a cup {relation} a lamp", seed).things
        assert related(one, relation, other)
        assert related(one, "overlapping", other) == (relation == "overlapping")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [*TABLES["what_cannot_be_drawn_is_refused"], ("x" * 3000, "at most 2000 characters")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(prompt, words):
    refused(words, scene_of, prompt)


def test_english_is_read_back_as_the_same_content():
    for scene in scenes(120, seed=9):
        said = described(scene)
        again = scene_of(said, seed=1)
        assert sorted(described(again)) == sorted(said)
        assert again.background == scene.background
        for thing in scene.things:
            assert any(
                (other.name, other.colour, other.texture, other.extent, other.places)
                == (thing.name, thing.colour, thing.texture, thing.extent, thing.places)
                for other in again.things
            )
    assert described(Scene(background="sea")) == "at sea"
    assert scene_of(described(Scene(colour="red"))).colour == "red"


def test_noun_phrases_choose_things():
    scene = Scene(
        things=(
            Thing(name="cat", colour="red", x=0.2),
            Thing(name="cat", colour="blue", x=0.8),
            Thing(name="cup", colour="red", x=0.8, texture="dotted"),
        )
    )
    assert groups_of(scene, "the red cat") == [0]
    assert groups_of(scene, "cats") == [0, 1]
    assert groups_of(scene, "something red") == [0, 2]
    assert groups_of(scene, "the things at the right") == [1, 2]
    assert groups_of(scene, "red") == [0, 2]
    assert groups_of(scene, "spotted") == [2]
    assert groups_of(scene, "pets") == [0, 1]
    assert groups_of(scene, "a fish") == []
    refused("one phrase", wanted, "a cat and a dog")


def test_every_word_has_one_meaning_that_exists():
    for phrase, word in vocabulary().items():
        assert phrase
        if word.sort == "number":
            assert 1 <= int(word.value) <= 24


def test_pictures_carry_their_scene_and_recipe():
    picture = prompted("a red cat", seed=1)
    assert picture.recipe == {"scene": picture.scene.model_dump(mode="json")}
    assert picture.load().size == (224, 224)
    small = picture_of(picture.scene, side=32)
    assert small.key != picture.key
    assert small.load().size == (32, 32)
    corpus = scene_corpus(40, seed=2, names=["cat"], side=32)
    assert len({picture.key for picture in corpus.pictures}) == 40
    again = scene_corpus(40, seed=2, names=["cat"], side=32)
    assert corpus.hash == again.hash
    assert corpus.pictures[3].load().tobytes() == again.pictures[3].load().tobytes()
    assert np.mean([len(p.scene.things) > 0 for p in corpus.pictures if p.scene]) == 1
    refused("at least one", scene_corpus, 0)
