"""Every instrument on every family of vision model, at every kind of site."""

import json

import numpy as np
import pytest
import vision_models
from checks import tables
from colour_target import picture, scene_of
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call, offered

RED = {"kind": "colour", "colours": ["red"]}
CAT = {"kind": "object", "names": ["cat"]}
ASKED = tables(__file__)["asked"]
FAIR = ("nothing to cover away", "above 0 on no picture", "gives no classes")


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("vit", "clip", "convnext")]


@pytest.mark.parametrize("family", ["dinov2_registers", "resnet", *SLOW])
def test_every_instrument_works(family, tmp_path):
    vision_models.save(family, tmp_path / "model")
    target = Target.load(str(tmp_path / "model"))
    rng = np.random.default_rng(0)
    rows = image_rows(target, [picture(scene_of(rng)) for _ in range(12)])
    kinds = {name.partition(".")[0]: name for name in target.sites}
    for site in kinds.values():
        lab = Lab(
            target,
            rows,  # type: ignore[arg-type]
            unit=target.unit(f"{site}/1"),
            evidence=EvidenceStore(tmp_path / site),
        )
        assert set(ASKED) <= set(offered(lab))
        for name, arguments in ASKED.items():
            found = call(lab, name, arguments)
            if found.error is not None:
                assert any(said in found.error for said in FAIR), f"{site} {name}: {found.error}"
            json.dumps(dict(found.data), allow_nan=False)
