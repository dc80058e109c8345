"""Serves the page on one socket, and lets nothing else in.

The socket is bound before anything is loaded, so that a port in use is one line. What may reach the
page is decided by `guard.py`, before gradio sees a request.
"""

import os
import socket
from typing import Any, NamedTuple

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount

from ...tools.errors import UsageError
from ...tools.io.sockets import is_loopback, listen
from .door import Door
from .guard import Guard
from .page import build, theme
from .rendering import head
from .uploads import LARGEST, own_folder

_GRACE = 2  # seconds that open answers get when the server ends


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
    return listen(host, port)


class Application(NamedTuple):
    """The page of a door, ready to be served."""

    asgi: Any
    inner: Any
    """Gradio's own application in it."""
    door: Door


def application(door: Door, *, host: str, password: str | None) -> Application:
    """The page as an ASGI application."""
    os.environ.setdefault("GRADIO_TEMP_DIR", own_folder())
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    page = build(door)
    page.has_launched = True  # else gradio takes any file of the server for an upload
    gr.mount_gradio_app(
        app,
        page,
        "",
        allowed_paths=[],
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=LARGEST,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        theme=theme(),
        head=head(),
    )
    names = {"localhost", "127.0.0.1", "::1", host.strip("[]")} if is_loopback(host) else None
    guarded = Guard(app, names=names, password=password)
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
