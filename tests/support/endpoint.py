"""A loopback chat endpoint that misbehaves as told, for tests of the language-model client."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import scripted
from neuroscribe.tools.llm.client import LLM, LLMError, Reply
from neuroscribe.tools.llm.usage import Meter

Act = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Performs the acts of its server in order, the last one for ever."""

    protocol_version = "HTTP/1.1"
    server: "Endpoint"

    def log_message(self, *args: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"].startswith("application/json"):
            request = json.loads(body)
        else:  # a form
            found = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n', body)
            request = {name.decode(): value.decode() for name, value in found}
        with self.server.lock:
            acts = self.server.acts
            act = acts[min(len(self.server.requests), len(acts) - 1)]
            self.server.requests.append(request)
            self.server.sent.append((self.path, body))
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
        self.sent: list[tuple[str, bytes]] = []
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


def ask(
    url: str, meter: Meter | None = None, seconds: float | None = None, **options: Any
) -> Reply:
    """One request with quick retries."""
    client = LLM("m", base_url=url, **{"timeout": 5.0, "backoff": 0.01, **options})
    return client.complete([{"role": "user", "content": "hello"}], meter=meter, seconds=seconds)


def failure(act: Act, meter: Meter | None = None, **options: Any) -> LLMError:
    """How a request fails at an endpoint that does this."""
    with endpoint(act) as server, pytest.raises(LLMError) as caught:
        ask(server.url, meter, **options)
    return caught.value


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


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A piece of a streamed answer."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def streams(*chunks: dict[str, Any], done: bool = True, pause: float = 0.0) -> Act:
    """Streams choices' deltas; without `done` the stream breaks off after them."""

    def act(handler: Handler, request: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        base = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        for one in chunks:
            handler.wfile.write(f"data: {json.dumps({**base, **one})}\n\n".encode())
            handler.wfile.flush()
            time.sleep(pause)
        if done:
            handler.wfile.write(b"data: [DONE]\n\n")
        handler.close_connection = True

    return act
