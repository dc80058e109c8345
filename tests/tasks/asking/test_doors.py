"""Every tool is offered at every door, or the list says why not."""

import pytest
from neuroscribe.agent import actions
from neuroscribe.agent.planners.chat import schemas
from neuroscribe.tasks.asking.all_tools import TOOLS
from neuroscribe.tasks.asking.arguments import read_line, tool_named
from neuroscribe.tasks.asking.builtin.calls import COURSES
from neuroscribe.tasks.asking.builtin.templates import intent_of, templates
from neuroscribe.tasks.asking.doors import DOORS, TEMPLATES, offers
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call, offered

assert actions  # registers a planner's acts

CURRENT = [tool for tool in TOOLS.values() if not tool.retired]
OFFERS = {(one.tool, one.door): one for tool in CURRENT for one in offers(tool)}


@pytest.fixture(scope="module")
def labs(planted: Target, pictures: Target) -> list[Lab]:
    """Benches over texts and over pictures."""
    scenes = load_corpus("builtin:scenes:4", target=pictures)
    rows = cut(planted, ["The cat sat on the mat. The dog ran home."] * 4, length=16)
    return [Lab(planted, rows), Lab(pictures, image_rows(pictures, scenes))]  # type: ignore[arg-type]


def test_every_tool_has_a_way_in_at_every_door_or_a_reason():
    assert {name for name, _ in OFFERS} == {tool.name for tool in CURRENT}
    assert {door for _, door in OFFERS} == set(DOORS)
    assert all(bool(one.how) != bool(one.why_not) for one in OFFERS.values())


def test_the_list_is_what_the_doors_do(labs):
    """A conversation, and a client of MCP, are offered what the list says and a lab has; an
    investigation of one unit is offered nothing that the list keeps from it."""
    for lab in labs:
        for door, is_open in (("ask", True), ("mcp", True), ("label", False)):
            lab.open = is_open
            given = {name for name, tool in offered(lab).items() if not is_open or not tool.action}
            assert given == {
                name
                for name, tool in TOOLS.items()
                if not tool.retired and OFFERS[name, door].how and tool.form(lab) is not None
            }
        lab.open = True
        sent = {item["function"]["name"] for item in schemas(lab, actions=False)}
        assert sent == {name for name in offered(lab) if OFFERS[name, "ask"].how}


def test_what_is_typed_names_the_tool():
    for one in OFFERS.values():
        if one.door == "tool" and one.how:
            assert tool_named(one.how.split()[2]).name == one.tool
        elif one.door == "/" and one.how:
            words = one.how[1:].split()
            assert words[0] in templates()
            assert words[0] in COURSES
            assert len(words) == 1 or read_line(words[1])[0] == one.tool
    assert set(TEMPLATES) <= set(TOOLS)
    assert intent_of("/run survey unit=mlp.0/3", {}).topic == "survey unit=mlp.0/3"


def test_a_tool_that_lacks_something_says_what(labs):
    lab = labs[0]
    lab.open = True
    for name, said in (
        ("search_labels", "needs a finished run (--run FOLDER)"),
        ("search_index", "needs an index of the model"),
        ("draw", "needs a target that takes pictures"),
        ("nothing", "there is no tool 'nothing'; the tools are"),
    ):
        assert said in (call(lab, name, {}).error or "")
    assert [one.why_not for one in offers(TOOLS["conclude"]) if one.door == "tool"]
