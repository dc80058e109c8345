"""What judges are shown: held-out windows, evenly over deciles, marked where it says so."""

from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import Case
from neuroscribe.tasks.evaluation.scorers.detection import fuzzed
from neuroscribe.tasks.evaluation.scorers.sampling import (
    MARKED,
    active_places,
    deciles,
    kinds,
    sample,
    too_few,
)
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.render.marked import marked
from oracles import unmarked


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_test_split_that_the_explainer_saw_is_refused(bench):
    splits = bench.splits[0]
    with pytest.raises(UsageError, match="the explainer saw is no test"):
        Case("colours", splits._replace(test=splits.explore))


def test_an_empty_description_is_refused(bench):
    with pytest.raises(UsageError, match="no description"):
        Case("  ", bench.splits[0])


def test_five_are_drawn_from_each_decile(rng):
    chosen = deciles(np.arange(200), rng)
    assert len(chosen) == len(set(chosen)) == 50
    assert np.bincount(chosen // 20).tolist() == [5] * 10


def test_a_small_unit_is_shown_whole_and_balanced(bench, rng):
    found = sample(bench.case(0, "true"), rng)
    whole = kinds(bench.case(0, "true"))
    assert 10 <= len(found.active) <= min(50, len(whole.active))
    assert len(found.active) == len(found.inactive)
    assert not set(found.active) & set(found.inactive)


def test_active_is_above_the_threshold_of_explore_and_the_rest_is_everything_else(bench):
    case = bench.case(0, "true")
    active, inactive = kinds(case)
    assert (case.peaks[active] > case.threshold).all()
    assert (case.peaks[inactive] <= case.threshold).all()
    assert len(active) + len(inactive) == np.isfinite(case.peaks).sum()


def test_too_few_windows_give_no_score_and_say_so(bench, rng, scored):
    case = bench.case(0, "true")
    active = kinds(case).active
    few = case.splits.test
    values = few.values.copy()
    values[active[9:]] = np.where(np.isfinite(values[active[9:]]), 0, np.nan)
    spoilt = replace(case, splits=case.splits._replace(test=replace(few, values=values)))
    assert "active in 9 windows" in str(too_few(sample(spoilt, rng)))


def test_marks_stand_on_the_active_tokens(bench):
    case = bench.case(0, "true")
    words = set(bench.subjects[0].words)
    for row in kinds(case).active[:20]:
        places = active_places(case, row)
        values = case.splits.test.values[row]
        assert (values[places] >= MARKED * np.nanmax(values)).all()
        plain, spans = unmarked(marked(case.splits.test.windows, row, places))
        assert plain == case.splits.test.windows.text(row)
        assert {plain[a:b].lower() for a, b in spans} <= words


def test_marks_in_the_text_itself_do_not_pass_for_marks(bench):
    windows = bench.splits[0].test.windows
    texts = tuple(text.replace(".", "«") for text in windows.texts)
    row = next(row for row in range(len(windows)) if "." in windows.text(row))
    text = marked(replace(windows, texts=texts), row, [])
    assert "«" not in text
    assert "<" in text


def test_marks_of_negatives_stand_at_random_places_as_many_as_those_of_positives(bench, rng):
    case = bench.case(0, "true")
    shown = [item for _ in range(8) for item in fuzzed(case, sample(case, rng), rng)]
    many = {
        truth: np.mean([len(unmarked(item.text)[1]) for item in shown if item.truth is truth])
        for truth in (True, False)
    }
    assert many[False] == pytest.approx(many[True], rel=0.15)
    starts = [
        unmarked(item.text)[1][0][0] / len(item.text) for item in shown if item.kind == "inactive"
    ]
    assert np.std(starts) > 0.2
    assert {item.kind for item in shown} == {"active", "inactive", "moved"}


def test_moved_marks_are_never_on_active_tokens(bench, rng):
    case = bench.case(0, "true")
    words = set(bench.subjects[0].words)
    moved = [item for item in fuzzed(case, sample(case, rng), rng) if item.kind == "moved"]
    assert moved
    for item in moved:
        plain, spans = unmarked(item.text)
        assert not {plain[a:b].lower() for a, b in spans} & words
