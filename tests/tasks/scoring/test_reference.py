"""The reference finds what a reader's states hold, and nothing where they hold nothing."""

import numpy as np
import pytest
from colour_target import colour_target
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.reference import Reference
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pydocs import pydocs
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.scenes.grammar import scenes


@pytest.fixture(scope="module")
def read(minilm, stories260k):
    texts = [d.text for d in pydocs()[:60]]
    parts = {"explore": texts[::2], "validation": texts[:2], "test": texts[1::2]}
    windows = {name: cut(minilm, some, length=64).rows(slice(60)) for name, some in parts.items()}
    return Reference.of(stories260k, minilm, windows), windows


def splits(reference, windows, signal):
    """A unit that is a token's own level, a signal and noise."""
    rng = np.random.default_rng(0)
    level = np.random.default_rng(1).normal(size=40_000)
    out = []
    for name in ("explore", "validation", "test"):
        values = level[windows[name].ids] + rng.normal(size=windows[name].ids.shape)
        if name != "validation":
            values += signal(getattr(reference, name))
        out.append(Measured(windows[name], np.where(windows[name].counted, values, np.nan)))
    return Splits(*out)


def test_what_the_states_hold_is_found(read):
    direction = np.random.default_rng(2).normal(size=read[0].explore.values.shape[2])

    def signal(states):
        out = np.zeros(states.known.shape)
        held = states.values[:, 0].astype(float) @ direction
        out[states.known] = 2 * (held - held.mean()) / held.std()
        return out

    scores = read[0].scores(splits(*read, signal))
    assert scores["reader"].endswith("stories260k")
    assert scores["correlation"]["low"] > 0.5
    assert scores["auroc"] is None or scores["auroc"]["value"] > 0.7


def test_what_they_do_not_hold_is_not(read):
    scores = read[0].scores(splits(*read, lambda states: 0))
    assert abs(scores["correlation"]["value"]) < 0.1


def test_pictures_are_read_as_texts_are(pictures):
    drawn = [picture_of(scene) for scene in scenes(150, seed=4)]
    parts = {"explore": drawn[:70], "validation": drawn[70:80], "test": drawn[80:]}
    windows = {name: image_rows(colour_target(), some) for name, some in parts.items()}
    reference = Reference.of(pictures, colour_target(), windows)
    rng = np.random.default_rng(0)
    direction = rng.normal(size=reference.explore.values.shape[2])
    spread = reference.explore.values[:, 0].std(0) + 1e-3
    for strength, least, most in ((1.0, 0.4, 1.0), (0.0, -0.25, 0.25)):
        columns = []
        for name in ("explore", "validation", "test"):
            n = len(windows[name])
            states = reference.test if name == "test" else reference.explore
            held = (states.values[:n, 0] / spread) @ direction
            values = strength * (held - held.mean()) / held.std() + 0.3 * rng.normal(size=n)
            columns.append(Measured(windows[name], values[:, None].astype(np.float32)))
        scores = reference.scores(Splits(*columns))
        assert scores["reader"] == "pictures"
        assert least < scores["correlation"]["value"] < most
