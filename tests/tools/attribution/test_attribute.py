"""Every formula against the plain computation, one unit at a time."""

import itertools

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.attribution import (
    METHODS,
    Prediction,
    Settings,
    TargetPrompt,
    attention_patterns,
    attribute,
    exact_trace,
    target_prompt,
)
from neuroscribe.tools.attribution.control import (
    control,
    random_sets,
    with_others,
    without,
    zeroed,
)
from neuroscribe.tools.attribution.increase import imps
from neuroscribe.tools.attribution.query import keys_of, neuron_shares, query_units
from neuroscribe.tools.attribution.sources import KINDS, Layout, Sources, Spot
from neuroscribe.tools.models import Target, scale, zero
from tiny_families import fresh

PROMPT, TARGET = "She loved to play outside in", " the"
FAMILIES = ["gpt2", "llama", "gemma2", "gpt_neox"]


def question(rows, token=7, other=None):
    ids = rows(1).ids
    return TargetPrompt(ids, ids.shape[1], (Prediction(ids.shape[1] - 1, token, other),))


def naive_imp(found, spot, prediction, *, paper=False):
    """Imp of one unit, from the plain modules, float64."""
    trace, target = found.trace, found.trace.target
    here, t = trace.architecture.blocks[spot.block], prediction.place
    out = target.network.get_submodule((here.mlp if spot.kind == "mlp" else here.attention).path)
    inside = torch.zeros(1, out.weight.shape[1 if isinstance(out, torch.nn.Linear) else 0])
    if spot.kind == "mlp":
        inside[0, spot.index] = trace.neurons[spot.block][0, t, spot.index]
    else:
        channels = trace.heads[spot.block].shape[3]
        at = spot.index * channels
        if spot.kind == "head":
            inside[0, at : at + channels] = trace.heads[spot.block][0, t, spot.index]
        else:
            pattern = attention_patterns(trace, places=[t])[spot.block]
            alpha = pattern.weights[0, spot.index, 0, spot.place]
            value = pattern.values[0, spot.index, spot.place, spot.channel]
            inside[0, at + spot.channel] = alpha * value
    with torch.no_grad():
        u = out(inside) - out(torch.zeros_like(inside))
    after = (here.mlp if spot.kind == "mlp" else here.attention).after
    if after is not None:  # RMSNorm of Gemma-2, its scale that of the whole sub-update
        raw = (trace.mlp if spot.kind == "mlp" else trace.attention)[spot.block][0, t]
        u = u / (raw.square().mean() + after.module.eps).sqrt() * (1 + after.module.weight)
    r = trace.before_mlp(spot.block) if spot.kind == "mlp" else trace.layer_input(spot.block)
    r, final = r[0, t][None].double(), trace.final[0, t].double()
    norm = trace.architecture.final.module
    head = target.network.get_output_embeddings()

    def log_p(x):
        if isinstance(norm, torch.nn.LayerNorm):
            std = (final.var(correction=0) + norm.eps).sqrt()
            y = (x - x.mean()) / std * norm.weight
            y = y if paper else y + norm.bias
        else:
            eps = getattr(norm, "variance_epsilon", None) or norm.eps
            gemma = "Gemma" in type(norm).__name__
            y = x / (final.square().mean() + eps).sqrt() * (norm.weight + (1 if gemma else 0))
        logits = y @ head.weight.double().T
        cap = getattr(target.network.config, "final_logit_softcapping", None)
        logits = logits if cap is None else cap * torch.tanh(logits / cap)
        if prediction.other is not None:
            return logits[0, prediction.token] - logits[0, prediction.other]
        return logits.log_softmax(1)[0, prediction.token]

    return float(log_p(r + u.double()) - log_p(r))


