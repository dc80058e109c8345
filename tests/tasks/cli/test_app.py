"""The command line as a user meets it: one line for every mistake, one document for programs."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from neuroscribe.tasks.cli import options
from neuroscribe.tasks.cli.app import PANELS, load
from neuroscribe.tasks.cli.verb_help import EXAMPLES
from neuroscribe.tasks.labelling import label, results
from neuroscribe.tools.errors import UsageError


def make_run(folder: Path) -> Path:
    """A run folder with one described and one failed unit, as a run leaves it."""
    folder.mkdir()
    run = {
        "format": 1,
        "settings": {"target": "t", "units": "mlp.0/1,mlp.0/2", "data": "d", "planner": "builtin"},
        "units": ["mlp.0/1", "mlp.0/2", "mlp.0/3"],
        "target": {"name": "t", "fingerprint": "f"},
        "corpus": {"spec": "d", "hash": "h"},
    }
    (folder / "run.json").write_text(json.dumps(run))
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    predictor = {"kind": "words", "words": ["cat"]}
    component = {"words": "the word cat", "predictor": predictor, "evidence": ["E2"], "sign": 1}
    described = {
        "unit": "mlp.0/1",
        "label": "cats [bold]and[/bold] dogs",
        "status": "described",
        "confidence": 0.8,
        "explained": 0.1,
        "components": [{**component, "band": "any", "share": 0.5, "score": 0.4}],
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


@pytest.mark.parametrize(("units", "says"), [("mlp.9/1", "mlp.1"), ("mlp.0/99", "0 to 31")])
def test_what_the_target_lacks_is_one_line(refused, toy_folder, tmp_path, units, says):
    more = ("--data", str(toy_folder / "text.jsonl"), "--out", str(tmp_path / "r"))
    assert says in refused("label", str(toy_folder / "model"), "--units", units, *more)
    assert not (tmp_path / "r").exists()


def test_show_prints_one_document(document, tmp_path):
    run = str(make_run(tmp_path / "r"))
    found = document("show", run)
    assert [unit["unit"] for unit in found["units"]] == ["mlp.0/1", "mlp.0/2"]
    assert set(found["units"][0]) >= {
        *("unit", "label", "components", "explained", "effect", "confidence", "status"),
        *("scores", "controls", "evidence"),
    }
    assert found["run"]["missing"] == ["mlp.0/3"]
    assert found["run"]["status"] == {"described": 1, "failed": 1}
    assert [unit["unit"] for unit in document("show", run, "mlp.0/1")["units"]] == ["mlp.0/1"]


def test_show_for_people(shown, refused, tmp_path):
    run = str(make_run(tmp_path / "r"))
    out = shown("show", run)
    assert "cats [bold]and[/bold] dogs" in out, "text of a run is no markup"
    assert "RuntimeError: no" in out
    assert "2 units: 1 described, 1 failed, 1 without a label yet" in out
    out = shown("show", run, "mlp.0/1")
    for words in ("the word cat [E2]", "promotes 'dog' [E3]", "no wolf", "0.400 .. 0.600", "E2"):
        assert words in out
    assert "nearest: mlp.0/1" in refused("show", run, "mlp.0/11")


def test_export_writes_files(shown, refused, tmp_path):
    run = make_run(tmp_path / "r")
    table, lines = tmp_path / "x" / "labels.csv", tmp_path / "x" / "labels.jsonl"
    assert shown("export", str(run), "--csv", str(table), "--jsonl", str(lines)) == ""
    assert table.read_text().startswith("unit,label,status")
    assert len(lines.read_text().splitlines()) == 2
    assert shown("export", str(run)) == table.read_text()
    inside = str(run / "run.json" / "x")
    assert "cannot write" in refused("export", str(run), "--csv", inside)


def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(verb, tmp_path, monkeypatch):
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
    def interrupted(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(label, "run_labels", interrupted)
    out = str(tmp_path / "r")
    code, _, err = verb("label", "t", "--units", "a/1", "--data", "d", "--out", out)
    assert code == 130
    assert "run the same command again" in err


def test_help_imports_nothing_heavy(verb):
    asked = (
        "import sys; from neuroscribe.tasks.cli.app import run; run(['--help']); "
        "print([m for m in ('torch', 'transformers', 'sklearn', 'matplotlib', 'langgraph', "
        "'httpx', 'numpy', 'jinja2', 'rich', 'neuroscribe.tasks.cli.label') "
        "if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for name in ("label", "show", "merge", "export"):
        assert name in done.stdout
    assert verb("--version")[1].startswith("neuroscribe ")


@pytest.mark.parametrize(
    "typed",
    ["evaluate ask", "evaluate networks", "index t --data d", "merge r", "study arithmetic"],
)
def test_what_writes_a_folder_refuses_a_file(refused, tmp_path, typed):
    path = tmp_path / "file"
    path.touch()
    assert "is a file" in refused(*typed.split(), "--out", str(path))


def test_seeds_are_read():
    assert options.seeds("1,2,5-8") == (1, 2, 5, 6, 7, 8)
    with pytest.raises(UsageError):
        options.seeds("1-x")


def test_every_verb_has_an_example_that_can_be_typed_and_help_that_cuts_no_word(shown):
    lines = {name: line for panel in PANELS.values() for name, line in panel.items()}
    names = set()
    for top, line in lines.items():
        command = load(top)
        assert " ".join(command.help.partition("\n\n")[0].split()) == line
        for below, verb in getattr(command, "commands", {None: command}).items():
            name = f"{top} {below}" if below else top
            names.add(name)
            verb.make_context(name, shlex.split(EXAMPLES[name]))
            assert verb.epilog.endswith(f"neuroscribe {name} {EXAMPLES[name]}")
    assert names == set(EXAMPLES)
    text = shown("label", "--help")
    assert "…" not in text
    assert "random:20[:SITE]; top:20[:variance|firing][:SITE]; or" in " ".join(text.split())
    assert text.rstrip().endswith(f"neuroscribe label {EXAMPLES['label']}")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("la", {"label"}), ("evaluate ru", {"runs"}), ("label t --unit-sec", {"--unit-seconds"})],
)
def test_a_shell_completes_verbs_and_options(typed, offered):
    words = ["neuroscribe", *typed.split()]
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", "from neuroscribe.tasks.cli.app import main; main()"],
        env={**os.environ, **asked, "_NEUROSCRIBE_COMPLETE": "complete_bash"},
        capture_output=True,
        text=True,
    )
    assert set(done.stdout.split()) == offered
