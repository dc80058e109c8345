"""States of a second network at a target's places: what they have seen, and what they have not."""

import numpy as np
import pytest
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import text_reader
from neuroscribe.tools.models.text_reader import (
    load_text_reader,
    reader_named,
    reader_states,
    sampled,
)
from stand_in import StandIn
from tokenizer_families import family

TEXTS = ["Tom saw a big dog near the unbelievable old tree.", "The cat sat. It was happy."]
CHANGED = ["Tom saw a big dog near theatres, and smiled!", "The cat sat: who knows why"]
SPLIT = "Tom is indented."
GROWN = "Tom is indentedly sad 😀 y"


def at_windows(states):
    """`[window, place, layer, feature]`, NaN where there is no state."""
    out = np.full((*states.known.shape, *states.values.shape[1:]), np.nan, np.float32)
    out[states.known] = states.values
    return out


@pytest.mark.parametrize("reader", ["stories260k", "minilm"])
@pytest.mark.parametrize("tokens", ["characters", "gpt2", "llama2"])
def test_for_a_causal_target_nothing_behind_the_place_is_seen(reader, tokens, request):
    """Also where the reader's own tokens would end elsewhere in the longer text."""
    network, target = request.getfixturevalue(reader), StandIn(family(tokens))
    pairs = [*zip(TEXTS, CHANGED, strict=True), (SPLIT, GROWN)]
    for short, long in pairs:
        one, other = (cut(target, [text], length=128) for text in (short, long))
        first, second = (at_windows(reader_states(network, w, ahead=False)) for w in (one, other))
        width = min(one.ids.shape[1], other.ids.shape[1])
        same = np.cumprod(one.ids[0, :width] == other.ids[0, :width]).astype(bool)
        same &= one.counted[0, :width]
        a, b = first[0, :width][same], second[0, :width][same]
        assert np.isfinite(a).all(axis=(1, 2)).sum() >= 3
        np.testing.assert_allclose(a, b, atol=2e-2, rtol=5e-3)
        last = np.nan_to_num(first[0, -1]), np.nan_to_num(second[0, -1])
        assert not np.allclose(*last, atol=0.1)


def test_the_mean_is_of_the_tokens_near_by(minilm, stories260k):
    windows = cut(minilm, TEXTS, length=32)
    states = reader_states(stories260k, windows, ahead=True)
    size = stories260k.sites["resid.1"].units
    assert states.values.shape == (states.known.sum(), 2, 2 * size)
    assert (states.known == windows.counted).all()
    read = cut(stories260k, TEXTS[1:], length=64)
    trace = stories260k.trace(read, ["resid.1"], output=False).values["resid.1"][0].numpy()
    last = len(trace) - 1
    here = at_windows(states)[1, np.flatnonzero(windows.counted[1])[-1], 0]
    np.testing.assert_allclose(here[:size], trace[last], atol=2e-2)
    np.testing.assert_allclose(here[size:], trace[last - 8 :].mean(0), atol=2e-2)


def test_states_are_kept_in_memory_and_on_disk(minilm, stories260k, monkeypatch):
    windows = cut(minilm, list(stories(20, seed=5)), length=64)
    first = reader_states(stories260k, windows, ahead=True)
    assert len(first.values) > text_reader._ON_DISK
    monkeypatch.setattr(text_reader, "_passes", None)
    some = reader_states(stories260k, windows.rows([3, 1]), ahead=True)
    np.testing.assert_array_equal(at_windows(some), at_windows(first)[[3, 1]])
    monkeypatch.setattr(text_reader, "_states", type(text_reader._states)())
    again = reader_states(stories260k, windows, ahead=True)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.known, first.known)


def test_memory_is_bounded(minilm, stories260k, monkeypatch):
    monkeypatch.setattr(text_reader, "_states", type(text_reader._states)())
    monkeypatch.setattr(text_reader, "_MEMORY", 20_000)
    for text in TEXTS:
        reader_states(stories260k, cut(minilm, [text], length=32), ahead=True)
    assert sum(part.nbytes for part in text_reader._states.values()) <= 20_000


def test_a_sample_of_places(minilm, monkeypatch):
    monkeypatch.setattr(text_reader, "PREFIXES", 7)
    windows = cut(minilm, TEXTS, length=32)
    assert sampled(windows).counted.sum() == 7
    assert (sampled(windows).counted <= windows.counted).all()


def test_a_reader_is_another_network_with_layers(minilm, word_model):
    with pytest.raises(UsageError, match="the reader is the target itself"):
        load_text_reader("minilm", minilm)
    with pytest.raises(UsageError, match="nearest known: minilm"):
        load_text_reader("minilmm", word_model)


def test_a_predictor_names_readers_that_ship_or_were_loaded(minilm, word_model):
    assert reader_named("minilm", minilm.fingerprint).fingerprint == minilm.fingerprint
    with pytest.raises(UsageError, match="of other weights"):
        reader_named("minilm", "0" * 16)
    for name in ("/tmp/x.py:make", "someone/model\x1b[31m"):
        with pytest.raises(UsageError, match="name that model with --reader"):
            reader_named(name, "0" * 16)
