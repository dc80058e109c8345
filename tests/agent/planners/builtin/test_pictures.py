"""The built-in planner on pictures, against units that are functions of a scene, with noise.

The instruments are played here: `draw` gives the truth of the scene that is asked for.
"""

from collections.abc import Callable
from types import SimpleNamespace as Bench
from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.planners.builtin.pictures.investigation import Investigation
from neuroscribe.agent.planners.builtin.pictures.rules import SceneCase, case_label
from neuroscribe.agent.planners.builtin.pictures.spec import Spec
from neuroscribe.agent.planners.builtin.wording import without_repeats
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.evidence import Evidence, EvidenceStore
from neuroscribe.tools.memo import Memo
from neuroscribe.tools.models.image_input import crop_and_normalise
from neuroscribe.tools.models.unit import Unit
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.scenes.grammar import scenes as drawn_scenes
from neuroscribe.tools.scenes.scene import Scene

IMAGE = Bench(image=crop_and_normalise(32), name="played", tokenizer=None)
NOISE = 0.2
FULL = 3.0


def rows_of(scenes: list[Scene]) -> ImageRows:
    return image_rows(IMAGE, [picture_of(scene, side=48) for scene in scenes])


@pytest.fixture(scope="module")
def explore() -> list[Scene]:
    return drawn_scenes(400, seed=5)


@pytest.fixture(scope="module")
def rows(explore: list[Scene]) -> ImageRows:
    return rows_of(explore)


def named(*names: str) -> dict[str, Any]:
    return {"kind": "object", "names": list(names)}


def coloured(*colours: str) -> dict[str, Any]:
    return {"kind": "colour", "colours": list(colours)}


def both(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "thing", "of": list(parts)}


class Played:
    """An investigation whose instruments answer from a known function of the scene."""

    def __init__(self, truth: Any, explore: list[Scene], rows: ImageRows, memo: Any) -> None:
        self.truth, self.rng = truth, np.random.default_rng(1)
        column = self.measured(explore)[:, None]
        lab: Any = Bench(
            target=IMAGE,
            explore=rows,
            seed=0,
            left_out=frozenset(),
            memo=memo,
            evidence=EvidenceStore(),
            column=lambda unit: column,
        )
        self.work = Investigation(lab, Unit("conv.1", 0, 1), 0, effects=False)
        self.drawn = 0
        self.calls = 0

    def measured(self, scenes: list[Scene]) -> np.ndarray:
        truth = self.truth(scenes)
        strength = self.rng.uniform(0.9, 1.1, len(scenes))
        return FULL * truth * strength + NOISE * self.rng.normal(size=len(scenes))

    def conclusion(self) -> dict[str, Any]:
        turns = self.work.turns()
        calls = next(turns)
        while True:
            made = [self._answer(tool, arguments) for tool, arguments in calls.calls]
            try:
                calls = turns.send(made)
            except StopIteration:
                return self.work.conclusion().calls[0][1]

    def _answer(self, tool: str, arguments: dict[str, Any]) -> Evidence:
        self.calls += 1
        data: dict[str, Any] = {}
        if tool == "draw":
            scenes = [Scene.model_validate(scene) for scene in arguments["scenes"]]
            self.drawn += len(scenes)
            values = self.measured(scenes)
            data["measured"] = [{"activations": [float(value)]} for value in values]
        elif tool == "hypothesise":
            data["id"] = f"H{self.calls}"
        return Evidence(f"E{self.calls}", tool, arguments, "", data)


@pytest.fixture(scope="module")
def play(explore: list[Scene], rows: ImageRows) -> Callable[[Any], Played]:
    """Plays a function of scenes, or a predicate."""
    memo = Memo()

    def made(truth: Any) -> Played:
        def on(scenes: list[Scene]) -> np.ndarray:
            if callable(truth):
                return truth(scenes)
            return parse(truth).evaluate(rows_of(scenes))[:, 0]

        return Played(on, explore, rows, memo)

    return made


