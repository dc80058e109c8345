"""Two units removed alone and together: planted pairs that stand in for each other, that add up and
that need each other."""

import numpy as np
import pytest
import torch
from neuroscribe.tools.activations.unit_stats import peaks
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.interventions.neutral_prompts import NeutralPrompts
from neuroscribe.tools.interventions.redundancy import (
    DOCUMENTS,
    interaction,
    removed_together,
    similar_units,
)
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.planted import Spec, plant

from tests.tools.conftest import WORDS, _never, _pets

TREE = 4 + WORDS.index("tree")


def _pair(word_model: Target, texts: list[str], *outputs: torch.Tensor) -> Lab:
    """Two units that fire on pets; what else is written there comes from a third."""
    specs = [*(Spec(_pets, output=output) for output in outputs), Spec(_never)]
    target = plant(word_model, specs, block=1, site="pair")
    return Lab(target, cut(target, texts, length=32))


def _directions(word_model: Target) -> tuple[torch.Tensor, torch.Tensor]:
    """Along the unembedding of `tree`, and a direction that no word reads and the norm sees."""
    rows = word_model.network.get_output_embeddings().weight.detach()
    tree = rows[TREE] / rows[TREE].norm()
    away = rows - rows.mean(0)
    aside = torch.linalg.svd(away)[2][-1]
    aside = aside - aside.mean()
    return tree - tree.mean(), aside / aside.norm()


@pytest.mark.parametrize(
    ("kind", "verdict"), [("or", "redundant"), ("duplicate", "additive"), ("and", "joint")]
)
def test_planted_pairs(word_model, texts, kind, verdict):
    tree, aside = _directions(word_model)
    outputs = {
        "or": (200 * tree, 200 * tree),  # either saturates the last norm
        "duplicate": (0.02 * tree, 0.02 * tree),  # small beside the stream: the norm is linear
        "and": (4 * tree, -40 * aside, 40 * aside),  # the second clears what drowns the first
    }[kind]
    lab = _pair(word_model, texts, *outputs)
    one, two = (lab.target.unit(f"pair/{at}") for at in (0, 1))
    spots = peaks(lab, (one,), 12)
    found = removed_together(NeutralPrompts(lab), one, two, spots, np.array([TREE]))
    assert found.both > 0
    assert found.verdict == verdict
    if kind != "and":
        others = similar_units(lab, one, [row for row, _ in spots])
        assert [other.unit for other in others] == [two]


def test_a_size_that_grows_with_the_square_would_call_duplicates_redundant():
    """The reason for a signed metric: KL of two equal additive changes is twice their sum."""
    rng = np.random.default_rng(0)
    change = rng.normal(1.0, 0.1, 20)
    document = np.arange(20)
    signed = interaction(change, change, 2 * change, document)
    assert signed.value == pytest.approx(0)
    assert signed.verdict == "additive"
    squared = interaction(change**2, change**2, (2 * change) ** 2, document)
    assert squared.verdict == "redundant"


def test_the_rule_on_numbers():
    rng = np.random.default_rng(1)
    document = np.arange(30) // 2
    noise = 0.05 * rng.normal(size=(3, 30))
    both = 1 + noise[2]
    assert interaction(noise[0], noise[1], both, document).verdict == "redundant"
    assert interaction(both, both + noise[0], both, document).verdict == "joint"
    assert interaction(0.45 * both, 0.45 * both, both, document).verdict == "additive"  # I = .1
    turned = interaction(-noise[0], -noise[1], -both, document)
    assert turned.both > 0
    assert turned.verdict == "redundant"
    assert interaction(both, both, both, document // DOCUMENTS).verdict == "not testable"


def test_additive_pairs_are_seldom_called_anything_else():
    """Windows of one document go together; nothing interacts."""
    document = np.arange(24) // 2
    wrong, draws = 0, 300
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        one, two, error = rng.normal(1.0, 0.5, (3, 12))
        error = (error - 1.0)[document]
        found = interaction(
            one[document], two[document], one[document] + two[document] + error, document, seed=seed
        )
        wrong += found.verdict != "additive"
    assert wrong <= 0.14 * draws  # a bootstrap over 12 documents is a little too sure of itself
