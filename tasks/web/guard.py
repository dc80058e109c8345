"""What stands before the page: nothing else of the server can be reached.

1. On loopback only requests for loopback names are answered: a foreign page whose name was made to
   point here (DNS rebinding) is not.
2. A request that another page made is refused: its `Origin` is not this host, or the browser says
   that it comes from another site. Only following a link to the page is allowed.
3. With a password, nothing but the login is answered without it.
4. Of gradio's routes the ones that the page uses are reached, and no others. Requests are small.
5. A request may name a file only if the same browser uploaded it.
6. Every answer carries a content policy under which a browser fetches nothing from elsewhere.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Container
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from ...tools.io.strict_json import read_json
from .login import Login, form
from .rendering import drawn
from .uploads import LARGEST, Uploads, named_files

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
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),  # no-referrer would hide the Origin of our own form
    (b"x-content-type-options", b"nosniff"),
)
_API = "/gradio_api/"
_FILE = f"{_API}file="
_UPLOAD = f"{_API}upload"
_READ = ("queue/data", "queue/status", "upload_progress", "app_id", "info", "startup-events")
_READ_BELOW = ("heartbeat/", "theme.css", "file=")
_WRITTEN = ("queue/join", "run/predict", "cancel", "reset")
_LARGEST_BODY = 4 << 20  # bytes of a request that is no upload: texts have 20,000 letters
_LARGEST_LOGIN = 8192
_FORM = 1 << 16  # bytes of a multipart form beside its file


class _TooLargeError(Exception):
    """A request is larger than it may be."""


class Guard:
    """An ASGI application around another one.

    Args:
        app: The page.
        names: Hosts that requests may be for; None: any.
        password: Asked of every browser; None: none.
    """

    def __init__(self, app: Any, *, names: Container[str] | None, password: str | None) -> None:
        self._app = app
        self._names = names
        self._login = Login(password) if password else None
        self._uploads = Uploads()
        self._cookie = f"neuroscribe-{secrets.token_hex(4)}"  # ports of a host share cookies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            answer = await self._answer(scope, receive)
        except _TooLargeError:
            answer = PlainTextResponse("this request is too large", 413)
        if answer is None:
            answer = PlainTextResponse("there is nothing here", 404)
        await answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Any, receive: Any) -> Any:
        """Who answers a request, as an ASGI application; None: nobody."""
        headers, path = Headers(scope=scope), scope["path"]
        if self._names is not None and _host(headers.get("host", "")) not in self._names:
            return PlainTextResponse("this page is for this machine alone", 400)
        if _foreign(scope["method"], path, headers):
            return PlainTextResponse("this request comes from another page", 403)
        token = _cookie(headers, self._cookie)
        if self._login is not None:
            if path.rstrip("/") == "/login" and scope["method"] == "POST":
                return await self._enter(receive)
            if not self._login.knows(token):
                return _login_page(scope["query_string"].decode("latin-1"))
            if path.rstrip("/") == "/logout":
                self._login.leave(token)
                return RedirectResponse("/", 303)
        fresh = not token
        token = token or secrets.token_urlsafe(32)
        allowed = await self._allowed(scope, receive, path, token)
        if not callable(allowed) or isinstance(allowed, Response):
            return allowed
        return self._passed(allowed, token if fresh and self._login is None else None)

    async def _enter(self, receive: Any) -> Response:
        """Answers a login."""
        assert self._login is not None
        password, query = form(await _body(receive, _LARGEST_LOGIN))
        seconds = self._login.wait()
        if seconds is None:
            page = drawn("login.html", query=query, wrong="Too many logins failed. Wait a minute.")
            return HTMLResponse(page, 429, {"retry-after": "60"})
        await asyncio.sleep(seconds)
        token = self._login.enter(password)
        if token is None:
            return _login_page(query, wrong="That is not the password.")
        answer = RedirectResponse(f"/?{query}" if query else "/", 303)
        answer.headers["set-cookie"] = self._set(token)
        return answer

    def _set(self, token: str) -> str:
        return f"{self._cookie}={token}; HttpOnly; SameSite=Lax; Path=/"

    async def _allowed(self, scope: Any, receive: Any, path: str, token: str) -> Any:
        """The receive function to go on with, a refusal, or None where there is nothing."""
        if scope["method"] in ("GET", "HEAD"):
            if not path.startswith(_API):
                return receive
            if path.startswith(_FILE):
                return receive if self._uploads.owns(token, path.removeprefix(_FILE)) else None
            name = path.removeprefix(_API)
            return receive if name in _READ or name.startswith(_READ_BELOW) else None
        if scope["method"] != "POST":
            return PlainTextResponse("only GET and POST are answered", 405)
        if path == _UPLOAD:
            return self._counted(scope, receive)
        if path.removeprefix(_API) not in _WRITTEN or not path.startswith(_API):
            return None
        body = await _body(receive, _LARGEST_BODY)
        try:
            files = list(named_files(read_json(body)))
        except ValueError as error:
            return PlainTextResponse(f"this request cannot be read: {error}", 400)
        if not all(self._uploads.owns(token, name) for name in files):
            return PlainTextResponse("this request names a file that you did not upload", 403)
        return _again(body, receive)

    def _counted(self, scope: Any, receive: Any) -> Any:
        """Receives an upload, up to its limit."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST + _FORM:
            raise _TooLargeError
        total = 0

        async def counted() -> Any:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > LARGEST + _FORM:
                return {"type": "http.disconnect"}
            return message

        return counted

    def _passed(self, receiving: Any, fresh: str | None) -> Any:
        """The page's own answer to a request; of an upload, what it uploaded is noted."""

        async def answer(scope: Any, _: Any, send: Any) -> None:
            token = fresh or _cookie(Headers(scope=scope), self._cookie)
            upload = scope["method"] == "POST" and scope["path"] == _UPLOAD
            body: list[bytes] = []

            async def sent(message: Any) -> None:
                if message["type"] == "http.response.start" and fresh is not None:
                    pair = (b"set-cookie", self._set(fresh).encode())
                    message = {**message, "headers": [*message.get("headers", []), pair]}
                if upload and message["type"] == "http.response.body":
                    body.append(message.get("body", b""))
                    if not message.get("more_body"):
                        self._uploads.add(token, _paths(b"".join(body)))
                await send(message)

            # nothing is compressed: on one machine that costs time, and uploads are read here
            kept = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            plain = {**scope, "headers": kept} if self._names is not None or upload else scope
            await self._app(plain, receiving, sent)

        return answer


def _with_headers(send: Any) -> Callable[[Any], Any]:
    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        await send(message)

    return sent


def _login_page(query: str, *, wrong: str = "") -> Response:
    return HTMLResponse(drawn("login.html", query=query, wrong=wrong), 401)


def _foreign(method: str, path: str, headers: Headers) -> bool:
    """Whether another page made a request."""
    origin = headers.get("origin")
    if origin is not None and _netloc(origin) != headers.get("host", "").lower():
        return True
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return False
    followed = headers.get("sec-fetch-mode") == "navigate"
    return not (followed and method == "GET" and path == "/")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _host(asked: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    try:
        return urlsplit(f"//{asked}").hostname or ""
    except ValueError:
        return ""


def _cookie(headers: Headers, name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


async def _body(receive: Any, largest: int) -> bytes:
    """The whole body of a request, up to a limit."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if sum(map(len, parts)) > largest:
            raise _TooLargeError
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Any) -> Any:
    """Receives a body that was read already, and then what follows it."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Any:
        return left.pop() if left else await receive()

    return receiving


def _paths(answer: bytes) -> list[str]:
    """The paths that gradio answers to an upload."""
    try:
        paths = json.loads(answer)
    except ValueError:
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
