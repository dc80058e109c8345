"""Controls earn what luck earns, on text and on pictures."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.description import Description
from neuroscribe.tasks.scoring.controls import Labelled, medians, one_shot, peak_pictures, shuffled
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.scores import baselines, score
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import scene_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target, Unit
from neuroscribe.tools.predicates import Predicate, parse
from synthetic_splits import described, tokens


def labelled(index: int, parts: Splits) -> Labelled:
    scored = score(described(tokens(index)), parts)
    return Labelled(Unit("mlp.0", index), scored.description, scored.scores, parts)


@pytest.fixture
def run(splits) -> list[Labelled]:
    return [
        labelled(number, splits(lambda ids, before, n=number: 1.0 * (ids == n)))
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
    assert shuffled(run[:1]) == {}, "one unit alone has no such control"


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
    scored = score(described({"kind": "words", "words": ["dog"]}), Splits(*parts))
    return Labelled(Unit("mlp.0", 0), scored.description, scored.scores, Splits(*parts))


def test_one_shot_reads_the_words_at_the_peaks(told):
    found = one_shot(told)
    assert "dog" in found["label"]
    assert found["correlation"] == pytest.approx(1.0)


def answering(text: str, asked: list) -> Any:
    """A language model that gives one answer."""
    return SimpleNamespace(
        complete=lambda given, **_: asked.append(given) or SimpleNamespace(text=text)
    )


def test_one_shot_asks_a_model_once_and_marks_the_peaks(told):
    llm = answering('Here: {"label": "dogs", "words": ["dog"]}', asked := [])
    assert one_shot(told, llm=llm)["correlation"] == pytest.approx(1.0)
    (messages,) = asked
    assert " do«g» ran home" in messages[0]["content"]


@pytest.mark.parametrize("text", ["no", "{}", '{"label": "x", "words": 3}', "{broken", ""])
def test_an_unusable_answer_is_a_counted_failure(told, text):
    assert "failed" in one_shot(told, llm=answering(text, []))


def test_medians_come_with_intervals_and_counts():
    scores = [{"correlation": {"value": value}, "f1": None} for value in (0.1, 0.2, 0.9)]
    found = medians(scores)
    assert found["correlation"]["value"] == pytest.approx(0.2)
    assert found["correlation"]["n"] == 3
    assert found["correlation"]["low"] <= 0.2 <= found["correlation"]["high"]
    assert "f1" not in found


def held(target: Target, n: int, predicate: Predicate) -> Splits:
    """Splits of drawn pictures on which a unit does what a predicate says."""
    parts = [image_rows(target, part) for part in scene_corpus(n, seed=4, side=96).splits()]
    return Splits(*(Measured(rows, predicate.evaluate(rows)) for rows in parts))  # type: ignore[arg-type]


def test_colour_baselines_know_colours_and_no_shapes(pictures):
    found = {}
    for name, data in (
        ("colour", {"kind": "area", "colours": ["blue"], "at_least": 0.1}),
        ("shape", {"kind": "object", "names": ["cat", "dog", "star", "house", "car", "circle"]}),
    ):
        splits = held(pictures, 360, parse(data))
        tables = baselines(splits).values()
        found[name] = max(np.corrcoef(table, splits.test.flat)[0, 1] for table in tables)
    assert found["colour"] > 0.6
    assert found["shape"] < 0.4


def test_one_shot_reads_what_the_strongest_pictures_share(pictures):
    truth = parse({"kind": "colour", "colours": ["red"]})
    splits = held(pictures, 300, truth)
    assert peak_pictures(splits.explore).components[0].predictor == truth.model_dump()
    lookups = {"colours": {"value": 0.25}, "grid": {"value": 0.5}}
    splits = splits._replace(test=splits.explore)
    item = Labelled(pictures.unit("conv.1/0"), Description(""), {"lookups": lookups}, splits)
    entry = one_shot(item)
    assert entry["gain_over_lookup"] == pytest.approx(entry["correlation"] - 0.5)
