"""A browser without a window, and a run to show in it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.labelling.results import LabelRun

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install 'neuroscribe[dev]'"
    )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tabs(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens windows; afterwards nothing may have been asked of the network, nor have gone wrong."""
    from browser import Tab

    opened: list[Tab] = []

    def open_one(url: str, query: str = "") -> Tab:
        tab = Tab(chromium, url)
        opened.append(tab)
        tab.page.goto(url + query, wait_until="commit")
        return tab

    yield open_one
    for tab in opened:
        tab.context.close()
    assert [item for tab in opened for item in tab.outside] == []
    assert [item for tab in opened for item in tab.wrong] == []


@pytest.fixture(scope="module")
def toy_run(
    toy_folder: Path, toy_target: Any, tmp_path_factory: pytest.TempPathFactory
) -> LabelRun:
    """A finished run over three units of the toy target."""
    out = tmp_path_factory.mktemp("run") / "toy"
    return run_labels(toy.settings(toy_folder), out, planner=toy.Toy(), target=toy_target)
