"""Files of descriptions are read whoever wrote them; damage costs the damaged line alone."""

import gzip
import json
from pathlib import Path

import pytest
from neuroscribe.tasks.evaluation.formats.given import MOST_LETTERS, Imported, SiteTemplate
from neuroscribe.tasks.evaluation.formats.read import matched, read_descriptions
from neuroscribe.tools.errors import UsageError


def read(path: Path, site: str = "mlp.{layer}") -> Imported:
    return read_descriptions(path, SiteTemplate(site))


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def units(found: Imported) -> list[tuple[str, str]]:
    return [(given.unit, given.description) for given in found.given]


def reasons(found: Imported) -> list[tuple[int, str]]:
    return [(problem.place.line, problem.reason) for problem in found.problems]


def test_any_tools_jsonl(tmp_path):
    file = written(
        tmp_path / "a.jsonl",
        {"unit": "mlp.0/3", "description": " words \n for cats "},
        {"unit": "mlp.1/2-", "label": "dogs", "components": [{"words": "d", "predictor": DOG}]},
        {"unit": "mlp.1/4", "predictor": DOG},
    )
    found = read(file)
    assert units(found)[:2] == [("mlp.0/3", "words for cats"), ("mlp.1/2-", "dogs")]
    assert [len(given.parts) for given in found.given] == [0, 1, 1]
    assert "dog" in found.given[2].description
    assert [given.place.line for given in found.given] == [1, 2, 3]
    assert not found.problems


def test_neuronpedia_export_as_lines_array_and_gzip(tmp_path):
    row = {"modelId": "gpt2-small", "layer": "6-res-jb", "typeName": "oai_token-act-pair"}
    row |= {"explanationModelName": "gpt-4o-mini"}
    rows = [{**row, "index": str(at), "description": f"about {at}"} for at in (4, 7)]
    lines = written(tmp_path / "batch-0.jsonl", *rows)
    array, packed = tmp_path / "export.json", tmp_path / "batch-0.jsonl.gz"
    array.write_text(json.dumps(rows))
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    for file in (lines, array, packed):
        found = read(file)
        assert units(found) == [("mlp.6/4", "about 4"), ("mlp.6/7", "about 7")]
        assert found.given[0].method == "gpt-4o-mini oai_token-act-pair"
    assert read(lines, "{source}").given[0].unit == "6-res-jb/4"
    listed = [{"description": "a", "typeName": "x"}, {"description": "b", "typeName": "y"}]
    feature = {"modelId": "m", "layer": "0-mlp", "index": 5, "explanations": listed}
    found = read(written(tmp_path / "f.json", feature))
    assert units(found) == [("mlp.0/5", "a"), ("mlp.0/5", "b")]
    assert [given.method for given in found.given] == ["x", "y"]


def test_delphi_folder(tmp_path):
    folder = tmp_path / "run" / "explanations"
    folder.mkdir(parents=True)
    for name, text in (
        ("layers.1.mlp_latent12", '"words for \\"cats\\""'),
        ("layers.0_latent3", '"dogs"'),
        ("layers.0_latent4", '"dog'),
        ("layers.0_latent5", '"Explanation could not be parsed."'),
        ("notes", "mine"),
    ):
        (folder / f"{name}.txt").write_text(text)
    found = read(tmp_path / "run")
    assert units(found) == [("mlp.0/3", "dogs"), ("mlp.1/12", 'words for "cats"')]
    wrong = [problem.place.file for problem in found.problems]
    assert wrong == ["layers.0_latent4.txt", "layers.0_latent5.txt"]
    assert units(read(tmp_path / "run", "{source}"))[1][0] == "layers.1.mlp/12"


def test_openai_records_keep_the_explanation_with_the_best_score(tmp_path):
    scored = [
        {"explanation": name, "scored_simulation": {"ev_correlation_score": score}}
        for name, score in (("a", 0.1), ("b", 0.4), ("c", float("nan")))
    ]
    one = {"neuron_id": {"layer_index": 2, "neuron_index": 9}, "scored_explanations": scored}
    bare = {"neuron_id": {"layer_index": 2, "neuron_index": 8}}
    bare["most_positive_activation_records"] = []  # type: ignore[assignment]
    found = read(written(tmp_path / "9.jsonl", one, bare))
    assert units(found) == [("mlp.2/9", "b")]
    assert found.given[0].claimed == pytest.approx(0.4)
    assert reasons(found) == [(2, "a record of activations, without an explanation")]


