"""Metrics as expressions equal what is written by hand, and what is wrong is said in a line."""

import bare_models
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.interventions.gradients import gradients
from neuroscribe.tools.interventions.runner import Runner, runners_of
from neuroscribe.tools.metrics.asked import asked
from neuroscribe.tools.metrics.expression import expression
from neuroscribe.tools.metrics.inputs import input_of
from neuroscribe.tools.metrics.syntax import parse
from neuroscribe.tools.models import add, zero

A, B, C = (bare_models.LETTERS.index(letter) for letter in "abc")
CASES = [  # network, input, metric, the same by hand from the output [row, ...] and sites
    (
        "gpt",
        "ab a",
        'logit("a") - mean(logit("b"), logit(c))',
        lambda out, _: out[:, -1, A] - (out[:, -1, B] + out[:, -1, C]) / 2,
    ),
    (
        "gpt",
        "ab a",
        "2*logit(a)@-2 / -exp(logit(b)) ** 2",
        lambda out, _: 2 * out[:, -2, A] / -(out[:, -1, B].exp() ** 2),
    ),
    (
        "gpt",
        "ab a",
        "log_probability(a)@1 + probability(b)",
        lambda out, _: out[:, 1].log_softmax(-1)[:, A] + out[:, -1].softmax(-1)[:, B],
    ),
    (
        "gpt",
        "ab a",
        "mlp.1/17 + transformer.h.0.mlp.0[3]@first - head.0/1@2",
        lambda _, v: (
            v["mlp.1"][:, -1, 17]
            + v["transformer.h.0.mlp.0"][:, 0, 3]
            - v["head.0"][:, 2, 1].norm(dim=-1)
        ),
    ),
    ("classifier", "(())", "class(1) - 0.5*class(0)", lambda o, _: o[:, 1] - o[:, 0] / 2),
    ("classifier", "(())", "resid.1/3@mean", lambda _, v: v["resid.1"][:, :, 3].mean(1)),
    ("counter", "abca", "rnn/5@max * 2", lambda _, v: v["rnn"][:, :, 5].amax(1) * 2),
    ("linear", "1,0,-1,2", "class(cat)/class(dog)", lambda o, _: o[:, 0] / o[:, 1]),
    ("mlp", "1,2,3", "max(output(0), class(dog)) + 1[4]", lambda o, v: o.amax(1) + v["1"][:, 0, 4]),
    ("mlp", "1,2,3", "probability(cat)", lambda o, _: o.softmax(-1)[:, 0]),
]


