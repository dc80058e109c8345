"""Stops: at a forward pass, in work that makes none, and while waiting."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from neuroscribe.tasks.asking.stopping import Stopper
from neuroscribe.tools.cancellation import Stopped, check
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target


def stopped_after(begin: Callable[[Stopper, threading.Event], Any]) -> float:
    """Seconds from the stop to the end of the work, which must end by `Stopped`."""
    stopper, begun, ended = Stopper(), threading.Event(), []

    def work() -> None:
        try:
            begin(stopper, begun)
        except Stopped:
            ended.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    started = time.monotonic()
    stopper.stop()
    thread.join(20)
    assert ended == ["stopped"]
    return time.monotonic() - started


def test_the_next_forward_pass_stops_and_leaves_no_hook(toy_target: Target) -> None:
    rows = cut(toy_target, ["one two three"], length=8)

    def begin(stopper: Stopper, begun: threading.Event) -> None:
        with stopper.work():
            while True:
                toy_target.trace(rows, ["mlp.0"])
                begun.set()

    assert stopped_after(begin) < 2
    assert not any(module._forward_hooks for module in toy_target.network.modules())
    toy_target.trace(rows, ["mlp.0"])  # others go on


def test_work_without_forward_passes_is_interrupted() -> None:
    def begin(stopper: Stopper, begun: threading.Event) -> None:
        with stopper.work():
            begun.set()
            while True:
                sum(range(100))

    assert stopped_after(begin) < 10


def test_waiting_is_left_behind() -> None:
    def begin(stopper: Stopper, begun: threading.Event) -> None:
        begun.set()
        stopper.wait_for(lambda: time.sleep(15))

    assert stopped_after(begin) < 5


def test_a_stop_at_any_moment_is_a_stop() -> None:
    for pause in range(100):

        def begin(stopper: Stopper, begun: threading.Event) -> None:
            begun.set()
            stopper.wait_for(lambda: time.sleep(5))

        time.sleep(pause * 1e-5)
        assert stopped_after(begin) < 5


def test_nothing_is_stopped_without_being_asked() -> None:
    stopper = Stopper()
    with stopper.work():
        check()
    assert stopper.wait_for(lambda: 7) == 7
    with pytest.raises(ValueError, match="no"):
        stopper.wait_for(lambda: (_ for _ in ()).throw(ValueError("no")))
    stopper.stop()
    with pytest.raises(Stopped), stopper.work():
        pass
    check()
