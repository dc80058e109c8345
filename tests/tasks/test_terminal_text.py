"""Nothing that a label, a corpus or a model holds acts in a terminal, whatever verb shows it."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import toy
from endpoint import endpoint, says
from neuroscribe.tools.io.console import Console
from neuroscribe.tools.io.plain_text import plain, plain_streams
from rich.table import Table
from rich.text import Text

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b2J\u202ecat"
ACTS = re.compile("\x1b\\]|\x1b\\[2J|\x07|\x9b|\u202e|\x08")
WORD_LIST = re.compile(r'"word list: (?:[^"\\]|\\.)*"')
LABEL = f"{EVIL} [red]or[/red] [/x] [link=http://evil.example]dogs[/link]"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and a corpus with a hostile word."""
    folder = tmp_path_factory.mktemp("hostile")
    words = [EVIL if word == "cat" else word for word in toy.WORDS]
    toy.build_model(folder / "model", words)
    toy.write_text(folder / "text.jsonl", words=words)
    return folder


def verbs(folder: Path, out: str, url: str) -> list[tuple[str, ...]]:
    """What is run, in an order in which each finds what it needs."""
    model, data = str(folder / "model"), str(folder / "text.jsonl")
    corpus = ("--data", data, "--tokens", "4000", "--context-length", "32")
    tool = (model, "--data", data, "--tokens", "4000", "--length", "32", "--unit", "mlp.0/0")
    llm = ("--planner", "openai:m", "--base-url", url)
    units = ("--units", "mlp.0/0-1", "--controls", "none", "--concurrency", "1")
    transcript = f"{out}/transcripts/mlp.0_0.jsonl"
    return [
        ("label", model, *units, *corpus, *llm, "--leave-out", "fit", "--out", out, "--watch"),
        ("show", out),
        ("show", out, "mlp.0/0"),
        ("export", out, "--csv", f"{folder}/labels.csv"),
        ("export", out, "--jsonl", f"{folder}/labels.jsonl"),
        ("find", out, "dogs"),
        ("tool", "exemplars", *tool),
        ("ask", out, "Describe mlp.0/0", "--yes"),
        ("ask", model, "x", "--data", data, *llm, "--yes", "--steps", "3"),
        ("replay", transcript),
        ("evaluate", "labels", f"{folder}/labels.jsonl", "--target", model, *corpus),
        ("show", f"{folder}/{EVIL}"),
        ("label", f"{folder}/{EVIL}", "--units", "mlp.0/0", "--data", EVIL, "--out", out + "2"),
        (EVIL,),
    ]


@pytest.mark.parametrize("colour", [False, True])
def test_no_verb_lets_text_act(hostile, tmp_path, colour, verb, monkeypatch):
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "home"))
    if colour:
        monkeypatch.setenv("FORCE_COLOR", "1")
    predictor = {"kind": "words", "words": [EVIL]}
    first = (
        ("hypothesise", {"statement": LABEL, "predictor": predictor}),
        ("hypothesise", {"statement": "dogs", "predictor": {**predictor, "words": ["dog"]}}),
        ("test_hypotheses", {"hypotheses": ["H1", "H2"]}),
        (EVIL, {}),
    )
    part = {"words": LABEL, "predictor": "H1", "evidence": ["E3"]}
    concluded = ("conclude", {"label": LABEL, "components": [part]})

    def acts(handler: Any, request: dict[str, Any]) -> None:
        turn = says(concluded) if len(request["messages"]) > 2 else says(*first)
        turn(handler, request)

    codes, told = [], []
    with endpoint(acts) as server:
        for asked in verbs(hostile, str(tmp_path / "run"), server.url)[: 3 if colour else None]:
            code, out, err = verb(*asked)
            codes.append(code)
            assert not ACTS.search(out + err), (asked, ACTS.search(out + err))
            assert colour or "\x1b" not in out + err, asked
            told.append("owned" in out + err)
            if asked[0] == "label" and code == 0:  # the label stands in every field that has one
                labels = Path(tmp_path / "run" / "labels.jsonl")
                text, n = WORD_LIST.subn(lambda _: json.dumps(LABEL), labels.read_text())
                assert n >= 2
                labels.write_text(text)
    assert all(told), told
    assert colour or codes == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 2, 2]


def test_console_text_is_plain_and_styles_stay():
    kept = io.StringIO()
    console = Console(file=kept, force_terminal=True, color_system="standard", width=120)
    table = Table()
    table.add_column(EVIL)
    table.add_row(Text(EVIL, "red"))
    console.print(table, f"[bold]{EVIL}[/bold]", Text.assemble((EVIL, "blue")))
    console.rule(EVIL)
    said = kept.getvalue()
    assert not ACTS.search(said)
    assert "\x1b[31m" in said
    assert "owned" in said


def test_plain_text_and_streams(capsys):
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F)]))
    assert plain(f"a{every}b") == "a\t\nb"
    assert plain("\ud800é😀\u200f") == "\ufffdé😀\u200f"
    before = sys.stdout
    with plain_streams():
        print(EVIL, "\ud800")
        sys.stdout.writelines([EVIL, "\n"])
        print("bar 1\rbar 2", EVIL, file=sys.stderr)
    assert sys.stdout is before
    out, err = capsys.readouterr()
    assert not ACTS.search(out + err)
    assert err.startswith("bar 1\rbar 2")
