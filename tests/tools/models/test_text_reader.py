"""States of a second network at a target's places: what they have seen, and what they have not."""

import numpy as np
import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import text_reader
from neuroscribe.tools.models.text_reader import load_text_reader, reader_states

TEXTS = ["Tom saw a big dog near the unbelievable old tree.", "The cat sat. It was happy."]
CHANGED = ["Tom saw a big dog eating blue soup, and smiled!", "The cat sat: who knows why"]


def at_windows(states):
    """`[window, place, feature]`, NaN where there is no state."""
    out = np.full((*states.known.shape, states.values.shape[1]), np.nan, np.float32)
    out[states.known] = states.values
    return out


@pytest.mark.parametrize("reader", ["stories260k", "minilm"])
def test_for_a_causal_target_nothing_behind_the_place_is_seen(reader, request, smollm2):
    network = request.getfixturevalue(reader)
    one, other = (cut(smollm2, texts, length=32) for texts in (TEXTS, CHANGED))
    first, second = (at_windows(reader_states(network, smollm2, w)) for w in (one, other))
    width = min(one.ids.shape[1], other.ids.shape[1])
    same = np.cumprod(one.ids[:, :width] == other.ids[:, :width], axis=1).astype(bool)
    same &= one.counted[:, :width]
    a, b = first[:, :width][same], second[:, :width][same]
    assert np.isfinite(a).all(1).sum() >= 6
    np.testing.assert_allclose(a, b, atol=4e-3)
    assert not np.allclose(np.nan_to_num(first[0, -1]), np.nan_to_num(second[0, -1]), atol=0.1)


def test_for_a_target_in_both_directions_later_states_stand_beside(minilm, stories260k):
    windows = cut(minilm, TEXTS, length=32)
    states = reader_states(stories260k, minilm, windows)
    size = stories260k.sites["resid.1"].units
    assert states.values.shape == (states.known.sum(), 3 * size)
    assert (states.known == windows.counted).all()
    later = at_windows(states)
    last = np.flatnonzero(windows.counted[0])[-1]
    np.testing.assert_array_equal(later[0, last, size : 2 * size], later[0, last, -size:])


def test_states_are_kept_on_disk(minilm, stories260k, monkeypatch):
    windows = cut(minilm, [*TEXTS, "Something else."], length=32)
    first = reader_states(stories260k, minilm, windows)
    monkeypatch.setattr(text_reader, "_aligned", None)
    again = reader_states(stories260k, minilm, windows)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.known, first.known)


def test_a_reader_is_another_network_with_layers(minilm, word_model):
    with pytest.raises(UsageError, match="the reader is the target itself"):
        load_text_reader("minilm", minilm)
    with pytest.raises(UsageError, match="nearest known: minilm"):
        load_text_reader("minilmm", word_model)
