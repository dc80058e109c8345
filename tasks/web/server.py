"""Serves the page on one socket, and lets nothing else in.

1. The socket is bound before anything is loaded, so that a port in use is one line.
2. Every answer carries a content policy under which a browser fetches nothing from elsewhere.
3. On loopback only requests for loopback names are answered: a foreign page whose name was made to
   point here (DNS rebinding) is not.
4. With a password nothing but the login is served without it.
"""

import asyncio
import hmac
import ipaddress
import socket
from collections.abc import Callable, Container
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from ...tools.errors import UsageError
from .door import Door
from .page import build, theme
from .rendering import head

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # gradio's templates need both
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_GRACE = 2  # seconds that open answers get when the server ends
_PATIENCE = 0.5  # seconds that a login takes, right or wrong
_LARGEST = "64mb"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int, *, password: str | None) -> socket.socket:
    """A listening socket.

    Args:
        host: A name or address of this machine.
        port: 0: any that is free.
        password: Needed where others can reach the host.

    Raises:
        UsageError: if it may not or cannot be bound; says why.
    """
    if not is_loopback(host) and not password:
        raise UsageError(
            f"--host {host} can be reached from other machines: give a password with --password or "
            "NEUROSCRIBE_PASSWORD, or leave --host out to serve this machine alone"
        )
    plain = host.strip("[]")
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((plain, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        said = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot serve on {host}:{port} ({said}); choose another --port"
        ) from error
    return listening


def address(listening: socket.socket, host: str) -> str:
    """Where a browser finds the page."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "localhost") else host.strip("[]")
    port = listening.getsockname()[1]
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


class Application(NamedTuple):
    """The page of a door, ready to be served."""

    asgi: Any
    inner: Any
    """Gradio's own application in it."""
    door: Door


def application(door: Door, *, host: str, password: str | None) -> Application:
    """The page as an ASGI application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        build(door),
        "",
        auth=_checks(password) if password else None,
        auth_message="Any user name, and the password that the server was started with.",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=_LARGEST,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        theme=theme(),
        head=head(),
    )
    names = {"localhost", "127.0.0.1", "::1", host.strip("[]")} if is_loopback(host) else None
    guarded = _guarded(app, names=names)
    return Application(guarded, next(r.app for r in app.routes if isinstance(r, Mount)), door)


class Server(uvicorn.Server):
    """Serves an application on a bound socket, and ends though browsers are still there.

    Args:
        served: What to serve.
        listening: What `bind` gave.
    """

    def __init__(self, served: Application, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                served.asgi,
                log_level="warning",
                timeout_graceful_shutdown=_GRACE,
                lifespan="on",
                ws="none",
            )
        )
        self._served, self._listening = served, listening

    def serve_on(self) -> None:
        """Serves until Ctrl-C, or until `should_exit` is set."""
        self.run(sockets=[self._listening])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends conversations, and the answers that are open for as long as a browser is."""
        self._served.door.talks.leave_all()
        self._served.inner.stop_event.set()
        await super().shutdown(sockets)


def _checks(password: str) -> Callable[[str, str], Any]:
    async def check(_: str, given: str) -> bool:
        await asyncio.sleep(_PATIENCE)
        return hmac.compare_digest(given.encode(), password.encode())

    return check


def _guarded(app: Any, *, names: Container[str] | None) -> Any:
    """Refuses foreign names, and adds the headers that keep a browser from fetching.

    Args:
        app: An ASGI application.
        names: Hosts that requests may be for; None: any. On one machine answers are not
            compressed either: there that only costs time.
    """
    headers = [
        (b"content-security-policy", POLICY.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *headers]}
            await send(message)

        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if names is not None:
            if _host(Headers(scope=scope).get("host", "")) not in names:
                refusal = PlainTextResponse("this page is for this machine alone", 400)
                await refusal(scope, receive, send)
                return
            kept = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await app(scope, receive, sent)

    return answer


def _host(asked: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    try:
        return urlsplit(f"//{asked}").hostname or ""
    except ValueError:
        return ""
