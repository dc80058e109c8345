"""What a unit does: figures right where they can be computed by hand, planted effects told apart,
and words that are scored on other documents than those that named them."""

import numpy as np
import pytest
import torch
from checks import done, rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.instruments import unit_effect as _unit_effect  # noqa: F401
from neuroscribe.tools.interventions.neutral_prompts import NeutralPrompts
from neuroscribe.tools.interventions.output_change import ChangedRow, later_sublayers, measure
from neuroscribe.tools.interventions.strength import PEAKS, causal_test, neutral_inputs
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, Unit, add
from neuroscribe.tools.models.planted import Spec, plant
from neuroscribe.tools.registry import call
from neuroscribe.tools.render.effect import _beyond_direct, effect_sentence, effect_text
from neuroscribe.tools.statistics.causal_rule import LEAST_CONTROLS, MAX_P, SHOWN
from scipy.stats import binom

from tests.tools.conftest import WORDS, _never, _pets

COLUMN = Unit("mlp.2", 3)


def _trees(ids: np.ndarray, vocabulary) -> np.ndarray:
    return 2.0 * vocabulary.among(["house", "red"])[ids].astype(np.float32)


def _background(n: int, width: int) -> list[Spec]:
    draw = torch.Generator().manual_seed(0)

    def on(pair: list[str]):
        return lambda ids, vocabulary: 2.0 * vocabulary.among(pair)[ids].astype(np.float32)

    rng = np.random.default_rng(0)
    pairs = [[str(word) for word in rng.choice(WORDS, 2, replace=False)] for _ in range(n)]
    return [Spec(on(pair), output=0.1 * torch.randn(width, generator=draw)) for pair in pairs]


@pytest.fixture(scope="session")
def twins(word_model: Target, texts: list[str]) -> Lab:
    """`planted/0` and `/1` fire on pets and write half of `tree` each, `/2` writes nothing, `/3`
    writes `tree` too but fires on other words, `/4` writes `green` there; 50 more are on at two
    words each and write a little in random directions."""
    rows = word_model.network.get_output_embeddings().weight.detach()
    tree = rows[4 + WORDS.index("tree")]
    green = rows[4 + WORDS.index("green")]
    specs = [
        Spec(_pets, output=2 * tree / tree.norm()),
        Spec(_pets, output=2 * tree / tree.norm()),
        Spec(_pets, output=torch.zeros_like(tree)),
        Spec(_trees, output=4 * tree / tree.norm()),
        Spec(_trees, output=6 * green / green.norm()),
        Spec(_never),
        *_background(50, tree.shape[0]),
    ]
    target = plant(word_model, specs, block=1, site="grown")
    return Lab(target, cut(target, texts, length=32))


def _asked(bench: Lab, unit: str) -> dict:
    lab = Lab(bench.target, bench.explore, unit=bench.target.unit(unit), memo=bench.memo)
    found = done(lab, "unit_effect")
    return found.data


def test_planted_effects_are_told_apart(twins):
    one, nothing, other = (_asked(twins, f"grown/{at}") for at in (0, 2, 4))
    assert one["promoted"][0]["token"] == "tree"
    assert one["verdict"] == "no effect shown"  # three units of the site write more
    assert "held high it raises 'tree'" in effect_sentence(one)
    assert [r["unit"] for r in one["redundant"]] == ["grown/1"]
    assert nothing["verdict"] == "no effect shown"
    assert nothing["raised"] == pytest.approx(0, abs=1e-6)
    assert nothing["test"]["necessity"]["detectable"] > 0
    assert effect_sentence(nothing).startswith("no effect shown beyond 39 matched units (")
    assert "'" not in effect_sentence(nothing)  # it raises nothing, so no word is named
    assert other["promoted"][0]["token"] == "green"
    assert other["verdict"] == "causal"
    assert other["test"]["necessity"]["n"] == other["test"]["sufficiency"]["n"] == LEAST_CONTROLS
    assert effect_sentence(other).startswith("raises 'green'")
    assert not other["redundant"]
    # `tree` is written elsewhere by a unit that does not fire with it: no double
    assert "grown/3" not in {r["unit"] for r in one["redundant"]}


