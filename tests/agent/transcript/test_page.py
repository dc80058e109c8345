"""Pages: everything is on them, nothing hostile gets out of them, long ones stay usable."""

import base64
import hashlib
import json
import re
import time
from typing import Any

import pytest
from neuroscribe.agent.transcript import Recorder, read, render
from neuroscribe.agent.transcript.heat import heat, row
from neuroscribe.agent.transcript.plots import Point, Series, curve, histogram, lines
from neuroscribe.tasks.cli import app as cli
from neuroscribe.tools.evidence import Evidence
from page import HOSTILE, Page, check_hostile


def test_the_page_shows_what_happened(recorded, tmp_path):
    page = Page(render(recorded, tmp_path / "pages" / "page.html"))
    text = " ".join(page.text.split())
    for said in (
        *("mlp.0/3", "active on cats", "the word 'cat'", "confidence 0.25", "no relation"),
        *("by-hand", "8 experiments", "turn 3", "900 tokens in"),
        *("Hypotheses over time", "Expected activation"),
        "mlp.1",  # the nearest site, in the text of the failed call
    ):
        assert said in text, said
    assert {f"E{number}" for number in range(1, 9)} <= page.ids
    assert "#E5" in page.links
    assert "#E99" not in page.links  # cited, but there is no such evidence
    assert page.tags.count("svg") >= 4
    assert not page.loaded


def test_nothing_is_fetched_and_the_script_is_named_by_its_hash(recorded, tmp_path):
    page = render(recorded, tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"<!doctype.*?>", "", page))
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


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
        event |= {key: _hostile(event[key]) for key in event.keys() - {"event", "at", "format"}}
    path = tmp_path / "<script>alert(3)<" / "<img src=x onerror=alert(4)>.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert check_hostile(render(path, tmp_path / "page.html")).tags.count("style") == 1


def test_ten_thousand_tokens_are_rendered_quickly(tmp_path):
    item = {"unit": "a/1", "source": "top", "tokens": [" token"] * 100, "activations": [0.5] * 100}
    data = {"measured": [{**item, "window": number} for number in range(100)]}
    path = tmp_path / "t.jsonl"
    with Recorder(path, {"format": 1, "unit": "a/1", "target": {"name": "x"}}) as recorder:
        recorder.write("evidence", evidence=Evidence("E1", "exemplars", {}, "said", data))
    started = time.monotonic()
    page = render(path, tmp_path / "page.html")
    assert time.monotonic() - started < 5
    assert page.stat().st_size < 2_000_000
    assert page.read_text().count("<i ") > 10_000
    assert "84 further inputs" in page.read_text()


def test_a_record_without_anything_still_makes_a_page(tmp_path):
    Recorder(tmp_path / "t.jsonl", {"format": 1}).close()
    page = Page(render(tmp_path / "t.jsonl", tmp_path / "page.html"))
    assert "it was interrupted" in page.text


def test_scores_come_from_the_run_folder(recorded, tmp_path):
    score = {"value": 0.512, "low": 0.41, "high": 0.61}
    curve = [{"predicted": 0, "mean": 0.1}, {"predicted": 1, "mean": 0.7, "tokens": 5}]
    auprc = {**score, "base_rate": 0.03}
    record = {
        "unit": "mlp.0/3",
        "label": "cats and kittens",
        "status": "described",
        "transcript": "transcripts/unit.jsonl",
        "scores": {"correlation": score, "auprc": auprc, "f1": None, "curve": curve},
    }
    (tmp_path / "labels.jsonl").write_text("torn\n" + json.dumps(record) + "\n")
    text = Page(render(recorded, tmp_path / "page.html")).text
    for said in ("cats and kittens", "0.51", "0.41 to 0.61", "Base rate 0.03", "held-out tokens"):
        assert said in text, said


def test_shades_follow_the_activation():
    drawn = str(heat(["a", "<b>", "c", "d"], [1.0, -0.5, None, 0.0], scale=1.0))
    for said in ('<i class=p12 title="1">a</i>', '<i class=n6 title="-0.5">&lt;b&gt;</i>'):
        assert said in drawn
    for said in ("<i class=x>c</i>", '<i title="0">d</i>'):
        assert said in drawn


def test_long_inputs_are_cut_around_the_peak_and_get_spaces_unless_glued():
    values = [0.0] * 50
    values[30] = 2.0
    item = {"tokens": [f" t{n}" for n in range(50)], "activations": values, "window": 7}
    drawn = row(item, scale=2.0, around=3)
    shown = re.findall(r">\s*(t\d+)<", str(drawn.tokens))
    assert shown == [f"t{n}" for n in range(27, 34)]
    assert (drawn.peak, drawn.where) == (2.0, "window 7")
    assert str(drawn.tokens).count("…") == 2
    item = {"tokens": ["un", "able", "to"], "activations": [0, 0, 0], "glued": [1]}
    assert re.sub(r"<.*?>", "", str(row(item, scale=1.0).tokens)) == "unable to"


@pytest.mark.parametrize("values", [[], [0.0], [1e-9, 1e9], [-3.0, -3.0]])
def test_plots_bear_any_numbers(values):
    points = [Point(float(at), value, value - 1, value + 1) for at, value in enumerate(values)]
    drawn = str(lines([Series("<H1>", points), Series("none", [])], x_name="x", y_name="y"))
    drawn += str(curve(points, x_name="x", y_name="y"))
    drawn += str(histogram([0, 1, 2], [0, len(values)], x_name="x", log=True))
    assert not re.search("nan|inf|<H1>", drawn)


def test_the_verb_writes_beside_the_transcript(recorded, capsys):
    assert cli.run(["transcript", str(recorded)]) == 0
    page = recorded.with_suffix(".html")
    assert capsys.readouterr().out.strip() == str(page)
    assert "active on cats" in page.read_text()
    assert cli.run(["transcript", str(recorded), "--out", str(recorded)]) == 2
    assert read(recorded).conclusion is not None
