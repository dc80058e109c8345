"""Lets a person stop what runs: every forward pass looks whether a stop was asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stopped(BaseException):
    """The person stopped the present experiment; no error, so no tool catches it as one."""


_ASKED: ContextVar[Callable[[], bool] | None] = ContextVar("asked", default=None)


@contextmanager
def stoppable(asked: Callable[[], bool]) -> Iterator[None]:
    """Inside, `check` raises once `asked` is true; of this thread alone."""
    token = _ASKED.set(asked)
    try:
        yield
    finally:
        _ASKED.reset(token)


def check() -> None:
    """Raises where a stop was asked for.

    Raises:
        Stopped: then.
    """
    asked = _ASKED.get()
    if asked is not None and asked():
        raise Stopped
