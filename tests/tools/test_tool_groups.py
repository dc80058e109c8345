"""Groups of tools: every name is a tool, and what is left out is not offered."""

from typing import Any

import pytest
from checks import refused
from neuroscribe.tools import instruments  # noqa: F401
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import scene_corpus
from neuroscribe.tools.data.tokens import surfaces
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import TOOLS, call, offered
from neuroscribe.tools.tool_groups import FITTED, GROUPS, tools_of


def test_every_name_is_a_tool_of_one_group() -> None:
    names = [name for group, tools in GROUPS.items() if group != "units" for name in tools]
    assert len(set(names)) == len(names)
    assert {*names, *GROUPS["units"]} - {FITTED} <= set(TOOLS)
    assert set(names) - {"program", FITTED} < set(GROUPS["units"])


def test_what_is_left_out_is_not_offered(word_model: Target, texts: list[str]) -> None:
    windows = cut(word_model, texts, length=24)
    whole = set(offered(Lab(word_model, windows)))
    lab = Lab(word_model, windows, left_out=tools_of("inputs, causal"))
    assert whole - set(offered(lab)) == whole & {*GROUPS["inputs"], *GROUPS["causal"]}
    assert call(lab, "activations", {"texts": ["a cat"], "unit": "mlp.1/0"}).error
    assert call(lab, "survey", {"unit": "mlp.1/0"}).error is None


@pytest.mark.parametrize("name", ["word_model", "pictures"])
def test_a_black_box_shows_outputs_and_nothing_of_units(
    name: str, word_model: Target, texts: list[str]
) -> None:
    target = word_model if name == "word_model" else Target.load(name)
    rows: Any = cut(word_model, texts, length=24)
    if name == "pictures":
        rows = image_rows(target, scene_corpus(30).pictures)
    lab = Lab(target, rows, left_out=tools_of("units"))
    assert set(offered(lab)) - {"hypothesise", "conclude"} == {"outputs", "program"}
    assert "outputs" not in offered(Lab(target, rows))
    for retired in (tool for tool in TOOLS.values() if tool.retired):
        assert call(lab, retired.name, {"unit": "mlp.1/0"}).error
    for arguments in ({"many": 3}, {"texts": ["a red cat", "2 blue dogs"]}):
        result = call(lab, "outputs", arguments)
        assert result.error is None, result.error
        items = result.data["outputs"]
        assert len(items) == arguments.get("many", 2)
        assert all(0 < one["value"] <= 1 for item in items for one in item["output"])
        assert "measured" not in result.data


def test_what_a_language_model_gives_is_what_it_predicts(word_model: Target) -> None:
    lab = Lab(word_model, cut(word_model, ["the cat sat"] * 3), left_out=tools_of("units"))
    (item,) = call(lab, "outputs", {"texts": ["the cat"]}).data["outputs"]
    rows = lab.tokenize(["the cat"])
    logits = word_model.trace(rows).output[0, int(rows.attended[0].sum()) - 1]
    named = item["output"][0]
    assert named["name"] == surfaces(word_model)[int(logits.argmax())]
    assert named["value"] == pytest.approx(float(logits.softmax(-1).max()), abs=1e-4)


def test_an_unknown_group_is_named() -> None:
    assert tools_of("") == frozenset()
    refused("'input' is no group of tools; there are inputs", tools_of, "causal,input")
