"""The verb `find` as a person and as a program meet it."""

import json

import pytest
from neuroscribe.tasks.cli.app import run


def test_a_query_shows_units_with_score_and_reason(write, capsys):
    assert run(["find", str(write()), "weekdays", "--encoder", "none"]) == 0
    said = capsys.readouterr().out
    assert "mlp.0/1" in said
    assert "0.80 .. 1.00" in said
    assert "label: 'weekday'" in said


def test_json_is_one_document(write, capsys):
    asked = ["find", str(write()), "names", "--min-score", ".6", "--layer", "0", "--json"]
    assert run([*asked, "--encoder", "none"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {hit["unit"] for hit in document["hits"]} == {"mlp.0/1", "mlp.0/2"}
    assert document["filters"] == "score at least 0.6, layer 0"
    assert document["hits"][0]["score"]["value"] == 0.9
    assert document["used"] == ["full text"]


def test_nothing_found_says_so(write, capsys):
    assert run(["find", str(write()), "xyzzy", "--encoder", "none"]) == 0
    said = capsys.readouterr().out
    assert "nothing found among 7 units" in said
    assert "nearest in spelling: mlp." in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["x", "--groups"], "one of"),
        (["x", "--by", "label"], "--similar-to"),
        (["--similar-to", "mlp.0/1", "--at-least", ".5"], "--groups or --duplicates"),
        (["x", "--many", "0"], "at least 1"),
        (["x", "--kind", "dread"], "nearest: dead"),
        (["x", "--layer", "77"], "no unit of this run"),
        (["--similar-to", "mlp.0/77"], "nearest: mlp."),
        (["--groups", "--by", "label", "--at-least", "nan"], "must be a number"),
        (["x", "--sign", "?"], "+ or -"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(write, capsys, asked, said):
    assert run(["find", str(write()), *asked, "--encoder", "none"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_what_units_do(twins, capsys):
    place = str(twins)
    assert run(["find", place, "--similar-to", "mlp.0/2", "--units", "mlp.0/[0-5]"]) == 0
    said = capsys.readouterr().out
    assert "with 5 other units" in said
    assert "with the windows of one shuffled" in said
    assert run(["find", place, "--similar-to", "mlp.0/2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["similar"][0]["unit"] == "mlp.0/5"
    assert [control["p95"] for control in document["controls"]] == sorted(
        (control["p95"] for control in document["controls"]), reverse=True
    )
    assert run(["find", place, "--groups", "--at-least", ".9"]) == 0
    assert "mlp.0/9" in capsys.readouterr().out
    assert run(["find", place, "--duplicates", "--at-least", ".95"]) == 0
    said = capsys.readouterr().out
    assert "mlp.0/2 mlp.0/5" in said
    assert "same label: the word cat" in said
    assert run(["find", place, "--duplicates", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [unit["unit"] for unit in document["pairs"][0]["units"]] == ["mlp.0/2", "mlp.0/5"]
