"""The command line as a user meets it: one line for every mistake, one document for programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from neuroscribe.tasks.cli import options
from neuroscribe.tools.errors import UsageError


def make_run(folder: Path) -> Path:
    """A run folder with one described and one failed unit, as a run leaves it."""
    folder.mkdir()
    settings = {"target": "t", "units": "mlp.0/1,mlp.0/2", "data": "d", "planner": "builtin"}
    units = ["mlp.0/1", "mlp.0/2", "mlp.0/3"]
    (folder / "run.json").write_text(
        json.dumps(
            {
                "format": 1,
                "settings": settings,
                "units": units,
                "target": {"name": "t", "fingerprint": "f"},
                "corpus": {"spec": "d", "hash": "h"},
            }
        )
    )
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    described = {
        "unit": "mlp.0/1",
        "label": "cats [bold]and[/bold] dogs",
        "status": "described",
        "confidence": 0.8,
        "explained": 0.1,
        "components": [
            {
                "words": "the word cat",
                "predictor": {"kind": "words", "words": ["cat"]},
                "evidence": ["E2"],
                "sign": 1,
                "band": "any",
                "share": 0.5,
                "score": 0.4,
            }
        ],
        "effect": {"words": "promotes 'dog'", "evidence": ["E3"]},
        "rejected": [{"words": "animals", "reason": "no wolf", "evidence": ["E4"]}],
        "scores": {"correlation": interval, "auprc": {**interval, "base_rate": 0.01}},
        "controls": {"constant": {"auprc": 0.01}},
        "evidence": [{"id": "E2", "tool": "survey", "arguments": {"unit": "mlp.0/1"}}],
    }
    failed = {"unit": "mlp.0/2", "label": "", "status": "failed", "reason": "RuntimeError: no"}
    (folder / "labels.jsonl").write_text(f"{json.dumps(described)}\n{json.dumps(failed)}\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lable"], "Did you mean 'label'"),
        (["label", "minilm", "--unist", "3"], "No such option: --unist"),
        (["label"], "Missing"),
        (["show", "no-such-run"], "there is no run in no-such-run"),
        (["merge", "no-such-run"], "there is no run in no-such-run"),
        (["export", "no-such-run"], "there is no run in no-such-run"),
    ],
)
def test_a_mistake_is_one_line(refused, arguments, says):
    assert says in refused(*arguments)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--units", "mlp.0"], "write SITE/INDEX"),
        (["--shard", "3/2"], "I/N"),
        (["--planner", "openai"], "needs a model"),
        (["--planner", "bultin"], "builtin"),
        (["--data", "no-such-file.txt"], "no-such-file.txt"),
        (["--data", "builtin:pydoc"], "builtin:pydocs"),
        (["--tokens", "3"], "--tokens is 3"),
        (["--concurrency", "0"], "--concurrency is 0"),
        (["--controls", "all"], "--controls 'all'"),
    ],
)
def test_label_refuses_before_it_loads_anything(refused, tmp_path, more, says):
    given = {"--units": "mlp.0/1", "--data": "builtin:pydocs", "--out": str(tmp_path / "r")}
    given.update(zip(more[::2], more[1::2], strict=True))
    flat = [word for pair in given.items() for word in pair]
    line = refused("label", "no/such/model", *flat)
    assert says in line
    assert "model" not in line or "needs a model" in line
    assert not (tmp_path / "r").exists()


def test_what_the_target_lacks_is_one_line(verb, toy_folder, tmp_path):
    for units, says in (("mlp.9/1", "mlp.1"), ("mlp.0/99", "0 to 31")):
        code, _, err = verb(
            *("label", str(toy_folder / "model"), "--units", units),
            *("--data", str(toy_folder / "text.jsonl"), "--out", str(tmp_path / "r")),
        )
        assert code == 2
        assert says in err.splitlines()[-1]
        assert not (tmp_path / "r").exists()


def test_show_prints_one_document(verb, tmp_path):
    run = make_run(tmp_path / "r")
    code, out, _ = verb("show", str(run), "--json")
    document = json.loads(out)
    assert code == 0
    assert [unit["unit"] for unit in document["units"]] == ["mlp.0/1", "mlp.0/2"]
    assert set(document["units"][0]) >= {
        *("unit", "label", "components", "explained", "effect", "confidence", "status"),
        *("scores", "controls", "evidence"),
    }
    assert document["run"]["missing"] == ["mlp.0/3"]
    assert document["run"]["status"] == {"described": 1, "failed": 1}
    code, out, _ = verb("show", str(run), "mlp.0/1", "--json")
    assert [unit["unit"] for unit in json.loads(out)["units"]] == ["mlp.0/1"]


def test_show_for_people(verb, tmp_path):
    run = make_run(tmp_path / "r")
    code, out, _ = verb("show", str(run))
    assert code == 0
    assert "cats [bold]and[/bold] dogs" in out, "text of a run is no markup"
    assert "RuntimeError: no" in out
    assert "2 units: 1 described, 1 failed, 1 without a label yet" in out
    code, out, _ = verb("show", str(run), "mlp.0/1")
    for words in ("the word cat [E2]", "promotes 'dog' [E3]", "no wolf", "0.400 .. 0.600", "E2"):
        assert words in out
    code, _, err = verb("show", str(run), "mlp.0/11")
    assert code == 2
    assert "nearest: mlp.0/1" in err


def test_export_writes_files(verb, tmp_path):
    run = make_run(tmp_path / "r")
    table, lines = tmp_path / "x" / "labels.csv", tmp_path / "x" / "labels.jsonl"
    code, out, _ = verb("export", str(run), "--csv", str(table), "--jsonl", str(lines))
    assert (code, out) == (0, "")
    assert table.read_text().startswith("unit,label,status")
    assert len(lines.read_text().splitlines()) == 2
    assert verb("export", str(run))[1] == table.read_text()
    code, _, err = verb("export", str(run), "--csv", str(run / "run.json" / "x"))
    assert code == 2
    assert "cannot write" in err


def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(verb, tmp_path, monkeypatch):
    from neuroscribe.tasks.labelling import results

    def broken(folder: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(results, "read_run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = verb("show", "r")
    assert code == 70
    assert err.count("\n") == 1
    (log,) = tmp_path.glob("neuroscribe-*.log")
    assert str(log) in err
    assert "Traceback" in log.read_text()
    assert "Traceback" in verb("--debug", "show", "r")[2]


def test_an_interrupt_is_130(verb, monkeypatch, tmp_path):
    from neuroscribe.tasks.labelling import label

    def interrupted(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(label, "run_labels", interrupted)
    out = str(tmp_path / "r")
    code, _, err = verb("label", "t", "--units", "a/1", "--data", "d", "--out", out)
    assert code == 130
    assert "run the same command again" in err


def test_help_imports_nothing_heavy():
    asked = (
        "import sys; from neuroscribe.tasks.cli.app import run; run(['--help']); "
        "print([m for m in ('torch', 'transformers', 'sklearn', 'matplotlib', 'langgraph', "
        "'httpx', 'numpy', 'jinja2') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for verb in ("label", "show", "merge", "export"):
        assert verb in done.stdout


def test_version(verb):
    assert verb("--version")[1].startswith("neuroscribe ")


def test_seeds_are_read() -> None:
    assert options.seeds("1,2,5-8") == (1, 2, 5, 6, 7, 8)
    with pytest.raises(UsageError):
        options.seeds("1-x")
