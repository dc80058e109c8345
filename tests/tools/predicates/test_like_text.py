"""`like` on text: a place is like examples and unlike others, as a second network reads them."""

import hashlib

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models.text_reader import load_text_reader, reader_states
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.ahead import refuse_ahead
from neuroscribe.tools.predicates.like_text import (
    example_states,
    refuse_own_reader,
    standard,
)
from stand_in import StandIn
from tokenizer_families import family

RIVER = ["The river ran by the bank.", "They swam from the bank."]
MONEY = ["He put his coins in the bank.", "The bank gave her a loan."]


def places(texts, weight):
    return [{"text": t, "place": t.index("bank") + 4, "weight": weight} for t in texts]


@pytest.fixture(scope="module")
def like(minilm, stories260k, test_data):
    reader = load_text_reader(str(test_data / "stories260k"), minilm)
    return {
        "kind": "like",
        "reader": reader.name,
        "fingerprint": reader.fingerprint,
        "layer": 1,
        "ahead": True,
        "examples": places(RIVER, 0.5),
        "unlike": places(MONEY, -0.5),
        "level": 0.5,
    }


def test_its_value_is_the_weighted_similarity(like, minilm, stories260k):
    windows = cut(minilm, [*RIVER, *MONEY], length=32)
    found = parse(like).evaluate(windows)
    states = reader_states(stories260k, windows, ahead=True)
    mean, scale = standard(stories260k, ahead=True)
    z = (states.values[:, 0].astype(np.float32) - mean[0]) / scale[0]
    texts = [(p["text"], p["place"]) for p in (*like["examples"], *like["unlike"])]
    x = example_states(stories260k, texts, ahead=True)[:, 0]
    expected = 0.5 + (z @ x.T / z.shape[1]) @ np.array([0.5, 0.5, -0.5, -0.5])
    np.testing.assert_allclose(found[states.known], np.clip(expected, 0, 1), atol=2e-3)
    assert not found[~windows.counted].any()
    bank = windows.ids == windows.vocabulary.index("bank")
    on, off = found[:2][bank[:2]], found[2:][bank[2:]]
    assert on.min() > off.max() + 0.2  # the same word, told apart
    rows = parse(like).evaluate(windows.rows([2, 0]))
    np.testing.assert_allclose(rows, found[[2, 0]], atol=1e-5)


def test_it_composes_and_is_whole_by_itself(like, minilm):
    windows = cut(minilm, [*RIVER, *MONEY], length=32)
    bank = {"kind": "words", "words": ["bank"]}
    both = parse({"kind": "and", "of": [bank, like]})
    assert parse(both.model_dump()) == both
    expected = np.minimum(parse(bank).evaluate(windows), parse(like).evaluate(windows))
    np.testing.assert_array_equal(both.evaluate(windows), expected)
    assert both.english().startswith("the word 'bank', when it is like '…")
    turned = {"kind": "not", "of": {"kind": "previous", "of": like}}
    assert parse(turned).evaluate(windows).min() >= 0


def test_for_a_causal_target_it_never_looks_ahead(like):
    refused("a causal model cannot", refuse_ahead, parse({"kind": "not", "of": like}))
    target = StandIn(family("gpt2"))
    one, other = (
        cut(target, [text], length=64)
        for text in ("The river bank was indent", "The river bank was indented and far")
    )
    refused("looks at text behind", parse(like).evaluate, one)
    back = parse({**like, "ahead": False})
    refuse_ahead(back)
    shared = int((one.ids[0] == other.ids[0, : one.ids.shape[1]]).cumprod().sum())
    assert shared >= 4
    a, b = (back.evaluate(windows)[0, :shared] for windows in (one, other))
    np.testing.assert_allclose(a, b, atol=2e-3)
    assert len(set(a.tolist())) > 2


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"unlike": places(MONEY, -0.5) + places(RIVER[:1], -0.1)}, "among the examples and among"),
        ({"examples": places(RIVER[:1], 0.5)}, r"predicate\.examples: .*at least 2"),
        ({"examples": places(RIVER, -0.5)}, "examples weigh 0 or more"),
        ({"examples": [{**p, "place": 99} for p in places(RIVER, 0.5)]}, "place 99 is behind"),
        ({"level": float("nan")}, r"predicate\.level: "),
        ({"windows": [1]}, "'like' has no field 'windows'"),
    ],
)
def test_faults_are_one_line(like, changed, reason):
    refused(reason, parse, {**like, **changed})


def test_who_reads(like, minilm):
    windows = cut(minilm, RIVER, length=32)
    elsewhere = {**like, "reader": "/tmp/evil.py:run", "fingerprint": "0" * 16}
    refused("name that model with --reader", parse(elsewhere).evaluate, windows)
    refused("layer 4 of .* is not read, but 1, 2", parse({**like, "layer": 4}).evaluate, windows)
    refused("the target itself", refuse_own_reader, parse(like), like["fingerprint"])
    refuse_own_reader(parse(like), minilm.fingerprint)


def test_the_readers_constants_stand_on_texts_that_stay():
    """Other stories would change what every kept `like` says."""
    digest = hashlib.sha256("\n".join(stories(24)).encode()).hexdigest()
    assert digest[:16] == "2be0238719afc08c"
