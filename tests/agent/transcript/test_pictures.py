"""Pages show the pictures of an investigation, and replays make them again."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_target import RED, colour_target
from neuroscribe.agent import actions as _actions  # noqa: F401
from neuroscribe.agent.transcript import Recorder, make_header, read, render, replay
from neuroscribe.agent.transcript.pictures import MOST_PICTURES, Album, folder_of
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools import registry
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from PIL import Image

RED_THING = {"kind": "colour", "colours": ["red"]}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("survey", {}),
    ("exemplars", {"many": 4}),
    ("hypothesise", {"statement": "red", "predictor": RED_THING}),
    ("draw", {"prompts": ["a red cat", "a blue cat"], "many": 2}),
    ("edit_image", {"pictures": [0], "edits": [{"edit": "grey"}, {"edit": "flip"}]}),
    ("draw", {"prompts": ["a pond", "a battle"], "by": "pond"}),
]


class Pond:
    """An image model that draws ponds and refuses the rest."""

    name = "pond"
    price = 0.0

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        if "pond" not in prompt:
            raise UsageError("only ponds")
        noise = np.random.default_rng(seed).integers(0, 60, (40, 40, 3))
        return Image.fromarray((noise + np.array([0, 60, 180])).astype(np.uint8))

    def edit(self, picture: Image.Image, *given: Any, **more: Any) -> Image.Image:
        return picture


@pytest.fixture(scope="module")
def colours() -> Target:
    return colour_target()


@pytest.fixture
def recorded(colours: Target, tmp_path: Path) -> Path:
    """A recorded investigation."""
    path, data = tmp_path / "transcripts" / "conv.0_0.jsonl", "builtin:scenes:40"
    corpus = load_corpus(data, target=colours)
    rows: Any = image_rows(colours, corpus.splits().explore.pictures)  # type: ignore[attr-defined]
    evidence, unit = EvidenceStore(folder_of(path)), colours.unit(f"conv.0/{RED}")
    lab = Lab(colours, rows, unit=unit, evidence=evidence, backends={"pond": Pond()})
    facts: Any = {"planner": "test", "corpus": data, "corpus_hash": corpus.hash, "length": 48}
    with Recorder(path, make_header(lab, str(unit), **facts)) as recorder:
        for name, arguments in CALLS:
            recorder.write("evidence", evidence=registry.call(lab, name, arguments))
        recorder.write("end", reason="concluded", meter=lab.meter.as_dict())
    return path


def test_a_page_holds_the_pictures(recorded, tmp_path):
    page = render(recorded, tmp_path / "page.html").read_text()
    shown = re.findall(r'<img class="sheet" src="(data:image/jpeg;base64,[\w+/=]+)"', page)
    assert len(shown) == 5  # exemplars twice, two sheets of drawings, one of edits
    assert len(set(shown)) == 4
    assert "img-src data:" in page
    assert "pictures of explore" in page
    assert str(tmp_path) not in page
    assert "a medium blue cat" in page or "blue cat" in page


def test_a_replay_draws_the_pictures_again(recorded, colours):
    found = replay(recorded, target=colours)
    assert (found.differing, found.checked, found.skipped) == ((), len(CALLS), ())
    transcript = read(recorded)
    assert json.dumps([item.data for item in transcript.evidence.values()], allow_nan=False)
    assert transcript.evidence["E6"].error is None
    assert "only ponds" in transcript.evidence["E6"].text


def test_a_drawing_that_was_changed_is_noticed(recorded, colours):
    kept = next(iter(folder_of(recorded).glob("*.png")))
    Image.new("RGB", (40, 40)).save(kept)
    found = replay(recorded, target=colours)
    assert {item.evidence for item in found.differing} == {"E6"}
    kept.unlink()
    assert not replay(recorded, target=colours).same


def test_a_record_names_no_file_outside_its_folder(recorded, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(secret)
    (folder_of(recorded) / "text.jpg").write_text("not a picture")
    asked = [str(secret), "../../secret.png", "text.jpg", "..\\..\\secret.png"]
    shown = Album(recorded).show(asked)
    assert [one.url for one in shown] == [""] * 4
    assert all("is no picture" in one.note for one in shown)


def test_a_page_stays_small(recorded):
    names = [f"many{at}.png" for at in range(MOST_PICTURES + 5)]
    for name in names:
        Image.new("RGB", (10, 10)).save(folder_of(recorded) / name)
    shown = Album(recorded).show(names)
    assert sum(bool(one.url) for one in shown) == MOST_PICTURES
    assert "keep the page small" in shown[-1].note
