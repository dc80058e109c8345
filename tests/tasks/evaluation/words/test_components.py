"""Words of components: a judge that knows, guesses, lies; what predictors draw; the verb."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from endpoint import completion, endpoint
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.evaluation.words.components import EACH, Drawn, Task, draw
from neuroscribe.tasks.evaluation.words.cost import Cost
from neuroscribe.tasks.evaluation.words.plan import Plan
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.results import UnitLabel, description_of, read_run
from neuroscribe.tasks.labelling.words import COMPONENTS, read_lines
from neuroscribe.tasks.scoring.measured import Splits
from oracles import Replies

from .conftest import after_red, says

RED = {"kind": "words", "words": ["red"]}
AFTER_RED = {"kind": "previous", "of": RED, "distance": 1}
NEVER = {"kind": "words", "words": ["zebra"]}
ASKED = {"kind": "judged", "statement": "it is red", "judge": "openai:m"}
WORK: Any = SimpleNamespace(plan=Plan("openai:m"))


def drawn(splits: Splits, predictor: dict, seed: int = 0) -> Drawn | str:
    rng = np.random.default_rng(seed)
    return draw(predictor, splits.test.windows, rng, causal=True)


def test_places_hold_the_same_tokens_where_the_predictor_asks_for_more(splits):
    places = drawn(splits, AFTER_RED)
    assert isinstance(places, Drawn)
    assert (places.pairs, places.high.sum(), (~places.high).sum()) == (EACH, EACH, EACH)
    assert [after_red(text) for text in places.texts] == places.high.tolist()
    marked = [text.split("«")[1] for text in places.texts]
    words = {
        side: sorted(marked[i] for i in np.flatnonzero(places.high == side))
        for side in (True, False)
    }
    assert words[True] == words[False]
    alone = drawn(splits, RED)
    assert isinstance(alone, Drawn)
    assert alone.pairs == 0
    assert len(alone.texts) == 2 * EACH


@pytest.mark.parametrize(
    ("predictor", "why"), [(NEVER, "holds at 0 places"), (ASKED, "is a judge itself")]
)
def test_what_cannot_be_judged_is_said(splits, predictor, why):
    assert why in str(drawn(splits, predictor))


def test_few_hundred_tokens_are_asked_about_a_component(splits):
    task = made(splits, AFTER_RED)
    assert 300 < Cost.of([*task.questions()]).tokens < 900


def made(splits: Splits, *predictors: dict, seed: int = 0) -> Task:
    parts = tuple(Component("the word after red", one) for one in predictors)
    record = {"unit": "mlp.0/1", **Description("x", parts).as_dict()}
    places = tuple(drawn(splits, one, seed) for one in predictors)
    return Task(UnitLabel("mlp.0/1", "x", "described", record), parts, places, seed)


def guesses(seed: int):
    rng = np.random.default_rng(seed)
    return says(lambda text: int(rng.integers(11)))


@pytest.mark.parametrize(
    ("reply", "unnamed", "area"),
    [
        (says(lambda text: 9 * after_red(text)), False, 1.0),
        (says(lambda text: 9 * (not after_red(text))), True, 0.0),
        (says(lambda text: 5), True, 0.5),
        (lambda question: "I cannot say", True, 0.0),
    ],
    ids=["knows", "lies", "shrugs", "says nothing"],
)
def test_a_judge_that_knows_names_and_others_do_not(splits, reply, unnamed, area):
    judge = Replies(reply)
    line = made(splits, AFTER_RED, NEVER).judged(judge, WORK, None)
    first, second = line["components"]
    assert first["unnamed"] is unnamed
    assert first["auroc"]["value"] == pytest.approx(area)
    assert first["auroc"]["low"] <= area <= first["auroc"]["high"]
    assert (second["unnamed"], "auroc" in second) == (None, False)
    assert line["asked"]["places"] == 2 * EACH
    assert all(set(one.data) == {"description", "places"} for one in judge.asked)


def test_one_in_ten_components_of_a_judge_that_guesses_passes(splits):
    lines = [
        made(splits, AFTER_RED, seed=seed).judged(Replies(guesses(seed)), WORK, None)
        for seed in range(60)
    ]
    assert np.mean([not line["components"][0]["unnamed"] for line in lines]) < 0.22


def reads(handler, request) -> None:
    """Knows the word cat, and nothing of others."""
    data = json.loads(request["messages"][1]["content"])
    fits = "cat" in data["description"]
    said = {"degrees": {k: 9 * fits * ("«cat" in v) for k, v in data["places"].items()}}
    handler.send(200, completion({"content": json.dumps(said)}))


@pytest.fixture
def run(described) -> Path:
    """A run of two units with a component each, one with words that say nothing."""
    cat = {"predictor": {"kind": "words", "words": ["cat"]}, "evidence": []}
    parts = ({"words": words, **cat} for words in ("the word cat", "things of a kind"))
    return described(*({"label": "x", "components": [part]} for part in parts))


def test_components_are_marked_in_every_door_and_judged_once(run, verb, shown):
    options = ["score", str(run), "--judge", "openai:m", "--components"]
    with endpoint(reads) as server:
        url = ["--base-url", server.url]
        cost = json.loads(shown(*options, *url, "--dry-run", "--json"))
        assert not server.requests
        assert cost["units"] == 2
        code, _, err = verb(*options, *url, "--max-tokens", "500")
        assert code == 1
        assert "will stop at --max-tokens" in err
        assert len(read_lines(run, file=COMPONENTS)) < 2
        code, out, err = verb(*options, *url)
        assert code == 0, err
        n = len(server.requests)
        assert verb(*options, *url)[0] == 0
        assert len(server.requests) == n
    assert "1 named, 1 unnamed, 0 not judged" in out
    first, second = read_run(RunFolder(run)).units
    (part,) = first.record["components"]
    assert (part["unnamed"], part["words_auroc"]) == (False, 1.0)
    assert description_of(second.record).components[0].unnamed is True
    assert "named (a judge gets AUROC 1.00" in shown("show", str(run), first.unit)
    assert "unnamed (a judge gets AUROC 0.50" in shown("show", str(run), second.unit)
    whole = json.loads(shown("show", str(run), "--json"))
    assert [unit["components"][0]["unnamed"] for unit in whole["units"]] == [False, True]
    assert "unnamed (a judge gets AUROC 0.50" in (run / "report.html").read_text()
    lines = list(RunFolder(run).own_labels().values())
    lines[0]["components"][0]["words"] = "other words"
    RunFolder(run).write_labels(lines)
    assert "unnamed" not in read_run(RunFolder(run)).units[0].record["components"][0]


def test_what_cannot_be_asked_of_components_is_one_line(run, refused):
    options = ["score", str(run), "--judge", "openai:m", "--base-url", "http://127.0.0.1:9/v1"]
    assert "--against compares labels" in refused(*options, "--components", "--against", str(run))
    lines = [{**line, "components": []} for line in RunFolder(run).own_labels().values()]
    RunFolder(run).write_labels(lines)
    assert "has a component that could be judged" in refused(*options, "--components")
