"""Ablation, patching and output effect: right to 1e-5 where the truth can be computed by hand, and
beside controls that a unit picked at random does not beat."""

import copy

import numpy as np
import pytest
import torch
from checks import done, rejects
from neuroscribe.tools.activations.unit_stats import matched, peaks, profile
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.instruments.ablate import interventions
from neuroscribe.tools.interventions.controls import against
from neuroscribe.tools.interventions.matched_control import compare, control_words, verdict
from neuroscribe.tools.interventions.output_change import SPAN, ChangedRow, measure
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, Unit
from neuroscribe.tools.registry import call

EVERY = {"many": 4}


def _without(target: Target, unit: Unit) -> torch.nn.Module:
    """A copy of a network in which a neuron writes nothing."""
    network = copy.deepcopy(target.network)
    weight = network.get_submodule(target.site(unit.site).module).weight
    with torch.no_grad():
        weight[:, unit.index] = 0  # Linear: [d, unit]
    return network


def test_zero_ablation_is_zeroing_the_weights(stories_lab):
    target, unit = stories_lab.target, stories_lab.unit
    found = call(stories_lab, "ablate", {"units": [str(unit)], **EVERY})
    network = _without(target, unit)
    spots = [(p["row"], p["place"]) for p in found.data["prompts"]]
    assert spots == peaks(stories_lab, (unit,), 4)
    for (row, place), size in zip(spots, found.data["effect"]["each"], strict=True):
        attended = stories_lab.explore.attended[row]
        ids = torch.tensor(stories_lab.explore.ids[row][attended], dtype=torch.long)[None]
        with torch.no_grad():
            before = target.network(input_ids=ids).logits[0].log_softmax(-1)
            after = network(input_ids=ids).logits[0].log_softmax(-1)
        apart = (before.exp() * (before - after)).sum(-1)[place : place + SPAN]
        assert size == pytest.approx(float(apart.mean()), abs=1e-5, rel=1e-3)


def test_zero_ablation_of_an_encoder(minilm_lab, few_words):
    target, unit = minilm_lab.target, minilm_lab.unit
    found = call(minilm_lab, "ablate", {"many": 3})
    network = _without(target, unit)
    for prompt, size in zip(found.data["prompts"], found.data["effect"]["each"], strict=True):
        row = prompt["row"]
        attended = minilm_lab.explore.attended[row]
        ids = torch.tensor(minilm_lab.explore.ids[row][attended], dtype=torch.long)[None]
        with torch.no_grad():
            one = target.network(input_ids=ids).last_hidden_state.mean(1)
            other = network(input_ids=ids).last_hidden_state.mean(1)
        turn = 1 - float(torch.cosine_similarity(one.double(), other.double()))
        assert size == pytest.approx(turn, abs=1e-6)
    assert found.data["effect"]["change"]["kind"] == "embedding"
    assert len(found.data["controls"]) == 20
    assert len(found.text) < 1500


def test_mean_and_resample_put_in_measured_values(stories_lab):
    lab, units = stories_lab, (Unit("mlp.2", 3), Unit("head.1", 2))
    rng = np.random.default_rng(0)
    for method in ("mean", "resample"):
        changes = interventions(lab, units, [[2, 3, 4]] * 2, method, rng)
        trace = lab.target.trace(
            lab.explore.rows([0]), [unit.site for unit in units], interventions=changes
        )
        for unit in units:
            known = profile(lab, unit.site)
            put = trace.values[unit.site][0, 2:5, unit.index].numpy().reshape(3, -1)
            pool = known.samples[:, unit.index]
            for value in put:
                if method == "mean":
                    assert value == pytest.approx(known.mean[unit.index], rel=1e-4, abs=1e-5)
                else:
                    assert np.abs(pool - value).max(1).min() < 1e-5


def test_ablating_the_planted_unit_matters_and_says_for_what(lab, make_lab):
    found = call(lab, "ablate", {"places": "active"})
    change = found.data["effect"]["change"]
    assert change["down"][0]["name"] == "tree"  # what it writes toward
    assert change["down"][0]["value"] < -0.05
    assert '"tree" -' in found.text
    lab = make_lab("planted/1")
    rejects("pass texts", lab, "ablate")
    found = call(lab, "ablate", {"texts": ["we saw a cat", "the dog ran on"]})
    assert found.data["effect"]["mean"] == 0.0
    assert len(found.data["measured"]) == 2


def test_sets_and_bad_arguments(stories_lab):
    found = call(stories_lab, "ablate", {"units": ["mlp.2/3", "mlp.2/4", "head.0/1"], **EVERY})
    assert found.data["units"] == ["mlp.2/3", "mlp.2/4", "head.0/1"]
    assert len(found.data["controls"]) == 7  # a layer has eight heads
    assert call(stories_lab, "ablate", {"units": ["mlp.9/3"]}).error
    assert call(stories_lab, "ablate", {"method": "burn"}).error
    rejects("too many", stories_lab, "ablate", {"units": [f"mlp.1/{i}" for i in range(70)]})


def test_the_same_call_gives_the_same_result(stories_lab):
    """On another bench, and on one that shares the memo."""
    for method in ("resample", "zero"):
        first, again, shared = labs = [
            Lab(stories_lab.target, stories_lab.explore, unit=stories_lab.unit) for _ in range(3)
        ]
        shared.memo = first.memo
        for lab in (again, first, shared):
            call(lab, "survey", {})
        found = [call(lab, "ablate", {"method": method, **EVERY}).data for lab in labs]
        assert found[0] == found[1] == found[2]


