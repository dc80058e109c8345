"""The planner's tool: what its text says is what was measured."""

from checks import done, rejects
from neuroscribe.tools.attribution import Settings, attribute, target_prompt
from neuroscribe.tools.registry import call

ASKED = {"prompt": "She loved to play outside in", "target": " the", "many": 3}


def test_it_ranks_shows_and_checks(open_stories_lab):
    found = done(open_stories_lab, "attribute", {**ASKED, "kinds": ["mlp", "head", "attention"]})
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


def test_a_target_without_its_space_and_none_at_all_are_the_same_here(open_stories_lab):
    asked = {name: value for name, value in ASKED.items() if name != "target"}
    spaced = call(open_stories_lab, "attribute", ASKED)
    for given, says in (({"target": "the"}, "read as ' the'"), ({}, "the model's own next token")):
        found = call(open_stories_lab, "attribute", {**asked, **given})
        assert (found.data["target"], found.data["token"]) == (" the", " the")
        assert found.data["mlp"]["units"] == spaced.data["mlp"]["units"]
        assert says in found.data["notes"][0]
    assert "measure a contrast" in spaced.text  # p is .90
    sure = done(open_stories_lab, "attribute", {**ASKED, "contrast": spaced.data["rival"]})
    assert "measure a contrast" not in sure.text
    rejects("two different", open_stories_lab, "attribute", {**ASKED, "contrast": " the"})
