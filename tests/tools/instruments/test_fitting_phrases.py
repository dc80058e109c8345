"""Phrases beside a unit, by a model of pictures and phrases."""

from dataclasses import replace

import numpy as np
import pytest
import vision_models
from checks import done, rejects
from colour_target import picture, scene_of
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import offered


class _Colours:
    """Embeds pictures and phrases by how red, green and blue they are."""

    def pictures(self, rows) -> np.ndarray:
        seen = np.stack([rows.seen(at) for at in range(len(rows))]).astype(np.float32) / 255
        shown = np.maximum(2 * seen - seen.sum(-1, keepdims=True), 0).mean((1, 2))
        return shown / np.maximum(np.linalg.norm(shown, axis=1, keepdims=True), 1e-9)

    def phrases(self, phrases) -> np.ndarray:
        found = [[name in phrase for name in ("red", "green", "blue")] for phrase in phrases]
        return np.array(found, np.float32)


class _Reader:
    name = "colours"
    clip = _Colours()


def test_a_phrase_that_fits_where_a_unit_is_active_comes_first(make_pictures, drawn_rows, pictures):
    lab = make_pictures(rows=replace(drawn_rows, reader=_Reader()))
    found = done(lab, "fitting_phrases", {"phrases": ["a blue thing", "something red", "green "]})
    first, *others = found.data["phrases"]
    assert first["phrase"] == "something red"
    assert first["auc"] > 0.9
    assert first["correlation"] > found.data["chance"]
    assert all(one["auc"] < first["auc"] for one in others)
    assert "something red (0." in found.text
    rejects("give phrases", lab, "fitting_phrases", {"phrases": [" "]})
    assert "fitting_phrases" not in offered(pictures)
    rejects("there is no tool", pictures, "fitting_phrases", {"phrases": ["a"]})


@pytest.mark.parametrize("family", ["clip"])
def test_a_clip_as_target_brings_its_own(family, tmp_path):
    target = Target.load(str(vision_models.save(family, tmp_path / "model")))
    rng = np.random.default_rng(0)
    rows = image_rows(target, [picture(scene_of(rng)) for _ in range(12)])
    unit = target.unit("mlp.0/1")
    lab = Lab(target, rows, unit=unit, evidence=EvidenceStore(tmp_path / "e"))  # type: ignore[arg-type]
    found = done(lab, "fitting_phrases", {"phrases": ["a red cat", "dog"]})
    assert {one["phrase"] for one in found.data["phrases"]} == {"a red cat", "dog"}
    assert all(-1 <= one["correlation"] <= 1 for one in found.data["phrases"])
