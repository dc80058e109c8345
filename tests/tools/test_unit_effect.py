"""What a unit does: figures right where they can be computed by hand, planted effects told apart,
and words that are scored on other documents than those that named them."""

import numpy as np
import pytest
import torch
from neuroscribe.tools import unit_effect as _unit_effect  # noqa: F401
from neuroscribe.tools.data import lexicon as categories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.effect_rows import Row, later_sublayers, measure_rows
from neuroscribe.tools.effect_text import effect_sentence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, Unit, add, zero
from neuroscribe.tools.models.planted import Spec, plant
from neuroscribe.tools.registry import call

from tests.tools.conftest import WORDS, _never, _pets

COLUMN = Unit("mlp.2", 3)


@pytest.fixture
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lexicon of every twelfth word, so that embedding it is quick."""
    part = {name: words[::12] for name, words in categories.lexicon().items()}
    monkeypatch.setattr(categories, "lexicon", lambda: part)


def _trees(ids: np.ndarray, vocabulary) -> np.ndarray:
    return 2.0 * vocabulary.among(["house", "red"])[ids].astype(np.float32)


@pytest.fixture(scope="session")
def twins(word_model: Target, texts: list[str]) -> Lab:
    """`planted/0` and `/1` fire on pets and write half of `tree` each, `/2` writes nothing, `/3`
    writes `tree` too but fires on other words, `/4` writes `green` there."""
    rows = word_model.network.get_output_embeddings().weight
    tree = rows[4 + WORDS.index("tree")]
    green = rows[4 + WORDS.index("green")]
    specs = [
        Spec(_pets, output=2 * tree / tree.norm()),
        Spec(_pets, output=2 * tree / tree.norm()),
        Spec(_pets, output=torch.zeros_like(tree)),
        Spec(_trees, output=4 * tree / tree.norm()),
        Spec(_trees, output=4 * green / green.norm()),
        Spec(_never),
    ]
    target = plant(word_model, specs, block=1, site="grown")
    return Lab(target, cut(target, texts, length=32))


def _asked(bench: Lab, unit: str) -> dict:
    lab = Lab(bench.target, bench.explore, unit=bench.target.unit(unit), memo=bench.memo)
    found = call(lab, "unit_effect", {})
    assert found.error is None, found.error
    return found.data


def test_planted_effects_are_told_apart(twins: Lab) -> None:
    one, nothing, other = (_asked(twins, f"grown/{at}") for at in (0, 2, 4))
    assert one["promoted"][0]["token"] == "tree"
    assert one["verdict"] == "redundant"
    assert [r["unit"] for r in one["redundant"] if r["redundant"]] == ["grown/1"]
    assert one["redundant"][0]["ratio"] > 1.5
    assert effect_sentence(one).startswith("redundant with grown/1")
    assert nothing["verdict"] == "none"
    assert nothing["raised"] == pytest.approx(0, abs=1e-6)
    assert "no effect beyond matched units" in effect_sentence(nothing)
    assert other["promoted"][0]["token"] == "green"
    assert not other["redundant"]
    # `tree` is written elsewhere by a unit that does not fire with it: no double
    assert "grown/3" not in {r["unit"] for r in one["redundant"]}


def test_the_dose_raises_and_the_removal_lowers_the_words(lab: Lab) -> None:
    found = call(lab, "unit_effect", {})
    data = found.data
    assert data["promoted"][0]["token"] == "tree"
    rise = [one["raised"] for one in data["sufficiency"]]
    assert rise[-1] > rise[0]
    assert data["necessity"]["change"] < 0
    assert data["direct_share"] == pytest.approx(1.0, abs=1e-4)  # nothing lies behind its block
    assert data["p"] is None  # its site has no other unit that fires
    assert data["verdict"] == "effect"
    assert effect_sentence(data).startswith("raises 'tree'")
    assert len(found.text.splitlines()) <= 25
    assert "no other unit" in found.text


def test_words_are_scored_on_documents_that_did_not_name_them(stories_lab: Lab) -> None:
    data = call(stories_lab, "unit_effect", {}).data
    rows = data["prompts"]["windows"]
    documents = stories_lab.explore.document
    apart = [{int(documents[row]) for row in rows[half]} for half in ("writing", "scoring")]
    assert data["prompts"]["disjoint"]
    assert all(apart)
    assert not apart[0] & apart[1]
    assert 0 <= data["held_out"] <= 1
    assert len(data["controls"]) == 20
    again = Lab(stories_lab.target, stories_lab.explore, unit=stories_lab.unit)
    assert call(again, "unit_effect", {}).data == data


def test_a_removal_is_zeroing_the_column(stories_lab: Lab) -> None:
    target, windows = stories_lab.target, stories_lab.explore
    length = int(windows.attended[0].sum())
    change = zero("mlp.2", [3]).at(places=range(length))
    (found,) = measure_rows(stories_lab, windows, [Row(0, (change,), (5, 7), (5, 6, 7, 8))])
    ids = torch.tensor(windows.ids[0][windows.attended[0]], dtype=torch.long)[None]
    weight = target.network.model.layers[2].mlp.down_proj.weight
    kept = weight[:, 3].clone()
    with torch.no_grad():
        before = target.network(input_ids=ids).logits[0].log_softmax(-1)
        weight[:, 3] = 0
        after = target.network(input_ids=ids).logits[0].log_softmax(-1)
        weight[:, 3] = kept
    apart = (before.exp() * (before - after)).sum(-1)[5:9].mean()
    assert found.size == pytest.approx(float(apart), rel=1e-3, abs=1e-7)
    naive = (after - before)[[5, 7]].mean(0)
    assert found.change == pytest.approx(naive.numpy(), abs=1e-4)


def test_the_direct_path_is_the_write_through_the_last_norm(stories_lab: Lab) -> None:
    """Before norms, with all later sub-layers held, what is written reaches the end as it is."""
    target, windows = stories_lab.target, stories_lab.explore
    row = Row(0, (add("mlp.2", [3], 2.0).at(places=[6]),), (6,), (6,))
    freeze = later_sublayers(target, "mlp.2")
    assert freeze is not None
    assert set(freeze) == {f"{kind}_out.{n}" for n in (3, 4) for kind in ("attn", "mlp")}
    direct, total = (
        measure_rows(stories_lab, windows, [row], freeze=held)[0].change for held in (freeze, ())
    )
    network = target.network
    final = target.trace(windows.rows([0]), ["resid.4"], output=False).values["resid.4"][0, 6]
    written = 2 * network.model.layers[2].mlp.down_proj.weight[:, 3]
    with torch.no_grad():
        one, other = (
            network.lm_head(network.model.norm(state)).log_softmax(-1)
            for state in (final, final + written)
        )
    assert direct == pytest.approx((other - one).numpy(), abs=2e-4)
    assert np.abs(direct - total).max() > 1e-3  # later layers do something with it


def test_the_direct_path_through_norms_behind_sublayers(minilm_lab: Lab) -> None:
    """BERT: every later norm is applied again to the held sub-layers and the changed stream."""
    target, windows = minilm_lab.target, minilm_lab.explore.rows([0])
    change = add("mlp.3", [7], 3.0).at(places=[4])
    freeze = later_sublayers(target, "mlp.3")
    assert freeze is not None
    lab = Lab(target, windows)
    (found,) = measure_rows(lab, windows, [Row(0, (change,), (4,), (4,))], freeze=freeze)
    kept = target.trace(windows, [*freeze, "resid.3"]).values
    first = target.trace(windows, ["resid.3"], interventions=[change]).values["resid.3"]
    layers = target.network.encoder.layer
    means = []
    with torch.no_grad():
        for state in (kept["resid.3"], first):
            for block in (4, 5):
                state = layers[block].attention.output.LayerNorm(state + kept[f"attn_out.{block}"])
                state = layers[block].output.LayerNorm(state + kept[f"mlp_out.{block}"])
            means.append(state[0, : int(windows.attended.sum())].mean(0))
    assert found.change == pytest.approx((means[1] - means[0]).numpy(), abs=1e-5)


def test_an_encoder_and_a_head(minilm_lab: Lab, few_words) -> None:
    found = call(minilm_lab, "unit_effect", {})
    assert found.error is None
    assert found.data["measure"].startswith("turn")
    assert found.data["promoted"][0]["value"] > found.data["suppressed"][0]["value"]
    assert found.data["direct"] is not None
    assert effect_sentence(found.data)
    head = call(minilm_lab, "unit_effect", {"unit": "head.2/3"})
    assert head.error is None
    assert not head.data["redundant"]  # a head writes in many directions


def test_bad_units_are_refused(stories_lab: Lab, make_lab) -> None:
    assert "units 0 to" in (call(stories_lab, "unit_effect", {"unit": "mlp.2/9999"}).error or "")
    dead = call(make_lab("planted/1"), "unit_effect", {})
    assert dead.error is None
    assert dead.data["necessity"]["change"] is None
    assert dead.data["verdict"] == "none"


def test_a_word_and_the_end_of_one_are_told_apart() -> None:
    need = {"change": None, "p": None}
    data = {
        "verdict": "effect",
        "measure": "KL of the next token (nats)",
        "necessity": need,
        "controls": [],
        "p": 0.05,
        "held_out": 0.97,
        "direct_share": None,
        "promoted": [{"token": " it"}, {"token": " her"}],
        "suppressed": [{"token": "it"}, {"token": "ent"}],
        "redundant": [],
    }
    said = effect_sentence(data)
    assert said.startswith("raises ' it', 'her' (")
    assert said.endswith("lowers 'it', 'ent'")
