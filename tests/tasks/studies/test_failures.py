"""The study of failures, on classifiers whose failures are known."""

import json

import numpy as np
import pytest
import torch
from neuroscribe.tasks.studies.failures import one_class
from neuroscribe.tasks.studies.failures_report import report, study
from neuroscribe.tasks.studies.failures_world import Classes, drawable, taken
from neuroscribe.tasks.studies.options import Failures
from neuroscribe.tasks.studies.report import write
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.image_input import crop_and_normalise
from neuroscribe.tools.models.site import Site
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.scenes.grammar import sample
from torch import Tensor, nn

SMALL = Failures(explore=80, tried=14, tested=40)
SEA = {"kind": "background", "names": ["sea"]}


class _Says(nn.Module):
    """Says cat, but fish where a picture is more blue than red by `bar`, in the mean."""

    def __init__(self, bar: float) -> None:
        super().__init__()
        self.bar = bar
        self.head = nn.Identity()

    def forward(self, pixels: Tensor) -> Tensor:
        blue = (pixels[:, 2] - pixels[:, 0]).mean((1, 2))
        return self.head(torch.stack([torch.zeros_like(blue), 40 * (blue - self.bar)], 1))


def _classes(bar: float) -> Classes:
    target = Target(
        _Says(bar),
        name="says",
        kind="image",
        sites={"logit": Site("logit", "head", "output", 2, layout="flat")},
        image=crop_and_normalise(32, mean=(0, 0, 0), sd=(1, 1, 1)),
        labels=("cat, feline", "fish"),
    )

    def draw(rng, name):
        return sample(
            rng,
            names=["tree", "cup"],
            colours=["grey", "brown", "black"],
            backgrounds=["meadow", "sea", "desert"],
            number=(1, 3),
            size=(0.1, 0.2),
            overlap=0.0,
            including=[{"name": name, "size": 0.3}],
        )

    return Classes(target, ("cat",), draw)


@pytest.fixture(scope="module")
def found():
    return one_class(_classes(0.12), "cat", SMALL)


def test_a_known_failure_is_described_and_checked(found):
    assert found.found
    assert found.kept.english == "a sea background"
    assert found.fits["high"] < 0.3
    assert found.controls["low"] > 0.8
    assert found.coverage["value"] > 0.9
    assert set(found.check.answers) <= {"fish", "cat"}
    for pair in found.check.pairs:
        assert pair.fits.background == "sea"
        assert pair.control.background != "sea"
        assert "background" in pair.changed
        assert pair.fits.things[0].name == pair.control.things[0].name == "cat"


def test_the_study_counts_what_was_not_found(tmp_path):
    made = study(_classes(9.0), SMALL)
    said = made.as_dict()
    assert said["classes"][0]["accuracy"]["value"] == 1
    assert said["classes"][0]["description"] is None
    assert not said["found"]
    assert "nothing" in said["not_found"][0]
    assert any("Nothing was found for 1 of 1: cat" in line for line in said["remarks"])
    assert "cat" in write(made, tmp_path).read_text()


def test_the_report_shows_pairs(tmp_path, found):
    page = write(report(_classes(0.12), SMALL, [found]), tmp_path)
    assert (tmp_path / "cat-pairs.png").exists()
    assert "a sea background" in page.read_text()
    one = json.loads((tmp_path / "study.json").read_text())["classes"][0]
    assert one["more_errors"]["low"] > 0.5


def test_controls_differ_in_what_was_taken_alone():
    rng = np.random.default_rng(0)
    classes = _classes(0.12)
    pairs = classes.fitting(parse(SEA), "cat", 12, rng, tries=4)
    assert len(pairs) == 12
    for pair in pairs:
        if pair.changed == ("background",):
            assert pair.fits.things == pair.control.things
    scene, donor = (classes.draw(rng, "cat") for _ in range(2))
    made = taken(scene, donor, ("colour",))
    if made is not None:
        assert made.things[0].colour == donor.things[0].colour
        assert made.things[0].x == scene.things[0].x


def test_classifiers_that_cannot_be_studied():
    target = _classes(1.0).target
    assert drawable(target).names == ("cat", "fish")
    with pytest.raises(UsageError, match="no class 'dog'"):
        drawable(target, ["dog"])
    target.labels = ("tench", "goldfish")
    with pytest.raises(UsageError, match="can be drawn"):
        drawable(target)


@pytest.mark.parametrize(
    "given",
    [["--target", "biased:x"], ["--target", "organism:adder"], ["--classes", "unicorn"]],
)
def test_unusable_arguments(given, refused):
    usual = [] if "--target" in given else ["--target", "pictures"]
    assert refused("study", "failures", *usual, *given)


@pytest.mark.slow
def test_the_biased_classifier_fails_in_other_settings(tmp_path, document):
    given = ("--classes", "cat,bird", "--tested", "60", "--out", str(tmp_path))
    found = document("study", "failures", *given)
    for one in found["classes"]:
        assert one["found"]
        assert "background" in one["description"]
