"""Stops what a thread is doing from outside: Ctrl-C in a terminal, a button in a browser.

1. Every forward pass of the target looks whether a stop was asked for (`tools/cancellation.py`).
2. Work that makes none for a while (a search over rules) gets the exception raised in its thread,
   between two steps of Python. That may hit any line, so it comes second.
3. Waiting for a network is left behind.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ...tools.cancellation import Stopped, stoppable

_Result = TypeVar("_Result")
_INTERVAL = 0.05  # seconds between two looks
_PATIENCE = 2.0  # seconds after which work that does not look is interrupted


class CancelToken:
    """Lets one thread work and others stop it. Each question has its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self.cancelled = False
        """Whether a stop was asked for."""

    def cancel(self) -> None:
        """Raises `Stopped` in the thread at work; if none is, in the next that begins."""
        with self._lock:
            first, self.cancelled = not self.cancelled, True
        if first:
            timer = threading.Timer(_PATIENCE, self._interrupt)
            timer.daemon = True
            timer.start()

    @contextmanager
    def work(self) -> Iterator[None]:
        """What runs inside may be stopped.

        Raises:
            Stopped: out of the work, or at once if a stop was asked for before.
        """
        me = threading.get_ident()
        with self._lock:
            if self.cancelled:
                raise Stopped
            self._thread = me
        try:
            with stoppable(lambda: self.cancelled):
                yield
        finally:
            with self._lock:
                self._thread = None
                _raise_in(me, None)

    def wait_for(self, make: Callable[[], _Result]) -> _Result:
        """What `make` gives, made in a thread that is left behind if the work is stopped.

        Raises:
            Stopped: if the person does not want to wait any longer.
        """
        box: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def run() -> None:
            try:
                box.put((make(), None))
            except BaseException as error:
                box.put((None, error))

        threading.Thread(target=run, daemon=True).start()
        while not self.cancelled:
            try:
                made, error = box.get(timeout=_INTERVAL)
            except Empty:
                continue
            if error is not None:
                raise error
            return made
        raise Stopped

    def _interrupt(self) -> None:
        with self._lock:
            if self._thread is not None:
                _raise_in(self._thread, Stopped)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raises an exception in a thread, or takes one back that has not come up yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
