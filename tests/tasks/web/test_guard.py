"""What may reach the page: files, foreign pages, passwords; real requests to a running server."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import Served, serving
from neuroscribe.tasks.web import uploads as uploads_module
from neuroscribe.tasks.web.login import Login, form
from neuroscribe.tasks.web.opening import open_door
from neuroscribe.tasks.web.server import application
from neuroscribe.tasks.web.uploads import LARGEST, Uploads, named_files
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A page without a password, whose model is never loaded."""
    with serving(None, target="planted") as found:
        yield found


@pytest.fixture
def browser(served: Served) -> Iterator[httpx.Client]:
    """One browser at the page."""
    with httpx.Client(base_url=served.url, timeout=30) as client:
        client.get("/")
        yield client


def png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(data, "PNG")
    return data.getvalue()


def upload(client: httpx.Client, name: str = "a.png") -> httpx.Response:
    return client.post("/gradio_api/upload", files={"files": (name, png(), "image/png")})


def file(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png", **more}


def look(client: Any, picture: Any, session: str = "s1") -> dict[str, Any]:
    """The body that asks for the activations on a picture."""
    config = client.get("/config").json()
    shown = [item["id"] for item in config["components"] if item["type"] == "image"]
    (takes,) = {
        item["id"]: item
        for item in config["dependencies"]
        if item["inputs"] and item["inputs"][-1] == shown[0]
    }.values()
    data = ["mlp.0/1", "", picture]
    return {"data": data, "fn_index": takes["id"], "session_hash": session, "event_data": None}


def done(client: Any, session: str = "s1") -> dict[str, Any]:
    """What becomes of what was asked."""
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                message = json.loads(line[5:])
                if message["msg"] == "process_completed":
                    return message
    raise AssertionError("the stream ended")


def kept_files() -> set[Path]:
    return {path for path in Path(os.environ["GRADIO_TEMP_DIR"]).rglob("*") if path.is_file()}


def test_no_file_of_the_server_is_read_or_copied(browser, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    before = kept_files()
    for picture in (
        file(str(secret)),
        file(f"file://{secret}"),
        file("http://127.0.0.1:1/a.png"),
        file("/etc/passwd", url=f"/gradio_api/file={secret}"),
        {"deep": [[file(str(secret))]]},
        {"path": [str(secret)]},
    ):
        body = look(browser, picture)
        for routes, status in (
            (("queue/join", "run/predict"), 403),
            (("run/x", "api/x", "call/x", "component_server", "stream/x"), 404),
            (("process_recording",), 404),
        ):
            for route in routes:
                assert browser.post(f"/gradio_api/{route}", json=body).status_code == status
    for route in ("file=/etc/passwd", "file=http://127.0.0.1:1/", "proxy=http://x/"):
        assert browser.get(f"/gradio_api/{route}").status_code == 404
    assert browser.get(f"/gradio_api/file={secret}").status_code == 404
    assert kept_files() == before


def test_gradio_itself_refuses_what_was_not_uploaded(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    app = application(open_door(None, target="planted"), host="127.0.0.1", password=None)
    assert app.inner.get_blocks().allowed_paths == []
    before = kept_files()
    with TestClient(app.asgi), TestClient(app.inner) as client:
        body = look(client, file(str(secret)))
        assert client.post("/gradio_api/queue/join", json=body).status_code == 200
        assert done(client)["success"] is False
    assert kept_files() == before


def test_a_picture_is_for_the_browser_that_uploaded_it(served, browser):
    (path,) = upload(browser, "mine.png").json()
    joined = browser.post("/gradio_api/queue/join", json=look(browser, file(path)))
    assert joined.status_code == 200
    assert done(browser)["success"] is True
    assert browser.get(f"/gradio_api/file={path}").content == png()
    with httpx.Client(base_url=served.url) as other:
        other.get("/")
        body = look(other, file(path), "s2")
        assert other.post("/gradio_api/queue/join", json=body).status_code == 403
        assert other.get(f"/gradio_api/file={path}").status_code == 404


def test_requests_are_limited_in_size(browser):
    large = {"files": ("a.png", b"x" * (LARGEST + (1 << 17)), "image/png")}
    assert browser.post("/gradio_api/upload", files=large).status_code == 413
    assert browser.post("/gradio_api/queue/join", content=b"[" * (5 << 20)).status_code == 413
    assert browser.post("/gradio_api/queue/join", content=b"[" * 100_000).status_code == 400
    assert browser.put("/gradio_api/upload").status_code == 405


def test_only_so_many_uploads_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads_module, "_MOST", 3)
    monkeypatch.setattr(uploads_module, "_MOST_BYTES", 25)
    kept = Uploads()
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for path in paths[:4]:
        Path(path).write_bytes(b"1")
        kept.add("me", [path])
    assert [kept.owns("me", path) for path in paths[:4]] == [False, True, True, True]
    assert not Path(paths[0]).exists()
    for path in paths[4:]:
        Path(path).write_bytes(b"x" * 15)
        kept.add("me", [path])
    assert [os.path.exists(path) for path in paths] == [*[False] * 5, True]
    assert list(named_files({"a": [{"path": "x"}, {"path": 3}]})) == ["x", ""]


FOREIGN = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
)


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_pages_change_nothing(browser, headers):
    for route in ("gradio_api/queue/join", "gradio_api/upload", "gradio_api/cancel", "login"):
        assert browser.post(f"/{route}", json={}, headers=headers).status_code == 403
    answer = browser.get("/gradio_api/heartbeat/x", headers=headers)
    assert answer.status_code == 403
    own = {"origin": str(browser.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert browser.post("/gradio_api/cancel", json={}, headers=own).status_code == 422
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert browser.get("/", headers=link).status_code == 200


def _routes(app: Any) -> list[str]:
    routers = [app.inner, *(getattr(route, "original_router", None) for route in app.inner.routes)]
    routes = [route for router in routers if router is not None for route in router.routes]
    return [str(route.path) for route in routes if getattr(route, "path", None)]


def test_with_a_password_nothing_but_the_login_answers(toy_run):
    app = application(open_door(toy_run.folder), host="0.0.0.0", password="öpen")
    with TestClient(app.asgi) as client:
        routes = {*_routes(app), "/", "/config", "/assets/x.js", "/theme.css", "/favicon.ico"}
        assert len(routes) > 40
        for route in routes:
            named = route.replace("{path:path}", "x").replace("{", "").replace("}", "")
            for method in ("GET", "POST", "HEAD", "PUT", "OPTIONS"):
                if (method, named.rstrip("/")) != ("POST", "/login"):
                    assert client.request(method, named).status_code == 401, (method, named)
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/gradio_api/ws"):
            pass
        page = client.get("/?unit=mlp.0/1")
        assert 'name="password"' in page.text
        assert "gradio" not in page.text
        wrong = client.post("/login", data={"password": "x"})
        assert wrong.status_code == 401
        assert "not the password" in wrong.text
        right = client.post(
            "/login", data={"password": "öpen", "query": "unit=mlp.0/1"}, follow_redirects=False
        )
        assert (right.status_code, right.headers["location"]) == (303, "/?unit=mlp.0/1")
        assert "HttpOnly" in right.headers["set-cookie"]
        assert client.get("/config").status_code == 200
        assert client.get("/logout", follow_redirects=False).status_code == 303
        assert client.get("/config").status_code == 401


def test_a_browser_logs_in_and_lands_where_it_wanted_to(tabs):
    with serving(None, target="planted", password="öpen") as found:
        tab = tabs(found.url, "?thread=x")
        tab.page.fill("#password", "no")
        tab.page.click("button")
        tab.page.wait_for_selector(".wrong")
        tab.page.fill("#password", "öpen")
        tab.page.click("button")
        tab.page.wait_for_selector("#tabs")
        assert tab.page.url == f"{found.url}?thread=x"


def test_failed_logins_slow_down_together():
    now = [0.0]
    login = Login("right", lambda: now[0])
    waits = [login.wait() for _ in range(12)]
    known = [wait for wait in waits if wait is not None]
    assert known[:4] == [0.5, 1.5, 3.5, 7.5], "at once, and still one after the other"
    assert None in waits, "a queue that is too long is not joined"
    now[0] = 1000.0
    assert login.wait() == 0.5, "after a while all is forgotten"
    assert login.enter("wrong") is None
    token = login.enter("right")
    assert token is not None
    now[0] = 1001.0
    assert login.wait() == 0.5, "a right one ends it too"
    assert login.knows(token)
    login.leave(token)
    assert not login.knows(token)
    assert not login.knows("")


def test_the_form_of_the_login_takes_no_foreign_address():
    assert form(b"password=a%20b&query=unit%3Dmlp.0%2F1") == ("a b", "unit=mlp.0/1")
    assert form(b"query=//evil.example%0d%0aX:y") == ("", "")
    assert form(b"\xff\xfe") == ("", "")
