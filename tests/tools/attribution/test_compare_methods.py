"""Methods against random units: on a trained model they must name units that matter."""

import numpy as np
import pytest
from neuroscribe.tools.attribution.compare_methods import (
    Comparison,
    compare_methods,
    confident_questions,
)
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.errors import UsageError


def test_intervals_and_order():
    drops = {"imp": np.array([0.5, 0.7, 0.6]), "random": np.array([0.0, 0.1, 0.05])}
    made = Comparison("mlp", 10, np.ones(3), drops, drops)
    mean = made.mean("imp")
    assert mean.value == pytest.approx(0.6)
    assert 0.5 <= mean.low < 0.6 < mean.high <= 0.7
    assert made.beats_random("imp") == 1.0
    assert [row["method"] for row in made.rows()] == ["imp", "random"]


def test_questions_are_places_where_the_model_is_sure_and_right(stories260k):
    texts = list(stories(6, seed=1))
    asked = confident_questions(stories260k, texts, many=3, least=0.4)
    assert len(asked) == 3
    for question in asked:
        logits = stories260k.trace(question, output="last").output[0]
        one = question.predictions[0]
        assert one.place == question.ids.shape[1] - 1 >= 7
        assert int(logits.argmax()) == one.token
        assert float(logits.softmax(0)[one.token]) >= 0.4
    with pytest.raises(UsageError, match="lower `least`"):
        confident_questions(stories260k, ["zxq"])
    with pytest.raises(UsageError, match="at least one question"):
        compare_methods(stories260k, [])


def test_best_units_matter_more_than_random_ones(stories260k):
    asked = confident_questions(stories260k, stories(12, seed=2), many=6)
    found = compare_methods(stories260k, asked, methods=("imp", "magnitude"), draws=3)
    assert found.mean("imp").low > found.mean("random").high
    assert set(found.drops) == {"imp", "magnitude", "random"}
    again = compare_methods(stories260k, asked, methods=("imp", "magnitude"), draws=3)
    assert np.array_equal(again.drops["random"], found.drops["random"])


@pytest.mark.slow
def test_the_comparison_of_the_paper(stories260k):
    """Forty prompts: ten neurons by Imp against the baselines and random units."""
    asked = confident_questions(stories260k, stories(120, seed=1), many=40)
    assert len(asked) == 40
    found = compare_methods(stories260k, asked)
    for row in found.rows():
        print(row)
    for method in ("imp", "direct", "integrated", "magnitude", "taylor"):
        assert found.mean(method).low > found.mean("random").high
    assert found.mean("imp").low > 0.4
    assert found.mean("random").high < 0.05
    assert found.mean("imp").low > found.mean("magnitude").value
    assert found.beats_random("imp") > 0.95
