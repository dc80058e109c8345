"""Photographs read by a network: what is planted is found and named, and noise is not."""

import numpy as np
import pytest
from neuroscribe.agent.planners.builtin.pictures.seen import (
    SeenAtoms,
    _label,
    cross_validated,
    fit,
)

IMAGES, CLASSES, LOOKS = 130, 30, 60


@pytest.fixture(scope="module")
def photos() -> tuple[SeenAtoms, np.ndarray]:
    rng = np.random.default_rng(0)
    classes = rng.random((CLASSES, IMAGES)) ** 8  # few pictures show a class
    degrees = np.concatenate([classes, rng.random((LOOKS, IMAGES))])
    x = rng.normal(size=(IMAGES, 64))
    return SeenAtoms([{} for _ in degrees], degrees, CLASSES), x / np.linalg.norm(
        x, axis=1, keepdims=True
    )


def test_a_planted_class_and_look_are_taken_up_and_nothing_else(photos):
    atoms, x = photos
    hits = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = 3 * atoms.degrees[4] + 2 * atoms.degrees[CLASSES + 7] + rng.normal(size=IMAGES)
        found = fit(atoms, x, y, np.arange(IMAGES), rng)
        hits.append(found.chosen[:1] == [4] and CLASSES + 7 in found.chosen)
        assert len(found.chosen) <= 4
    assert sum(hits) >= 8


def test_noise_takes_up_an_atom_as_often_as_it_says(photos):
    """Two families of atoms are tested at 5% each; the whole passes in about 5%."""
    atoms, x = photos
    taken, passed = 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=IMAGES)
        known = np.arange(IMAGES)
        taken += bool(fit(atoms, x, y, known, rng).chosen)
        passed += cross_validated(atoms, x, y, known, rng) > 1.96 / np.sqrt(IMAGES)
    assert taken <= 8  # 10% of 40, and twice the standard deviation
    assert passed <= 5


def test_similarity_alone_is_found(photos):
    atoms, x = photos
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 10, IMAGES)
    near = x[groups] + 0.05 * rng.normal(size=x.shape)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    y = rng.normal(size=10)[groups] + 0.3 * rng.normal(size=IMAGES)
    assert cross_validated(atoms, near, y, np.arange(IMAGES), rng) > 0.7


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["dogs", "much brown"], "dogs; much brown"),
        (["dogs", " ".join(["long"] * 12), "much red"], "dogs; much red"),
        ([], "no name; photos like: pug, fig, oboe, rule"),
    ],
)
def test_a_label_names_what_passed_or_what_the_strongest_show(named, said):
    assert _label(named, ["pug", "fig", "pug", "oboe", "rule"]) == said


def test_a_label_without_names_has_the_examples_for_which_there_is_room():
    shown = ["great white shark", "black and gold spider", "sulphur crested cockatoo", "fig"]
    assert _label([], shown) == (
        "no name; photos like: great white shark, black and gold spider, fig"
    )
