"""Of several attempts the best on validation is kept; triage investigates where it pays."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy
from neuroscribe.agent.description import Component, Description
from neuroscribe.agent.planners.oneshot import OneShotFactory, TriageFactory
from neuroscribe.agent.transcript import read
from neuroscribe.tasks.labelling.attempts import Attempt, RunTokens, choose, pays
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.scoring.validation import agreement, best_table, cross_fitted
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.llm.usage import Meter
from synthetic_splits import tokens


def attempt(*numbers: int, status: Any = "described") -> Attempt:
    """A description with a component for each token."""
    parts = tuple(Component(f"t{n}", tokens(n), ("E1",)) for n in numbers)
    lab: Any = SimpleNamespace(meter=Meter())
    description = Description("x", parts, status=status)
    return Attempt("toy", description, status, lab, Path("x.jsonl"), 0.0)


@pytest.fixture
def two(splits):
    """A unit of two tokens."""
    return splits(lambda ids, before: 1.0 * (ids == 3) + 0.6 * (ids == 5))


@pytest.fixture
def null(splits):
    """A unit of one token among noise that nothing explains."""
    return lambda seed: splits(
        lambda ids, before: 1.0 * (ids == 3) + np.random.default_rng(seed).normal(0, 1, ids.shape)
    )


def test_the_better_on_validation_is_kept_and_takes_what_helps_from_the_other(two):
    kept = choose([attempt(5), attempt(3)], two)
    assert kept.number == 1
    assert [part.words for part in kept.description.components] == ["t3", "t5"]
    assert kept.merged == (0,)
    assert kept.description.components[1].evidence == ()
    assert "component 2 is from attempt 1" in kept.description.notes[0]
    assert kept.scores[1].value > kept.scores[0].value


@pytest.mark.parametrize("status", ["failed", "uninterpretable"])
def test_what_describes_nothing_is_neither_kept_nor_merged(two, status):
    kept = choose([attempt(3, status=status), attempt(5)], two)
    assert (kept.number, kept.merged) == (1, ())


def test_of_equals_the_first_is_kept_and_nothing_is_added(two):
    kept = choose([attempt(3), attempt(3)], two)
    assert (kept.number, kept.merged) == (0, ())


def test_on_null_data_nothing_is_added(null):
    added = sum(len(choose([attempt(3), attempt(7)], null(seed)).merged) for seed in range(5))
    assert added == 0


def test_test_plays_no_part_in_the_choice(two):
    spoilt = replace(two.test, values=-two.test.values)
    one = choose([attempt(5), attempt(3)], two)
    other = choose([attempt(5), attempt(3)], two._replace(test=spoilt))
    assert one == other


def test_cross_fitting_gives_more_components_no_advantage(null):
    split = null(0).validation
    few = agreement(cross_fitted(attempt(3).description.components, split), split)
    more = attempt(3, 1, 2, 4, 6, 7, 8).description.components
    many = agreement(cross_fitted(more, split), split)
    assert many.value < few.value + 0.01


def test_it_pays_where_a_table_says_more_or_the_words_say_little(two):
    assert best_table(two) > 0.9
    assert pays(attempt(9), two)[0]
    assert pays(attempt(5), two)[0]
    worth, why = pays(attempt(3, 5), two)
    assert not worth
    assert why["oneshot"]["value"] > 0.9
    assert pays(attempt(3, 5, status="failed"), two)[0]


def test_tokens_are_set_aside_before_an_investigation_begins():
    left = RunTokens(100_000)
    first, second, third = left.take(), left.take(), left.take()
    assert first == second == 40_000
    assert third is None
    left.settle(first, 5_000)
    assert left.spent == 45_000
    assert left.take() == 5_000, "what investigations take is learnt from those that were made"
    assert RunTokens(None, 10**9).take() == 40_000


class Words(toy.Toy):
    """Concludes with another word at each attempt, in the order of the attempts."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self._words = list(words)

    def __call__(self, lab: Any) -> Any:
        word = self._words.pop(0) if len(self._words) > 1 else self._words[0]
        planner = toy.Toy()
        end = json.loads(json.dumps(planner.turns[1]).replace("the word cat", f"the word {word}"))
        planner.turns = [planner.turns[0], [tuple(call) for call in end]]
        return planner(lab)


