"""Groups of tools: every name is a tool, and what is left out is not offered."""

import pytest
from neuroscribe.tools import instruments  # noqa: F401
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import TOOLS, call, offered
from neuroscribe.tools.tool_groups import GROUPS, tools_of


def test_every_name_is_a_tool_of_one_group() -> None:
    names = [name for group in GROUPS.values() for name in group]
    assert len(set(names)) == len(names)
    assert set(names) <= set(TOOLS)


def test_what_is_left_out_is_not_offered(word_model: Target, texts: list[str]) -> None:
    windows = cut(word_model, texts, length=24)
    whole = set(offered(Lab(word_model, windows)))
    lab = Lab(word_model, windows, left_out=tools_of("inputs, causal"))
    assert whole - set(offered(lab)) == whole & {*GROUPS["inputs"], *GROUPS["causal"]}
    assert call(lab, "activations", {"texts": ["a cat"], "unit": "mlp.1/0"}).error
    assert call(lab, "survey", {"unit": "mlp.1/0"}).error is None


def test_an_unknown_group_is_named() -> None:
    assert tools_of("") == frozenset()
    with pytest.raises(UsageError, match="'input' is no group of tools; there are inputs"):
        tools_of("causal,input")
