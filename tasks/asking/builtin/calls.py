"""The experiments behind each kind of question, step by step; none: it is time to answer."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ....tools.data.files import read_texts, readable
from ....tools.errors import UsageError
from ..arguments import read_line
from .asked import Ask, Call, is_head, past_of
from .question import Kind, is_file
from .templates import topics

LABELS = 5
"""Labels of a run that are listed beside what was measured."""
_HEADS = 32  # that `attention` lists


def describe(ask: Ask) -> list[Call]:
    """Everything that says what a unit does."""
    unit, target = {"unit": ask.intent.units[0]}, ask.lab.target
    head = is_head(unit["unit"])
    calls = [Call("survey", unit), Call("exemplars", {**unit, "many": 4})]
    calls.append(Call("investigate_unit", unit))
    if head and target.kind == "causal":
        calls.append(Call("attention", {"heads": [unit["unit"]]}))
    if target.kind != "module":
        calls.append(Call("unit_effect", {**unit, **({"projection": 8} if head else {})}))
    if unit["unit"] in getattr(ask.lab.run, "records", {}):
        calls.append(Call("read_label", unit))
    return [call for call in calls if ask.has(call.tool)]


def find(ask: Ask) -> list[Call]:
    """The search over all units, and the labels where there are some."""
    about = {"what": topics(ask.intent), **_sites(ask)}
    calls = [Call("find_units", about | _along(ask)), Call("search_index", about)]
    calls.append(Call("search_labels", {"query": ask.intent.topic, "many": LABELS}))
    return [call for call in calls if call.tool == "find_units" or ask.has(call.tool)]


def tell(ask: Ask) -> list[Call]:
    """The search over all units for those that are active on some texts and not on others."""
    try:
        active, silent = (_texts(side, ask) for side in (ask.intent.texts, ask.intent.silent))
    except UsageError:
        return []
    return [Call("find_units", {"active": active, "silent": silent})]


def activity(ask: Ask) -> list[Call]:
    """All units of sites, or of all neurons."""
    return [Call("survey_sites", _sites(ask))]


def alike(ask: Ask) -> list[Call]:
    """All pairs of units of sites, or a unit's own."""
    unit = {"unit": ask.intent.units[0]} if ask.intent.units else {}
    return [Call("alike_units", {**unit, **_sites(ask)})]


def run(ask: Ask) -> list[Call]:
    """The tool that was named."""
    try:
        return [Call(*read_line(ask.intent.topic))]
    except UsageError:
        return []


def unreadable(ask: Ask) -> str:
    """Why a question that names a tool or files could not be run; empty where it could."""
    try:
        if ask.intent.kind == "run":
            read_line(ask.intent.topic)
        for side in (ask.intent.texts, ask.intent.silent):
            _texts(side, ask)
    except UsageError as error:
        return str(error)
    return ""


def _texts(side: tuple[str, ...], ask: Ask) -> list[str]:
    """Texts as they were quoted, or those of a file of the working folder."""
    if len(side) != 1 or not is_file(side[0]):
        return list(side)
    return read_texts(Path(readable(side[0])))


def _sites(ask: Ask) -> dict[str, Any]:
    return {"sites": list(ask.intent.sites)} if ask.intent.sites else {}


def _along(ask: Ask) -> dict[str, Any]:
    """Heads are looked for by the length of what they write, and along one direction of it."""
    sites = ask.intent.sites
    if ask.lab.target.derive is None or not sites or not all(s.startswith("head.") for s in sites):
        return {}
    return {"sites": [*sites, *(site.replace("head.", "along.", 1) for site in sites)]}


def labels(ask: Ask) -> list[Call]:
    """The search of the run."""
    call = Call("search_labels", {"query": ask.intent.topic, "many": 2 * LABELS})
    return [call] if ask.has(call.tool) else []