def test_no_effect_is_said_in_a_few_lines_with_the_unit_that_does_the_same(twins):
    found = {}
    for at in (0, 2, 4):
        lab = Lab(twins.target, twins.explore, unit=twins.target.unit(f"grown/{at}"))
        found[at] = done(lab, "unit_effect")
    assert len(found[2].text.splitlines()) == 3
    assert "None is listed" in found[2].text
    (pair,) = found[0].data["redundant"]
    again = effect_text({**found[0].data, "redundant": [{**pair, "verdict": "redundant"}]})
    assert "grown/1 writes the same way" in again
    assert "promotes" in found[4].text
    assert "necessity, resampled" in found[4].text


def test_both_tools_give_one_verdict_on_one_measurement(twins):
    for at in (0, 2, 20):
        lab = Lab(twins.target, twins.explore, unit=twins.target.unit(f"grown/{at}"))
        one, other = (call(lab, name, {}) for name in ("unit_effect", "output_effect"))
        assert one.data["test"] == other.data["test"]
        assert [line for line in one.text.splitlines() if line.startswith("verdict")] == [
            line for line in other.text.splitlines() if line.startswith("verdict")
        ]


def test_units_like_the_others_of_their_site_have_no_effect_shown(twins):
    """Random directions: 50 units that differ in nothing but the draw."""
    units = [twins.target.unit(f"grown/{at}") for at in range(6, 56)]
    verdicts = [causal_test(neutral_inputs(twins), unit)[0].verdict for unit in units]
    assert "not testable" not in verdicts
    assert sum(verdict in SHOWN for verdict in verdicts) <= binom.ppf(0.99, len(units), MAX_P)


@pytest.mark.slow
def test_neurons_taken_at_random_have_no_effect_shown(stories_bench):
    units = [stories_bench.target.unit(f"mlp.{block}/{at}") for block in (1, 3) for at in range(99)]
    tested = [causal_test(neutral_inputs(stories_bench), unit)[0] for unit in units]
    known = [one for one in tested if one.verdict != "not testable"]
    shown = sum(one.verdict in SHOWN for one in known)
    assert len(known) > 150
    assert shown <= binom.ppf(0.99, len(known), MAX_P)


def test_controls_are_measured_at_as_many_peaks_as_the_unit(twins, monkeypatch):
    lab = Lab(twins.target, twins.explore, unit=twins.target.unit("grown/0"))
    asked: dict[Unit, int] = {}
    kept = NeutralPrompts.resampled

    def counted(inputs: NeutralPrompts, unit: Unit, n: int) -> list[ChangedRow]:
        found = kept(inputs, unit, n)
        asked[unit] = len(found)
        return found

    monkeypatch.setattr(NeutralPrompts, "resampled", counted)
    causal_test(neutral_inputs(lab), lab.chosen(None))
    assert len(asked) > LEAST_CONTROLS
    assert set(asked.values()) == {PEAKS}


def test_the_dose_raises_and_the_removal_lowers_the_words(lab):
    found = call(lab, "unit_effect", {})
    data = found.data
    assert data["promoted"][0]["token"] == "tree"
    rise = [one["raised"] for one in data["sufficiency"]]
    assert rise[-1] > rise[0]
    assert data["necessity"]["change"] < 0
    assert data["direct_share"] == pytest.approx(1.0, abs=1e-4)  # nothing lies behind its block
    assert data["verdict"] == "not testable"  # its site has no other unit that fires
    assert "0 matched units to compare with, 39 are needed" in found.text
    assert effect_sentence(data).startswith("not testable (0 matched units, 39 are needed)")
    assert "raises 'tree'" in effect_sentence(data)
    assert len(found.text.splitlines()) <= 25
    assert "no other unit" in found.text


