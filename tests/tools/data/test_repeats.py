"""Near-duplicate windows are found, and unrelated ones over small vocabularies are not."""

import numpy as np
import pytest
from neuroscribe.tools.data.repeats import repeated
from token_rows import windows_of as made


def test_copies_and_near_copies_are_found_and_others_are_not():
    rng = np.random.default_rng(0)
    seen = rng.integers(0, 1000, (40, 60))
    fresh = rng.integers(0, 1000, (5, 60))
    copy, near, far = seen[3].copy(), seen[4].copy(), seen[5].copy()
    near[-1] = 1  # one token of sixty
    shifted = np.concatenate([seen[6][2:], [1, 2]])
    far[::8] = 1  # every run of eight is another
    windows = made(np.stack([*fresh, copy, near, shifted, far]))
    found = repeated(windows, [made(seen[:20]), made(seen[20:])])
    assert found.tolist() == [False] * 5 + [True, True, True, False]
    assert not repeated(windows, []).any()


@pytest.mark.parametrize("vocabulary", [2, 3, 20])
def test_unrelated_texts_over_a_small_vocabulary_do_not_repeat(vocabulary):
    rng = np.random.default_rng(1)
    parts = [made(rng.integers(0, vocabulary, (200, 40))) for _ in range(2)]
    assert repeated(parts[0], parts[1:]).mean() < 0.01


def test_short_windows_repeat_when_they_are_equal():
    ids = np.array([[1, 2, 3, 0], [1, 2, 4, 0], [0, 0, 0, 0]])
    attended = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]], bool)
    windows = made(ids, attended=attended)
    assert repeated(windows, [windows.rows([0])]).tolist() == [True, False, False]
