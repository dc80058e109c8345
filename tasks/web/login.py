"""The login of a page with a password: who is in, and how fast one may guess."""

import hmac
import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qs

_SHORTEST = 0.5  # seconds that a login takes, right or wrong
_MOST_DOUBLINGS = 5  # each failed login doubles the time of the next, up to 16 s
_LONGEST_QUEUE = 60.0  # seconds; who would wait longer is told to come back
_FORGOTTEN = 600.0  # seconds without a login after which failures no longer count
_MOST_LOGINS = 1000
_QUERY = re.compile(r"[\w\-.~%=&+/,:]*")


class Login:
    """Lets in who knows the password.

    Logins are tried one after the other, whoever asks: guessing from many addresses is no faster
    than from one.

    Args:
        password: What must be known.
        clock: Seconds, for tests.
    """

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = password.encode()
        self._clock = clock
        self._failures = 0
        self._last = self._free_at = clock()
        self._logins: dict[str, None] = {}

    def wait(self) -> float | None:
        """Takes the next place in the queue: the seconds to wait; None: it is too long."""
        now = self._clock()
        if now - max(self._last, self._free_at) > _FORGOTTEN:
            self._failures = 0
        starts = max(now, self._free_at)
        if starts - now > _LONGEST_QUEUE:
            return None
        self._last = now
        self._free_at = starts + _SHORTEST * 2 ** min(self._failures, _MOST_DOUBLINGS)
        self._failures += 1  # until it is known to be right
        return self._free_at - now

    def enter(self, password: str) -> str | None:
        """A new token of a browser; None if the password is wrong."""
        if not hmac.compare_digest(password.encode(errors="replace"), self._password):
            return None
        self._failures = 0
        token = secrets.token_urlsafe(32)
        self._logins[token] = None
        if len(self._logins) > _MOST_LOGINS:
            del self._logins[next(iter(self._logins))]
        return token

    def knows(self, token: str) -> bool:
        """Whether a browser is in."""
        return token in self._logins

    def leave(self, token: str) -> None:
        """Lets a browser in no more."""
        self._logins.pop(token, None)


def form(body: bytes) -> tuple[str, str]:
    """The password of a login form, and the query of the page that was asked for."""
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    password, query = (fields.get(name, [""])[0] for name in ("password", "query"))
    return password, query if _QUERY.fullmatch(query) else ""
