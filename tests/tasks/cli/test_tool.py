"""The verbs `tool`, `tools`, `index` and `index-merge`: arguments, output, errors of one line."""

from pathlib import Path

import pytest
from neuroscribe.tasks.asking.arguments import read_arguments
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.exemplars import ExemplarIndex
from neuroscribe.tools.instruments import TOOLS


def test_every_instrument_is_listed(document, shown) -> None:
    listed = document("tools")
    assert [item["name"] for item in listed][:3] == ["survey", "exemplars", "activations"]
    assert {item["name"] for item in listed} >= {"ablate", "patch", "unit_effect", "separate"}
    for item in listed:  # an LLM reads these: every argument is explained
        assert item["description"]
        for schema in item["parameters"]["properties"].values():
            assert schema["description"]
    assert "edits (array)" in shown("tools", "edit_text")
    assert "For pictures:" in shown("tools", "unit_effect"), "of two forms both are said"


def test_arguments_are_typed_by_the_schema() -> None:
    for tool, given, found in (
        ("activations", ["texts=1", "texts=[two]"], {"texts": ["1", "[two]"]}),
        ("activations", ["unit=mlp.0/1"], {"unit": "mlp.0/1"}),
        ("exemplars", ["many=3", "kind=low"], {"many": 3, "kind": "low"}),
        ("edit_text", ['edits=[{"op": "delete"}]'], {"edits": [{"op": "delete"}]}),
    ):
        assert read_arguments(TOOLS[tool], given) == found
    with pytest.raises(UsageError, match="nearest: texts"):
        read_arguments(TOOLS["activations"], ["text=a"])


def test_a_tool_runs_on_a_folder(toy_folder, document) -> None:
    common = [str(toy_folder / "model"), "--data", str(toy_folder / "text.jsonl")]
    common += ["--unit", "mlp.0/1"]
    found = document("tool", "survey", *common)
    assert found["data"]["unit"] == "mlp.0/1"
    common[-1] = "along.0/1"  # a site that the data make
    assert document("tool", "survey", *common)["data"]["unit"] == "along.0/1"
    assert found["text"].startswith("mlp.0/1")
    rivals = ["--hypothesis", '{"kind": "repeated"}', "--hypothesis", '{"kind": "position"}']
    tests = document("tool", "test_hypotheses", *common, *rivals)["data"]["tests"]
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
def test_errors_are_one_line(toy_folder, refused, arguments, said) -> None:
    common = [str(toy_folder / "model"), "--data", str(toy_folder / "text.jsonl")]
    assert said in refused("tool", arguments[0], *common, *arguments[1:])


def test_a_tool_runs_on_pictures(tmp_path, document, verb) -> None:
    target = Path(__file__).parents[2] / "support" / "colour_target.py"
    common = [f"{target}:load", "--data", "builtin:scenes:60", "--pictures", str(tmp_path / "p")]
    common += ["--unit", "conv/0"]
    found = document("tool", "exemplars", *common, "--arg", "many=2")
    assert len(found["data"]["measured"]) == 2
    assert [Path(path).parent.name for path in found["images"]] == ["p"]
    code, out, err = verb("tool", "draw", *common, "--arg", "prompts=a red cat")
    assert code == 0
    assert "red cat" in out
    assert "picture: " in err
    code, _, err = verb("tool", "activations", *common, "--arg", "texts=a")
    assert code == 2
    assert "there is no tool 'activations'" in err


def test_shards_merge_and_open(test_data, tmp_path, shown, document, refused):
    text = tmp_path / "text.txt"
    text.write_text((test_data / "text/corpora/tinyshakespeare.txt").read_text()[:60_000])
    common = ["index", str(test_data / "stories260k"), "--data", str(text), "--sites", "mlp.2"]
    for part in ("1/2", "2/2"):
        shown(*common, "--out", str(tmp_path / part[0]), "--shard", part)
    folders = [str(tmp_path / "2"), str(tmp_path / "1")]
    said = document("index-merge", *folders, "--out", str(tmp_path / "all"))
    assert said["units"] == 172
    assert said["shards"] == ["1/1"]
    found = ExemplarIndex.open(tmp_path / "all").unit("mlp.2/7-")
    assert len(found.top) == 20
    assert found.count == said["tokens"] > 3000
    assert "another corpus" in refused(*common, "--out", folders[1], "--tokens", "15000")


def test_bad_arguments_are_one_line(test_data, tmp_path, refused):
    common = ["index", str(test_data / "stories260k"), "--out", str(tmp_path / "i")]
    for options, said in (
        (["--data", "builtin:story"], "nearest: builtin:stories"),
        (["--data", "self:9", "--shard", "3/2"], "not I/N"),
        (["--data", "self:9", "--sites", "mpl.2"], "nearest: mlp.2"),
        (["--data", "self:9", "--split", "report"], "explore or all"),
    ):
        assert said in refused(*common, *options)
