"""The bench itself: randomness by use, and entries that one thread alone makes."""

import threading
import time

import numpy as np
import pytest
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.memo import Memo


def test_every_use_inside_a_call_has_a_stream_of_its_own(make_lab) -> None:
    lab: Lab = make_lab()
    before = lab.rng("intervals").random(4)
    lab.rng("shuffles").random(1000)  # however much another use draws
    np.testing.assert_array_equal(lab.rng("intervals").random(4), before)
    uses = [lab.rng(use).random(4) for use in ("", "intervals", "shuffles", "sentences")]
    assert len({tuple(draws) for draws in uses}) == len(uses)
    other = Lab(lab.target, lab.explore, seed=lab.seed + 1)
    assert tuple(other.rng("intervals").random(4)) != tuple(before)


def test_an_entry_is_made_once() -> None:
    memo, made = Memo(), []

    def slow() -> int:
        time.sleep(0.05)
        made.append(1)
        return memo.once("inner", lambda: 7)

    threads = [threading.Thread(target=memo.once, args=("key", slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert memo == {"inner": 7, "key": 7}


def test_entries_that_go_do_not_fail_those_who_asked() -> None:
    memo, wrong = Memo(), []

    def ask(start: int) -> None:
        for at in range(300):
            key = (start + at) % 9
            if memo.once(key, lambda key=key: key, most=2) != key:
                wrong.append(key)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(memo) <= 2


def test_a_failed_entry_is_tried_again() -> None:
    memo = Memo()
    with pytest.raises(ZeroDivisionError):
        memo.once("key", lambda: 1 / 0)
    assert memo.once("key", lambda: 3) == 3