def drive(ask: Ask) -> list[Call]:
    """The attribution; where a network is not built as a sum, units are zeroed in turn."""
    prompt, named = ask.intent.prompt, _target(ask)
    if not prompt or not ask.predicts("attribute"):
        return []
    if not ask.step:
        return [Call("attribute", {"prompt": prompt, "several": "sum", **named})]
    last = ask.made[-1]
    if last.tool == "attribute" and "exact trace" in str(last.error):
        return [Call("sweep_units", {"prompts": [prompt], "several": "sum", **named})]
    return []


def lens(ask: Ask) -> list[Call]:
    """The logit lens."""
    if not ask.intent.prompt or not ask.predicts("lens"):
        return []
    first = {"several": "first"} if ask.intent.target is not None else {}
    return [Call("lens", {"prompt": ask.intent.prompt, **_target(ask), **first})]


def change(ask: Ask) -> list[Call]:
    """On a prompt `intervene`; else `unit_effect`, or the ablation of several."""
    intent, target, units = ask.intent, ask.lab.target, list(ask.intent.units)
    if intent.prompt and ask.predicts("intervene"):
        about = {"prompts": [intent.prompt], "units": units, "several": "sum", **_target(ask)}
        return [Call("intervene", about)]
    if len(units) == 1 and target.kind != "module":
        return [Call("unit_effect", {"unit": units[0]})]
    return [Call("ablate" if target.image is None else "ablate_pictures", {"units": units})]


def compare(ask: Ask) -> list[Call]:
    """One comparison."""
    first, second = ask.intent.units[:2]
    return [Call("compare_units", {"first": first, "second": second})]


def show(ask: Ask) -> list[Call]:
    """Strongest windows, and some from all bands."""
    unit = {"unit": ask.intent.units[0]}
    bands = {**unit, "kind": "quantile", "many": 4}
    return [
        Call("survey", unit),
        Call("exemplars", {**unit, "many": 6}),
        Call("exemplars", bands),
    ]


def attend(ask: Ask) -> list[Call]:
    """One measurement, of the heads that are named or of all."""
    intent = ask.intent
    heads = list(filter(is_head, intent.units))
    if (intent.units and not heads) or not ask.has("attention"):
        return []
    named = {"heads": heads or list(intent.sites), "texts": list(intent.texts)}
    given = {key: value for key, value in named.items() if value}
    return [Call("attention", {"many": _HEADS, **given})]


def check(ask: Ask) -> list[Call]:
    """The unit on the other corpus, with what was found of it before."""
    intent = ask.intent
    if not (intent.data or intent.texts) or not intent.units:
        return []
    where = {"data": intent.data} if intent.data else {"texts": list(intent.texts)}
    known = ask.predicted(intent.units[0])
    hypothesis = {} if known is None else {"hypothesis": known.id}
    return [Call("check_on", {"unit": intent.units[0], **where, **hypothesis})]


def why(ask: Ask) -> list[Call]:
    """The run's record of a unit that is asked about and was not measured here."""
    units = ask.intent.units
    if not units or past_of(ask) is not None or not ask.has("read_label"):
        return []
    return [Call("read_label", {"unit": units[0]})]


def _target(ask: Ask) -> dict[str, Any]:
    """What is to follow a prompt; without it tools take the model's own next token."""
    return {} if ask.intent.target is None else {"target": ask.intent.target}


COURSES: Mapping[Kind, Callable[[Ask], list[Call]]] = {
    "describe": describe,
    "find": find,
    "drive": drive,
    "change": change,
    "compare": compare,
    "show": show,
    "lens": lens,
    "attend": attend,
    "tell": tell,
    "activity": activity,
    "alike": alike,
    "run": run,
    "labels": labels,
    "check": check,
    "why": why,
}
"""By kind; other questions are answered without experiments. All but `drive` have one step."""


def calls_of(ask: Ask) -> list[Call]:
    """The calls of a step."""
    course = COURSES.get(ask.intent.kind)
    return [] if course is None or (ask.step and course is not drive) else course(ask)
