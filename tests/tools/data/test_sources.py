"""Corpora by name, and one clear line for each thing that can be wrong with one."""

import json
import random
import sys
from pathlib import Path

import bare_models
import pytest
from checks import refused, tables
from neuroscribe.tools.data import files
from neuroscribe.tools.data.corpus import Corpus, Document
from neuroscribe.tools.data.files import documents_of
from neuroscribe.tools.data.pydocs import pydocs
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.models import Target

WORDS = " ".join(f"word{i}" for i in range(100))


def test_pydocs_are_docstrings_found_without_imports(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "skipped.py").write_text('"""Never read: it lies among the tests."""')
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "loud.py").write_text(
        f'"""A module that\nmust not run.\n\n{WORDS}\n\n>>> 1 + 1\n2\n"""\n'
        "raise SystemExit('it was imported')\n"
        'def f():\n    """Give back a copy of the list."""\n'
        f'class Big:\n    """{WORDS} {WORDS}."""\n'
        '    def g(self):\n        """Do the thing now."""\n'
        'class Small:\n    """Of few words only."""\n'
    )
    found = pydocs(tmp_path)
    assert [item.id for item in found] == ["loud", "loud.Big"]
    assert found[0].text.startswith("A module that must not run.\n\nword0")
    assert "Give back a copy" in found[0].text
    assert "Of few words only." in found[0].text
    assert "1 + 1" not in found[0].text
    assert found[1].text.endswith("Do the thing now.")


def test_pydocs_of_this_python():
    corpus = load_corpus("builtin:pydocs", most_tokens=100_000)
    again = load_corpus("builtin:pydocs", most_tokens=100_000)
    assert corpus.hash == again.hash
    assert len(corpus) > 100
    assert 390_000 < sum(len(item.text) for item in corpus.documents) < 450_000
    first = {item.id.partition(".")[0] for item in corpus.documents}
    assert len(first) > 60  # spread over the library, not its beginning
    assert not {name for name in first if name in ("idlelib", "test")}
    one, same, other = (load_corpus("builtin:stories:120", seed=seed) for seed in (0, 0, 1))
    assert len(one) == 120
    assert one.hash == same.hash != other.hash


def test_self_writes_documents(stories260k, minilm):
    corpus, again = (load_corpus("self:30", target=stories260k) for _ in range(2))
    assert len({item.id.partition(".")[0] for item in corpus.documents}) == 30
    assert corpus.hash == again.hash
    assert corpus.hash != load_corpus("self:30", target=stories260k, seed=1).hash
    texts = [item.text for item in corpus.documents]
    assert len(set(texts)) == len(texts)
    assert sum("the" in text for text in texts) > 0.8 * len(texts)  # it writes English
    assert not any("<s>" in text for text in texts)
    refused("minilm, which is not a causal one", load_corpus, "self:10", target=minilm)
    refused("there is no target", load_corpus, "self:10")


def test_txt_documents_are_groups_of_blocks(tmp_path):
    blocks = [f"{number} {WORDS}" for number in range(300)]
    found = list(documents_of("\n\n".join(blocks)))
    assert "\n\n".join(found) == "\n\n".join(blocks)
    assert all(1000 <= len(item.split()) <= 1101 for item in found[:-1])
    (tmp_path / "a.jsonl").write_text('{"text": "half \\ud83d of a face"}')
    assert load_corpus(str(tmp_path / "a.jsonl")).documents[0].text == "half ? of a face"


@pytest.mark.parametrize("glue", ["\n", " "])
def test_a_block_without_end_is_cut(glue):
    text = glue.join(f"{number} {WORDS}" for number in range(300))
    found = list(documents_of(text))
    assert len(found) >= 25
    assert max(len(item.split()) for item in found) <= 2100
    assert " ".join(found).split() == text.split()