RULES = {
    "object": named("cat"),
    "or": {"kind": "or", "of": [named("cat"), coloured("blue")]},
    "and": {
        "kind": "and",
        "of": [
            named("cat", "dog", "rabbit"),
            {"kind": "background", "names": ["sea", "meadow", "sky"]},
        ],
    },
    "and-not": {
        "kind": "except",
        "of": coloured("green"),
        "but": named("car", "bus", "boat", "plane"),
    },
    "exception": {
        "kind": "except",
        "of": coloured("red", "yellow"),
        "but": both(coloured("red", "yellow"), named("circle", "star")),
    },
    "count": {"kind": "number", "at_least": 3},
    "exactly": {
        "kind": "number",
        "of": named("cat", "dog", "apple", "turtle"),
        "at_least": 2,
        "at_most": 2,
    },
    "place": both(coloured("red", "yellow", "green"), {"kind": "place", "places": ["left"]}),
    "large": {"kind": "size", "sizes": ["large"]},
}


@pytest.mark.parametrize("name", RULES)
def test_rules_are_recovered(name: str, play) -> None:
    played = play(RULES[name])
    found = played.conclusion()
    assert found["status"] == "described"
    fresh = rows_of(drawn_scenes(1500, seed=77))
    wanted = parse(RULES[name]).evaluate(fresh)[:, 0] > 0
    said = np.max(
        [parse(part["predictor"]).evaluate(fresh)[:, 0] > 0 for part in found["components"]], axis=0
    )
    assert said[wanted].mean() >= 0.97
    assert (~said[~wanted]).mean() >= 0.97
    assert found["confidence"] > 0.7
    assert 100 < played.drawn < 2500


def test_strengths_are_found(play) -> None:
    steps = {"large": 1.0, "medium": 0.6, "small": 0.3}
    levels = [
        {"of": both(coloured("red"), {"kind": "size", "sizes": [size]}), "value": value}
        for size, value in steps.items()
    ]
    truth = {"kind": "graded", "levels": levels}
    (part,) = play(truth).conclusion()["components"]
    fresh = rows_of(drawn_scenes(800, seed=78))
    wanted = parse(truth).evaluate(fresh)[:, 0]
    assert np.corrcoef(parse(part["predictor"]).evaluate(fresh)[:, 0], wanted)[0, 1] > 0.95


def test_what_does_not_come_back_when_drawn_again_is_no_function(play) -> None:
    rng = np.random.default_rng(3)
    found = play(lambda scenes: rng.random(len(scenes)) < 0.1).conclusion()
    assert found["status"] == "uninterpretable"
    assert found["components"] == []


def test_a_unit_that_never_fires_is_dead(explore, play) -> None:
    played = play(lambda scenes: np.zeros(len(scenes)))
    played.work.lab.column = lambda unit: np.zeros((len(explore), 1))
    assert played.conclusion()["status"] == "dead"


def test_pictures_that_are_kept_aside_decide_nothing(play) -> None:
    first, second = (play(coloured("red", "blue")) for _ in range(2))
    aside = second.work.aside
    assert aside.sum() == 40
    column = second.work.lab.column(second.work.unit)
    column[aside] = column[aside][::-1] + 1
    one, other = first.conclusion(), second.conclusion()
    assert one["components"] == other["components"]
    assert first.work.findings.held_out != second.work.findings.held_out
    assert first.work.findings.held_out.explained > 0.8 > second.work.findings.held_out.explained
    assert "On 40 pictures of explore that decided nothing" in first.work.conclusion().why


@pytest.mark.parametrize(
    ("clauses", "said"),
    [
        ([("red or orange star", 9), ("red or orange star", 5)], ["red or orange star"]),
        ([("star at the top", 3), ("star", 8)], ["star"]),
        ([("star", 3), ("star or moon", 8)], ["star or moon"]),
        ([("'art'", 3), ("'cart'", 8)], ["'art'", "'cart'"]),
        ([("star", 3), ("sea backgrounds", 8)], ["star", "sea backgrounds"]),
    ],
)
def test_a_label_says_each_thing_once(clauses: list[tuple[str, int]], said: list[str]) -> None:
    assert without_repeats(clauses) == said


def test_a_label_of_two_alike_cases_is_whole_and_says_it_once(rows) -> None:
    star = Spec({"colour": ("red", "orange"), "name": ("star",)})
    two = [
        SceneCase((star,), but=(named("cat"),), but_words=("cat",)),
        SceneCase((star,), backgrounds=("sea", "desert", "meadow", "street")),
    ]
    assert case_label(two, rows) == "red or orange star"
    long = SceneCase(
        (star,), but=(named("cat"),), but_words=("cat or dog or rabbit or turtle or fish",)
    )
    assert case_label([long, SceneCase((Spec({"name": ("moon",)}),))], rows) == (
        "red or orange star; or moon"
    )
