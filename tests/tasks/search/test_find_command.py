"""The verb `find` as a person and as a program meet it."""

import pytest


def test_a_query_shows_units_with_score_and_reason(write, shown):
    said = shown("find", str(write()), "weekdays", "--encoder", "none")
    for part in ("mlp.0/1", "0.80 .. 1.00", "label: 'weekday'"):
        assert part in said
    said = shown("find", str(write()), "xyzzy", "--encoder", "none")
    assert "nothing found among 7 units" in said
    assert "nearest in spelling: mlp." in said


def test_json_is_one_document(write, document):
    asked = ("find", str(write()), "names", "--min-score", ".6", "--layer", "0")
    found = document(*asked, "--encoder", "none")
    assert {hit["unit"] for hit in found["hits"]} == {"mlp.0/1", "mlp.0/2"}
    assert found["filters"] == "score at least 0.6, layer 0"
    assert found["hits"][0]["score"]["value"] == 0.9
    assert found["used"] == ["full text"]


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
def test_bad_input_is_one_line_and_exit_code_2(write, refused, asked, said):
    assert said in refused("find", str(write()), *asked, "--encoder", "none")


def test_what_units_do(twins, shown, document):
    find = ("find", str(twins))
    said = shown(*find, "--similar-to", "mlp.0/2", "--units", "mlp.0/[0-5]")
    assert "with 5 other units" in said
    assert "with the windows of one shuffled" in said
    found = document(*find, "--similar-to", "mlp.0/2")
    assert found["similar"][0]["unit"] == "mlp.0/5"
    p95 = [control["p95"] for control in found["controls"]]
    assert p95 == sorted(p95, reverse=True)
    assert "mlp.0/9" in shown(*find, "--groups", "--at-least", ".9")
    said = shown(*find, "--duplicates", "--at-least", ".95")
    assert "mlp.0/2 mlp.0/5" in said
    assert "same label: the word cat" in said
    pairs = document(*find, "--duplicates")["pairs"]
    assert [unit["unit"] for unit in pairs[0]["units"]] == ["mlp.0/2", "mlp.0/5"]
