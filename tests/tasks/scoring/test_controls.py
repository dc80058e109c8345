"""Controls earn what luck earns."""

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.scoring.controls import Labelled, medians, one_shot, shuffled
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.scores import score
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Unit


def labelled(index: int, parts: Splits, *tokens: int) -> Labelled:
    predictor = {"kind": "tokens", "tokens": [f" t{number}" for number in tokens]}
    scored = score(Description("x", (Component("x", predictor),)), parts)
    return Labelled(Unit("mlp.0", index), scored.description, scored.scores, parts)


@pytest.fixture
def run(splits) -> list[Labelled]:
    return [
        labelled(number, splits(lambda ids, before, n=number: 1.0 * (ids == n)), number)
        for number in range(4)
    ]


def test_a_shuffled_description_earns_nothing(run):
    found = shuffled(run)
    assert set(found) == {str(item.unit) for item in run}
    for item in run:
        entry = found[str(item.unit)]
        assert entry["from"] != str(item.unit)
        assert entry["same_site"]
        assert entry["correlation"] < 0.1 < item.scores["correlation"]["value"]
        assert entry["gain_over_lookup"] < -0.5


def test_one_unit_alone_has_no_shuffled_control(run):
    assert shuffled(run[:1]) == {}


class Answers:
    """A language model that gives one answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list = []

    def complete(self, messages, **options):
        self.asked.append(messages)
        return self


@pytest.fixture
def told(stories260k) -> Labelled:
    """A unit that fires where 'dog' has been read, over real text."""
    texts = [f"The {animal} ran home. A {animal} sat." for animal in ("dog", "cat", "bird") * 20]
    parts: list[Measured] = []
    for _ in range(3):
        windows = cut(stories260k, texts)
        word = np.array([*(name == "dog" for name in windows.words), False])
        values = np.where(windows.counted, 1.0 * word[windows.read], np.nan).astype(np.float32)
        parts.append(Measured(windows, values))
    predictor = {"kind": "words", "words": ["dog"]}
    scored = score(Description("dogs", (Component("dogs", predictor),)), Splits(*parts))
    return Labelled(Unit("mlp.0", 0), scored.description, scored.scores, Splits(*parts))


def test_one_shot_reads_the_words_at_the_peaks(told):
    found = one_shot(told)
    assert "dog" in found["label"]
    assert found["correlation"] == pytest.approx(1.0)


def test_one_shot_asks_a_model_once_and_marks_the_peaks(told):
    llm = Answers('Here: {"label": "dogs", "words": ["dog"]}')
    assert one_shot(told, llm=llm)["correlation"] == pytest.approx(1.0)  # type: ignore[arg-type]
    assert len(llm.asked) == 1
    assert " do«g» ran home" in llm.asked[0][0]["content"]


@pytest.mark.parametrize("text", ["no", "{}", '{"label": "x", "words": 3}', "{broken", ""])
def test_an_unusable_answer_is_a_counted_failure(told, text):
    assert "failed" in one_shot(told, llm=Answers(text))  # type: ignore[arg-type]


def test_medians_come_with_intervals_and_counts():
    scores = [{"correlation": {"value": value}, "f1": None} for value in (0.1, 0.2, 0.9)]
    found = medians(scores)
    assert found["correlation"]["value"] == pytest.approx(0.2)
    assert found["correlation"]["n"] == 3
    assert found["correlation"]["low"] <= 0.2 <= found["correlation"]["high"]
    assert "f1" not in found
