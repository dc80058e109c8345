"""The two transports: stdio, for a client that starts the server, and streamable HTTP for many.

Over HTTP the SDK checks `Host` and `Origin`, so that a web page cannot reach the server by a name
that it made point here (DNS rebinding); beyond loopback a bearer token is asked for too.
"""

import hmac
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

import anyio
import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl

from ...tools.io.sockets import address, bracketed
from .door import MOST_NOTEBOOKS, Door
from .shared import Shared

_IDLE = 12 * 3600.0  # seconds after which a silent client's notebook may go
_LAST_WORDS = 2  # seconds that open connections have when the server ends


@dataclass(frozen=True)
class Address:
    """Where HTTP is served, and to whom."""

    host: str
    port: int
    token: str | None = None
    names: tuple[str, ...] = ()
    """Further names of this machine that a client's `Host` header may bear."""

    @property
    def security(self) -> TransportSecuritySettings:
        """The names that a client's `Host` and `Origin` may bear, with any port or none."""
        every = {"127.0.0.1", "localhost", "::1", self.host, socket.gethostname(), *self.names}
        hosts = [f"{bracketed(name)}{port}" for name in sorted(every) for port in ("", ":*")]
        origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
        return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def serve_stdio(shared: Shared) -> None:
    """Serves the one client at stdin and stdout, until it leaves."""
    door = Door(shared)

    async def serve() -> None:
        async with stdio_server() as (inward, outward):
            options = door.server.create_initialization_options()
            await door.server.run(inward, outward, options)

    _end_by_signals(door)
    anyio.run(serve)
    _end(door, 0)


def serve_http(shared: Shared, where: Address, listening: socket.socket) -> None:
    """Serves any number of clients, until Ctrl-C."""
    door = Door(shared)
    _end_by_signals(door)
    print(
        f"neuroscribe: serving MCP at {address(listening, where.host)}/mcp",
        file=sys.stderr,
        flush=True,
    )
    http_server(door, where, listening).run(sockets=[listening])


def http_server(door: Door, where: Address, listening: socket.socket) -> uvicorn.Server:
    """The HTTP server; `run(sockets=[listening])` starts it."""
    auth = None
    if where.token is not None:
        # the SDK wants to know who issued a token: this server
        issuer = AnyHttpUrl(address(listening, where.host))
        auth = AuthSettings(issuer_url=issuer, resource_server_url=None)
    app = door.server.streamable_http_app(
        host=where.host,
        session_idle_timeout=_IDLE,
        max_sessions=MOST_NOTEBOOKS,
        transport_security=where.security,
        auth=auth,
        token_verifier=None if where.token is None else _Token(where.token),
    )
    return uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=_LAST_WORDS
        )
    )


def _end_by_signals(door: Door) -> None:
    """Ctrl-C and SIGTERM end the process; the HTTP server first says its last words."""

    def end(number: int, frame: object) -> None:
        print("neuroscribe: interrupted", file=sys.stderr)
        _end(door, 128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _end(door: Door, code: int) -> NoReturn:
    """Leaves without waiting for the call that runs, whose thread would keep the process."""
    door.close()
    sys.stderr.flush()
    os._exit(code)


class _Token:
    """The one token that is right."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who bears it; None: nobody."""
        if not hmac.compare_digest(token.encode(), self._token):
            return None
        return AccessToken(token=token, client_id="client", scopes=[])
