"""The planner's tool: what its text says is what was measured."""

import pytest
from neuroscribe.tools.attribution import Settings, attribute, target_prompt
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

ASKED = {"prompt": "She loved to play outside in", "target": " the", "many": 3}


def test_it_ranks_shows_and_checks(open_stories_lab: Lab) -> None:
    found = call(open_stories_lab, "attribute", {**ASKED, "kinds": ["mlp", "head", "attention"]})
    assert found.error is None
    true = attribute(
        open_stories_lab.target,
        target_prompt(open_stories_lab.target, ASKED["prompt"], " the"),
        Settings(exact=True),
    )
    for kind in ("mlp", "head"):
        units = [unit["unit"] for unit in found.data[kind]["units"]]
        assert units == [str(spot) for spot in true.ranked(kind, 3)]
        assert all(unit in found.text for unit in units)
        assert len(found.data[kind]["control"]["random"]) == 20
    assert found.data["mlp"]["control"]["p"] < 0.05
    own = found.data["unit"]
    at = true.layouts["mlp"].starts[2] + 3
    assert own["unit"] == "mlp.2/3"
    assert own["value"] >= float(true.values["mlp"][at]) - 1e-4
    assert "the unit under study, mlp.2/3" in found.text
    assert len(found.text) < 3000


def test_a_target_without_its_space_and_none_at_all_are_the_same_here(
    open_stories_lab: Lab,
) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "target"}
    spaced = call(open_stories_lab, "attribute", ASKED)
    for given, says in (({"target": "the"}, "read as ' the'"), ({}, "the model's own next token")):
        found = call(open_stories_lab, "attribute", {**asked, **given})
        assert (found.data["target"], found.data["token"]) == (" the", " the")
        assert found.data["mlp"]["units"] == spaced.data["mlp"]["units"]
        assert says in found.data["notes"][0]
    assert "measure a contrast" in spaced.text  # p is .90
    sure = call(open_stories_lab, "attribute", {**ASKED, "contrast": spaced.data["rival"]})
    assert sure.error is None
    assert "measure a contrast" not in sure.text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"target": " elephant"}, "tokens behind this prompt"),
        ({"contrast": " the"}, "two different"),
        ({"prompt": " a" * 600}, "at most 512"),
        ({"method": "guess"}, "method"),
    ],
)
def test_mistakes_are_told_to_the_planner(
    open_stories_lab: Lab, arguments: dict, says: str
) -> None:
    assert says in (call(open_stories_lab, "attribute", {**ASKED, **arguments}).error or "")


def test_it_is_not_offered_where_nothing_is_predicted(minilm_lab: Lab) -> None:
    assert "there is no tool" in (call(minilm_lab, "attribute", ASKED).error or "")
