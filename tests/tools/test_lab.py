"""The bench itself: randomness by use, and entries that one thread alone makes."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.memo import Memo


def test_every_use_inside_a_call_has_a_stream_of_its_own(make_lab):
    lab: Lab = make_lab()
    before = lab.rng("intervals").random(4)
    lab.rng("shuffles").random(1000)  # however much another use draws
    np.testing.assert_array_equal(lab.rng("intervals").random(4), before)
    uses = [lab.rng(use).random(4) for use in ("", "intervals", "shuffles", "sentences")]
    assert len({tuple(draws) for draws in uses}) == len(uses)
    other = Lab(lab.target, lab.explore, seed=lab.seed + 1)
    assert tuple(other.rng("intervals").random(4)) != tuple(before)


def test_an_entry_is_made_once():
    memo, made = Memo(), []

    def slow() -> int:
        time.sleep(0.05)
        made.append(1)
        return memo.once("inner", lambda: 7)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: memo.once("key", slow), range(8))) == {7}
    assert made == [1]
    assert memo == {"inner": 7, "key": 7}


def test_entries_that_go_do_not_fail_those_who_asked():
    memo = Memo()

    def ask(start: int) -> bool:
        keys = [(start + at) % 9 for at in range(300)]
        return all(memo.once(key, lambda key=key: key, most=2) == key for key in keys)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(6)))
    assert len(memo) <= 2


def test_a_failed_entry_is_tried_again():
    memo = Memo()
    with pytest.raises(ZeroDivisionError):
        memo.once("key", lambda: 1 / 0)
    assert memo.once("key", lambda: 3) == 3
