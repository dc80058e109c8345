"""Descriptions scored on other data too: nothing is learnt there."""

import random

import numpy as np
import pytest
from checks import refused
from neuroscribe.tasks.groundtruth.networks import models
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.results import read_run
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.labelling.trusted import allowed
from neuroscribe.tasks.scoring.elsewhere import elsewhere
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse

COUNTER = f"{models.__file__}:counter_0"
RISES = parse(
    {
        "kind": "tally",
        "of": {"kind": "tokens", "tokens": ["a"]},
        "minus": {"kind": "tokens", "tokens": ["b"]},
        "low": 0,
        "high": 8,
    }
)
LETTER = parse({"kind": "tokens", "tokens": ["c"]})


def strings(letters: str, n: int, seed: int) -> str:
    draw = random.Random(seed)
    return "\n".join("".join(draw.choice(letters) for _ in range(12)) for _ in range(n))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for name, text in {
        "own.txt": strings("abc", 300, 0),
        "other.txt": strings("aabc", 120, 1),
        "few.txt": strings("abc", 4, 2),
    }.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def settings(files):
    own, other = str(files / "own.txt"), str(files / "other.txt")
    return Settings(target=COUNTER, units="rnn/0-1", data=own, also=other, controls="none")


@pytest.fixture(scope="module")
def data(settings):
    return load_data(Target.load(COUNTER), settings)


def test_weights_come_from_the_run_and_documents_of_the_run_are_left_out(data, files):
    own = {document.text for document in data.corpus.documents}
    assert not {data.also.texts[i] for i in data.also.document} & own
    unit = data.target.unit("rnn/0")
    splits, other = data.measure([unit])[unit], data.elsewhere(unit)
    assert other is not None
    right, wrong = (elsewhere([one], splits, other) for one in (RISES, LETTER))
    assert right["documents"] == len(np.unique(other.documents)) >= 100
    low, high = (right["correlation"][x] for x in ("low", "high"))
    assert low <= right["correlation"]["value"] <= high
    assert abs(wrong["correlation"]["value"]) < 0.3
    exchanged = other.values.copy()
    exchanged[other.counted] = np.random.default_rng(0).permutation(other.flat)
    null = elsewhere([RISES], splits, type(other)(other.windows, exchanged))
    assert null["correlation"]["low"] < 0 < null["correlation"]["high"]


def test_a_run_says_how_a_label_does_on_other_data(shown, files, tmp_path):
    own, other = str(files / "own.txt"), str(files / "other.txt")
    run = str(tmp_path / "run")
    shown("label", COUNTER, "--units", "rnn/0-1", "--data", own, "--also", other,
          "--controls", "none", "--out", run)  # fmt: skip
    made = read_run(RunFolder(run))
    scored = [one for one in made.units if "also" in one.record["scores"]]
    assert scored
    for one in scored:
        value = one.record["scores"]["also"]["correlation"]["value"]
        assert f"correlation {value:.2f}" in shown("show", run, one.record["unit"])
    assert "on other data" in (tmp_path / "run" / "report.html").read_text()
    facts = RunFolder(run).read_run()
    assert allowed(tmp_path / "run", facts, loaded=True).also is None, "others' runs load no code"


def test_what_cannot_be_scored_on_is_refused(settings, files):
    target = Target.load(COUNTER)
    for also, reason in {
        str(files / "few.txt"): "too little data",
        str(files / "own.txt"): "too little data",
        str(files / "none.txt"): "no file or folder",
    }.items():
        refused(reason, load_data, target, Settings(**{**vars(settings), "also": also}))
