"""Which units respond to something, and what the labels of a finished run say of it."""

from ....tools.evidence import Evidence
from ....tools.render.text import number, quoted
from .asked import Ask, Call, cite, listed, short, spread
from .templates import topics

_LISTED = 5
_LIKELY = 0.05
_IN_LABEL = ("label:", "components:")
NO_RUN = (
    "I cannot search labels, as no finished run is open. `neuroscribe label TARGET --out RUN` "
    "makes one, and `neuroscribe ask TARGET --run RUN` opens it; without one, ask for example: "
    "which units respond to months?"
)


def calls(ask: Ask) -> list[Call]:
    """The search over all units, and the labels where there are some."""
    if ask.step:
        return []
    intent = ask.intent
    arguments = {"what": topics(intent)} | ({"sites": list(intent.sites)} if intent.sites else {})
    out = [Call("find_units", arguments)]
    if ask.has("search_index"):
        out.append(Call("search_index", arguments))
    if ask.has("search_labels"):
        out.append(Call("search_labels", {"query": intent.topic, "many": _LISTED}))
    return out


def answer(ask: Ask) -> str:
    """The units beyond chance, beside both controls."""
    found = ask.found("find_units")
    parts = [
        _units(found, ask.places) if found is not None else "",
        _indexed(ask.found("search_index")),
        labels_said(ask.found("search_labels")),
        ask.failed(
            "ask for another word or for a concept such as animals, or take a larger corpus"
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _indexed(found: Evidence | None) -> str:
    """What the index shows: the strongest places alone."""
    if found is None:
        return ""
    good = [row for row in found.data["found"] if row["p"] <= _LIKELY][:_LISTED]
    if not good:
        return f"By the strongest places of the index no unit stands out{cite(found)}."
    rows = listed([f"{row['unit']} ({row['hits']} of {row['of']})" for row in good])
    return (
        f"By their strongest places in the index, it is {rows}, beyond chance after correction for "
        f"{found.data['compared']} units and directions{cite(found)}."
    )


def label_calls(ask: Ask) -> list[Call]:
    """The search of the run."""
    if ask.step or not ask.has("search_labels"):
        return []
    return [Call("search_labels", {"query": ask.intent.topic, "many": 2 * _LISTED})]


def label_answer(ask: Ask) -> str:
    """What the labels say."""
    if not ask.has("search_labels"):
        return NO_RUN
    return "\n\n".join(
        part for part in (labels_said(ask.found("search_labels")), ask.failed()) if part
    )


def labels_said(found: Evidence | None) -> str:
    """Labels of a run, which are claims and not measurements.

    Where labels have the words that were asked for, these alone are listed.
    """
    if found is None:
        return ""
    hits = found.data["hits"]
    worded = [hit for hit in hits if any(why.startswith(_IN_LABEL) for why in hit["why"])]
    listed_units = {f"{hit['unit']}:" for hit in worded or hits}
    lines = [
        short(line)
        for line in found.text.splitlines()[1:]
        if line.partition(" ")[0] in listed_units
    ][: 2 * _LISTED]
    if not lines:
        return f"No label of the finished run fits{cite(found)}."
    asked = quoted(short(str(found.arguments.get("query", "")), 60))
    head = f"Labels of the finished run for {asked}, which are claims of its planner:{cite(found)}"
    if not worded:
        head = (
            f"No label of the finished run has the words {asked}; the nearest, by meaning or by "
            f"what else their records say:{cite(found)}"
        )
    out = [head, *(f"- {line}{cite(found)}" for line in lines)]
    if more := found.data["found"] - len(listed_units):
        out.append(f"Not listed: {more} found elsewhere in a record, or by meaning{cite(found)}.")
    return "\n".join(out)


def _units(found: Evidence, places: str) -> str:
    data = found.data
    good = [one for one in data["found"] if one["selective"]]
    weak = [one for one in data["found"] if one["responds"] and not one["selective"]]
    what, control = short(data["what"], 100), data["control"]
    said = []
    if good:
        names = listed([one["unit"] for one in good[:_LISTED]])
        verb = "responds" if len(good[:_LISTED]) == 1 else "respond"
        said.append(f"{names} {verb} to {what}, of {data['units']} units{cite(found)}.")
        best = good[0]
        said.append(
            f"The best, {best['unit']}, correlates with it "
            f"{spread(best['correlation'], best['interval'])} on documents that did not choose it "
            f"(AUROC {number(best['auroc'])}): its mean is {number(best['inside'])} there and "
            f"{number(best['outside'])} elsewhere{cite(found)}."
        )
        others = [f"{one['unit']} {number(one['correlation'])}" for one in good[1:_LISTED]]
        if others:
            said.append(f"Then {listed(others)}{cite(found)}.")
    elif weak:
        said.append(
            f"I found no unit for {what} in particular: {weak[0]['unit']} responds beyond chance "
            f"({spread(weak[0]['correlation'], weak[0]['interval'])}), but no more than the best "
            f"units do for lists of other {control.get('of', 'words')}{cite(found)}."
        )
    else:
        said.append(f"I found no unit that responds to {what} beyond chance{cite(found)}.")
    chance = (
        f"The best of all units reaches {number(max(control['chosen']))} for the same places moved "
        "to other documents"
    )
    if control["words"]:
        others = f"lists of other {control.get('of', 'words')} as frequent"
        chance += f", and {number(max(control['words']))} for {others}"
    said.append(f"{chance} (each the highest of 20){cite(found)}.")
    said.append(
        f"It occurs at {data['holds']} of {data['places']} {places}, in {data['documents']} "
        f"documents{cite(found)}."
    )
    said += [f"Note: {short(note, 240)}{cite(found)}." for note in data["notes"]]
    said.append("Combinations of units were not tested.")
    return " ".join(said)