def test_tries_leave_a_transcript_each_and_one_record(label, settings, tmp_path):
    given = replace(settings, tries=2, units="mlp.0/0")
    run = label(given, tmp_path / "r", planner=Words("cat", "dog"))
    record = run["mlp.0/0"].record
    first, second = record["attempts"]
    assert [first["label"], second["label"]] == ["the word cat", "the word dog"]
    assert first["kept"] != second["kept"]
    assert (tmp_path / "r" / "transcripts" / "mlp.0_0.try2.jsonl").exists()
    kept = first if first["kept"] else second
    assert record["transcript"] == kept["transcript"]
    assert concluded(tmp_path / "r", record) == kept["label"]
    assert read(tmp_path / "r" / second["transcript"]).header["seed"] == settings.seed + 1
    assert label(given, tmp_path / "r").missing == ()


class Model:
    """A language model for one look; counts tokens as an endpoint would."""

    model = "m"

    def __init__(self, words: str) -> None:
        self.asked = 0
        self.text = json.dumps(
            {"label": f"the word {words}", "predictor": {"kind": "words", "words": [words]}}
        )

    def complete(self, messages: Any, *, meter: Meter, **options: Any) -> Any:
        self.asked += 1
        meter.tokens_in += 2000
        meter.requests += 1
        return SimpleNamespace(text=self.text, finish_reason="stop")


def concluded(folder: Path, record: Any) -> str:
    """The label that the planner gave."""
    return read(folder / record["transcript"]).of("conclusion")[-1]["description"]["label"]


Triage = Callable[..., tuple[TriageFactory, Model]]


@pytest.fixture
def triage() -> Triage:
    def make(whole: Any = None) -> tuple[TriageFactory, Model]:
        model: Any = Model("sun")
        return TriageFactory(OneShotFactory(model), whole or toy.Toy()), model

    return make


@pytest.fixture
def units(settings) -> Settings:
    given = {"planner": "triage:m", "base_url": "http://127.0.0.1:9/v1", "leave_out": "fit"}
    return replace(settings, units="mlp.0/0-1", **given)


def test_triage_says_which_way_each_description_came(label, units, triage, tmp_path):
    run = label(units, tmp_path / "r", planner=triage()[0])
    for unit in run.units:
        record = unit.record
        assert record["planner"] == "triage:m"
        assert record["triage"]["decision"] == "investigated", "a random unit is no word"
        assert [one["planner"] for one in record["attempts"]] == ["oneshot:m", "toy"]
        assert record["meter"]["tokens_in"] == 2000
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Tokens against score" in page


def test_without_tokens_a_look_is_all_there_is(label, units, triage, tmp_path):
    run = label(replace(units, run_tokens=10_000), tmp_path / "r", planner=triage()[0])
    for unit in run.units:
        assert unit.record["triage"]["decision"] == "run tokens spent"
        assert "attempts" not in unit.record
        assert concluded(tmp_path / "r", unit.record) == "the word sun"


class Interrupted(toy.Toy):
    """A person presses Ctrl-C in the whole investigation."""

    def next(self, state: Any) -> Any:
        raise KeyboardInterrupt


def test_an_interrupted_unit_is_not_looked_at_again(label, units, triage, tmp_path):
    planner, model = triage(Interrupted())
    one = replace(units, units="mlp.0/0")
    with pytest.raises(KeyboardInterrupt):
        label(one, tmp_path / "r", planner=planner)
    assert model.asked == 1
    again, other = triage()
    record = label(one, tmp_path / "r", planner=again)["mlp.0/0"].record
    assert other.asked == 0
    assert record["meter"]["tokens_in"] == 2000
    assert len(record["attempts"]) == 2


class Broken(toy.Toy):
    """A planner that breaks."""

    def next(self, state: Any) -> Any:
        raise RuntimeError("fell over")


def test_a_whole_investigation_that_breaks_leaves_the_look(label, units, triage, tmp_path):
    run = label(units, tmp_path / "r", planner=triage(Broken())[0])
    for unit in run.units:
        first, second = unit.record["attempts"]
        assert first["kept"]
        assert second["status"] == "failed"
        assert concluded(tmp_path / "r", unit.record) == first["label"] == "the word sun"
    assert "attempt 2" in (tmp_path / "r" / "errors.log").read_text()


def test_pictures_are_refused_at_once(label, settings, pictures, tmp_path):
    given = replace(
        settings, target="pictures", data="builtin:scenes", units="conv.1/0", planner="oneshot:m"
    )
    with pytest.raises(UsageError, match="reads text, and pictures looks at pictures"):
        label(given, tmp_path / "r", target=pictures)
