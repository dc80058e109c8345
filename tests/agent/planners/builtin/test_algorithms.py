"""The built-in planner finds what units compute of symbols and numbers, and nothing in chance."""

from typing import Any

import bare_models
import hand_built_heads
import numpy as np
import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.builtin.text import investigation
from neuroscribe.agent.planners.builtin.text.algorithms import Algorithm, fit_algorithm
from neuroscribe.agent.planners.builtin.text.investigation import Investigation
from neuroscribe.agent.planners.builtin.weights import fit_additive
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.own_model import from_model
from neuroscribe.tools.predicates import parse

assert investigate  # registers the tools
OPEN, CLOSE = ({"kind": "tokens", "tokens": [one]} for one in "()")


def lab_of(target: Target, texts: list[str]) -> Lab:
    return Lab(target, cut(target, texts, length=24, document_per_row=True))


@pytest.fixture(scope="module")
def brackets() -> Lab:
    """Under a network that sees both sides."""
    draw = np.random.default_rng(0)
    texts = ["".join(draw.choice(list("()"), draw.integers(6, 14))) for _ in range(150)]
    return lab_of(Target.load(f"{bare_models.__file__}:classifier"), texts)


class Framed:
    """One letter a token, among them three kinds of brackets."""

    vocab_size = 7
    decode = staticmethod(lambda ids: "".join("()[]{}x"[i] for i in ids))
    encode = staticmethod(lambda text: ["()[]{}x".index(one) for one in text])


@pytest.fixture(scope="module")
def kinds() -> Lab:
    """Brackets of three kinds, under a network that sees both sides."""
    draw = np.random.default_rng(4)
    texts = ["".join(draw.choice(list("()[]{}x"), draw.integers(8, 18))) for _ in range(200)]
    return lab_of(from_model(Model(bare_models.Classifier(7), Framed()), name="kinds"), texts)


@pytest.fixture(scope="module")
def digits() -> Lab:
    """Under a causal network."""
    draw = np.random.default_rng(1)
    texts = ["".join(draw.choice(list("0123456789"), 10)) for _ in range(150)]
    return lab_of(Target.load(f"{bare_models.__file__}:digits"), texts)


def found(lab: Lab, values: np.ndarray) -> Investigation:
    """What a fit says of a unit with these activations."""
    unit = lab.target.unit("mlp.0/1")
    lab.columns[unit] = np.where(lab.explore.counted, values, np.nan).astype(np.float32)
    made = Investigation(lab, unit, 0)
    made.fitted()
    return made


def computed(lab: Lab, values: np.ndarray) -> tuple[Algorithm, float]:
    """What is found alone, and how well it goes with the activations on all of explore."""
    unit, windows = lab.target.unit("mlp.0/1"), lab.explore
    lab.columns[unit] = np.where(windows.counted, values, np.nan).astype(np.float32)
    made = fit_algorithm(Investigation(lab, unit, 0).sample())
    x = np.stack([parse(p).evaluate(windows)[windows.counted] for p in made.predictors], 1)
    y = values[windows.counted].astype(np.float64)
    model = fit_additive(x.astype(np.float64), y, np.ones(len(y)))
    return made, float(np.corrcoef(model.predict(x), y)[0, 1])


@pytest.mark.parametrize(
    ("planted", "label"),
    [
        ({"kind": "tally", "of": OPEN, "minus": CLOSE, "low": -9, "high": 9}, "minus ')' so far"),
        ({"kind": "tally", "of": OPEN, "minus": CLOSE, "low": 0, "high": 9}, "minus ')' so far"),
        (
            {"kind": "tally", "of": OPEN, "minus": CLOSE, "side": "both", "low": 9, "high": -9},
            "all",
        ),
        ({"kind": "tally", "of": OPEN, "side": "after", "low": 0, "high": 9}, "to come"),
        ({"kind": "tally", "of": OPEN, "minus": CLOSE, "equals": 0}, "so far is 0"),
    ],
)
def test_balances_of_brackets(brackets, planted, label):
    values = 3 * parse(planted).evaluate(brackets.explore) + 1
    made, correlation = computed(brackets, values)
    assert label in made.label
    assert correlation > 0.98


@pytest.mark.parametrize(
    ("planted", "label"),
    [
        ({"kind": "partner", "match": "other"}, "with its opening bracket of another kind"),
        ({"kind": "partner", "match": "none"}, "with no opening bracket"),
        ({"kind": "partner", "side": "after"}, "with its closing bracket"),
        ({"kind": "partner", "low": 0, "high": 12}, "high distance to its opening bracket"),
        (
            {"kind": "and", "of": [CLOSE, {"kind": "partner", "match": "other"}]},
            "')' with its opening bracket of another kind",
        ),
    ],
)
def test_brackets_by_their_partner(kinds, planted, label):
    values = 2 * parse(planted).evaluate(kinds.explore) + 1
    made, correlation = computed(kinds, values)
    assert made.label.startswith(label)
    assert correlation > 0.98


