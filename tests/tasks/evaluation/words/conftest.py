"""A unit that depends on context, over real tokens, and judges whose answers are known."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers.judges import Question
from neuroscribe.tasks.evaluation.words.places import Places, draw
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target

LABEL = "the word after red"


def says(degree: Callable[[str], int]) -> Callable[[Question], str]:
    """A reply that gives each text a degree."""

    def reply(question: Question) -> str:
        places: Mapping[str, str] = question.data["places"]
        return json.dumps({"degrees": {key: degree(text) for key, text in places.items()}})

    return reply


def after_red(text: str) -> bool:
    """What the unit does."""
    return text[: text.index("«")].split()[-1:] == ["red"]


@pytest.fixture(scope="module")
def splits(toy_target: Target) -> Splits:
    """A unit that is active right after `red`, whatever the word is, with some noise."""
    words = ["red", "cat", "dog", "sun", "old", "big", "the"]
    parts = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        chances = [0.2, *[0.8 / 6] * 6]
        texts = [" ".join(rng.choice(words, 30, p=chances)) for _ in range(40)]
        windows = cut(toy_target, texts, length=32)
        red = np.array([surface.strip() == "red" for surface in windows.vocabulary])
        before = np.roll(red[windows.ids], 1, axis=1)
        before[:, 0] = False
        values = 1.0 * before + rng.normal(0, 0.02, before.shape)
        values[rng.random(before.shape) < 0.05] = 0.3  # neither active nor silent
        parts.append(Measured(windows, np.where(windows.counted, values, np.nan).astype("f4")))
    return Splits(*parts)


@pytest.fixture(scope="module")
def places(splits: Splits) -> Places:
    drawn = draw(splits, np.random.default_rng(0), causal=True)
    assert isinstance(drawn, Places)
    return drawn


@pytest.fixture
def described(finished_run, tmp_path) -> Callable[..., Path]:
    """Gives a run whose units are described, each with such fields of its own."""

    def made(*fields: Mapping[str, Any]) -> Path:
        folder = Path(shutil.copytree(finished_run, tmp_path / "run"))
        labels = RunFolder(folder)
        lines = list(labels.own_labels().values())
        for line, own in zip(lines, fields, strict=True):
            line |= {"status": "described", **own}
        labels.write_labels(lines)
        return folder

    return made
