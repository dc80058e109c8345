"""The tab of units: pages of a large run, one unit's parts, text that tries to act."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import Served, Tab, made_up, serving

Tabs = Callable[..., Tab]
ATTACK = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>"
    "\"'><svg onload=alert(3)>${alert(4)}`{{alert(5)}}"
)


@pytest.fixture(scope="module")
def served(toy_run: Any) -> Iterator[Served]:
    with serving(toy_run.folder) as found:
        yield found


@pytest.fixture(scope="module", params=[1_200])
def large(request: Any, toy_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of many units; all of their labels are embedded when a search asks for meaning."""
    folder = made_up(tmp_path_factory.mktemp("large") / "run", request.param, like=toy_run)
    with serving(folder) as found:
        yield found


def _first_page(tabs: Tabs, url: str) -> float:
    started = time.monotonic()
    tabs(url).page.wait_for_selector("tr[data-unit]")
    return time.monotonic() - started


@pytest.mark.slow
@pytest.mark.parametrize("large", [10_000], indirect=True)
def test_ten_thousand_units_open_as_fast_as_three(served, large, tabs):
    small = min(_first_page(tabs, served.url) for _ in range(2))
    many = min(_first_page(tabs, large.url) for _ in range(2))
    assert many < 1.5 * small + 0.5
    assert many < 8, "2 s on a machine that does nothing else"


def test_pages_order_and_search(large, tabs):
    tab = tabs(large.url)
    rows = tab.page.locator("tr[data-unit]")
    rows.first.wait_for()
    large.door.units.index.refresh()
    assert rows.count() == 50
    tab.page.click('th[data-sort="score"]')
    tab.page.wait_for_selector('th[aria-sort="ascending"]')
    assert rows.first.get_attribute("data-unit") == "mlp.0/0"
    tab.page.click('[data-page="1"]')
    tab.page.wait_for_selector('tr[data-unit="mlp.0/50"]')
    assert "page 2 of 24" in tab.text(".pager")
    tab.fill("search", "number 1177")
    tab.page.wait_for_selector('tr[data-unit="mlp.1/177"]')
    tab.page.wait_for_function("document.querySelectorAll('tr[data-unit]').length === 1")
    tab.page.press("#search input, #search textarea", "Enter")
    tab.page.wait_for_function(
        "document.querySelector('.count').textContent.includes('by words and meaning')"
    )
    assert rows.first.get_attribute("data-unit") == "mlp.1/177"


def test_parts_of_a_unit_load_when_asked(served, tabs):
    tab = tabs(served.url)
    tab.page.click('tr[data-unit="mlp.0/1"] td.label')
    assert "the word cat" in tab.text("#unit h1")
    assert "unit=mlp.0%2F1" in tab.page.url
    assert "correlation" in tab.text("#part-description table")
    for name, part, holds in (
        ("Hypotheses", "ledger", "H1"),
        ("Transcript", "timeline", "The investigation"),
    ):
        tab.tab(name)
        tab.page.wait_for_selector(f"#part-{part} h2")
        assert holds in tab.text(f"#part-{part}")
    tab.tab("Description")
    tab.page.click("#part-description a.cite")  # goes to the experiment in the transcript
    tab.page.wait_for_selector("#part-timeline details#E3[open]")
    tab.page.click("text=‹ All units")
    tab.page.wait_for_selector("tr[data-unit]")
    assert "unit=" not in tab.page.url


def test_an_address_opens_a_unit_and_an_unknown_one_is_a_line(served, tabs):
    assert "mlp.0/2" in tabs(served.url, "?unit=mlp.0/2").text("#unit .over")
    assert "no label" in tabs(served.url, "?unit=<b>x</b>").text("#unit .note")


def test_text_of_models_and_data_cannot_act(toy_run, tmp_path, tabs):
    folder = tmp_path / "run<img src=x onerror=alert(6)>"
    shutil.copytree(toy_run.folder, folder)
    lines = []
    for line in (folder / "labels.jsonl").read_text().splitlines():
        record = json.loads(line)
        path = folder / record["transcript"]
        attacked = path.with_name(f"{ATTACK.replace('/', '')[:90]}{len(lines)}.jsonl")
        text = path.read_text().replace('"the"', json.dumps(ATTACK))
        attacked.write_text(text.replace("cats", json.dumps(ATTACK)[1:-1]))
        record |= {"label": ATTACK, "reason": ATTACK, "transcript": f"transcripts/{attacked.name}"}
        record["components"][0]["words"] = ATTACK
        record["effect"] = {"words": ATTACK, "evidence": [ATTACK, "E1"]}
        lines.append(json.dumps(record))
    facts = json.loads((folder / "run.json").read_text())
    facts["target"]["name"] = f"</title></script>{ATTACK}"
    (folder / "run.json").write_text(json.dumps(facts))
    lines.append(json.dumps({"unit": ATTACK, "label": "\ud800 half a letter", "status": ATTACK}))
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n")
    with serving(folder) as served:
        tab = tabs(served.url)
        tab.page.wait_for_selector("tr[data-unit]")
        tab.page.click('tr[data-unit="mlp.0/1"] td.label')
        assert ATTACK in tab.text("#unit h1")
        for name in ("Exemplars", "Activations", "Effect", "Hypotheses", "Transcript"):
            tab.tab(name)
            tab.page.wait_for_timeout(300)
        tab.page.click("text=open all")
        assert ATTACK in tab.text("#part-timeline")
        harmful = '.ns script, .ns img[src="x"], .ns svg[onload], .ns [onerror]'
        assert tab.page.locator(harmful).count() == 0
        tab.page.goto(f"{served.url}?unit={ATTACK}", wait_until="commit")
        tab.page.wait_for_selector("#unit .over, #unit .note")
