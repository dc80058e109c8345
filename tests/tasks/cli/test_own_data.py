"""Data of one's own at the command line: units by a field, by two files of texts, in a question."""

import random
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "support" / "counting_target.py"
TARGET, DATA = f"{FILE}:load", f"{FILE}:strings:600"


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Texts that are long, and texts that are not."""
    folder = tmp_path_factory.mktemp("texts")
    rng = random.Random(0)
    for name, size in (("long.txt", 12), ("short.txt", 6)):
        texts = {"".join(rng.choice("()") for _ in range(size)) for _ in range(40)}
        (folder / name).write_text("\n".join(sorted(texts)))
    (folder / "empty.txt").write_text("\n")
    (folder / "odd.txt").write_text("(x)\n" * 12)
    return folder


@pytest.mark.parametrize(
    ("what", "more", "unit"),
    [
        ("field long", [], "units/0"),
        ("field length > 10", ["--arg", "place=last"], "units/0"),
        ("field depth", [], "units/1"),
        ("the running balance", [], "units/1"),
        ("field code = true", [], "units/2"),
    ],
)
def test_units_are_found_by_what_the_data_say(document, what, more, unit):
    given = ["--data", DATA, "--arg", f"what={what}", "--arg", "sites=units", *more]
    found = document("tool", "find_units", TARGET, *given)["data"]
    best = found["found"][0]
    assert best["unit"] == unit
    assert best["responds"]
    assert best["auroc_interval"][0] > 0.9
    longer = any("place=last" in note for note in found["notes"])
    assert longer == (what == "field long"), "peaks are higher in longer texts by themselves"
    others = [hit for hit in found["found"] if hit["unit"][:7] not in (unit, "units/1")]
    assert longer or not any(hit["responds"] for hit in others if "place=last" not in more)


def test_two_files_of_texts(document, verb, files):
    sides = ["--active", str(files / "long.txt"), "--silent", str(files / "short.txt")]
    for first in (["tool", "find_units", TARGET], ["find", TARGET]):
        found = document(*first, *sides)
        found = found.get("data", found)["found"]
        assert found[0]["unit"] == "units/0"
        assert found[0]["auroc"] == 1
        assert found[0]["responds"]


def test_repeats_are_said(verb):
    code, _, err = verb("tool", "survey", TARGET, "--data", DATA, "--unit", "units/1")
    assert code == 0
    assert "of 600 examples repeat others and were left out" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--active", "long.txt", "--silent", "long.txt"], "is among the active and among"),
        (["--active", "long.txt", "--silent", "empty.txt"], "is empty"),
        (["--active", "odd.txt", "--silent", "short.txt"], "has 'x', which is no token"),
        (["--active", "nope.txt", "--silent", "short.txt"], "there is no file"),
    ],
)
def test_texts_that_cannot_be_used_are_one_line(refused, files, arguments, said):
    given = [str(files / one) if one.endswith(".txt") else one for one in arguments]
    assert said in refused("tool", "find_units", TARGET, *given)


def test_questions_without_a_language_model(verb, files, monkeypatch):
    monkeypatch.chdir(files)
    for question, unit in (
        ("which units track the running balance?", "units/1"),
        ("which units tell long.txt from short.txt?", "units/0"),
        ("/run find_units what='field long' many=1", "units/0"),
    ):
        code, out, _ = verb("ask", TARGET, question, "--data", DATA)
        assert code == 0
        assert unit in out


def test_descriptions_use_fields_only_when_told(document, refused, tmp_path):
    common = ["label", TARGET, "--units", "units/2", "--controls", "none", "--tokens", "4000"]
    given = [*common, "--data", DATA, "--out", str(tmp_path / "a"), "--fields"]
    [unit] = document(*given)["units"]
    assert "field" in [one["predictor"]["kind"] for one in unit["components"]]
    assert "field code" in unit["label"]
    rng = random.Random(1)
    texts = {"".join(rng.choice("()") for _ in range(12)) for _ in range(400)}
    (tmp_path / "plain.txt").write_text("\n".join(sorted(texts)))
    given = [*common, "--data", str(tmp_path / "plain.txt"), "--out", str(tmp_path / "b")]
    assert "has none; give FILE.py:NAME" in refused(*given, "--fields")


def test_no_corpus_is_taken_that_a_model_of_symbols_cannot_read(refused):
    target = f"{FILE.with_name('bare_models.py')}:classifier"
    assert "name a corpus with --data" in refused("tool", "survey", target, "--unit", "head/0")
