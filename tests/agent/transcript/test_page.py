"""Pages: everything is on them, nothing hostile gets out of them, long ones stay usable."""

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.agent.transcript import Recorder, read, render
from neuroscribe.agent.transcript.heat import heat, row
from neuroscribe.agent.transcript.plots import Point, Series, curve, histogram, lines
from neuroscribe.tasks.cli import app as cli
from neuroscribe.tools.evidence import Evidence

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
_VOID = {"meta", "br", "img", "input"}


class _Tags(HTMLParser):
    """Collects tags, ids, links and text, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            if name == "href":
                self.links.append(str(value))
            if name in ("src", "srcset", "data", "xlink:href"):
                self.loaded.append(str(value))
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: Path) -> _Tags:
    """The page, parsed."""
    found = _Tags()
    found.feed(page.read_text(encoding="utf-8"))
    found.close()
    assert not found.open
    return found


def test_the_page_shows_what_happened(recorded, tmp_path):
    page = parsed(render(recorded, tmp_path / "pages" / "page.html"))
    text = " ".join(" ".join(page.text).split())
    for said in (
        "mlp.0/3",
        "active on cats",
        "the word 'cat'",
        "confidence 0.25",
        "no relation",
        "by-hand",
        "8 experiments",
        "turn 3",
        "900 tokens in",
        "Hypotheses over time",
        "Expected activation",
        "mlp.1",  # the nearest site, in the text of the failed call
    ):
        assert said in text, said
    assert {f"E{number}" for number in range(1, 9)} <= page.ids
    assert "#E5" in page.links
    assert "#E99" not in page.links  # cited, but there is no such evidence
    assert page.tags.count("svg") >= 4
    assert not page.loaded


def test_nothing_is_fetched(recorded, tmp_path):
    page = render(recorded, tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"<!doctype.*?>", "", page))
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


def _hostile(value: Any) -> Any:
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, list):
        return [_hostile(item) for item in value]
    if isinstance(value, dict):
        keep = ("event", "id", "role", "kind", "status", "after")
        return {
            key: item if key in keep and isinstance(item, str) else _hostile(item)
            for key, item in value.items()
        }
    return value


def test_hostile_text_stays_text(recorded, tmp_path):
    events = [json.loads(line) for line in recorded.read_text().splitlines()]
    for event in events:
        for key in event:
            if key not in ("event", "at", "format"):
                event[key] = _hostile(event[key])
    evil = tmp_path / "<script>alert(3)<"
    evil.mkdir()
    path = evil / "<img src=x onerror=alert(4)>.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    page = parsed(render(path, tmp_path / "page.html"))
    assert page.tags.count("script") == 1  # the page's own
    assert page.tags.count("style") == 1
    assert "img" not in page.tags
    assert not page.handlers
    assert HOSTILE in "".join(page.text)


def test_a_script_of_the_page_is_named_by_its_hash(recorded, tmp_path):
    import base64
    import hashlib

    page = render(recorded, tmp_path / "page.html").read_text(encoding="utf-8")
    found = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_ten_thousand_tokens_are_rendered_quickly(tmp_path):
    item = {"unit": "a/1", "source": "top", "tokens": [" token"] * 100, "activations": [0.5] * 100}
    measured = [{**item, "window": number} for number in range(100)]
    path = tmp_path / "t.jsonl"
    with Recorder(path, {"format": 1, "unit": "a/1", "target": {"name": "x"}}) as recorder:
        recorder.write(
            "evidence", evidence=Evidence("E1", "exemplars", {}, "said", {"measured": measured})
        )
    started = time.monotonic()
    page = render(path, tmp_path / "page.html")
    assert time.monotonic() - started < 5
    assert page.stat().st_size < 2_000_000
    assert page.read_text().count("<i ") > 10_000
    assert "84 further inputs" in page.read_text()


def test_a_record_without_anything_still_makes_a_page(tmp_path):
    path = tmp_path / "t.jsonl"
    Recorder(path, {"format": 1}).close()
    page = parsed(render(path, tmp_path / "page.html"))
    assert "it was interrupted" in "".join(page.text)


def test_scores_come_from_the_run_folder(recorded, tmp_path):
    score = {"value": 0.512, "low": 0.41, "high": 0.61}
    record = {
        "unit": "mlp.0/3",
        "label": "cats and kittens",
        "status": "described",
        "transcript": "transcripts/unit.jsonl",
        "scores": {
            "correlation": score,
            "auprc": {**score, "base_rate": 0.03},
            "f1": None,
            "curve": [{"predicted": 0, "mean": 0.1}, {"predicted": 1, "mean": 0.7, "tokens": 5}],
        },
    }
    (tmp_path / "labels.jsonl").write_text("torn\n" + json.dumps(record) + "\n")
    text = "".join(parsed(render(recorded, tmp_path / "page.html")).text)
    for said in ("cats and kittens", "0.51", "0.41 to 0.61", "Base rate 0.03", "held-out tokens"):
        assert said in text, said


def test_shades_follow_the_activation():
    drawn = str(heat(["a", "<b>", "c", "d"], [1.0, -0.5, None, 0.0], scale=1.0))
    assert '<i class=p12 title="1">a</i>' in drawn
    assert '<i class=n6 title="-0.5">&lt;b&gt;</i>' in drawn
    assert "<i class=x>c</i>" in drawn
    assert '<i title="0">d</i>' in drawn


def test_long_inputs_are_cut_around_the_peak():
    values = [0.0] * 50
    values[30] = 2.0
    item = {"tokens": [f" t{n}" for n in range(50)], "activations": values, "window": 7}
    drawn = row(item, scale=2.0, around=3)
    shown = re.findall(r">\s*(t\d+)<", str(drawn.tokens))
    assert shown == [f"t{n}" for n in range(27, 34)]
    assert (drawn.peak, drawn.where) == (2.0, "window 7")
    assert str(drawn.tokens).count("…") == 2


def test_tokens_that_bear_no_spaces_get_them_unless_glued():
    item = {"tokens": ["un", "able", "to"], "activations": [0, 0, 0], "glued": [1]}
    assert re.sub(r"<.*?>", "", str(row(item, scale=1.0).tokens)) == "unable to"


@pytest.mark.parametrize("values", [[], [0.0], [1e-9, 1e9], [-3.0, -3.0]])
def test_plots_bear_any_numbers(values):
    points = [Point(float(at), value, value - 1, value + 1) for at, value in enumerate(values)]
    drawn = str(lines([Series("<H1>", points), Series("none", [])], x_name="x", y_name="y"))
    drawn += str(curve(points, x_name="x", y_name="y"))
    drawn += str(histogram([0, 1, 2], [0, len(values)], x_name="x", log=True))
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert "<H1>" not in drawn


def test_the_verb_writes_beside_the_transcript(recorded, capsys):
    assert cli.run(["transcript", str(recorded)]) == 0
    page = recorded.with_suffix(".html")
    assert capsys.readouterr().out.strip() == str(page)
    assert "active on cats" in page.read_text()
    assert cli.run(["transcript", str(recorded), "--out", str(recorded)]) == 2
    assert read(recorded).conclusion is not None
