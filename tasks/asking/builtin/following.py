"""Questions about an earlier answer: why it was given, and how sure it is."""

import re

from ....tools.evidence import Evidence
from ....tools.render.text import number
from ....tools.statistics.causal_rule import units
from .asked import Ask, Call, Past, cite, listed, short, spread

_IDS = re.compile(r" ?[\[(]E\d+(?:, E\d+)*[\])]")
_NOTHING = "I have said nothing yet in this conversation that could be explained."


def why_calls(ask: Ask) -> list[Call]:
    """The run's record of a unit that is asked about and was not measured here."""
    intent = ask.intent
    if ask.step or not intent.units or _past(ask) is not None or not ask.has("read_label"):
        return []
    return [Call("read_label", {"unit": intent.units[0]})]


def why_answer(ask: Ask) -> str:
    """The results behind the earlier answer, one a line."""
    read = ask.found("read_label")
    if read is not None:
        text = _IDS.sub("", read.text)  # of another investigation, and no results of this one
        lines = [short(line, 200) for line in text.splitlines()[:10] if line.strip()]
        head = f"The finished run says this of {ask.intent.units[0]}:{cite(read)}"
        return "\n".join([head, *(f"- {line}{cite(read)}" for line in lines)])
    past = _past(ask)
    if past is None:
        return ask.failed() or _NOTHING
    good = [one for one in past.made if one.error is None]
    if not good:
        return "I could not measure anything for that answer, so that nothing supports it."
    rows = [f"“{short(past.question, 80)}” was answered from these results:"]
    rows += [f"- {one.tool}: {_gist(one)}{cite(one)}" for one in good]
    rows += [
        f"- {one.tool} gave none: {short(str(one.error), 120)}{cite(one)}"
        for one in past.made
        if one.error is not None
    ]
    return "\n".join(rows)


def sure_answer(ask: Ask) -> str:
    """The intervals and controls of the earlier answer."""
    past = _past(ask)
    if past is None:
        return _NOTHING
    said = [text for one in past.made if one.error is None and (text := certainty(one))]
    if not said:
        return (
            f"I cannot put a number on “{short(past.question, 100)}”: what it showed was read off, "
            f"and not tested against chance{cite(*past.made)}."
        )
    doubt = (
        "Other data than the exploration corpus was not tested: “check that again on "
        "builtin:stories” does so."
    )
    return " ".join([*said, doubt])


def certainty(one: Evidence) -> str:
    """How sure a result is, in a sentence; empty where it has no control."""
    data = one.data
    if one.tool == "investigate_unit" and data.get("whole"):
        whole, table = data["whole"], data["token_identity"]
        control = "" if table is None else f"; token means alone reach {number(table)}"
        sure = data["confidence"]
        mine = "" if sure is None else f", and the search is {sure:.0%} confident"
        return (
            f"The description predicts {data['places']} unseen places with a correlation of "
            f"{spread(whole['correlation'], whole['interval'])}{control}{mine}{cite(one)}."
        )
    if one.tool == "find_units" and data["found"]:
        best = data["found"][0]
        return (
            f"{best['unit']} correlates {spread(best['correlation'], best['interval'])} on "
            f"documents that did not choose it; the best of all {data['units']} units for shuffled "
            f"places reached {number(max(data['control']['held_out']))} there{cite(one)}."
        )
    if one.tool == "unit_effect":
        need, enough = data["test"]["necessity"], data["test"]["sufficiency"]
        return (
            f"The verdict is “{data['verdict']}”: necessity has p {number(need['p'])}, sufficiency "
            f"p {number(enough['p'])} beside {units(need['n'])}; the words it names score "
            f"{number(data['held_out'])} on held-out prompts (chance 0.5), with p "
            f"{number(data['held_out_p'])} among words of those units{cite(one)}."
        )
    if one.tool == "intervene":
        return (
            f"The change has p {number(data['p'])} among matched units, of which there are "
            f"{len(data['controls'])}{cite(one)}."
        )
    if one.tool == "attribute":
        tests = [f"p {number(data[kind]['control']['p'])} for {name}"
                 for kind, name in (("mlp", "neurons"), ("head", "heads"))
                 if kind in data and data[kind]["control"]["random"]]  # fmt: skip
        return f"Against random sets of units: {listed(tests)}{cite(one)}." if tests else ""
    if one.tool == "compare_units":
        return (
            f"The correlation {spread(data['correlation'], data['interval'])} exceeds "
            f"{data['percentile']:.1f}% of {data['pairs']} other pairs{cite(one)}."
        )
    if one.tool == "check_on" and data.get("hypothesis"):
        there = data["hypothesis"]["there"]
        value = spread(there["correlation"], there["interval"])
        return f"There the correlation is {value}{cite(one)}."
    return ""


def _past(ask: Ask) -> Past | None:
    """The last turn that measured; about the unit that is named, if one is."""
    wanted = set(ask.intent.units)
    measured = [past for past in reversed(ask.earlier) if past.made]
    for about in (lambda units: units == wanted, lambda units: bool(units & wanted)):
        for past in measured:
            if not wanted or about(set(past.intent.units)):
                return past
    return None


def _gist(one: Evidence) -> str:
    """What a result says, by its own first line and its certainty."""
    first = short(one.text.splitlines()[0] if one.text else "", 160)
    sure = certainty(one)
    return f"{first}; {sure.removesuffix(f'{cite(one)}.')}" if sure else first
