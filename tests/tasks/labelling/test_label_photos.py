"""Photographs read by a second network, from the command line to the record."""

import json
from pathlib import Path

import numpy as np
import pytest
from neuroscribe.agent.transcript import replay
from neuroscribe.tools.scenes.drawing import draw
from neuroscribe.tools.scenes.grammar import scenes

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures whose scenes nobody knows."""
    path = tmp_path_factory.mktemp("photos")
    for i, scene in enumerate(scenes(150, seed=8)):
        draw(scene, 64).save(path / f"{i}.png")
    return path


def test_a_channel_is_described_by_what_another_network_sees(folder, tmp_path, shown):
    """The target is another network than the reader, over the same pictures."""
    target = f"{SUPPORT / 'colour_target.py'}:load"
    out = tmp_path / "run"
    given = ("--units", "act/0", "--data", str(folder), "--controls", "none")
    shown("label", target, *given, "--reader", "pictures", "--out", str(out))
    (record,) = map(json.loads, (out / "labels.jsonl").read_text().splitlines())
    assert "red" in record["label"]
    assert {part["predictor"]["kind"] for part in record["components"]} >= {"look", "like"}
    assert all(part["evidence"] for part in record["components"])
    scores = record["scores"]
    assert set(scores["lookups"]) == {"colours", "grid", "classes"}
    assert scores["reference"]["reader"] == "pictures"
    assert np.isfinite(scores["reference"]["correlation"]["value"])
    assert "reference, ridge from pictures" in (out / "report.html").read_text()


def test_a_reader_that_is_the_target_is_refused_in_a_line(folder, tmp_path, refused):
    given = ("--units", "conv.3/1", "--data", str(folder), "--out", str(tmp_path / "run"))
    told = refused("label", "pictures", *given, "--reader", "pictures")
    assert "the reader is the target itself (pictures); choose another network" in told


def test_a_tool_says_what_the_reader_sees_and_shows_what_is_alike_where_it_is_silent(
    folder, shown, refused
):
    target = f"{SUPPORT / 'colour_target.py'}:load"
    given = ("--data", str(folder), "--reader", "pictures", "--arg", "unit=act/0")
    out = shown("tool", "exemplars", target, *given, "--arg", "kind=low")
    assert "low exemplars" in out
    assert "reader: " in out
    told = refused("tool", "exemplars", "pictures", *given[:4], "--arg", "unit=conv.3/1")
    assert "the reader is the target itself" in told


@pytest.mark.slow
def test_photographs(test_data, tmp_path, shown):
    """A channel of SqueezeNet that is high on mammals, read by EfficientNet-Lite0."""
    pytest.importorskip("efficientnet_lite_pytorch")
    given = ("--units", "conv.25/163", "--data", str(test_data / "imagenet_samples"))
    target = f"{SUPPORT / 'squeezenet.py'}:load"
    out = tmp_path / "run"
    shown("label", target, *given, "--reader", "efficientnet", "--out", str(out))
    (record,) = map(json.loads, (out / "labels.jsonl").read_text().splitlines())
    assert record["label"].startswith("mammals")
    assert record["scores"]["variance"]["value"] > 0.2
    assert record["scores"]["reference"]["correlation"]["low"] > 0.4
    again = replay(out / record["transcript"], target=target)
    assert again.differing == ()
