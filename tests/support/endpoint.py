"""A loopback chat endpoint that misbehaves as told, for tests of the language-model client."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import scripted

Act = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Performs the acts of its server in order, the last one for ever."""

    protocol_version = "HTTP/1.1"
    server: "Endpoint"

    def log_message(self, *args: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        """One request."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            acts = self.server.acts
            act = acts[min(len(self.server.requests), len(acts) - 1)]
            self.server.requests.append(request)
            self.server.keys.append(self.headers["Authorization"] or "")
        act(self, request)

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """A whole response; text is sent as it is."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Endpoint(ThreadingHTTPServer):
    """The server, with the requests that it saw."""

    daemon_threads = True
    acts: Sequence[Act] = ()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


@contextmanager
def endpoint(*acts: Act) -> Iterator[Endpoint]:
    """A running endpoint."""
    server = Endpoint()
    server.acts = acts
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def completion(message: dict[str, Any], *, finish: str = "stop", **more: Any) -> dict[str, Any]:
    """The body of an answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 60},
    }
    body = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "usage": usage}
    return {**body, "choices": [choice], **more}


def answers(message: dict[str, Any] | str, **more: Any) -> Act:
    """Answers with this message."""
    given = {"content": message} if isinstance(message, str) else message
    return lambda handler, request: handler.send(200, completion(given, **more))


def says(*calls: tuple[str, dict[str, Any] | str], **more: Any) -> Act:
    """Answers with these tool calls."""
    return answers(scripted.says(calls), finish="tool_calls", **more)


def fails(status: int, message: str = "no", *, code: str | None = None, **headers: str) -> Act:
    """Answers with an error; headers are written with underscores."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, request: handler.send(status, body, named)


def text(body: str) -> Act:
    """Answers with text that need not be JSON."""
    return lambda handler, request: handler.send(200, body)


def hangs(seconds: float = 30.0) -> Act:
    """Does not answer for so long, or until the test is over."""

    def act(handler: Handler, request: dict[str, Any]) -> None:
        handler.server.over.wait(seconds)
        handler.close_connection = True

    return act


def breaks_off(handler: Handler, request: dict[str, Any]) -> None:
    """Promises a long body and closes after a few bytes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "c", "choices": [{"ind')
    handler.close_connection = True


def drips(handler: Handler, request: dict[str, Any]) -> None:
    """Sends its answer byte by byte, ten a second."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    while not handler.server.over.wait(0.1):
        handler.wfile.write(b" ")
        handler.wfile.flush()
    handler.close_connection = True


def streams(*chunks: dict[str, Any], done: bool = True, pause: float = 0.0) -> Act:
    """Streams choices' deltas; without `done` the stream breaks off after them."""

    def act(handler: Handler, request: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        base = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        for chunk in chunks:
            handler.wfile.write(f"data: {json.dumps({**base, **chunk})}\n\n".encode())
            handler.wfile.flush()
            time.sleep(pause)
        if done:
            handler.wfile.write(b"data: [DONE]\n\n")
        handler.close_connection = True

    return act