@pytest.mark.parametrize(
    ("family", "other", "paper"),
    [
        *((family, other, False) for family in FAMILIES for other in (None, 12)),
        ("gpt2", None, True),
    ],
)
def test_imp_is_the_plain_computation(family, other, paper, tiny, rows):
    """In the paper's mode without the bias of the final norm."""
    target, asked = tiny(family), question(rows, other=other)
    found = attribute(target, asked, Settings("imp", KINDS, exact=True, paper=paper))
    assert any("bias" in note for note in found.notes) == paper
    draw = np.random.default_rng(0)
    for kind in KINDS:
        assert bool(found.exact[kind].all())
        for at in draw.choice(len(found.values[kind]), 8, replace=False).tolist():
            spot = found.layouts[kind].spot(at)
            assert found.layouts[kind].number(spot) == at
            want = naive_imp(found, spot, asked.predictions[0], paper=paper)
            assert float(found.values[kind][at]) == pytest.approx(want, abs=2e-5), spot


@pytest.mark.parametrize("family", FAMILIES)
def test_direct_terms_sum_to_the_logit(family, tiny, rows):
    """Embeddings, heads, neurons and biases, each through the frozen norm, make the whole logit."""
    target, asked = tiny(family), question(rows)
    found = attribute(target, asked, Settings("direct", KINDS))
    trace, place = found.trace, asked.predictions[0].place
    direction = found.readout.direction(asked.predictions[0], trace.final_scale[0, place])
    heads, pieces = found.values["head"].sum(), found.values["attention"].sum()
    assert float(heads) == pytest.approx(float(pieces), abs=1e-4), "attention neurons are the heads"
    total = trace.embeddings[0, place].float() @ direction + heads + found.values["mlp"].sum()
    for block, kind in itertools.product(range(trace.depth), ("attention", "mlp")):
        total = total + trace.bias_write(block, kind)[0, place] @ direction
    norm = trace.architecture.final
    total = total + found.readout.weight[7] @ norm.bias
    cap = found.readout.cap
    want = trace.logits[0, 7]
    want = want if cap is None else cap * torch.atanh(want / cap)
    close(total, want, 2e-4)


def test_the_first_order_term_is_never_below_imp(tiny, rows):
    """Without a soft cap: log p is concave in the residual while the scale is frozen."""
    asked = question(rows)
    found = attribute(tiny("llama"), asked, Settings("imp", KINDS, exact=True))
    with torch.no_grad():
        for kind in KINDS:
            bounds = imps(found.sources, found.readout, asked.predictions, kind).values
            assert bool((bounds >= found.values[kind] - 1e-5).all())
            assert (bounds - found.values[kind]).max() > 1e-4


def test_a_shortlist_finds_the_true_top_and_says_what_is_proven(stories260k):
    """Recall of the true top 50 on a trained model, and the proof of it."""
    prompts = [
        (PROMPT, TARGET),
        ("Once upon a time, there was a little girl named", " Lily"),
        ("Tom saw a big dog. The dog was", " very"),
        ("She was very happy and", " she"),
        ("One day, he went to the", " g"),
    ]
    found_of, all_of = 0, 0
    for prompt, text in prompts:
        asked = target_prompt(stories260k, prompt, text, several="first")
        short = attribute(stories260k, asked, Settings("imp", KINDS, words=0))
        true = attribute(stories260k, asked, Settings("imp", KINDS, exact=True, words=0))
        for kind in ("mlp", "attention"):
            assert int(short.exact[kind].sum()) <= 220
            kept = short.exact[kind]
            close(short.values[kind][kept], true.values[kind][kept], 2e-5)
            top = set(map(str, true.ranked(kind, 50)))
            found_of += len(top & set(map(str, short.ranked(kind, 50))))
            all_of += 50
            proven = short.proven[kind]
            assert proven <= 200
            assert short.ranked(kind, proven) == true.ranked(kind, proven)
    assert found_of / all_of >= 0.98
    assert short.exact["head"].all(), "few units: all exact"


def test_a_contrast_is_exact_at_once(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET, contrast=" a")
    found = attribute(stories260k, asked, Settings("imp", ("mlp", "head")))
    same = attribute(stories260k, asked, Settings("direct", ("mlp", "head")))
    for kind in ("mlp", "head"):
        assert bool(found.exact[kind].all())
        close(found.values[kind], same.values[kind], 2e-5)
    with torch.no_grad():
        slow = imps(found.sources, found.readout, asked.predictions, "mlp")
        slow.exact[:40] = False
        slow.make_exact(torch.arange(40))
    close(slow.values[:40], found.values["mlp"][:40], 1e-4)


