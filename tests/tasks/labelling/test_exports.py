"""Labels leave as tables, as Neuronpedia imports them and as a log that Inspect opens."""

import csv
import gzip
import importlib.util
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.tasks.evaluation.formats.given import SiteTemplate
from neuroscribe.tasks.evaluation.formats.read import read_descriptions
from neuroscribe.tasks.labelling.export import COLUMNS, csv_text, jsonl_text
from neuroscribe.tasks.labelling.neuronpedia import BATCH, rows, source_of, write_neuronpedia
from neuroscribe.tasks.labelling.results import LabelRun, UnitLabel

NEURONPEDIA = {
    *("id", "modelId", "layer", "index", "authorId", "description", "embedding", "triggeredById"),
    *("typeName", "explanationModelName", "notes", "createdAt"),
}
SCORE = {"value": 0.5, "low": 0.4, "high": 0.6}


def made(*units: tuple[str, str, str], **more: Any) -> LabelRun:
    """A run of units, labels and statuses."""
    labels = []
    for unit, label, status in units:
        predictor = {"kind": "words", "words": ["a"]}
        record = {
            "unit": unit,
            "label": label,
            "status": status,
            "reason": "no answer" if status == "failed" else None,
            "scores": {"correlation": SCORE} if status == "described" else {},
            "components": [{"words": label, "predictor": predictor}],
        }
        labels.append(UnitLabel(unit, label, status, {**record, **more}))
    facts = {"target": {"name": "gpt2"}, "created": "2026-01-01T00:00:00Z"}
    return LabelRun(Path("x"), {"planner": "openai:m", "data": "d"}, facts, tuple(labels))


def three() -> LabelRun:
    return made(
        ("mlp.1/2", "cats", "described"),
        ("mlp.0/7-", 'dogs, "hot" ones\u2028', "described"),
        ("mlp.0/8", "", "failed"),
    )


def test_tables():
    evidence = [{"id": "E1", "cited": True}, {"id": "E2", "cited": False}]
    scores = {"correlation": SCORE, "f1": None}
    label = '=cmd("x"), quoted'
    run = made(("mlp.0/1", label, "described"), evidence=evidence, scores=scores)
    (row,) = csv.DictReader(io.StringIO(csv_text(run)))
    assert tuple(row) == COLUMNS
    assert row["label"] == f"'{label}", "no formula for a spreadsheet"
    assert (row["correlation"], row["correlation_low"], row["f1"]) == ("0.5", "0.4", "")
    assert row["evidence"] == "E1"
    assert json.loads(jsonl_text(run))["scores"]["correlation"]["high"] == 0.6


def test_neuronpedia_folder_is_laid_out_as_its_exports_and_is_read_back(tmp_path):
    files = write_neuronpedia(tmp_path, rows(three(), model="gpt2-small", author="me"))
    names = [str(file.relative_to(tmp_path)) for file in files]
    assert names == [f"gpt2-small/{layer}-mlp/explanations/batch-0.jsonl.gz" for layer in (0, 1)]
    (line,) = gzip.decompress(files[1].read_bytes()).decode().splitlines()
    row = json.loads(line)
    assert set(row) == NEURONPEDIA
    assert (row["modelId"], row["layer"], row["index"]) == ("gpt2-small", "1-mlp", "2")
    assert (row["description"], row["explanationModelName"]) == ("cats", "m")
    assert "0.50" in row["notes"]
    found = read_descriptions(tmp_path / "gpt2-small", SiteTemplate())
    assert [given.unit for given in found.given] == ["mlp.0/7", "mlp.1/2"]
    assert not found.problems


def test_neuronpedia_in_one_file_and_in_batches(tmp_path):
    many = made(*((f"mlp.0/{at}", f"cats {at}", "described") for at in range(BATCH + 3)))
    found = rows(many)
    assert len({row["id"] for row in found}) == BATCH + 3
    files = write_neuronpedia(tmp_path, found)
    sizes = [len(gzip.decompress(file.read_bytes()).splitlines()) for file in files]
    assert sizes == [BATCH, 3]
    (single,) = write_neuronpedia(tmp_path / "all.jsonl", found)
    assert len(single.read_text().splitlines()) == BATCH + 3


@pytest.mark.parametrize(
    ("site", "source"), [("mlp.3", "3-mlp"), ("attn_out.11", "11-attn_out"), ("logit", "logit")]
)
def test_sources(site, source):
    assert source_of(site) == source


def test_names_do_not_leave_the_folder(tmp_path):
    files = write_neuronpedia(tmp_path / "in", rows(three(), model="../../up"))
    assert all((tmp_path / "in") in file.parents for file in files)
    assert not any(".." in file.parts for file in files)


def test_inspect_opens_the_log(tmp_path):
    log = pytest.importorskip("inspect_ai.log")
    from neuroscribe.tasks.labelling.inspect_log import write_run

    path = tmp_path / "run.eval"
    write_run(path, three())
    assert zipfile.is_zipfile(path)
    found = log.read_eval_log(str(path))
    assert found.status == "success"
    samples = {sample.id: sample for sample in found.samples}
    assert set(samples) == {"mlp.1/2", "mlp.0/7-", "mlp.0/8"}
    assert samples["mlp.1/2"].scores["correlation"].value == pytest.approx(0.5)
    assert samples["mlp.1/2"].output.completion.startswith("cats")
    assert samples["mlp.0/8"].error.message == "no answer"
    assert found.results.scores[0].metrics["median"].value == pytest.approx(0.5)
    assert log.read_eval_log_sample_summaries(str(path))


def test_the_verb_exports_and_asks_for_inspect_where_it_is_missing(finished_run, tmp_path, verb):
    def export(option: str, name: str) -> tuple[int, str]:
        code, _, err = verb("export", str(finished_run), option, str(tmp_path / name))
        return code, err

    code, err = export("--inspect", "x.json")
    assert code == 2
    assert "does not end in .eval" in err
    code, err = export("--inspect", "x.eval")
    installed = importlib.util.find_spec("inspect_ai") is not None
    assert code == (0 if installed else 2)
    assert installed or "neuroscribe[inspect]" in err
    code, err = export("--neuronpedia", "np")
    assert code == 0
    assert "left out" in err
