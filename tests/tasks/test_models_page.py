"""The examples of docs/models.md: each is a whole file, and sound."""

import dataclasses
import re
from pathlib import Path

import pytest
from neuroscribe.tools.models import Model

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
FILES = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "seed(0)" in code]


@pytest.mark.parametrize(
    ("i", "kind", "sites", "following"),
    [
        (0, "a module of its own kind", {"mlp", "head", "resid"}, "--metric 'class(NAME)'"),
        (1, "a causal language model", {"mlp", "head", "logit"}, "neuroscribe attribute"),
        (2, "a causal language model", set(), "neuroscribe intervene"),
        (3, "a network that sees pictures", {"conv", "logit"}, "--prompt FILE.png"),
        (4, "a module of its own kind", {"hidden"}, "--metric 'output(0)'"),
    ],
    ids=["encoder", "decoder", "recurrent", "convolutional", "numbers"],
)
def test_an_example_is_sound_and_says_what_to_try(i, kind, sites, following, tmp_path, document):
    file = tmp_path / "mine.py"
    file.write_text(FILES[i])
    assert len(FILES[i].splitlines()) <= 25
    found = document("doctor", f"{file}:load")
    assert found["findings"]["kind"].startswith(kind)
    assert sites <= {each["kind"] for each in found["sites"]}
    assert any(following in command for command in found["next"])
    assert "ok" in {c["name"]: c["status"] for c in found["checks"]}["loading it again"]


def test_every_example_is_tested_and_every_field_is_in_the_table():
    assert len(FILES) == 5
    table = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M))
    assert {item.name for item in dataclasses.fields(Model)} <= table
