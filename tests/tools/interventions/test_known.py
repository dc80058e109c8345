"""On models built by hand the answer is known: the unit that carries it, and the path."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.interventions import Metric, Runner, sweep
from neuroscribe.tools.interventions.change import Change, Part, change_sets, edit, parse_change
from neuroscribe.tools.interventions.controls import (
    against,
    matched_sets,
    random_directions,
    rank,
)
from neuroscribe.tools.interventions.effect import effect_of
from neuroscribe.tools.interventions.patching import Pair, grid
from neuroscribe.tools.interventions.path_patching import path_patch
from neuroscribe.tools.interventions.ranking import ranking
from neuroscribe.tools.interventions.reference import references
from neuroscribe.tools.models import Unit

from . import hand_built
from .hand_built import row

ANSWER = Metric(token=7)


PROMPTS = [row(3, 20 + at, 11 + at, 5) for at in range(8)]


@pytest.fixture(scope="module")
def answer():
    return hand_built.answer_neuron()


@pytest.fixture(scope="module")
def chain():
    return hand_built.chain()


def test_the_one_unit_that_carries_the_answer_is_first(answer):
    for prompt in PROMPTS[:3]:
        found = sweep(Runner(answer, prompt, ANSWER), "mlp.1")
        assert int(found.effect.abs().argmax()) == 17
        assert float(found.effect[17]) < -1
        assert float(found.effect.abs().topk(2).values[1]) < 0.5
        assert float(sweep(Runner(answer, prompt, ANSWER), "mlp.0").effect.abs().max()) < 0.01
    runner = Runner(answer, PROMPTS[0], ANSWER)
    found = rank(runner, sweep(runner, "mlp.1"))
    assert found.order[0] == 17
    assert found.q[17] < 0.01
    assert found.q[:17].min() > 0.5  # neurons that write next to nothing: rounding is no find


def controlled(target, units):
    """The effect of zeroing a set beside matched sets, mean over prompts."""
    runners = [Runner(target, prompt, ANSWER) for prompt in PROMPTS]
    places = [range(prompt.places) for prompt in PROMPTS]
    sets = [tuple(units), *matched_sets(runners, units, places)]
    assert len(sets) == 21
    assert all(len(set(one)) == len(units) for one in sets)
    parts = [[Part("mlp.1", tuple(unit.index for unit in one))] for one in sets]
    found = change_sets(runners, parts)
    (alone,) = change_sets(runners, parts[:1])
    np.testing.assert_allclose(found[0].after, alone.after, atol=1e-4)
    return against(found[0].mean, [one.mean for one in found[1:]])


def test_controls_flag_the_planted_unit_and_no_random_one(answer):
    planted = controlled(answer, [Unit("mlp.1", 17)])
    assert planted.percentile == 100
    assert planted.p == pytest.approx(1 / 21)
    percentiles = [controlled(answer, [Unit("mlp.1", n)]).percentile for n in range(45, 120, 15)]
    assert np.mean(percentiles) < 75
    assert min(percentiles) < 50
    assert controlled(answer, [Unit("mlp.1", 17), Unit("mlp.1", 60)]).percentile == 100


def test_controls_match_in_size_at_the_places_touched(answer):
    runners = [Runner(answer, prompt, ANSWER) for prompt in PROMPTS]
    last = [[prompt.places - 1] for prompt in PROMPTS]
    unit = Unit("mlp.1", 63)
    size = torch.stack([r.values("mlp.1")[-1] for r in runners]).square().mean(0).sqrt()
    weight = answer.network.transformer.h[1].mlp.c_proj.weight.norm(dim=1)
    size = size * weight
    near = [one[0].index for one in matched_sets(runners, [unit], last)]
    gap = (size.clamp_min(1e-12).log() - size[63].log()).abs()
    rest = [n for n in range(40, 128) if n not in near and n != 63]
    assert float(gap[near].median()) < float(gap[rest].median())


def test_the_false_discovery_rate_of_null_units_stays_at_its_level():
    """Every neuron writes along a random direction, so that every discovery is false."""
    target = hand_built.null_neurons()
    families, ps = 0, []
    for at in range(30):
        prompt = row(3, 2 + at, 39 - at, 4 + at, 6 + at)
        runner = Runner(target, prompt, Metric(token=(7 * at) % 40))
        found = rank(runner, sweep(runner, "mlp.1"), seed=at)
        families += bool((found.q <= 0.1).any())
        ps.append(found.p)
    assert families <= 7  # of 30 at level .1: more than 7 has a chance under .01
    assert 0.02 < float((np.concatenate(ps) < 0.05).mean()) < 0.08


def test_ranking_over_prompts_finds_the_planted_unit_and_no_null_one(answer):
    runners = [Runner(answer, prompt, ANSWER) for prompt in PROMPTS]
    found = ranking(runners, "mlp.1")
    first, *rest = found.units
    assert first.unit == Unit("mlp.1", 17)
    assert first.q < 0.01
    each = [sweep(r, "mlp.1", units=[17]) for r in runners]
    mean = float(np.mean([float(one.effect[0]) for one in each]))
    assert first.effect == pytest.approx(mean, abs=1e-5)
    assert first.interval[0] <= mean <= first.interval[1]
    assert len(rest) == 127
    null = hand_built.null_neurons()
    prompts = [row(3, 2 + at, 39 - at, 4 + at, 6 + at) for at in range(4)]
    found = ranking([Runner(null, p, Metric(token=11)) for p in prompts], "mlp.1")
    assert found.found == 0
    small = np.mean([one.p is not None and one.p < 0.05 for one in found.units])
    assert small < 0.08  # averaging over prompts never makes chance look rarer


def test_random_directions_and_where_there_are_none(tiny):
    prompt = row(3, 9, 14, 20)
    found = ranking([Runner(tiny("gpt2"), prompt, Metric(token=7))], "head.1")
    assert found.found is None
    assert all(one.p is None and one.interval is None for one in found.units)
    assert "no random direction" in found.notes[-1]
    change = torch.randn(5, 32)
    drawn = random_directions(change, 20)
    assert drawn.shape == (20, 5, 32)
    torch.testing.assert_close(drawn.norm(dim=-1), change.norm(dim=-1).expand(20, 5))
    cosine = torch.nn.functional.cosine_similarity(drawn[0], drawn[1], dim=-1)
    assert float(cosine.abs().max()) < 0.9


def test_patching_finds_where_the_answer_is_carried(chain):
    """Token 5 is seen at place 1, moved to the last place by block 0, said by block 1."""
    pair = Pair(chain, row(3, 5, 11, 12), row(3, 6, 11, 12), ANSWER)
    stream = grid(pair, "resid").share
    assert float(stream[0, 3]) == pytest.approx(1, abs=0.02)
    assert float(stream[0, 1]) == pytest.approx(0, abs=0.02)
    heads = grid(pair, "head", by="unit").share
    assert int(heads[0].argmax()) == 1
    assert float(heads[0, 1]) > 0.9
    assert float(heads[1:].abs().max()) < 1e-4


def test_path_patching_finds_the_chain(chain):
    pair = Pair(chain, row(3, 5, 11, 12), row(3, 6, 11, 12), ANSWER)
    receivers = [Part("mlp.1", (17,)), Part("mlp.1", (18,)), Part("mlp.2"), Part("logit")]
    by_sender = {index: path_patch(pair, Part("head.0", (index,)), receivers) for index in range(4)}
    heard, deaf, later, direct = by_sender[1]
    assert heard.share > 0.8
    assert max(abs(deaf.share), abs(later.share), abs(direct.share)) < 0.1
    for index in (0, 2, 3):
        assert abs(by_sender[index][0].share) < 0.1
    aside = Pair(chain, row(3, 5, 11, 12), row(3, 6, 11, 12), Metric(token=9))
    paths = path_patch(aside, Part("head.0", (2,)), receivers)
    assert paths[3].change > 0.3
    assert abs(paths[0].change) < 0.05
    (whole,) = path_patch(pair, Part("head.0", (1,)), [Part("mlp_out.1")])
    assert whole.share == pytest.approx(heard.share, abs=0.02)
    refused("does not come after", path_patch, pair, Part("mlp.1"), [Part("head.0")])


def test_an_effect_beside_both_controls(answer):
    runners = [Runner(answer, prompt, ANSWER) for prompt in PROMPTS]
    found = effect_of(runners, [Unit("mlp.1", 17)], Change("zero"))
    assert found.matched.percentile == 100
    assert found.directions.percentile == 100
    assert found.interval[0] <= found.mean <= found.interval[1] < -1
    others = [effect_of(runners, [Unit("mlp.1", n)], Change("zero")) for n in (50, 70, 90, 110)]
    for kind in ("matched", "directions"):
        assert np.mean([getattr(one, kind).percentile for one in others]) < 90
    small = effect_of(runners[:1], [Unit("head.1", 2)], Change("scale", 2.0), where="last")
    assert small.interval is None
    assert len(small.matched.controls) == 3  # the site has no more heads
    assert any("no more than 3" in note for note in small.notes)
    assert [parse_change(text) for text in ("zero", "scale:2", "clamp:-.5")] == [
        Change("zero"),
        Change("scale", 2.0),
        Change("clamp", -0.5),
    ]


def test_resampling_takes_the_same_place_for_all_sites(tiny, prompt):
    target, one = tiny("llama"), prompt()
    rows = [prompt(seed=seed) for seed in range(1, 6)]
    known = references(target, rows, ["mlp.0", "resid.2"], samples=16)
    parts = [Part("mlp.0", (3,)), Part("resid.2", (5,), (2, 4)), Part("resid.2", None, "last")]
    drawn = []
    for part in parts:
        change, _ = edit(part, Change("resample"), one, known[part.site], seed=[7, 0])
        index = part.units or range(target.site(part.site).units)
        table = known[part.site].samples[:, list(index)]  # [sample, unit]
        given = change.shift.reshape(-1, len(index))  # [place, unit]
        places = change.places
        drawn.append(
            {p: int((table - g).abs().sum(1).argmin()) for p, g in zip(places, given, strict=True)}
        )
    for other in drawn[1:]:
        assert all(drawn[0][place] == sample for place, sample in other.items())
