"""Tries a request again where that can help, and never longer than the caller's time.

What may pass (no connection, a time-out, a busy or failing endpoint, an answer that is none) is
tried again after the time that the endpoint names, or an exponential delay with jitter.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from .chat_api import Kind, LLMError

_Made = TypeVar("_Made")
_RETRIED: tuple[Kind, ...] = ("unreachable", "timeout", "busy", "server", "broken")
_LONGEST_WAIT = 120.0  # seconds; an endpoint that asks for more is given up


def with_retries(
    once: Callable[[float], _Made],
    *,
    timeout: float,
    seconds: float | None,
    retries: int,
    backoff: float,
    on_retry: Callable[[], None] = lambda: None,
) -> _Made:
    """What one of several attempts gives.

    Args:
        once: One attempt, within so many seconds.
        timeout: Seconds of an attempt.
        seconds: Of all attempts and the waits between them; None: no limit.
        retries: Attempts after the first.
        backoff: Seconds before the first retry; doubled each time.
        on_retry: Called before each retry.

    Raises:
        LLMError: the last attempt's.
    """
    started = time.monotonic()

    def remaining() -> float:
        return float("inf") if seconds is None else seconds - (time.monotonic() - started)

    for attempt in range(retries + 1):
        try:
            return once(max(0.05, min(timeout, remaining())))
        except LLMError as error:
            if error.kind not in _RETRIED:
                raise
            tries = f"{attempt + 1} attempt{'s' if attempt else ''}"
            if attempt == retries:
                raise LLMError(error.kind, f"{error} ({tries})") from error
            delay = backoff * 2**attempt * random.uniform(0.5, 1.0)
            if error.after is not None:
                delay = max(error.after, 0.0) + random.uniform(0, 0.1 * backoff)
            if delay > min(remaining(), _LONGEST_WAIT):
                raise LLMError(
                    error.kind,
                    f"{error} ({tries}; another needs a wait of {delay:.1f} s, "
                    "longer than what is left)",
                ) from error
            on_retry()
            time.sleep(delay)
    raise AssertionError("the loop returns or raises")