def test_a_sum_over_tokens_adds_the_predictions(stories260k):
    asked = target_prompt(stories260k, PROMPT, " the park", several="sum")
    assert len(asked.predictions) > 1
    found = attribute(stories260k, asked, Settings("imp", ("mlp",), exact=True))
    assert len(found.probabilities) == len(found.ranks) == len(asked.predictions)
    parts = []
    for number, prediction in enumerate(asked.predictions):
        ids = asked.ids[:, : prediction.place + 1]
        alone = TargetPrompt(ids, ids.shape[1], (prediction,))
        part = attribute(stories260k, alone, Settings("imp", ("mlp",), exact=True))
        assert part.probabilities[0] == pytest.approx(found.probabilities[number], rel=1e-4)
        parts.append(part.values["mlp"])
    close(found.values["mlp"], torch.stack(parts).sum(0), 1e-4)


def log_p(target, asked, changes=()):
    logits = target.trace(asked, interventions=changes, output="last").output
    return float(logits[0].double().log_softmax(0)[asked.predictions[0].token])


@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_taylor_is_the_slope_of_scaling_a_unit(family, tiny, rows):
    target, asked = tiny(family), question(rows)
    here = attribute(target, asked, Settings("taylor", ("mlp", "head")))
    whole = attribute(target, asked, Settings("taylor", ("mlp", "head"), everywhere=True))
    for kind, at in (("mlp", 5), ("mlp", 77), ("head", 2), ("head", 9)):
        spot = here.layouts[kind].spot(at)
        for found, places in ((here, [8]), (whole, None)):
            up, down = (
                log_p(target, asked, [scale(spot.site, [spot.index], 1 + e).at(places=places)])
                for e in (1e-2, -1e-2)
            )
            want = abs(up - down) / 2e-2
            assert float(found.values[kind][at]) == pytest.approx(want, rel=0.02, abs=2e-4)


def test_taylor_of_attention_neurons_sums_to_its_heads_before_the_modulus(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET)
    found = attribute(stories260k, asked, Settings("taylor", ("attention",)))
    one = found.layouts["attention"].spot(100)
    share = found.sources[0].coefficients("attention", one.block)[one.index, one.place, one.channel]
    (change,) = without(found, [one])
    step = type(change)(change.site, change.units, 1.0, change.shift * 0.01).at(
        rows=[0], places=change.places
    )
    drop = log_p(stories260k, asked) - log_p(stories260k, asked, [step])
    assert float(found.values["attention"][100]) == pytest.approx(abs(drop) * 100, abs=2e-4)
    assert abs(float(share)) > 0


def test_integrated_gradients_sum_to_the_effect_of_the_whole_site(tiny, rows):
    target, asked = tiny("llama"), question(rows)
    found = attribute(target, asked, Settings("integrated", ("mlp", "head"), steps=40))
    for kind, site in (("mlp", "mlp.1"), ("head", "head.1")):
        layout = found.layouts[kind]
        total = float(found.values[kind][layout.starts[1] : layout.starts[2]].sum())
        gone = log_p(target, asked, [zero(site, None).at(places=[8])])
        assert total == pytest.approx(log_p(target, asked) - gone, abs=2e-3)
        assert abs(total) > 1e-2


def test_magnitude_is_coefficient_times_length(tiny, rows):
    found = attribute(tiny("gpt2"), question(rows), Settings("magnitude", KINDS))
    trace = found.trace
    here = trace.architecture.blocks[1]
    neurons = trace.neurons[1][0, 8].float()[:, None] * here.mlp.rows()  # [unit, d]
    close(found.values["mlp"][128:256], neurons.norm(dim=-1), 2e-5)
    rows_ = here.attention.rows().unflatten(0, trace.heads[1].shape[2:])  # [head, channel, d]
    heads = torch.einsum("hc,hcd->hd", trace.heads[1][0, 8], rows_)
    close(found.values["head"][4:8], heads.norm(dim=-1), 2e-5)