@pytest.mark.parametrize(("name", "given", "text", "by_hand"), CASES)
def test_a_metric_and_its_gradient_equal_those_written_by_hand(load, name, given, text, by_hand):
    target = load(name)
    row = input_of(target, given)
    metric = expression(target, text, row.inputs)
    sites = list(dict.fromkeys([*metric.sites, next(iter(target.sites))]))
    run = target.trace(row.inputs, sites)
    output = run.output.clone().requires_grad_(True)
    values = {site: value.clone().requires_grad_(True) for site, value in run.values.items()}
    one, other = metric.of(output, values), by_hand(output, values)
    close(one, other, 1e-6)
    assert Runner(target, row, metric).before == pytest.approx(
        float(other.detach()), rel=1e-4, abs=1e-6
    )
    leaves = [output, *values.values()]
    slopes = [torch.autograd.grad(x.sum(), leaves, allow_unused=True) for x in (one, other)]
    for mine, theirs in zip(*slopes, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            close(mine, theirs, 1e-6)


@pytest.mark.parametrize("text", ["class(1) - class(0)", "mlp.1/3@0 * mlp.1/5@1"])
def test_its_gradient_in_the_network_is_the_slope_of_small_changes(load, text):
    target = load("classifier")
    row = input_of(target, "(())")
    metric = expression(target, text, row)
    slope = gradients(target, row, metric, ["mlp.0"])["mlp.0"]  # [place, unit]
    runner = Runner(target, row, metric)
    step = 1e-2
    for place, unit in [(0, 3), (2, 11)]:
        shift = torch.zeros_like(slope)[None]
        shift[0, place, unit] = step
        up, down = runner.measure([[add("mlp.0", None, s)] for s in (shift, -shift)])
        assert float(slope[place, unit]) == pytest.approx(
            float(up - down) / (2 * step), rel=2e-2, abs=1e-5
        )


def test_an_expression_over_last_logits_restarts_and_gives_what_whole_runs_give(load):
    target = load("gpt")
    read = asked(target, ["ab ab"], None, metric="logit(a) - logit(b)")
    same = asked(target, ["ab ab"], "a", contrast="b", metric="logit_difference")
    rows = [[zero("mlp.0", [i])] for i in range(6)]
    one, other = (runners_of(target, each)[0] for each in (read, same))
    assert not one.metric.whole
    close(one.measure(rows), other.measure(rows), 1e-6)
    whole = asked(target, ["ab ab"], None, metric="logit(a)@4 - logit(b)@4")
    assert whole.metrics[0].whole
    close(runners_of(target, whole)[0].measure(rows), other.measure(rows), 1e-5)


WRONG = [
    ("mlp", "1,2,3", "class(cta)", "there is no class 'cta'; nearest: cat"),
    ("mlp", "1,2,3", "class(2)", "numbers 0 to 1"),
    ("mlp", "1,2,3", "class(cat)@1", "place 1, but there are 1 places"),
    ("mlp", "1,2,3", "0/9", "names no output and no unit"),
    ("mlp", "1,2,3", "1[8]", "units 0 to 7"),
    ("mlp", "1,2,3", "mpl[8]", "has no site 'mpl'"),
    ("mlp", "1,2,3", "class(cat) / (class(dog) - class(dog))", "divides by 0 in 'class"),
    ("mlp", "1,2,3", "log(0 - exp(class(cat)))", "log has no value"),
    ("mlp", "1,2,3", "exp(exp(exp(exp(10 + class(cat)))))", "not finite"),
    ("mlp", "1,2,3", "class(cat) +* 2", "column 13: invalid syntax"),
    ("mlp", "1,2,3", "  foo(class(cat))", "column 3: there is no function 'foo'"),
    ("mlp", "1,2,3", "cat", "'cat' is no number of a network"),
    ("mlp", "1,2,3", "class(cat).real", "is no number of a network"),
    ("mlp", "1,2,3", "__import__('os')", "no function '__import__'"),
    ("mlp", "1,2,3", "-" * 1900 + "class(cat)", "too deep"),
    ("mlp", "1,2,3", "class(cat) * 1" + 400 * "0", "too large"),
    ("mlp", "1,2", "class(cat)", "takes 3 numbers"),
    ("mlp", "1,2,nan", "class(cat)", "no input of numbers|NaN"),
    ("mlp", "some.npy", "class(cat)", "no input of numbers"),
    ("chosen", "1,2,3,4", "output(0)", "no derivative passes"),
    ("classifier", "(())", "mlp.0/3", "say which, such as mlp.0/3@0"),
    ("classifier", "(())", "class(open)", "has no names; write a number, 0 to 1"),
    ("gpt", "ab a", "logit(zz)", "there is no token 'zz'"),
    ("gpt", "ab a", "logit(ab)", "'ab' is 2 tokens: 'a' \\+ 'b'"),
    ("gpt", "ab a", "logit(a)@9", "there are 4 places"),
    ("gpt", "ab a", "logit(a)@middle", "'middle' is no place"),
]


@pytest.mark.parametrize(("name", "given", "text", "said"), WRONG)
def test_what_is_wrong_is_said_in_a_line(load, name, given, text, said):
    refused(said, asked, load(name), [given], None, metric=text)


@pytest.mark.parametrize(
    "text", ["", "1 +", "class(", "'", "a if b else c", "[1]", "@3", 3000 * "x"]
)
def test_no_text_raises_anything_else(text):
    refused("the metric", parse, text)
