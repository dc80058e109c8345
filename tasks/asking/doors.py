"""Where each tool is offered, how it is called there, and why not elsewhere: the one list.

tool     `neuroscribe tool NAME TARGET`
ask      a conversation with a language model, in the terminal and in the browser, which chooses it
/        the same without a language model: a template of its own, or `/run NAME`
mcp      a client of the Model Context Protocol
label    an investigation of one unit

What a door has to have for a tool (`Tool.needs`: a run, an index, pictures) every door takes by the
same options. A planner's own acts (`hypothesise`, `conclude`) measure nothing, and stand in
investigations alone.
"""

from typing import Literal, NamedTuple

from ...tools.needs import NEEDS
from ...tools.registry import Tool

Door = Literal["tool", "ask", "/", "mcp", "label"]
DOORS: tuple[Door, ...] = ("tool", "ask", "/", "mcp", "label")
TEMPLATES = {
    "survey": "show",
    "exemplars": "show",
    "investigate_unit": "describe",
    "read_label": "describe",
    "unit_effect": "change",
    "ablate": "change",
    "ablate_pictures": "change",
    "intervene": "change",
    "find_units": "find",
    "search_index": "find",
    "search_labels": "labels",
    "attribute": "drive",
    "sweep_units": "drive",
    "attention": "attend",
    "survey_sites": "activity",
    "alike_units": "alike",
    "compare_units": "compare",
    "check_on": "check",
    "lens": "lens",
}
"""The template that runs a tool; `/run` runs all others."""
_NOT_IN_LABEL = {
    "open": "it looks over many units, and one is under study",
    "run": "what others said of a unit is not evidence of it",
}


class Offer(NamedTuple):
    """A tool at a door."""

    tool: str
    door: Door
    how: str
    """What is typed or called there; empty where it is not offered."""
    why_not: str = ""


def offers(tool: Tool) -> list[Offer]:
    """A tool at every door."""
    return [_offer(tool, door) for door in DOORS]


def _offer(tool: Tool, door: Door) -> Offer:
    needs = set.intersection(*(set(form.needs) for form in (tool, *tool.forms)))
    if tool.action and door != "label":
        return Offer(tool.name, door, "", "it is an act of an investigation's planner")
    if "hidden" in needs and door != "label":
        return Offer(tool.name, door, "", f"it needs {NEEDS['hidden'].words}")
    if door == "label":
        for need, reason in _NOT_IN_LABEL.items():
            if need in needs:
                return Offer(tool.name, door, "", reason)
    how = {
        "tool": f"neuroscribe tool {tool.name} TARGET",
        "/": f"/{TEMPLATES.get(tool.name, 'run ' + tool.name)}",
    }
    return Offer(tool.name, door, how.get(door, tool.name))
