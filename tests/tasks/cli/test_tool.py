"""The verbs `tool` and `tools`: arguments come from the schema, errors are one line."""

import json
from pathlib import Path

import pytest
from neuroscribe.tasks.cli.app import run
from neuroscribe.tasks.cli.tool import read_arguments
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.instruments import TOOLS


def test_every_instrument_is_listed(capsys):
    assert run(["tools", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in listed][:3] == ["survey", "exemplars", "activations"]
    assert {item["name"] for item in listed} >= {"ablate", "patch", "unit_effect", "separate"}
    for item in listed:  # an LLM reads these: every argument is explained
        assert item["description"]
        for schema in item["parameters"]["properties"].values():
            assert schema["description"]
    assert run(["tools", "edit_text"]) == 0
    assert "edits (array)" in capsys.readouterr().out


def test_arguments_are_typed_by_the_schema():
    given = ["texts=1", "texts=[two]", "unit=mlp.0/1"]
    assert read_arguments(TOOLS["activations"], given) == {
        "texts": ["1", "[two]"],
        "unit": "mlp.0/1",
    }
    assert read_arguments(TOOLS["exemplars"], ["many=3", "kind=low"]) == {"many": 3, "kind": "low"}
    edits = read_arguments(TOOLS["edit_text"], ['edits=[{"op": "delete", "find": "a"}]'])
    assert edits == {"edits": [{"op": "delete", "find": "a"}]}
    with pytest.raises(UsageError, match="nearest: texts"):
        read_arguments(TOOLS["activations"], ["text=a"])


def test_a_tool_runs_on_a_folder(toy_folder, capsys):
    common = [str(toy_folder / "model"), "--data", str(toy_folder / "text.jsonl"), "--json"]
    assert run(["tool", "survey", *common, "--unit", "mlp.0/1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"]["unit"] == "mlp.0/1"
    assert document["text"].startswith("mlp.0/1")
    rivals = ["--hypothesis", '{"kind": "repeated"}', "--hypothesis", '{"kind": "position"}']
    assert run(["tool", "test_hypotheses", *common, "--unit", "mlp.0/1", *rivals]) == 0
    tests = json.loads(capsys.readouterr().out)["data"]["tests"]
    assert [test["id"] for test in tests] == ["H1", "H2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["survy"], "nearest: survey"),
        (["survey", "--arg", "unit=mlp.7/1"], "mlp.0"),
        (["survey", "--arg", "units=mlp.0/1"], "nearest: unit"),
        (["survey"], "pass unit"),
    ],
)
def test_errors_are_one_line(toy_folder, refused, arguments, said):
    data = ["--data", str(toy_folder / "text.jsonl")]
    model = str(toy_folder / "model")
    assert said in refused("tool", arguments[0], model, *arguments[1:], *data)


def test_a_tool_runs_on_pictures(tmp_path, capsys):
    target = Path(__file__).parents[2] / "support" / "colour_target.py"
    common = [f"{target}:load", "--data", "builtin:scenes:60", "--pictures", str(tmp_path / "p")]
    asked = ["--unit", "conv/0", "--arg", "many=2", "--json"]
    assert run(["tool", "exemplars", *common, *asked]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["data"]["measured"]) == 2
    assert [Path(path).parent.name for path in document["images"]] == ["p"]
    assert run(["tool", "draw", *common, "--unit", "conv/0", "--arg", "prompts=a red cat"]) == 0
    shown = capsys.readouterr()
    assert "a medium red cat" in shown.out or "red cat" in shown.out
    assert "picture: " in shown.err
    assert run(["tool", "activations", *common, "--unit", "conv/0", "--arg", "texts=a"]) == 2
    assert "there is no tool 'activations'" in capsys.readouterr().err


def test_a_tool_with_two_forms_says_both(capsys):
    assert run(["tools", "unit_effect"]) == 0
    shown = capsys.readouterr().out
    assert "For pictures:" in shown