def test_results_are_sorted_and_honest_about_both_ends(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET)
    for method in METHODS:
        found = attribute(stories260k, asked, Settings(method, KINDS, top=5, words=1))
        assert found.probabilities[0] > 0.5
        assert found.ranks == (1,)
        for kind in KINDS:
            values = [unit.value for unit in found.units[kind]]
            assert values == sorted(values, reverse=True)
            assert bool(found.opposing[kind]) == (method not in ("taylor", "magnitude"))
            assert all(unit.value < 0 for unit in found.opposing[kind])


def test_zeroing_is_zeroing_and_random_sets_come_from_the_same_sites(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET)
    found = attribute(stories260k, asked, Settings("imp", KINDS, words=0))
    spots = found.ranked("mlp", 3)
    clean, best = zeroed(stories260k, found, [[], spots])
    assert clean.probability == pytest.approx(found.probabilities[0], rel=1e-4)
    want = log_p(stories260k, asked, [zero(spot.site, [spot.index]) for spot in spots])
    assert best.score == pytest.approx(want, abs=1e-4)
    for kind in KINDS:
        test = control(stories260k, found, kind, many=4, draws=5)
        assert len(test.random) == 5
        again = control(stories260k, found, kind, many=4, draws=5)
        assert again == test
    top = control(stories260k, found, "mlp")
    assert top.drop > max(top.random), "ten neurons by Imp matter more than twenty random draws"
    assert top.p == pytest.approx(1 / 21)


def test_a_control_is_as_large_and_no_set_comes_twice(stories260k):
    """Six of eight heads leave two others: the first four are zeroed, beside no emptier sets."""
    layout = Layout("head", ((8,), (8,)))
    spots = [Spot("head", 0, index) for index in range(6)] + [Spot("head", 1, 0)]
    assert with_others(layout, spots) == spots[:4]
    rng = np.random.default_rng(0)
    sets = random_sets(layout, spots[:4], 20, rng)
    assert [set(one) for one in sets] == [{Spot("head", 0, index) for index in (4, 5, 6, 7)}]
    sets = random_sets(layout, [spots[0], spots[6]], 60, rng)
    assert len({frozenset(one) for one in sets}) == len(sets) <= 49
    assert all([spot.block for spot in one] == [0, 1] for one in sets)
    asked = target_prompt(stories260k, PROMPT, TARGET)
    found = attribute(stories260k, asked, Settings("imp", ("head",), top=40, words=0))
    test = control(stories260k, found, "head", many=40)
    assert 0 < len(test.units) <= 20
    assert min(abs(drop) for drop in test.random) > 0


def test_attention_alone_is_attributed_to_heads():
    """MLPs whose weights are zero write nothing: the rest of the network is as any other."""
    target = Target.load("organism:induction")
    asked = target_prompt(target, "ka lo mi ka", " lo")
    trace = exact_trace(target, asked)
    assert trace.error() < 1e-5
    assert [m.shape[-1] for m in trace.neurons] == [0, 0]
    found = attribute(target, asked)
    assert list(found.units) == ["head"]
    assert any("write nothing" in note for note in found.notes)
    assert {unit.spot.block for unit in found.units["head"][:4]} == {1}, "the induction heads"
    for method in METHODS:
        again = attribute(target, asked, Settings(method, ("mlp", "head", "attention"), words=0))
        assert list(again.units) == ["head", "attention"]
    refused("ask for the kind head", attribute, target, asked, Settings("imp", ("mlp",)))


