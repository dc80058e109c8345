"""One HTTP request with a deadline on the whole of it, and a limit on what comes back.

A transport's time-out starts anew with every byte, so an endpoint that drips headers holds a thread
for ever. Here requests run on an event loop in a thread of its own, where they can be cancelled
wherever they wait: for a name, a connection, TLS, headers or the body.

1. The caller takes pieces of the answer until the deadline; then, or when it goes away, the request
   is cancelled and its connection closed.
2. A redirect within the host is followed; one to another host, which would get the key, is refused.
3. An answer is asked for uncompressed; one compressed all the same is unpacked up to the limit.
"""

import asyncio
import os
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from .chat_api import LLMError
from .endpoints import public_url

LARGEST = 16 << 20
"""Bytes of an answer: a hundred times the longest that models write, alternatives included."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
_DEFAULT_PORTS = {("http", 80), ("https", 443)}
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Answer(NamedTuple):
    """What comes back: at first its head, the body in pieces while it arrives."""

    status: int
    headers: Mapping[str, str]
    """Names in small letters."""
    pieces: Iterator[bytes]

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)


@contextmanager
def posted(
    url: str, *, headers: Mapping[str, str], seconds: float, largest: int = LARGEST, **content: Any
) -> Iterator[Answer]:
    """Sends a POST request.

    Args:
        url: Where.
        headers: Beside those that the content needs.
        seconds: For everything: name, connection, redirects, head and body.
        largest: Bytes of the body, unpacked.
        content: As `httpx` takes it: `content`, or `data` and `files`.

    Raises:
        LLMError: `timeout`, `unreachable`, `broken`, or `request` where a redirect is refused; also
            while pieces are taken.
    """
    import httpx  # noqa: F401  loaded before the clock runs

    deadline = time.monotonic() + seconds
    arrived: SimpleQueue[Any] = SimpleQueue()
    given = {"accept-encoding": "identity", **headers}
    sending = _send(url, given, content, largest, arrived)
    task = asyncio.run_coroutine_threadsafe(sending, _running())

    def taken() -> Any:
        try:
            result = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise LLMError("timeout", f"no answer within {seconds:.3g} s") from None
        if isinstance(result, LLMError):
            raise result
        return result

    def pieces() -> Iterator[bytes]:
        while (piece := taken()) is not None:
            yield piece

    try:
        status, head = taken()
        yield Answer(status, head, pieces())
    finally:
        task.cancel()


async def _send(
    url: str,
    headers: Mapping[str, str],
    content: Mapping[str, Any],
    largest: int,
    arrived: "SimpleQueue[Any]",
) -> None:
    """Puts the head, the pieces and a None, or an error, where the caller takes them."""
    import httpx

    try:
        for _ in range(_MOST_REDIRECTS + 1):
            async with _client().stream("POST", url, headers=dict(headers), **content) as answer:
                if answer.status_code in _REDIRECTS:
                    url = _redirected(url, answer.headers.get("location", ""))
                    continue
                arrived.put((answer.status_code, dict(answer.headers)))
                encoding = answer.headers.get("content-encoding", "identity").strip().lower()
                async for piece in _unpacked(answer.aiter_raw(), encoding, largest):
                    arrived.put(piece)
                arrived.put(None)
                return
        raise LLMError("broken", f"it redirects more than {_MOST_REDIRECTS} times")
    except LLMError as error:
        arrived.put(error)
    except (httpx.ConnectError, httpx.ProxyError) as error:
        arrived.put(LLMError("unreachable", str(error)))
    except Exception as error:  # of many modules: transport, sockets, TLS
        arrived.put(LLMError("broken", f"the answer broke off ({error or type(error).__name__})"))


async def _unpacked(raw: AsyncIterator[bytes], encoding: str, largest: int) -> AsyncIterator[bytes]:
    """The body, unpacked, up to the limit."""
    if encoding not in ("", "identity", *_ENCODINGS):
        raise LLMError("broken", f"the answer is compressed as {encoding[:20]!r}, unasked")
    packed = zlib.decompressobj(_ENCODINGS[encoding]) if encoding in _ENCODINGS else None
    total = 0
    async for piece in raw:
        if packed is not None:
            try:
                piece = packed.decompress(piece, largest + 1 - total)
            except zlib.error as error:
                raise LLMError("broken", f"the answer cannot be unpacked ({error})") from error
        total += len(piece)
        if total > largest:
            raise LLMError("broken", f"the answer is larger than {largest / (1 << 20):.3g} MB")
        yield piece


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads, if that is the same host."""
    new = urljoin(url, location)
    old_parts, parts = urlsplit(url), urlsplit(new)
    try:
        ports = [
            (one.scheme, one.port or (443 if one.scheme == "https" else 80))
            for one in (old_parts, parts)
        ]
    except ValueError as error:
        raise LLMError("broken", "it redirects to no address") from error
    upgraded = parts.scheme == "https" and set(ports) <= _DEFAULT_PORTS
    same = parts.hostname == old_parts.hostname and (ports[0] == ports[1] or upgraded)
    if not same:
        raise LLMError(
            "request",
            f"it redirects to another host, {public_url(new)[:100]}, which would get your key; "
            "if that is meant, give its address with --base-url",
        )
    return new


class _Loop:
    """The event loop of a process, with its connections."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.client: Any = None


_HERE = _Loop()


def _forget() -> None:
    """A forked process has no thread of the loop."""
    global _HERE
    _HERE = _Loop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _running() -> asyncio.AbstractEventLoop:
    with _HERE.lock:
        if _HERE.loop is None:
            _HERE.loop = asyncio.new_event_loop()
            threading.Thread(target=_HERE.loop.run_forever, name="wire", daemon=True).start()
        return _HERE.loop


def _client() -> Any:
    """The connections; made and used on the loop alone."""
    if _HERE.client is None:
        import httpx

        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        _HERE.client = httpx.AsyncClient(timeout=None, follow_redirects=False, limits=limits)
    return _HERE.client
