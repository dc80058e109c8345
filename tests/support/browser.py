"""Pages served from this process, and a window of a browser that notes what goes wrong in it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("gradio", reason="the ui extra is not installed")

from neuroscribe.tasks.labelling.results import LabelRun
from neuroscribe.tasks.web.door import Door
from neuroscribe.tasks.web.opening import open_door
from neuroscribe.tasks.web.server import Server, application, bind
from neuroscribe.tools.io.sockets import address

PATIENCE = 30_000  # milliseconds


class Served(NamedTuple):
    """A page that is being served."""

    url: str
    door: Door


@contextmanager
def serving(run: Path | None, *, password: str | None = None, **more: Any) -> Iterator[Served]:
    """Serves a door on a free port of loopback."""
    listening = bind("127.0.0.1", 0, password=password)
    door = open_door(run, **more)
    app = application(door, host="127.0.0.1", password=password)
    server = Server(app, listening)
    worker = threading.Thread(target=server.serve_on, daemon=True)
    worker.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield Served(f"{address(listening, '127.0.0.1')}/", door)
    finally:
        server.should_exit = True
        worker.join(10)
        listening.close()


class Tab:
    """One window with a page, and what went wrong in it."""

    def __init__(self, chromium: Any, url: str) -> None:
        self.url = url
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.outside: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", self._requested)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", self._asked)

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def _asked(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def tab(self, name: str) -> None:
        """Selects a tab of the page."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def text(self, selector: str) -> str:
        """What a part of the page says, once it is there."""
        return self.page.locator(selector).first.inner_text()

    def fill(self, name: str, text: str) -> None:
        """Fills in a field by its id."""
        self.page.fill(f"#{name} textarea, #{name} input", text)


def made_up(folder: Path, many: int, *, like: LabelRun) -> Path:
    """A run of so many units, whose records are a real one's under other names and scores."""
    folder.mkdir()
    facts = json.loads((like.folder / "run.json").read_text())
    real = json.loads((like.folder / "labels.jsonl").read_text().splitlines()[0])
    units = [f"mlp.{at // 1000}/{at % 1000}" for at in range(many)]
    (folder / "run.json").write_text(json.dumps({**facts, "units": units}))
    with (folder / "labels.jsonl").open("w") as file:
        for at, unit in enumerate(units):
            score = {"value": at / many, "low": at / many - 0.01, "high": at / many + 0.01}
            scores = {**real["scores"], "correlation": score}
            record = {**real, "unit": unit, "label": f"label number {at}", "scores": scores}
            file.write(json.dumps(record) + "\n")
    return folder
