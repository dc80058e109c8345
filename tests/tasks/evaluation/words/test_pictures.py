"""A judge that sees pictures is scored as one that reads texts, and shown what there is."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from endpoint import completion, endpoint, fails
from neuroscribe.tasks.evaluation.words.control import control
from neuroscribe.tasks.evaluation.words.control_pictures import PLACES, QUESTIONS, questions
from neuroscribe.tasks.evaluation.words.judging import Asked
from neuroscribe.tasks.evaluation.words.places import PAIRS, Places, draw
from neuroscribe.tasks.evaluation.words.retrieval import lineups
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.labelling.results import read_run
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.labelling.words import read_lines
from neuroscribe.tasks.search.measure import data_of
from neuroscribe.tools.data.image_rows import ImageRows
from neuroscribe.tools.render.contact_sheet import contact_sheets, sheet_sizes
from neuroscribe.tools.scenes.drawing import draw as drawn
from neuroscribe.tools.scenes.grammar import scenes
from oracles import Replies
from PIL import Image

TARGET = f"{Path(__file__).parents[3] / 'support' / 'colour_target.py'}:load"
CELL, LINE, GAP, SIDE = 180, 14, 4, 176


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two channels of a network that sees colours, over pictures whose scenes are not known."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "photos").mkdir()
    for i, scene in enumerate(scenes(150, seed=8)):
        drawn(scene, 64).save(folder / "photos" / f"{i}.png")
    given = {"controls": "none", "reader": "pictures", "data": str(folder / "photos")}
    run_labels(Settings(target=TARGET, units="act/0,act/1", steps=1, **given), folder / "run")
    labels = RunFolder(folder / "run")
    lines = list(labels.own_labels().values())
    for line, words in zip(lines, ("much red", "a blank page"), strict=True):
        line |= {"label": words, "status": "described"}
    labels.write_labels(lines)
    return folder / "run"


def tiles(request) -> list[np.ndarray]:
    """The pictures of a request, cut out of its contact sheets."""
    found = []
    for part in request["messages"][1]["content"][1:]:
        raw = base64.b64decode(part["image_url"]["url"].partition(",")[2])
        sheet = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"), np.float32)
        for y in range(GAP + LINE, sheet.shape[0] - SIDE + 1, CELL + LINE):
            for x in range(GAP, sheet.shape[1] - SIDE + 1, CELL):
                tile = sheet[y : y + SIDE, x : x + SIDE]
                found += [tile] if tile.min() < 240 else []  # an empty cell of the sheet
    return found


def sees_red(handler, request) -> None:
    """Goes by the redness of the pictures where the description says red."""
    text = json.loads(request["messages"][1]["content"][0]["text"])
    if "units" in text:
        said = {"choice": "A"}
    else:
        red = [float((x[..., 0] - x[..., 1:].max(-1)).clip(0).mean()) for x in tiles(request)]
        most = max(red) if "red" in text["description"] else np.inf
        numbers = zip(text["places"], red, strict=True)
        said = {"degrees": {key: round(10 * value / most) for key, value in numbers}}
    handler.send(200, completion({"content": json.dumps(said)}))


def score(verb, run, *options, act=sees_red):
    with endpoint(act) as server:
        given = ("--judge", "openai:m", "--base-url", server.url, "--target", TARGET, *options)
        return *verb("score", str(run), *given), server.requests


def test_a_run_on_pictures_is_judged_resumed_and_shown(finished, verb, shown):
    code, _, err, requests = score(verb, finished, "--dry-run")
    assert (code, requests) == (0, [])
    assert "2 units to judge" in err
    code, out, err, requests = score(verb, finished)
    assert code == 0, err
    assert "AUROC" in out
    line, _ = read_lines(finished)
    assert line["shown"] == "pictures"
    assert line["auroc"]["low"] > 0.5 >= line["shuffled"]["auroc"]["value"]
    assert line["control"]["n"] == 2 * QUESTIONS * PLACES
    assert {"right", "among", "picked"} == set(line["retrieval"])
    assert score(verb, finished)[3] == []
    record = read_run(RunFolder(finished))["act/0"].record
    assert record["scores"]["words"]["auroc"] == line["auroc"]
    assert "AUROC of active against silent pictures" in shown("show", str(finished), "act/0")
    assert "as openai:m sees them" in shown("show", str(finished))
    assert "active from silent ones" in (finished / "report.html").read_text()
    asked = json.dumps(requests)
    assert "act/0" not in asked, "the judge knows the label alone"


def test_a_judge_that_takes_no_pictures_is_one_line(finished, verb, tmp_path):
    code, out, err, _ = score(verb, finished, "--seed", "1", act=fails(400))
    assert (code, out) == (2, "")
    assert "the judge gives no answer" in err.splitlines()[-1]


def test_pairs_show_one_kind_of_thing_and_every_picture_stands_once(finished):
    data = data_of(finished, target=TARGET)
    unit = data.target.unit("act/0")
    splits = data.measure([unit])[unit]
    places = draw(splits, np.random.default_rng(0), causal=False)
    assert isinstance(places, Places)
    assert len({*places.row}) == len(places)
    assert all(one.dtype == np.uint8 and one.ndim == 3 for one in places.shown)
    assert 0 < (places.kind == "silent").sum() <= PAIRS - len(places.partners)
    on, off = places.partners.T
    assert (places.request[on] != places.request[off]).all()
    (group,) = lineups(data, [unit, data.target.unit("act/1")], seed=0)
    assert set(group.question("x").pictures) == set(group.shown)


def test_controls_can_be_seen_and_a_blind_judge_is_known():
    rng = np.random.default_rng(0)
    made = questions(rng)
    assert len(made) == 2 * QUESTIONS
    assert all(sum(truth.values()) == PLACES // 2 for _, truth in made)
    for sheet, truth in made[QUESTIONS:]:  # those of sides: the ink lies on the named one
        for key, fits in truth.items():
            shown = sheet.shown[key].astype(float)
            ink = abs(shown - shown[0, 0]).max(-1)
            half = "left" if ink[:, :88].sum() > ink[:, 88:].sum() else "right"
            assert (f"in the {half} half" in sheet.label) == fits
    always = Replies(lambda question: json.dumps({"degrees": dict.fromkeys(question.pictures, 9)}))
    rows = ImageRows((), None, np.zeros(0, np.int32))  # which ones plays no part
    found = control(always, rows, Asked(), np.random.default_rng(0))
    assert found.right == 0.5


def test_sheets_hold_every_picture_once_at_the_size_that_is_counted():
    pictures = {str(i): np.full((50, 50, 3), i, np.uint8) for i in range(35)}
    sheets = contact_sheets(pictures)
    assert [sheet.size for sheet in sheets] == sheet_sizes(35)
    assert len(sheets) == 3
    assert contact_sheets({}) == sheet_sizes(0) == []