def test_every_bad_line_is_named_and_the_rest_is_kept(tmp_path):
    good = b'{"unit": "mlp.0/1", "description": "cats"}'
    lines: list[tuple[bytes, str]] = [
        (good, ""),
        (b'{"unit": "mlp.0/2", "description": ""}', "empty"),
        (b'{"unit": "mlp.0/3", "description": "caf\xe9"}', "not UTF-8: byte 0xe9"),
        (
            b'{"unit": "mlp.0/4", "description": "%s"}' % (b"x" * 100_000),
            f"100,000 characters, at most {MOST_LETTERS:,}",
        ),
        (b'{"unit": "mlp.0/5", "description": 7}', "7, not text"),
        (b'["mlp.0/6", "cats"]', "not an object"),
        (b'{"description": "cats"}', "names no unit"),
        (b"", ""),
        (b'{"unit": "m/7", "predictor": {"kind": "none"}, "description": "a"}', "predictor"),
        (b'{"unit": "mlp.0/8", "description": "\\u200b \\u0007"}', "empty"),
        (b"[" * 200_000, ""),
        (good.replace(b"0/1", b"0/9"), ""),
        (b'{"unit": "mlp.0/10", "descr', "broken off"),
    ]
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"\n".join(line for line, _ in lines))
    found = read(file)
    assert [unit for unit, _ in units(found)] == ["mlp.0/1", "mlp.0/9"]
    said = dict(reasons(found))
    assert list(said) == [2, 3, 4, 5, 6, 7, 9, 10, 11, 13]
    for number, reason in said.items():
        assert lines[number - 1][1] in reason


def test_units_that_do_not_exist_and_duplicates_are_problems(tmp_path, toy_target):
    names = ("mlp.0/1", "mlp.0/99999", "nowhere.7/1", "mlp.0", "mlp.0/1", "mlp.0/1", "mlp.0/1-")
    rows = [{"unit": name, "description": f"cats {at}"} for at, name in enumerate(names)]
    rows[5]["method"] = "another"
    pairs, problems = matched(read(written(tmp_path / "a.jsonl", *rows)), toy_target)
    assert [given.place.line for given, _ in pairs] == [1, 6, 7]
    assert [problem.place.line for problem in problems] == [2, 3, 4, 5]
    assert "has a description already, on line 1" in problems[3].reason


@pytest.mark.parametrize("pretty", [True, False])
def test_a_truncated_array_gives_what_stands_before_the_break(tmp_path, pretty):
    rows = [{"unit": f"mlp.0/{at}", "description": "cats"} for at in range(3)]
    text = json.dumps(rows, indent=1 if pretty else None)
    file = tmp_path / "a.json"
    file.write_text(text[: text.rindex('"description"')])
    found = read(file)
    assert [unit for unit, _ in units(found)] == ["mlp.0/0", "mlp.0/1"]
    assert len(found.problems) == 1
    assert found.problems[0].place.line == (10 if pretty else 1)


def test_truncated_gzip_and_utf16(tmp_path):
    rows = [{"unit": f"mlp.0/{at}", "description": f"cats {at * 7919}"} for at in range(500)]
    text = written(tmp_path / "a.jsonl", *rows).read_text()
    packed = gzip.compress(text.encode())
    broken, wide = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"
    broken.write_bytes(packed[: len(packed) // 2])
    found = read(broken)
    assert 50 < len(found.given) < 500
    assert "breaks off" in found.problems[-1].reason
    wide.write_bytes(text.encode("utf-16"))
    assert len(read(wide).given) == 500


def test_nothing_to_read_is_said_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    for path, part in ((tmp_path / "empty", "no descriptions"), (tmp_path / "none", "there is no")):
        with pytest.raises(UsageError, match=part):
            read(path)
    assert reasons(read(empty)) == [(1, "the file is empty")]


@pytest.mark.parametrize("site", ["mlp.0", "mlp.{l}", "mlp.{layer", "{layer}{0}"])
def test_templates_are_checked(site):
    with pytest.raises(UsageError, match="template"):
        SiteTemplate(site)


@pytest.mark.parametrize("index", ["-1", "x", True, 1.5, "9" * 30, None, "²"])
def test_indices_are_numbers(index):
    with pytest.raises(ValueError, match="index"):
        SiteTemplate().unit("5", index)


DOG = {"kind": "words", "words": ["dog"]}