def test_words_are_scored_on_documents_that_did_not_name_them(stories_lab):
    data = call(stories_lab, "unit_effect", {}).data
    rows = data["prompts"]["windows"]
    documents = stories_lab.explore.document
    apart = [{int(documents[row]) for row in rows[half]} for half in ("writing", "scoring")]
    assert data["prompts"]["disjoint"]
    assert all(apart)
    assert not apart[0] & apart[1]
    assert 0 <= data["held_out"] <= 1
    assert len(data["controls"]) == LEAST_CONTROLS
    assert 0 < data["held_out_p"] <= 1
    again = Lab(stories_lab.target, stories_lab.explore, unit=stories_lab.unit)
    assert call(again, "unit_effect", {}).data == data


def test_the_direct_path_is_the_write_through_the_last_norm(stories_lab):
    """Before norms, with all later sub-layers held, what is written reaches the end as it is."""
    target, windows = stories_lab.target, stories_lab.explore
    row = ChangedRow(0, (add("mlp.2", [3], 2.0).at(places=[6]),), (6,))
    freeze = later_sublayers(target, "mlp.2")
    assert set(freeze) == {f"{kind}_out.{n}" for n in (3, 4) for kind in ("attn", "mlp")}
    direct, total = (
        measure(stories_lab, windows, [row], freeze=held)[0].change for held in (freeze, ())
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


def test_the_direct_path_through_norms_behind_sublayers(minilm_lab):
    """BERT: every later norm is applied again to the held sub-layers and the changed stream."""
    target, windows = minilm_lab.target, minilm_lab.explore.rows([0])
    change = add("mlp.3", [7], 3.0).at(places=[4])
    freeze = later_sublayers(target, "mlp.3")
    lab = Lab(target, windows)
    (found,) = measure(lab, windows, [ChangedRow(0, (change,), (4,))], freeze=freeze)
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


def test_encoders_heads_dead_and_bad_units(minilm_lab, few_words, stories_lab, make_lab):
    found = done(minilm_lab, "unit_effect")
    assert found.data["measure"].startswith("turn")
    assert found.data["promoted"][0]["value"] > found.data["suppressed"][0]["value"]
    assert found.data["direct"] is not None
    assert effect_sentence(found.data)
    head = done(minilm_lab, "unit_effect", {"unit": "head.2/3"})
    assert not head.data["redundant"]  # a head writes in many directions
    rejects("units 0 to", stories_lab, "unit_effect", {"unit": "mlp.2/9999"})
    dead = done(make_lab("planted/1"), "unit_effect")
    assert dead.data["necessity"]["change"] is None
    assert dead.data["verdict"] == "not testable"


def test_the_other_sign_promotes_what_this_one_suppresses(stories_lab):
    plus, minus = (
        done(stories_lab, "unit_effect", unit=unit, projection=8).data["projection"]
        for unit in ("mlp.2/3", "mlp.2/3-")
    )
    assert {t["token"] for t in plus["promoted"]} == {t["token"] for t in minus["suppressed"]}


def test_a_word_and_the_end_of_one_are_told_apart():
    test = {"p": 0.025, "n": 39}
    data = {
        "verdict": "causal",
        "test": {"necessity": test, "sufficiency": test},
        "measure": "KL of the next token (nats)",
        "necessity": {"change": None},
        "held_out_p": 0.05,
        "direct_share": None,
        "promoted": [{"token": " it"}, {"token": " her"}],
        "suppressed": [{"token": "it"}, {"token": "ent"}],
        "redundant": [],
    }
    said = effect_sentence(data)
    assert said.startswith("raises ' it', 'her' (")
    assert said.endswith("lowers 'it', 'ent'")


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.0, ""),
        (0.998, ""),
        (0.6, "the rest: through later layers"),
        (1.3, "take the difference back"),
        (-0.2, "turn it round"),
    ],
)
def test_what_later_layers_do_follows_from_the_direct_share(share, said):
    assert _beyond_direct(share).removeprefix("; ").endswith(said)
    assert bool(_beyond_direct(share)) == bool(said)
