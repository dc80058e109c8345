"""Scores with judges that know the truth, that guess, and that talk nonsense."""

import json
from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import SCORERS, Case, Panel, score_all
from neuroscribe.tasks.evaluation.scorers.control import control
from neuroscribe.tools.errors import UsageError
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from tests.support.oracles import RandomJudge, Replies, Sometimes, Unreadable, random_panel

JUDGED = ("simulation", "detection", "fuzzing", "intruder", "predictive", "choice", "output")
GOOD = {
    "predicate": 0.7,
    "simulation": 0.7,
    "detection": 0.95,
    "fuzzing": 0.95,
    "intruder": 0.9,
    "embedding": 0.95,
    "surprisal": 0.95,
    "predictive": 0.9,
    "output": 0.9,
}


@pytest.mark.parametrize("name", GOOD)
def test_the_truth_read_by_an_oracle_scores_high(name, scored):
    score = scored(name)
    assert score.value is not None, score.reason
    assert score.value >= GOOD[name]
    assert score.low <= score.value <= score.high
    assert score.failed == 0
    assert score.n > 0


def test_the_truth_is_preferred_to_a_narrow_rival_and_not_to_itself(bench, panel, scored):
    case = replace(bench.case(0, "true"), rival=bench.subjects[0].descriptions["missing"])
    better = SCORERS["choice"](case, panel(), np.random.default_rng(1))
    assert better.value >= 0.9
    assert 0.2 <= scored("choice").value <= 0.8


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "predictive" else [], id=name)
        for name in SCORERS
        if name != "predicate"
    ],
)
def test_a_judge_that_guesses_scores_chance(name, scored):
    values = [
        scored(name, given=random_panel(np.random.default_rng(seed))).value for seed in range(6)
    ]
    assert np.mean(values) == pytest.approx(SCORERS[name].chance, abs=0.15)


@pytest.mark.parametrize("name", JUDGED)
def test_unreadable_answers_are_counted_as_wrong(name, scored):
    good = scored(name)
    none = scored(name, given=Panel(judge=Unreadable(np.random.default_rng(0))))
    assert none.value == 0
    assert none.failed == none.n == good.n
    assert any("could not be read" in said for said in none.warnings)
    assert not any("could not be read" in said for said in good.warnings)


@pytest.mark.parametrize("name", [name for name in JUDGED if name != "choice"])
def test_nonsense_half_of_the_time_costs_half_of_the_score_and_is_said(name, scored, panel):
    rng = np.random.default_rng(3)
    half = Sometimes(panel().judge, Unreadable(rng), share=0.5, rng=rng)
    good, spoilt = scored(name), scored(name, given=Panel(judge=half))
    read = 1 - spoilt.failed / spoilt.n
    assert 0.2 < read < 0.8
    assert spoilt.n == good.n
    assert spoilt.value == pytest.approx(read * good.value, abs=0.15)
    assert "could not be read" in spoilt.warnings[0]


def test_readable_nonsense_half_of_the_time_is_told_by_control_questions(bench, panel):
    case = bench.case(0, "true")
    rng = np.random.default_rng(0)
    careless = Sometimes(panel().judge, RandomJudge(rng), share=0.5, rng=rng)
    found = score_all(case, replace(panel(), judge=careless), names=["detection", "embedding"])
    assert found["detection"].failed == 0
    assert found["detection"].control.right < 0.9
    assert "control questions" in found["detection"].warnings[0]
    assert found["embedding"].control is None
    good = score_all(case, panel(), names=["detection"])["detection"]
    assert good.control.right == 1.0
    assert not any("control" in said for said in good.warnings)


def test_control_questions_count_what_cannot_be_read_as_wrong(bench):
    windows = bench.splits[0].test.windows
    found = control(Unreadable(np.random.default_rng(0)), windows, np.random.default_rng(0))
    assert found.right == 0
    assert found.failed == found.n == 80


