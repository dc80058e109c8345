"""Metrics that are linear in the output, shared out exactly on small networks."""

import pytest
import torch
from checks import close, refused
from neuroscribe.tools.attribution import Settings, attribute, target_prompt
from neuroscribe.tools.attribution.shares import share_out
from neuroscribe.tools.metrics.asked import asked


def shares(target, given, metric, **options):
    read = asked(target, [given], None, metric=metric)
    return share_out(target, read.prompts[0], read.metrics[0], draws=1, **options)


COMPLETE = [
    ("gpt", "ab a", "logit(a)"),
    ("gpt", "ab a", "logit(a) - mean(logit(b), logit(c)) / 2 + 3"),
    ("gpt", "ab a", "logit(a)@0 + logit(b)@mean"),
    ("gpt", "ab a", "log_probability(a) - log_probability(b)"),
    ("classifier", "(())", "class(1) - class(0)"),  # post-norm
    ("classifier", "(()", "-2 * class(1)"),
]


@pytest.mark.parametrize(("name", "given", "text"), COMPLETE)
def test_units_embeddings_biases_and_constant_are_the_metric(load, name, given, text):
    target = load(name)
    found = shares(target, given, text)
    parts = found.parts
    assert (found.method, found.notes) == ("direct", ())
    assert abs(parts.gap) < 1e-5
    assert sum(parts) == pytest.approx(found.before, abs=1e-6)
    listed = sum(float(site.shares.sum()) for group in found.groups for site in group.sites)
    assert listed == pytest.approx(parts.units, abs=1e-6)
    heads = shares(target, given, text, sites=["head.1"])
    close(heads.groups[0].sites[0].shares, found.groups[0].sites[1].shares, 1e-9)


def test_a_difference_of_logits_is_a_contrast(load):
    target = load("gpt")
    question = target_prompt(target, "ab a", "a", contrast="b", as_written=True)
    old = attribute(target, question, Settings())
    for text in ("logit(a) - logit(b)", "log_probability(a) - log_probability(b)"):
        for group in shares(target, "ab a", text).groups:
            values = torch.cat([site.shares.sum(0) for site in group.sites])
            close(values, old.values[group.name].double(), 1e-5)


def test_shares_of_the_last_block_are_what_zeroing_does_without_norms(load):
    """Behind the last block of a network whose stream ends in a linear map the direct path is all
    there is."""
    found = shares(load("plain"), "ab a", "logit(a) - logit(b)")
    site = next(s for g in found.groups for s in g.sites if s.site == "mlp.1")
    assert float(site.shares.sum()) == pytest.approx(found.before - site.without, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "given", "text", "says"),
    [
        ("gpt", "ab a", "log_probability(a)", "write a difference"),
        ("gpt", "ab a", "probability(a) - probability(b)", "is not linear in the output"),
        ("gpt", "ab a", "logit(a) * logit(b)", "no weighted sum"),
        ("gpt", "ab a", "max(logit(a), logit(b))", "no weighted sum"),
        ("gpt", "ab a", "logit(a)@max", "@max' is not linear"),
        ("gpt", "ab a", "logit(a) - mlp.1/3", "mlp.1/3' is not linear"),
        ("counter", "abca", "logit(a)", "not a transformer"),
        ("mlp", "1,2,3", "class(cat)", "reads none"),
        ("pooled", "(())", "class(1)", "linear in what ends the stream"),
    ],
)
def test_other_metrics_go_by_gradients_and_say_why(load, name, given, text, says):
    target = load(name)
    found = shares(target, given, text)
    assert found.method == "integrated"
    assert found.parts is None
    assert says in found.notes[0]
    refused(says, shares, target, given, text, method="direct")


def test_sites_without_a_trace_go_by_gradients(load):
    found = shares(load("gpt"), "ab a", "logit(a)", sites=["mlp.1", "resid.0"])
    assert found.method == "integrated"
    assert "not of resid.0" in found.notes[0]


def test_a_module_called_head_is_no_head_of_attention(load):
    found = shares(load("classifier"), "(())", "class(1)", sites=["head", "head.1"])
    assert {group.name for group in found.groups} == {"head:out", "head"}