@pytest.mark.parametrize(
    ("planted", "label"),
    [
        ({"kind": "extreme", "low": 0, "high": 9}, "high largest number so far"),
        ({"kind": "extreme", "which": "smallest", "low": 6, "high": 0}, "low smallest number"),
        ({"kind": "arithmetic", "at": [0, 1], "low": 9, "high": 18}, "sum of two numbers"),
        (
            {"kind": "arithmetic", "at": [0, 1], "op": "difference", "low": 0, "high": 1},
            "difference",
        ),
        ({"kind": "arithmetic", "low": 2, "high": 9}, "number here"),
        (
            {"kind": "arithmetic", "at": [0, 1], "op": "product", "low": 0, "high": 81},
            "product of two numbers",
        ),
        (
            {
                "kind": "arithmetic",
                "at": [0, 1],
                "from_start": True,
                "mod": 10,
                "low": 0,
                "high": 9,
            },
            "sum of two numbers mod 10",
        ),
        ({"kind": "same", "at": 2}, "repeats the token 2 tokens back"),
    ],
)
def test_extremes_and_arithmetic_of_numbers(digits, planted, label):
    values = 2 * parse(planted).evaluate(digits.explore)
    made, correlation = computed(digits, values)
    assert label in made.label
    assert correlation > 0.98


@pytest.fixture(scope="module")
def letters() -> Lab:
    """Under a causal network that reads letters of words."""
    draw = np.random.default_rng(6)
    words = ["".join(draw.choice(list("abcdefghij"), draw.integers(2, 6))) for _ in range(60)]
    words += ["abba", "cdec", "abc", "cd"]
    texts = [" ".join(draw.choice(words, 5)) for _ in range(250)]
    return lab_of(Target.load(f"{bare_models.__file__}:gpt"), texts)


def test_labels_over_letters_speak_of_letters(letters):
    windows = letters.explore
    assert windows.piece == "letter"
    so_far = parse({"kind": "words", "words": ["ab", "cd"]}).evaluate(windows)
    back = parse({"kind": "previous", "of": {"kind": "tokens", "tokens": ["a"]}, "distance": 2})
    for values, label in (
        (so_far, "letters where the word so far is 'ab' or 'cd'"),
        (back.evaluate(windows), "letters two characters after 'a'"),
    ):
        assert found(letters, values).label() == label


def test_a_label_over_symbols_says_where_it_explains_little(brackets):
    draw = np.random.default_rng(7)
    balance = {"kind": "tally", "of": OPEN, "minus": CLOSE, "low": -9, "high": 9}
    signal = parse(balance).evaluate(brackets.explore)
    for noise, partly in ((0.0, False), (2.0, True)):
        spread = noise * signal[brackets.explore.counted].std()
        made = found(brackets, signal + spread * draw.normal(size=signal.shape))
        label = made.conclusion().calls[0][1]["label"]
        assert label.startswith("partly high '('") == partly
        assert label.removeprefix("partly ").startswith("high '(' minus ')' so far")


def test_chance_is_not_described(brackets, digits):
    for lab, seed in ((brackets, 2), (digits, 3), (digits, 4)):
        draw = np.random.default_rng(seed)
        assert found(lab, draw.normal(size=lab.explore.ids.shape)).noise


def test_a_constant_but_for_rounding_is_not_described(digits):
    draw = np.random.default_rng(5)
    values = 1 + 1e-7 * draw.normal(size=digits.explore.ids.shape)
    assert found(digits, values).noise


def test_texts_of_words_pay_nothing(minilm, monkeypatch):
    def never(*given: Any) -> None:
        raise AssertionError("no algorithm is looked for in words")

    monkeypatch.setattr(investigation, "fit_algorithm", never)
    lab = lab_of(minilm, ["The cat sat on the mat.", "A dog ran to the big tree."] * 12)
    found(lab, np.random.default_rng(6).normal(size=lab.explore.ids.shape))


def test_a_head_is_labelled_by_what_it_attends_to():
    target = Target.load(f"{hand_built_heads.__file__}:fused")
    draw = np.random.default_rng(7)
    texts = ["".join(draw.choice(hand_built_heads.TOKENS, 24)) for _ in range(60)]
    labels, attended = {}, {}
    for head in ("head.0/2", "head.0/3", "head.0/6"):
        made = investigate(lab_of(target, texts), head, planner_factory("builtin")).description
        labels[head] = made.label
        known = [part.predictor for part in made.components]
        attended[head] = [one["to"] for one in known if one["kind"] == "attends"]
    assert attended == {"head.0/2": ["copies"], "head.0/3": ["first"], "head.0/6": []}
    assert labels["head.0/2"].startswith("attends to other copies of the same token")
    assert labels["head.0/3"].startswith("attends to the first token")
    assert "attends" not in labels["head.0/6"]
