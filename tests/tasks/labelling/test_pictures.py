"""Units of a vision model: what cannot be labelled, colour lookups, controls."""

from pathlib import Path

import numpy as np
import pytest
from neuroscribe.tasks.labelling.label import label
from neuroscribe.tasks.scoring.controls import Labelled, one_shot, peak_pictures
from neuroscribe.tasks.scoring.ngram_baselines import Measured, lookup_tables
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import scene_corpus
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.load("pictures")


def test_text_for_a_vision_model_is_refused(target: Target, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes pictures"):
        label(target, units="conv.3/5", data="builtin:stories", out=tmp_path / "run")
    with pytest.raises(UsageError, match="20 are needed"):
        label(target, units="conv.3/5", data="builtin:scenes:40", out=tmp_path / "run")


def test_colour_lookups_know_colours_and_no_shapes(target: Target) -> None:
    splits = [image_rows(target, part) for part in scene_corpus(360, seed=4, side=96).splits()]
    found = {}
    for name, data in (
        ("colour", {"kind": "area", "colours": ["blue"], "at_least": 0.1}),
        ("shape", {"kind": "object", "names": ["cat", "dog", "star", "house", "car", "circle"]}),
    ):
        parts = [Measured(rows, parse(data).evaluate(rows)) for rows in splits]
        tables = lookup_tables(*parts)
        found[name] = max(np.corrcoef(t, parts[2].flat)[0, 1] for t in tables.values())
    assert found["colour"] > 0.6
    assert found["shape"] < 0.4


def test_one_shot_reads_what_the_strongest_pictures_share(target: Target) -> None:
    splits = [image_rows(target, part) for part in scene_corpus(300, seed=4, side=96).splits()]
    truth = parse({"kind": "colour", "colours": ["red"]})
    parts = [Measured(rows, truth.evaluate(rows)) for rows in splits]
    item = Labelled(target.unit("conv.1/0"), None, {}, *parts)  # pyright: ignore
    assert peak_pictures(item).components[0].predictor == truth.model_dump()
    lookups = {"colours": {"value": 0.25}, "grid": {"value": 0.5}}
    entry = one_shot(item._replace(scores={"lookups": lookups}, report=parts[0]))
    assert entry["gain_over_lookup"] == pytest.approx(entry["correlation"] - 0.5)
