"""Edits are what they say, and are measured as the unit's function has them."""

import pytest
from checks import rejects, tables
from neuroscribe.tools.instruments.edit_text import make_variants
from neuroscribe.tools.registry import call

TABLES = tables(__file__)

TEXT = "we saw the cat on my house"


@pytest.mark.parametrize(("edit", "expected"), TABLES["edits"])
def test_edits(edit, expected):
    variants, refused = make_variants(TEXT, [edit])
    assert [variant.text for variant in variants] == [expected]
    assert refused == []


def test_every_occurrence_and_alternatives(lab):
    variants, _ = make_variants("a cat, a cat", [{"find": "cat", "with": "dog", "all": True}])
    assert variants[0].text == "a dog, a dog"
    variants, _ = make_variants(TEXT, [{"op": "replace", "find": "cat", "with": ["dog", "tree"]}])
    assert [v.text.split()[3] for v in variants] == ["dog", "tree"]
    variants, _ = make_variants("concat cat", [{"op": "replace", "find": "cat", "with": "x"}])
    assert variants[0].text == "concat x"
    found = call(lab, "edit_text", {"text": "cat", "edits": [{"op": "delete", "find": "cat"}]})
    assert "delete 'cat' leaves no text" in found.text


@pytest.mark.parametrize(("edit", "said"), TABLES["edits_that_cannot_be_made_say_why"])
def test_edits_that_cannot_be_made_say_why(lab, edit, said):
    rejects(said, lab, "edit_text", {"text": TEXT, "edits": [edit]})


def test_edit_table_tells_what_the_unit_needs(lab):
    edits = [
        {"op": "replace", "find": "cat", "with": ["dog", "tree"]},
        {"op": "insert", "text": "no", "before": "cat"},
        {"op": "delete", "find": "we"},
        {"op": "delete", "find": "wolf"},
    ]
    found = call(lab, "edit_text", {"text": TEXT, "edits": edits})
    table = {row["edit"]: row for row in found.data["variants"]}
    assert all(row["before"] == 2.0 for row in table.values())
    assert table["'cat' to 'dog'"]["after"] == 1.0
    assert table["'cat' to 'tree'"]["at_same_token"] == 0.0
    assert table["insert 'no' before 'cat'"]["at_same_token"] == 0.0
    assert table["delete 'we'"]["at_same_token"] == 2.0
    assert "'wolf' does not stand" in found.text
    assert found.data["measured"][0]["text"] == TEXT
    lines = found.text.splitlines()
    assert "'cat' to 'dog': 1" in lines
    assert "insert 'no' before 'cat': 0" in lines
    assert "delete 'we': 2" in lines


def test_an_edit_shows_a_peak_elsewhere_only_if_it_is_active(lab):
    edits = [
        {"op": "insert", "text": "and a cat", "after": "house"},
        {"op": "delete", "find": "cat"},
    ]
    lines = call(lab, "edit_text", {"text": TEXT.replace("cat", "dog cat"), "edits": edits}).text
    added, gone = lines.splitlines()[2:]
    assert added.startswith("insert 'and a cat' after 'house': 2")
    assert gone.startswith("delete 'cat': that token is gone")
    edits = [{"op": "replace", "find": "cat", "with": ["dog", "tree"]}]
    text = "we saw a cat and my dog"
    found = call(lab, "edit_text", {"text": text, "edits": edits, "at": ["dog", "cat"]})
    head, dog, tree = (line for line in found.text.splitlines() if " | at " in line)
    assert head.endswith("| at dog 1, cat 2")
    assert dog.startswith("'cat' to 'dog': 1")
    assert dog.endswith("| at dog 1 (2 times)")
    assert tree.endswith("| at dog 1")


def test_windows_can_be_edited(lab):
    window = call(lab, "exemplars", {"many": 1}).data["measured"][0]["window"]
    edits = [{"op": "replace", "find": "cat", "with": "tree", "all": True}]
    found = call(lab, "edit_text", {"window": window, "edits": edits})
    assert found.data["original"]["peak"] == 2.0
    assert found.data["variants"][0]["after"] < 2.0
    rejects("no window", lab, "edit_text", {"window": 9999, "edits": edits})
    rejects("pass text", lab, "edit_text", {"edits": edits})
