"""What does a unit do? A survey, exemplars, an investigation, its effect, and the run's label."""

import re
from collections.abc import Mapping
from typing import Any

from ....tools.evidence import Evidence
from ....tools.render.text import number
from ....tools.statistics.causal_rule import LEAST_CONTROLS, SHOWN, units
from .asked import Ask, Call, cite, listed, peak, short, shown, spread, tokens
from .attending import attention_said, is_head

_CLEAR = 0.3
"""Correlation on unseen documents from which a description says something."""
_DOUBT = 0.3
"""Confidence under which a description that token identity matches is called doubtful."""


def calls(ask: Ask) -> list[Call]:
    """Everything in one turn."""
    if ask.step:
        return []
    unit = {"unit": ask.intent.units[0]}
    out = [
        Call("survey", unit),
        Call("exemplars", {**unit, "many": 4}),
        Call("investigate_unit", unit),
    ]
    if is_head(unit["unit"]) and ask.lab.target.kind == "causal":
        out.append(Call("attention", {"heads": [unit["unit"]]}))
    if ask.lab.target.kind != "module":
        written = {"projection": 8} if is_head(unit["unit"]) else {}
        out.append(Call("unit_effect", {**unit, **written}))
    if _labelled(ask, unit["unit"]):
        out.append(Call("read_label", unit))
    return [call for call in out if ask.has(call.tool)]


def answer(ask: Ask) -> str:
    """What was found, in a few sentences."""
    survey, windows = ask.found("survey"), ask.found("exemplars")
    studied, effect = ask.found("investigate_unit"), ask.found("unit_effect")
    parts = [
        _headline(ask, studied),
        _firing(ask, survey, windows),
        _against(studied),
        attention_said(ask.found("attention")),
        _written(effect),
        effect_said(effect),
        _label(ask.found("read_label")),
        ask.failed(),
    ]
    return "\n\n".join(part for part in parts if part)


def _written(found: Evidence | None) -> str:
    """What a head writes where it is strongest, since its activation is a norm."""
    if found is None or not found.data.get("projection"):
        return ""
    direct = found.data["projection"]
    up, down = ([one["token"] for one in direct[side]] for side in ("promoted", "suppressed"))
    return (
        f"Its activation is the norm of what it writes, which says how much and not what: on "
        f"average over its strongest places it writes directly toward {tokens(up, 4)} and away "
        f"from {tokens(down, 4)}{cite(found)}."
    )


def _labelled(ask: Ask, unit: str) -> bool:
    run = ask.lab.run
    return run is not None and unit in getattr(run, "records", {})


def _headline(ask: Ask, studied: Evidence | None) -> str:
    if studied is None:
        return ""
    data, unit = studied.data, ask.intent.units[0]
    if data["status"] == "dead":
        return f"{unit} is dead: it is never active on what I explored{cite(studied)}."
    whole = data["whole"]
    if whole is None or (whole["correlation"] or 0) < _CLEAR:
        close = "" if whole is None else (
            f" The nearest, “{short(data['label'])}”, predicts it with a correlation of only "
            f"{spread(whole['correlation'], whole['interval'])} on unseen documents{cite(studied)}."
        )  # fmt: skip
        return f"I found no pattern that says when {unit} is active{cite(studied)}.{close}"
    table = data["token_identity"]
    control, beyond = "", True
    if table is not None:
        beyond = (whole["interval"] or [0])[0] > table
        more = "more than" if beyond else "no better than"
        control = f", {more} a table of token means, which reaches {number(table)}"
    doubtful = not beyond and (data["confidence"] or 0) < _DOUBT
    head = (
        f"The nearest description of {unit} that I found is" if doubtful else f"{unit} is active at"
    )
    return (
        f"{head} {short(data['label'])}{cite(studied)}. On {data['documents']} documents that the "
        "search did not see, this predicts its activation with a correlation of "
        f"{spread(whole['correlation'], whole['interval'])}{control}{cite(studied)}."
    )


def _firing(ask: Ask, survey: Evidence | None, windows: Evidence | None) -> str:
    said = []
    if survey is not None and survey.data["stats"].get("count"):
        stats = survey.data["stats"]
        words = [one["name"] for one in survey.data.get("words", ())]
        carried = f"; on average it is highest at {tokens(words)}" if words else ""
        said.append(
            f"It is above 0 at {stats['firing_rate']:.1%} and clearly active at {stats['active']} "
            f"of {stats['count']} {ask.places}, at most "
            f"{number(stats['max'])}{carried}{cite(survey)}."
        )
    items = windows.data["measured"] if windows is not None else []
    if items:
        texts = listed([f"“{shown(one)}” ({number(peak(one))})" for one in items[:3]])
        said.append(f"It is strongest in {texts}{cite(windows)}.")
    return " ".join(said)


def _against(studied: Evidence | None) -> str:
    """What speaks against the description, and what was not done."""
    if studied is None or studied.data["status"] == "dead":
        return ""
    data = studied.data
    said = []
    for one in data["rejected"][:2]:
        said.append(
            f"Ruled out: “{short(_bare(one['words']), 80)}”, because "
            f"{short(one['reason'], 120)}{cite(studied)}."
        )
    if not data["rejected"]:
        said.append("Rivals were not tested to the point that one was ruled out.")
    confidence = data["confidence"]
    if confidence is not None and data["whole"] is not None:
        said.append(
            f"The search is {confidence:.0%} confident, by its record on units whose function is "
            f"known{cite(studied)}."
        )
    return " ".join(said)


def effect_said(effect: Evidence | None) -> str:
    """What a unit does to the output, beside its controls."""
    if effect is None:
        return ""
    data = effect.data
    named = listed([f'"{one["token"]}"' for one in data["promoted"][:4]])
    need, n = data["necessity"], data["test"]["necessity"]["n"]
    if data["verdict"] == "not testable":
        beside = (
            "Whether that is more than other units do cannot be tested: there are "
            f"{units(n)}, {LEAST_CONTROLS} are needed"
        )
    elif data["verdict"] in SHOWN:
        beside = f"Beside {units(n)} its effect is {data['verdict']}"
    else:
        beside = f"Beside {units(n)} no effect of its own is shown"
    removed = ""
    if need["change"] is not None:
        removed = (
            "; resampling it where it peaks changes them by "
            f"{spread(need['change'], need['interval'])}"
        )
    tested = f"necessity p {number(need['p'])}, sufficiency p {number(data['p'])}"
    text = (
        f"In the output, holding it at its 99.9th percentile raises {named} by "
        f"{number(data['raised'])}{removed}{cite(effect)}. {beside} ({tested}){cite(effect)}."
    )
    return text + _doubles(data, effect)


def _doubles(data: Mapping[str, Any], effect: Evidence) -> str:
    twins = [one["unit"] for one in data["redundant"] if one["verdict"] == "redundant"]
    if not twins:
        return ""
    return f" {listed(twins)} does much the same and can stand in for it{cite(effect)}."


def _bare(words: str) -> str:
    """A hypothesis without the id that it had in its investigation."""
    return re.sub(r"^H\d+: ", "", words)


def _label(read: Evidence | None) -> str:
    if read is None:
        return ""
    first = read.text.splitlines()[0]
    return f"The finished run says: “{short(first, 200)}”{cite(read)}."
