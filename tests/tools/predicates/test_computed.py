"""`computed`: honest functions give their numbers; all others are refused in one line."""

import time
from dataclasses import replace

import bare_models
import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.view import view_of
from neuroscribe.tools.sandbox import rows

DEPTH = '''
def f(tokens):
    """depth so far"""
    depth, out = 0, []
    for t in tokens:
        depth += (t == "a") - (t == "b")
        out.append(depth)
    return out
'''


@pytest.fixture(scope="module")
def windows() -> TokenWindows:
    """Of a causal network."""
    letters = Target.load(f"{bare_models.__file__}:gpt")
    return cut(letters, ["aabab", "abba", "ba", ""], length=16, document_per_row=True)


def test_a_function_is_what_the_fixed_kind_says(windows):
    a, b = ({"kind": "tokens", "tokens": [one]} for one in "ab")
    tally = parse({"kind": "tally", "of": a, "minus": b, "low": -1, "high": 2})
    computed = parse({"code": DEPTH, "low": -1, "high": 2})
    np.testing.assert_array_equal(computed.evaluate(windows), tally.evaluate(windows))
    assert parse(computed.model_dump()) == computed
    assert tally.complexity < computed.complexity
    longer = parse({"code": DEPTH.replace("0, []", "0 + 0 + 0 + 0, []")})
    assert computed.complexity + 0.5 < longer.complexity
    assert parse({"kind": "and", "of": ["a", {"code": DEPTH, "equals": 1}]}).evaluate(windows).any()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(t) return 1", "is no Python: expected ':' in line 1"),
        ("g = 1", "defines no function f"),
        ("def f(a, b, c): return a", "f takes the tokens, and where words start"),
        ("f = 1 +" + "(" * 3000, "is no Python"),
    ],
)
def test_what_is_no_function_is_refused_when_it_is_read(code, said):
    refused(said, parse, {"kind": "computed", "code": code})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(t): return [1] * 10**9", "more than 256 megabytes"),
        (
            "def f(t): return [1]",
            "returns 1 values for 5 tokens on 'aabab'; return a list with one",
        ),
        ("def f(t): return 3", "returns int for 5 tokens"),
        ("def f(t): return [float('nan') for _ in t]", "returns nan"),
        ("def f(t): return [10**400 for _ in t]", "returns 1000"),
        ("def f(t): return t", "returns a on 'aabab'; return finite numbers"),
        ("def f(t): return [1 / (len(t) - 4) for _ in t]", "fails on 'abba': ZeroDivisionError"),
        ("import socket\ndef f(t): return t", "ModuleNotFoundError"),
        ("def f(t): return [len(t) for _ in t]", "looks ahead: what it gives for the beginning of"),
        ("def f(t): return [(t + [0])[i + 1] == 'a' for i in range(len(t))]", "looks ahead"),
    ],
)
def test_what_fails_is_one_line(windows, code, said):
    started = time.monotonic()
    refused(said, parse({"kind": "computed", "code": code}).evaluate, windows)
    assert time.monotonic() - started < 9


def test_an_endless_loop_ends(windows, monkeypatch):
    assert rows.LIMITS.seconds == 5  # half a second here, so that nobody waits
    monkeypatch.setattr(rows, "LIMITS", replace(rows.LIMITS, seconds=0.5))
    endless = parse({"kind": "computed", "code": "def f(t):\n    while True: pass"})
    started = time.monotonic()
    refused("takes more than 0.5 seconds", endless.evaluate, windows)
    assert time.monotonic() - started < 5


def test_an_encoder_may_look_ahead():
    brackets = Target.load(f"{bare_models.__file__}:classifier")
    windows = cut(brackets, ["(()", "()"], length=16, document_per_row=True)
    whole = parse({"code": "def f(t): return [len(t) / 4 for _ in t]"}).evaluate(windows)
    assert whole[:, :2].tolist() == [[0.75, 0.75], [0.5, 0.5]]


WORDS = """
def f(tokens, starts):
    word, out = "", []
    for token, begins in zip(tokens, starts):
        word = token.strip() if begins else word + token
        out.append(len(word))
    return out
"""


@pytest.mark.parametrize("name", ["planted", "minilm"])
def test_a_function_may_ask_where_words_start(name, request):
    if name == "minilm":
        request.getfixturevalue("minilm")
    target = Target.load(name)
    rows = cut(target, ["The unbelievable zxqv cats.", "a xylographically b"])
    lengths = parse({"code": WORDS, "low": 0, "high": 30}).amounts(view_of(rows))
    for i in range(len(rows)):
        ends = [*(rows.word[i][1:] != rows.word[i][:-1]), True] & (rows.word[i] >= 0)
        words = [rows.words[w] for w in rows.word[i][ends]]
        assert lengths[i][ends].tolist() == [len(word) for word in words]
    assert parse({"code": "def f(tokens, n=3): return [n / 4] * len(tokens)"}).evaluate(rows).any()