def test_detection_shows_five_shuffled_texts_a_prompt_all_from_report(bench, scored):
    judge = Replies(lambda asked: json.dumps({"answers": [1] * len(asked.data.get("texts", ()))}))
    score = scored("detection", given=Panel(judge=judge))
    shown = [text for question in judge.asked for text in question.data["texts"]]
    test, explore = bench.splits[0].test.windows, bench.splits[0].explore.windows
    assert set(shown) <= {test.text(row) for row in range(len(test))}
    assert not set(shown) & {explore.text(row) for row in range(len(explore))}
    assert all(len(question.data["texts"]) == 5 for question in judge.asked[:-1])
    words = bench.subjects[0].words
    has = np.array([any(word in text.lower().split() for word in words) for text in shown])
    assert 0 < has[: len(has) // 2].mean() < 1  # shuffled
    assert score.value == 0.5  # who says yes to all
    assert score.parts["f1"]["value"] == pytest.approx(2 / 3, abs=0.01)


def test_detection_is_scikit_learns_balanced_accuracy_and_f1(bench, panel):
    oracle, kept = panel(0, "missing").judge, []

    def reply(question):
        text = oracle.answer(question).text
        kept.extend(zip(question.data["texts"], json.loads(text)["answers"], strict=True))
        return text

    case = bench.case(0, "missing")
    score = SCORERS["detection"](case, Panel(judge=Replies(reply)), np.random.default_rng(5))
    test = case.splits.test.windows
    active = {test.text(row) for row in np.flatnonzero(case.peaks > case.threshold)}
    truth = [text in active for text, _ in kept]
    said = [answer for _, answer in kept]
    assert score.value == pytest.approx(balanced_accuracy_score(truth, said))
    assert score.parts["f1"]["value"] == pytest.approx(f1_score(truth, said))
    base = np.nanmean(case.peaks[np.isfinite(case.peaks)] > case.threshold)
    assert score.parts["base_rate"] == pytest.approx(base)


def test_embedding_and_surprisal_are_scikit_learns_auc(bench):
    case = bench.case(0, "true")
    kept: dict[str, float] = {}

    def embed(texts):
        rng = np.random.default_rng(0)
        kept.update((text, rng.random()) for text in texts if text not in kept)
        along = np.array([1.0, *(kept[text] for text in texts[1:])])
        return np.stack([along, np.sqrt(1 - along**2)], axis=1)

    def loss(prefix, texts):
        return np.array([-kept[text] if case.description in prefix else 0.0 for text in texts])

    panel = Panel(embed=embed, loss=loss)
    for name in ("embedding", "surprisal"):
        score = SCORERS[name](case, panel, np.random.default_rng(5))
        test = case.splits.test.windows
        peak = {test.text(row): case.peaks[row] for row in range(len(test))}
        texts = [text for text in kept if text != case.description]
        truth = [peak[text] > case.threshold for text in texts]
        expected = roc_auc_score(truth, [kept[text] for text in texts])
        assert score.value == pytest.approx(expected)


def test_a_judge_that_is_told_nothing_finds_intruders_whatever_the_description(scored):
    true, narrow = scored("intruder"), scored("intruder", "missing")
    assert true.parts["blind"]["value"] == narrow.parts["blind"]["value"] > 0.9
    assert narrow.value < true.value - 0.2


def test_unrelated_negatives_let_a_narrow_description_pass_and_near_misses_do_not(scored):
    true, narrow = scored("predictive"), scored("predictive", "missing")
    assert narrow.parts["unrelated"]["value"] > true.parts["unrelated"]["value"] - 0.05
    assert narrow.parts["near_miss"]["value"] < true.parts["near_miss"]["value"] - 0.2


@pytest.mark.slow
def test_without_a_judge_inputs_are_written_from_the_predictor(bench, scored):
    values = {change: scored("predictive", change, given=Panel()) for change in ("true", "extra")}
    assert values["true"].parts["author"] == "predictor"
    assert values["true"].value > 0.9
    assert values["extra"].value < values["true"].value - 0.1
    assert values["true"].parts["active"]["near_miss"] < 0.2
    narrow = scored("predictive", "missing", given=Panel())
    assert narrow.value < values["true"].value - 0.1


def test_simulation_weighs_each_window_by_those_it_stands_for(scored):
    broad = scored("simulation", "extra")
    true = scored("simulation")
    assert (
        true.value - broad.value
        > true.parts["unweighted"]["value"] - (broad.parts["unweighted"]["value"])
    )


def _shifts(bench) -> dict:
    return {key: kept for key, kept in bench.memo.items() if key[0] == "matched shift"}


def test_the_output_is_moved_by_the_same_divergence(bench, scored):
    score = scored("output")
    assert set(score.parts["levels"]) == {"0.25", "0.5"}
    assert score.parts["levels"]["0.25"] < score.parts["levels"]["0.5"]
    for (_, _, kl), shift in _shifts(bench).items():
        assert shift is None or shift.kl == pytest.approx(kl, rel=0.1)
    promoted = set(bench.subjects[0].meanings[bench.case(0, "true").description].promotes)
    own = next(shift for (_, unit, _), shift in _shifts(bench).items() if unit.index == 0)
    assert promoted & {token.strip() for token in own.tokens["promoted"]}


def test_each_scorer_says_what_it_lacks_and_the_rest_goes_on(bench):
    case = Case("words for colours", bench.splits[0])
    found = score_all(case, Panel())
    assert list(found) == list(SCORERS)
    assert all(score.value is None for score in found.values())
    assert "an LLM" in found["detection"].reason
    assert "offline extra" in found["embedding"].reason
    assert "predictor" in found["predicate"].reason
    assert "second description" in found["choice"].reason
    with pytest.raises(UsageError, match="nearest: detection"):
        score_all(case, Panel(), names=["detektion"])


def test_scores_are_plain_json_and_repeat(bench, panel):
    case = bench.case(0, "true")
    one, other = (
        {name: score.as_dict() for name, score in score_all(case, panel(), seed=2).items()}
        for _ in range(2)
    )
    assert json.loads(json.dumps(one)) == json.loads(json.dumps(other))
