"""Baselines and controls of units of a vision model."""

import numpy as np
import pytest
from neuroscribe.agent.description import Description
from neuroscribe.tasks.scoring.controls import Labelled, one_shot, peak_pictures
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.scores import baselines
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import scene_corpus
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import Predicate, parse


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.load("pictures")


def held(target: Target, n: int, predicate: Predicate) -> Splits:
    """Splits of drawn pictures on which a unit does what a predicate says."""
    parts = [image_rows(target, part) for part in scene_corpus(n, seed=4, side=96).splits()]
    return Splits(*(Measured(rows, predicate.evaluate(rows)) for rows in parts))  # type: ignore[arg-type]


def test_colour_baselines_know_colours_and_no_shapes(target):
    found = {}
    for name, data in (
        ("colour", {"kind": "area", "colours": ["blue"], "at_least": 0.1}),
        ("shape", {"kind": "object", "names": ["cat", "dog", "star", "house", "car", "circle"]}),
    ):
        splits = held(target, 360, parse(data))
        tables = baselines(splits).values()
        found[name] = max(np.corrcoef(table, splits.test.flat)[0, 1] for table in tables)
    assert found["colour"] > 0.6
    assert found["shape"] < 0.4


def test_one_shot_reads_what_the_strongest_pictures_share(target):
    truth = parse({"kind": "colour", "colours": ["red"]})
    splits = held(target, 300, truth)
    assert peak_pictures(splits.explore).components[0].predictor == truth.model_dump()
    lookups = {"colours": {"value": 0.25}, "grid": {"value": 0.5}}
    splits = splits._replace(test=splits.explore)
    item = Labelled(target.unit("conv.1/0"), Description(""), {"lookups": lookups}, splits)
    entry = one_shot(item)
    assert entry["gain_over_lookup"] == pytest.approx(entry["correlation"] - 0.5)
