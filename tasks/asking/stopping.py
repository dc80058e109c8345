"""Stops what a thread is doing from outside: Ctrl-C in a terminal, a button in a browser.

A tool may be in the middle of a thousand forward passes and knows nothing of stopping. So an
exception is raised in its thread, between two steps of Python; context managers on the way out take
their hooks away. Work in C (one forward pass) is finished first.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

_Made = TypeVar("_Made")
_LOOK = 0.05  # seconds between two looks


class Stopped(BaseException):
    """The person stopped the present experiment."""


class Stopper:
    """Lets one thread work and others stop it. Each question has its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self.asked = False
        """Whether a stop was asked for."""

    def stop(self) -> None:
        """Raises `Stopped` in the thread at work; if none is, in the next that begins."""
        with self._lock:
            self.asked = True
            if self._thread is not None:
                _raise_in(self._thread, Stopped)

    @contextmanager
    def work(self) -> Iterator[None]:
        """What runs inside may be stopped.

        Raises:
            Stopped: out of the work, or at once if a stop was asked for before.
        """
        me = threading.get_ident()
        with self._lock:
            if self.asked:
                raise Stopped
            self._thread = me
        try:
            yield
        finally:
            with self._lock:
                self._thread = None
                _raise_in(me, None)

    def wait_for(self, make: Callable[[], _Made]) -> _Made:
        """What `make` gives, made in a thread that is left behind if the work is stopped.

        For waiting on a network, where nothing can be raised.

        Raises:
            Stopped: if the person does not want to wait any longer.
        """
        box: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def run() -> None:
            try:
                box.put((make(), None))
            except BaseException as error:
                box.put((None, error))

        with self.work():
            threading.Thread(target=run, daemon=True).start()
            while True:
                try:
                    made, error = box.get(timeout=_LOOK)
                except Empty:
                    continue
                if error is not None:
                    raise error
                return made


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raises an exception in a thread, or takes one back that has not come up yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
