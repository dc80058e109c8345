"""A worker process of `pydantic-monty`: a Python interpreter without files or network.

Nothing of a run depends on the machine: the clock stands still, sleeping is refused and random
numbers come from a seed, so that a program gives the same each time.
"""

import os
import signal
import string
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic_monty import (
    ExternalModule,
    Monty,
    MontyError,
    MontySession,
    MontySyntaxError,
    ResourceLimits,
)

from ..cancellation import check
from ..errors import said

T = TypeVar("T")
_CONSTANTS = ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "punctuation")
_CLOCK = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Limits:
    """What code may use."""

    seconds: float = 5.0
    """Of execution; waiting for our functions does not count."""
    memory: int = 512 * 2**20
    """Bytes of its heap."""


@contextmanager
def worker(limits: Limits, *, seed: int = 0) -> Iterator[MontySession]:
    """A fresh worker, ended with the block.

    Raises:
        MontyError: out of the block, where code fails, goes beyond a limit or ends the worker.
    """
    allowed = ResourceLimits(
        max_feed_duration_secs=limits.seconds, max_total_sleep_secs=0.0, max_memory=limits.memory
    )
    constants = {name: getattr(string, name) for name in _CONSTANTS}
    with (
        Monty(max_processes=1, request_timeout=2 * limits.seconds + 1) as pool,
        pool.checkout(
            limits=allowed,
            external_modules={"string": ExternalModule(constants)},
            os_policy={
                "datetime": _CLOCK,
                "process_time": "zero",
                "random_start": {"seed": seed},
            },
        ) as session,
    ):
        yield session


def answer(session: MontySession, request: Callable[[], T]) -> T:
    """What a request to a worker gives; Ctrl-C, or a stop that was asked for, ends the worker.

    The request itself cannot be interrupted, so it runs on a thread beside.
    """
    worker_id = session.worker_pid
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(request)
        try:
            while not wait([asked], timeout=0.2).done:
                check()
        except BaseException:
            if worker_id is not None:
                os.kill(worker_id, signal.SIGKILL)
            raise
        return asked.result()


def reason(error: MontyError) -> str:
    """What went wrong, in one line: `time-out`, `memory`, or the exception with its message."""
    text = said(error)
    if "TimeoutError" in text or getattr(error, "timed_out", False):
        return "time-out"
    if text.startswith("MemoryError"):
        return "memory"
    return f"SyntaxError: {text}" if isinstance(error, MontySyntaxError) else text


def dropped(stream: str, text: str) -> None:
    """Takes what code prints, and forgets it."""