def test_matched_units_are_alike_and_not_the_unit(stories_lab):
    unit = stories_lab.unit
    known = profile(stories_lab, unit.site)
    found = matched(stories_lab, unit)
    assert len(found) == 20
    assert unit not in found
    apart = np.abs(np.log(known.size / known.size[unit.index]))
    assert np.median(apart[[u.index for u in found]]) < np.median(apart)
    unit = Unit("mlp.1", 17, -1)
    known = profile(stories_lab, unit.site, unit.sign)
    column = stories_lab.column(unit)
    values = column[stories_lab.explore.counted]
    assert known.rate[17] == pytest.approx((values > 0).mean(), abs=1e-6)
    assert known.size[17] == pytest.approx(np.sqrt((values**2).mean()), rel=1e-4)
    assert known.top_values(17)[0] == pytest.approx(values.max(), rel=1e-4)
    window, place = peaks(stories_lab, (unit,), 1)[0]
    assert column[window, place] == pytest.approx(values.max(), rel=1e-4)


def test_random_units_land_at_uniform_percentiles(stories260k, test_data):
    """The control is fair: no unit looks special because its own best windows were chosen."""
    text = (test_data / "text" / "corpora" / "tinyshakespeare.txt").read_text()
    explore = cut(stories260k, [text[at : at + 400] for at in range(0, 9600, 400)], length=48)
    lab = Lab(stories260k, explore)
    drawn = np.random.default_rng(5).permutation(172)[:40]
    found = [
        call(lab, "ablate", {"units": [f"mlp.3/{i}"], "many": 2}).data["percentile"] for i in drawn
    ]
    assert 35 < np.mean(found) < 65
    assert (np.array(found) > 90).mean() < 0.3
    assert (np.array(found) < 10).mean() < 0.3


def test_a_patch_carries_the_planted_unit_over(lab):
    arguments = {
        "source": "we saw a cat on it",
        "destination": "we saw a bird on it",
        "source_word": "cat",
        "destination_word": "bird",
    }
    found = call(lab, "patch", arguments)
    assert found.data["source"]["value"] == 2.0
    assert found.data["destination"]["value"] == 0.0
    assert found.data["effect"]["change"]["up"][0]["name"] == "tree"
    swapped = dict(arguments, source=arguments["destination"], source_word="bird")
    same = call(lab, "patch", swapped)
    assert same.data["effect"]["mean"] == pytest.approx(0.0, abs=1e-9)
    assert "the same" in same.text
    rejects("does not stand", lab, "patch", {**arguments, "source_word": "wolf"})
    rejects("two texts", lab, "patch", {**arguments, "source": " "})


def test_patching_everything_gives_the_other_output(minilm_lab):
    """The last block's output at every place of an encoder is its whole output."""
    lab = minilm_lab
    windows = lab.tokenize(["the cat sat on a mat", "the dog ran in a park"])
    values = lab.target.trace(windows, ["resid.5"], output=False).values["resid.5"]
    from neuroscribe.tools.models import clamp

    change = clamp("resid.5", None, values[:1].clone()).at(places=range(windows.ids.shape[1]))
    (found,) = measure(lab, windows, [ChangedRow(1, (change,))])
    output = lab.target.trace(windows).output
    turn = 1 - float(torch.cosine_similarity(output[0].double(), output[1].double(), dim=0))
    assert found.size == pytest.approx(turn, abs=1e-5)


def test_output_effect_finds_what_the_planted_unit_writes(lab):
    found = call(lab, "output_effect", {})
    assert found.data["direct"]["promoted"][0]["token"] == "tree"
    assert found.data["promoted"][0]["token"] == "tree"
    assert found.data["direct"]["agreement"] > 0.8
    sizes = [level["size"] for level in found.data["levels"]]
    assert sizes[-1] > sizes[0]
    assert found.data["verdict"] == "not testable"  # its site has one more unit, and that is dead
    assert "0 matched units to compare with" in found.text


def test_an_encoder_moves_toward_words(minilm_lab, few_words):
    found = call(minilm_lab, "output_effect", {"many": 4})
    assert len(found.data["promoted"]) == len(found.data["suppressed"]) == 4
    assert found.data["promoted"][0]["cosine"] > 0 > found.data["suppressed"][0]["cosine"]
    done(minilm_lab, "output_effect", {"unit": "head.0/3"})


def test_a_percentile_says_of_how_many_and_when_they_are_too_few(lab):
    few = compare([[1.0, 1.0], [2.0]], np.random.default_rng(0))
    said = verdict(lab, few, "on the same texts")
    assert "1 matched unit, on the same texts" in said
    assert "larger than 0 of 1" in said
    assert "too few to tell" in said
    many = compare([[1.0, 1.0], *([2.0] for _ in range(20))], np.random.default_rng(0))
    assert "larger than 0 of 20" in verdict(lab, many, "on the same texts")
    alone = control_words(against(1.0, [2.0]), "matched units")
    assert alone.startswith("1 matched unit: ")
    assert "larger than 0 of 1" in alone
    assert "too few to tell" in alone