def test_jsonl_folders_and_fields(tmp_path):
    lines = [json.dumps({"text": f"text {i}", "body": f"body {i}", "n": i}) for i in range(9)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("One block.\n\nAnother one.")
    (tmp_path / "sub" / "c.md").write_text("not read")
    (tmp_path / "empty.txt").write_text("")
    path = str(tmp_path / "a.jsonl")
    assert load_corpus(path).documents[3] == Document(
        "a.jsonl/3", "text 3", {"body": "body 3", "n": 3}
    )
    assert load_corpus(f"{path}:body").documents[3].text == "body 3"
    assert load_corpus(path, field="body").documents[8].text == "body 8"
    folder = load_corpus(str(tmp_path))
    assert [item.id for item in folder.documents][-2:] == ["a.jsonl/8", "sub/b.txt/0"]
    assert folder.hash == Corpus("x", reversed(folder.documents)).hash


def test_bad_input_is_one_clear_line(tmp_path):
    bad = tables(__file__)
    for name, text, encoding in bad["files"]:
        (tmp_path / name).write_text(text, encoding=encoding)
    (tmp_path / "nothing").mkdir()
    for spec, said in bad["refused"].items():
        local = "." in spec or spec == "nothing"
        refused(said, load_corpus, str(tmp_path / spec) if local else spec)


def test_unreadable_is_said(tmp_path, monkeypatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text("text")
    monkeypatch.setattr(files, "read_whole", refuse)
    refused(r"cannot read .*a\.txt: Permission denied", load_corpus, str(tmp_path / "a.txt"))
    monkeypatch.setitem(sys.modules, "datasets", None)
    refused(r"needs the hub extra: pip install 'neuroscribe\[hub\]'", load_corpus, "hf:imdb")


def test_hub_reads_a_local_dataset(tmp_path, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [json.dumps({"title": f"t{i}", "text": f"text number {i}"}) for i in range(50)]
    (folder / "train.jsonl").write_text("\n".join(rows))
    corpus = load_corpus(f"hf:{folder}")
    assert sorted(item.text for item in corpus.documents) == sorted(
        f"text number {i}" for i in range(50)
    )
    titles = load_corpus(f"hf:{folder}::train:title")
    assert {item.text for item in titles.documents} == {f"t{i}" for i in range(50)}
    assert len(load_corpus(f"hf:{folder}", most_tokens=20)) < 10
    refused("no field 'body'; it has: title, text", load_corpus, f"hf:{folder}:::body")
    refused(
        r"cannot read dataset .*nowhere.* check the name", load_corpus, f"hf:{tmp_path}/nowhere"
    )


def test_a_small_text_is_cut_until_every_split_has_documents(tmp_path):
    rng = random.Random(0)
    names = [f"word{number}" for number in range(5000)]
    path = tmp_path / "book.txt"
    blocks = [" ".join(rng.choices(names, k=rng.randint(20, 200))) for _ in range(2000)]
    path.write_text("\n\n".join(blocks))
    corpus = load_corpus(str(path), most_tokens=20_000)  # 11 documents of 1,000 words before
    assert min(map(len, corpus.splits())) >= 10
    assert "cut into" in corpus.remarks[0]
    assert 60_000 < sum(len(item.text) for item in corpus.documents) < 90_000
    path.write_text("\n\n".join(blocks[:30]))  # about 3,300 words in all
    assert min(map(len, load_corpus(str(path)).splits())) >= 10
    path.write_text("\n\n".join(blocks[:5]))
    refused(
        r"too little data .* 524 words in all.* about 3,000 words", load_corpus(str(path)).splits
    )
    path.write_text("\n\n".join(blocks))
    assert not load_corpus(str(path)).remarks  # large enough: documents as they were


def test_lines_are_records_where_no_line_is_blank(tmp_path):
    path = tmp_path / "brackets.txt"
    lines = [f"( {number} [ ] )" for number in range(150)]
    path.write_text("\n".join(lines))
    assert [item.text for item in load_corpus(str(path)).documents] == lines
    path.write_text("\n\n".join(["\n".join(lines[at : at + 50]) for at in (0, 50, 100)]))
    assert len(load_corpus(str(path), records="lines")) == 150
    assert len(list(documents_of(path.read_text()))) == 1  # 900 words of blocks
    refused("--records 'line' is not lines or blocks", load_corpus, str(path), records="line")


def test_characters_that_a_tokenizer_leaves_out_are_said(tmp_path):
    target = Target.load(f"{bare_models.__file__}:classifier")  # of brackets
    for name, text, said in (("all.txt", "(())", ""), ("some.txt", "(z)(", "25.0% of its char")):
        (tmp_path / name).write_text("\n".join(text * n for n in range(1, 60)))
        remarks = load_corpus(str(tmp_path / name), target=target).remarks
        assert [line for line in remarks if "no tokens of" in line] == [
            line for line in remarks if said and said in line
        ]
    assert "such as 'z'" in remarks[0]
    refused("; give --data that it reads", load_corpus, "builtin:stories:40", target=target)
