"""Stops: at a forward pass, in work that makes none, and while waiting."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from neuroscribe.tasks.asking.cancel import CancelToken
from neuroscribe.tools.cancellation import Stopped, check
from neuroscribe.tools.data.windows import cut


def stopped_after(begin: Callable[[CancelToken, threading.Event], Any]) -> float:
    """Seconds from the stop to the end of the work, which must end by `Stopped`."""
    token, begun, ended = CancelToken(), threading.Event(), []

    def work() -> None:
        try:
            begin(token, begun)
        except Stopped:
            ended.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    started = time.monotonic()
    token.cancel()
    thread.join(20)
    assert ended == ["stopped"]
    return time.monotonic() - started


def test_the_next_forward_pass_stops_and_leaves_no_hook(toy_target):
    rows = cut(toy_target, ["one two three"], length=8)

    def begin(token: CancelToken, begun: threading.Event) -> None:
        with token.work():
            while True:
                toy_target.trace(rows, ["mlp.0"])
                begun.set()

    assert stopped_after(begin) < 2
    assert not any(module._forward_hooks for module in toy_target.network.modules())
    toy_target.trace(rows, ["mlp.0"])  # others go on


def test_work_without_forward_passes_is_interrupted():
    def begin(token: CancelToken, begun: threading.Event) -> None:
        with token.work():
            begun.set()
            while True:
                sum(range(100))

    assert stopped_after(begin) < 10


def test_waiting_is_left_behind():
    def begin(token: CancelToken, begun: threading.Event) -> None:
        begun.set()
        token.wait_for(lambda: time.sleep(15))

    assert stopped_after(begin) < 5


def test_a_stop_at_any_moment_is_a_stop():
    for pause in range(100):

        def begin(token: CancelToken, begun: threading.Event) -> None:
            begun.set()
            token.wait_for(lambda: time.sleep(5))

        time.sleep(pause * 1e-5)
        assert stopped_after(begin) < 5


def test_nothing_is_stopped_without_being_asked():
    token = CancelToken()
    with token.work():
        check()
    assert token.wait_for(lambda: 7) == 7
    with pytest.raises(ValueError, match="no"):
        token.wait_for(lambda: (_ for _ in ()).throw(ValueError("no")))
    token.cancel()
    with pytest.raises(Stopped), token.work():
        pass
    check()