def test_taking_out_every_attention_neuron_of_a_head_is_zeroing_it_there(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET)
    found = attribute(stories260k, asked, Settings("imp", ("attention",), words=0))
    _, places, channels = found.layouts["attention"].shapes[3]
    whole = [
        Spot("attention", 3, 1, channel, place)
        for place in range(places)
        for channel in range(channels)
    ]
    (gone,) = zeroed(stories260k, found, [whole])
    last = asked.predictions[0].place
    assert gone.score == pytest.approx(
        log_p(stories260k, asked, [zero("head.3", [1]).at(places=[last])]), abs=1e-4
    )


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "gpt_neox", "phi3"])
@pytest.mark.parametrize("of", ["attention", "mlp"])
def test_shares_in_a_key_sum_to_one(family, of, tiny, rows):
    """Embeddings, heads, neurons and biases before a value unit make up its number."""
    target, asked = tiny(family), question(rows)
    found = attribute(target, asked, Settings("imp", (of,)))
    trace, layout = found.trace, found.layouts[of]
    spots = [s for s in map(layout.spot, range(0, layout.size, 7)) if s.block == 2][:6]
    patterns = attention_patterns(trace) if of == "attention" else ()
    for key in keys_of(trace, spots, 8, patterns):
        source = Sources(trace, key.place)
        total = key.constant + float(trace.embeddings[0, key.place].float() @ key.direction)
        behind = of == "mlp" and not trace.architecture.blocks[key.block].parallel
        for block in range(key.block + behind):
            total += float(source.linear("head", block, key.direction).sum())
            total += float(trace.bias_write(block, "attention")[0, key.place] @ key.direction)
        for block, share in neuron_shares(trace, key).items():
            total += float(share.sum()) * key.total
            total += float(trace.bias_write(block, "mlp")[0, key.place] @ key.direction)
        assert total == pytest.approx(key.total, abs=2e-4)
        if of == "mlp":
            block = trace.architecture.blocks[2]
            module = target.network.get_submodule(block.inner)
            given = block.mlp_reads(trace.before_mlp(2))[0, 8]
            with torch.no_grad():
                want = float(module(given)[key.spot.index + block.offset])
            assert key.total == pytest.approx(want, abs=2e-4)


def test_query_values_are_the_paper_formula(tiny, rows):
    """Q(n) = sum over v of Imp(v) <m_n v_n, k_v> / <h_p, k_v>, by loops."""
    target, asked = tiny("gpt2"), question(rows)
    got = {q.unit: q.value for q in query_units(target, asked, values=4, paper=True, top=10_000)}
    found = attribute(target, asked, Settings("imp", ("attention",), exact=True, paper=True))
    trace, want = found.trace, dict.fromkeys(got, 0.0)
    for v in found.ranked("attention", 4):
        imp = float(found.values["attention"][found.layouts["attention"].number(v)])
        block = target.network.transformer.h[v.block]
        k = block.ln_1.weight * block.attn.c_attn.weight[:, 64 + 8 * v.index + v.channel]
        h = trace.layer_input(v.block)[0, v.place]
        for n in range(v.block):
            m = trace.neurons[n][0, v.place]
            row = target.network.transformer.h[n].mlp.c_proj.weight  # [unit, d]
            for unit in range(len(m)):
                want[f"mlp.{n}/{unit}"] += imp * float((m[unit] * row[unit]) @ k) / float(h @ k)
    assert got == pytest.approx(want, abs=1e-4)
    assert max(map(abs, got.values())) > 1e-3


@pytest.mark.parametrize(
    ("settings", "token", "says"),
    [
        (Settings("guess"), 7, "imp, direct, taylor"),
        (Settings(kinds=("neuron",)), 7, "mlp, head, attention"),
        (Settings(kinds=()), 7, "mlp, head, attention"),
        (Settings(top=0), 7, "at least 1"),
        (Settings(everywhere=True), 7, "everywhere is for taylor"),
        (Settings(), 99, "token 99 is not one of the 64"),
    ],
)
def test_unusable_settings_are_one_line(settings, token, says, tiny, rows):
    refused(says, attribute, tiny("gpt2"), question(rows, token), settings)


def test_odd_heads_and_half_precision_are_said(rows, tiny):
    target = fresh("llama")
    target.network.lm_head.register_forward_hook(lambda m, a, out: out * 0.5)
    refused("away from the model's own", attribute, target, question(rows))
    found = attribute(tiny("llama", torch.bfloat16), question(rows), Settings("imp", KINDS))
    full = attribute(tiny("llama"), question(rows), Settings("imp", KINDS))
    assert "bfloat16" in found.notes[0]
    assert not full.notes
    for kind in ("mlp", "head"):
        both = torch.stack([found.values[kind], full.values[kind]])
        assert torch.corrcoef(both)[0, 1] > 0.97
