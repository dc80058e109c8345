"""The playground and descriptions by people."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browser import Served, serving
from endpoint import answers, endpoint
from neuroscribe.tasks.web import playground
from neuroscribe.tasks.web.contribution import FILE, contribute, contributed, predictor_of
from neuroscribe.tasks.web.opening import open_door
from neuroscribe.tasks.web.playground import METHODS, change_of
from neuroscribe.tools.errors import UsageError
from PIL import Image


@pytest.fixture(scope="module")
def served(toy_run: Any, toy_target: Any) -> Iterator[Served]:
    with serving(toy_run.folder) as found:
        found.door.bench.loaded = toy_target
        yield found


@pytest.fixture(scope="module")
def pictures() -> Iterator[Served]:
    with serving(None, target="pictures", data="builtin:scenes:200") as found:
        yield found


def test_a_text_shows_activations_and_a_change_changes_the_output(served, tabs):
    tab = tabs(served.url, "?unit=mlp.0/1")
    tab.page.click("text=Open in the playground")
    tab.page.wait_for_selector("#play-text textarea")
    assert tab.page.input_value("#play-unit textarea, #play-unit input") == "mlp.0/1"
    tab.fill("play-text", "the cat sat on the big house")
    tab.page.click("#play-look")
    tab.page.wait_for_selector("#play-seen .tokens")
    numbers = tab.page.locator("#play-seen .tokens b").all_inner_texts()
    assert len(numbers) == 7
    assert len({float(number) for number in numbers}) > 1  # without BOS the first place counts
    tab.page.click("#play-change")
    tab.page.wait_for_selector("#play-changed .outcomes")
    assert "20 matched random units" in tab.text("#play-changed .controls")
    zeroed = tab.text("#play-changed")
    tab.page.click("#play-method input")
    tab.page.click("text=hold at a value")
    tab.fill("play-value", "60")
    tab.page.click("#play-change")
    tab.page.wait_for_selector("#play-changed :text('held at 60')")
    assert tab.text("#play-changed .outcomes") not in zeroed


def test_what_cannot_be_measured_is_a_line(served, tabs):
    tab = tabs(served.url)
    tab.tab("Playground")
    for unit, text, said in (
        ("mlp.0/1", "", "write a text first"),
        ("mlp.9/1", "the cat", "mlp.0"),
        ("", "the cat", "name a unit"),
        ("mlp.0/1", "cat " * 9000, "at most"),
    ):
        tab.fill("play-unit", unit)
        tab.fill("play-text", text)
        tab.page.click("#play-change")
        tab.page.wait_for_selector(f'#play-changed .wrong:has-text("{said}")')


def test_a_picture_shows_where_the_unit_is_active(pictures, tabs, tmp_path):
    name = "<img src=x onerror=alert(1)>&\"'.png"
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    tab = tabs(pictures.url)
    tab.tab("Playground")
    tab.page.set_input_files("#play-picture input[type=file]", tmp_path / name)
    tab.page.wait_for_selector("#play-picture img")
    tab.fill("play-unit", "conv.2/5")
    tab.page.click("#play-look")
    tab.page.wait_for_selector("#play-seen img")
    assert tab.page.locator("#play-seen img").count() == 2
    tab.page.click("#play-change")
    tab.page.wait_for_selector("#play-changed .outcomes")
    assert "matched units, on the same picture" in tab.text("#play-changed .controls")


def test_a_file_that_is_no_picture_is_a_line(pictures, tmp_path):
    path, bench = tmp_path / "x.png", pictures.door.bench
    path.write_bytes(b"<svg onload=alert(1)>")
    for look, given, said in (
        (playground.picture_activations, str(path), "cannot be used"),
        (playground.picture_activations, None, "drop a picture"),
        (playground.text_activations, "the cat", "reads no text"),
    ):
        with pytest.raises(UsageError, match=said):
            look(bench, "conv.2/5", given)


def test_a_change_needs_its_number():
    assert change_of("set to 0", None).method == "zero"
    for method in list(METHODS)[1:]:
        for value in (None, float("nan"), float("inf")):
            with pytest.raises(UsageError, match="needs a number"):
                change_of(method, value)
    with pytest.raises(UsageError, match="choose one of"):
        change_of("<b>", 1.0)


def test_a_persons_description_stands_beside_the_agents(served, toy_run, tabs):
    labels = (toy_run.folder / "labels.jsonl").read_bytes()
    tab = tabs(served.url, "?unit=mlp.0/1")
    tab.tab("Your description")
    tab.page.wait_for_selector("#contributed .beside")
    tab.fill("your-label", "cats <img src=x onerror=alert(1)>")
    tab.fill("your-name", "Ann & <b>Bob</b>")
    tab.fill("your-words", "cat")
    tab.page.click("#your-score")
    tab.page.wait_for_selector("#contributed .note")
    agent, person = tab.page.locator("#contributed tr:has(td)").all_inner_texts()
    assert "Ann & <b>Bob</b>" in person
    assert agent.split()[-5:] == person.split()[-5:], "the same predictor has the same scores"
    tab.fill("your-words", "")
    tab.page.click("#your-score")
    tab.page.wait_for_selector("#contributed .wrong:has-text('no language model was named')")
    kept = [json.loads(line) for line in (toy_run.folder / FILE).read_text().splitlines()]
    assert [one["status"] for one in kept][1:] == ["not scored"]
    assert kept[0]["by"] == "Ann & <b>Bob</b>"
    assert kept[0]["scores"] == toy_run["mlp.0/1"].record["scores"]
    assert (toy_run.folder / "labels.jsonl").read_bytes() == labels


def test_a_predictor_that_is_none_is_one_line_and_nothing_is_kept(served, tmp_path):
    for label, words, predictor, said in (
        ("cats", "cat", "{}", "not both"),
        ("cats", "", "{", "no JSON"),
        ("cats", "", "[" * 50_000, "no JSON"),
        ("cats", "", '{"kind": "wurds"}', "wurds"),
        ("cats", "", '{"kind": "hypothesis", "id": "H1"}', "hypothesis"),
        ("cats", "", '{"kind": "regex", "pattern": "("}', "pattern"),
        (" ", "", "", "write what"),
    ):
        given = {"by": "", "label": label, "words": words, "predictor": predictor}
        with pytest.raises(UsageError, match=said):
            contribute(served.door.bench, tmp_path, {"unit": "mlp.0/1"}, **given)
    assert not (tmp_path / FILE).exists()
    assert predictor_of(" ", "", pictures=False) is None
    assert (predictor_of("cat", "", pictures=True) or {})["kind"] == "object"


def test_words_alone_are_judged_where_a_language_model_was_named(toy_run, toy_target, tmp_path):
    agent, own = toy_run["mlp.0/1"].record, {"by": "Ann", "label": "the word cat"}
    with endpoint(answers("0.5")) as server:
        door = open_door(toy_run.folder, planner="openai:m", base_url=server.url)
        door.bench.loaded = toy_target
        record = contribute(door.bench, tmp_path, agent, llm=door.llm, **own)
    assert record["status"] == "judged"
    assert set(record["judged"]) == {"detection", "fuzzing"}
    assert record["judged"]["detection"]["agent"]["n"] == record["judged"]["detection"]["n"]
    (tmp_path / FILE).open("ab").write(b'{"unit": "mlp.0/1", "torn')
    assert [one["label"] for one in contributed(tmp_path, "mlp.0/1")] == ["the word cat"]
