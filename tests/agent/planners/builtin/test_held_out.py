"""Documents that decide nothing: what is said of new documents is true, on null data too."""

from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.builtin.held_out import held_out_mask, measure_held_out, too_few
from neuroscribe.agent.planners.builtin.planner import BuiltinFactory
from neuroscribe.agent.planners.builtin.text.feature_table import build
from neuroscribe.agent.planners.builtin.text.search import halves, search
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.tools.data.image_rows import ImageRows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from PIL import Image

from ...conftest import WORDS

UNITS = 20


@pytest.fixture(scope="module")
def windows(toy: Target) -> TokenWindows:
    rng = np.random.default_rng(3)
    return cut(toy, [" ".join(rng.choice(WORDS, 20)) + " ." for _ in range(200)], length=32)


def test_what_noise_explains_of_new_documents_is_not_what_the_search_chose(
    windows: TokenWindows,
) -> None:
    aside = held_out_mask(windows)
    kept = windows.rows(~aside)
    features = build(kept, {}, causal=True)
    fit, check = halves(features)
    chosen, new, covered = [], [], 0
    for seed in range(UNITS):
        noise = np.random.default_rng(seed).exponential(1, windows.ids.shape)
        values = np.where(windows.counted, noise, np.nan)
        target = np.nan_to_num(values[~aside]).ravel()
        best = search(Sample(features, target, features.counted.astype(float)), fit, check)[0]
        chosen.append(best.checked)
        found = measure_held_out([best.rule.predicate(features)], windows, values, aside)
        assert found is not None
        new.append(found.explained)
        covered += found.interval[0] <= 0 <= found.interval[1] or found.explained < 0
    assert np.mean(chosen) > 0.001, "the half that judges rules flatters the best of them"
    assert np.mean(new) < 0
    assert covered >= UNITS - 2


def test_a_true_predictor_explains_new_documents(windows: TokenWindows) -> None:
    pets = {"kind": "words", "words": ["cat", "dog"], "inflect": False}
    aside = held_out_mask(windows)
    names = np.array([word in ("cat", "dog") for word in windows.words])
    noise = 0.1 * np.random.default_rng(0).standard_normal(windows.ids.shape)
    values = np.where(windows.counted, names[windows.word] + noise, np.nan)
    found = measure_held_out([pets], windows, values, aside)
    assert found is not None
    assert found.interval[0] < found.explained < found.interval[1]
    assert 0.85 < found.explained < 0.95  # 1 - .01 / (.1 * .9 + .01), here
    assert found.documents == 20
    assert "On 20 documents of explore that decided nothing" in found.words()


def test_copies_of_a_document_are_never_parted_and_few_documents_keep_none(toy: Target) -> None:
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, 40)) for _ in range(40)]
    twice = cut(toy, texts * 2, length=16)
    aside = held_out_mask(twice)
    assert np.unique(twice.document[aside]).size == 10
    assert {d % 40 for d in twice.document[aside].tolist()}.isdisjoint(
        d % 40 for d in twice.document[~aside].tolist()
    )
    scarce = cut(toy, texts[:15], length=16)
    assert not held_out_mask(scarce).any()
    assert "15 documents, too few" in too_few(scarce)
    assert (
        measure_held_out(
            [{"kind": "repeated"}], scarce, np.ones(scarce.ids.shape), held_out_mask(scarce)
        )
        is None
    )


def _concluded(lab: Lab, column: np.ndarray) -> tuple[dict[str, Any], str]:
    """The arguments of `conclude`, and what was said with it."""
    unit = lab.target.unit("planted/0")
    lab.columns[unit] = column
    said: list[str] = []

    class Noted(BuiltinFactory):
        def __call__(self, lab: Lab):
            planner = super().__call__(lab)
            following = planner.next

            def noted(state: Any) -> Any:
                message = following(state)
                said.append(message["content"])
                return message

            planner.next = noted  # type: ignore[method-assign]
            return planner

    investigate(lab, unit, Noted(effects=False))
    concluded = next(e for e in lab.evidence if e.tool == "conclude")
    return concluded.data["description"], said[-1]


def test_some_rows_of_pictures_are_parted_too(toy):
    source = [Picture(str(i), f"key {i}", Image.new) for i in range(100)]
    half = ImageRows(tuple(source), toy, np.arange(100)).rows(np.arange(1, 100, 2))
    aside = held_out_mask(half)
    assert aside.sum() == 5
    assert (held_out_mask(half.rows(np.arange(49, -1, -1))) == aside[::-1]).all()


def test_what_is_kept_aside_decides_nothing(toy: Target, windows: TokenWindows) -> None:
    lab = Lab(toy, windows)
    column = lab.column(toy.unit("planted/0"))
    first, said = _concluded(lab, column)
    aside = held_out_mask(windows)
    other = column.copy()
    other[aside] = np.random.default_rng(0).permutation(column[aside].T).T[:, ::-1]
    other[aside] = np.where(np.isfinite(column[aside]), np.nan_to_num(other[aside]), np.nan)
    second, changed = _concluded(Lab(toy, windows), other)
    assert first["status"] == "described"
    for name in ("label", "status", "components"):
        assert first[name] == second[name], name
    assert said != changed
    assert "of explore that decided nothing, this explains" in said
    assert "Confidence" in said
    assert "the probability that every clause" in said


def test_few_documents_are_said(toy: Target, windows: TokenWindows) -> None:
    lab = Lab(toy, windows.rows(slice(0, 15)))
    _, said = _concluded(lab, lab.column(toy.unit("planted/0")))
    assert "Explore has 15 documents, too few" in said
    assert "on new ones was not measured" in said
