"""What heads attend to: their attention weights beside even attention, by place and by token."""

from collections.abc import Mapping, Sequence
from typing import Any

from ....tools.evidence import Evidence
from ....tools.render.text import quoted
from .asked import Ask, Call, cite, listed, short

KINDS = {
    "previous": "the previous token",
    "itself": "the token itself",
    "first": "the first token",
    "copies": "earlier copies of the token",
    "induction": "the tokens behind earlier copies",
}
"""What attention is measured on, by the tool's name for it."""
_MOST = 0.5
"""Of the way from even attention to all of it, from which a head looks there mostly: half, so that
a kind of place that is common anyway does not count as its pattern."""
_SHOWN = 6
_HEADS = 32  # that the tool lists


def is_head(unit: str) -> bool:
    """Whether a unit is a head of attention."""
    return unit.startswith("head.")


def calls(ask: Ask) -> list[Call]:
    """One measurement, of the heads that are named or of all."""
    heads = [unit for unit in ask.intent.units if is_head(unit)]
    if ask.step or (ask.intent.units and not heads) or not ask.has("attention"):
        return []
    named: Sequence[str] = heads or list(ask.intent.sites)
    arguments: dict[str, Any] = {"many": _HEADS}
    arguments |= {"heads": list(named)} if named else {}
    arguments |= {"texts": list(ask.intent.texts)} if ask.intent.texts else {}
    return [Call("attention", arguments)]


def answer(ask: Ask) -> str:
    """Where heads look, beside even attention."""
    intent = ask.intent
    if intent.units and not any(map(is_head, intent.units)):
        unit = intent.units[0]
        return (
            f"I cannot say what {unit} attends to, as it is no head, and only heads attend: ask "
            f"what {unit} responds to, or what a head attends to, such as head.0/1."
        )
    if not ask.has("attention"):
        return f"I cannot ask that of {ask.lab.target.name}, whose attention is not read here."
    found = ask.found("attention")
    if found is None:
        return ask.failed("ask instead what the unit responds to, or show its exemplars")
    if intent.units:
        said = [_one(row, found) for row in found.data["heads"]]
    else:
        said = [_ranked(intent.topic, found)]
    return "\n\n".join([*said, *_from_texts(found), _caveat(found)])


def attention_said(found: Evidence | None) -> str:
    """The same of one head, for an answer about what it does."""
    return "" if found is None else _one(found.data["heads"][0], found)


def _one(row: Mapping[str, Any], found: Evidence) -> str:
    """One head: its weights with intervals, what stands out, and the tokens it prefers."""
    even, unit, where = found.data["everywhere_alike"], row["unit"], _over(found)
    order = sorted(KINDS, key=lambda kind: -_excess(row, kind, even))
    more = [kind for kind in order if _stands_out(row, kind, even)]
    if more and _excess(row, more[0], even) >= _MOST:
        head = f"{unit} attends mostly to {KINDS[more[0]]}"
    elif more:
        what = listed([KINDS[kind] for kind in more[:2]])
        head = f"{unit} attends more to {what} than even attention would, but to nothing mostly"
    else:
        head = f"{unit} attends to none of what I measured more than even attention would"
    shares = [f"{_weight(row, kind)} on {KINDS[kind]} (even {even[kind]:.2f})" for kind in order]
    said = [
        f"{head}{cite(found)}.",
        f"Of its attention it puts {listed(shares)}, {where}{cite(found)}.",
    ]
    liked = found.data["tokens"].get(unit) or []
    if liked:
        each = [f"{quoted(o['token'])} ({o['weight']:.2f}, even {o['even']:.2f})" for o in liked]
        said.append(
            f"By token it looks more than even attention would at {listed(each)}, on windows that "
            f"did not choose them{cite(found)}."
        )
    return " ".join(said)


def _ranked(topic: str, found: Evidence) -> str:
    """Which of many heads look at one kind of place, or what each looks at most."""
    data = found.data
    even, rows = data["everywhere_alike"], data["heads"]
    if not topic:
        lines = []
        for row in rows[:_SHOWN]:
            kind = max(KINDS, key=lambda one, row=row: _excess(row, one, even))
            lines.append(
                f"- {row['unit']}: {_weight(row, kind)} on {KINDS[kind]} (even "
                f"{even[kind]:.2f}){cite(found)}"
            )
        return "\n".join([f"The sharpest of the heads, {_over(found)}:", *lines])
    good = sorted((r for r in rows if _stands_out(r, topic, even)), key=lambda r: -r[topic])
    mostly = [row for row in good if _excess(row, topic, even) >= _MOST]
    shown = mostly or good
    what, control = KINDS[topic], f"even attention would put {even[topic]:.2f} there"
    if not shown:
        return f"No head attends to {what} more than even attention would{cite(found)}."
    names = listed([f"{row['unit']} ({_weight(row, topic)})" for row in shown[:_SHOWN]])
    plural = len(shown[:_SHOWN]) > 1
    verb = f"attend{'' if plural else 's'}"
    head = f"{names} {verb} mostly to {what}"
    if not mostly:
        head = f"No head attends mostly to {what}; {names} {verb} to it more than evenly"
    return f"{head}, {_over(found)}; {control}{cite(found)}."


def _excess(row: Mapping[str, Any], kind: str, even: Mapping[str, float]) -> float:
    """How far a weight is on the way from even attention (0) to all of it (1)."""
    return (row[kind] - even[kind]) / max(1e-9, 1 - even[kind])


def _stands_out(row: Mapping[str, Any], kind: str, even: Mapping[str, float]) -> bool:
    """Whether a weight is above even attention's, by its interval where there is one."""
    span = row["interval"]
    return (span[kind][0] if span else row[kind]) > even[kind]


def _weight(row: Mapping[str, Any], kind: str) -> str:
    """`0.43 (95% 0.40 to 0.46)`."""
    span = row["interval"]
    if not span:
        return f"{row[kind]:.2f}"
    return f"{row[kind]:.2f} (95% {span[kind][0]:.2f} to {span[kind][1]:.2f})"


def _over(found: Evidence) -> str:
    data = found.data
    n = data["windows"]
    what = f"text{'s' * (n != 1)}" if "texts" in data else "windows of what I explored"
    return f"on average over {data['places']} places of {n} {what}"


def _from_texts(found: Evidence) -> list[str]:
    """What is seen from the last place of the first text."""
    seen = found.data.get("last_place")
    if not seen:
        return []
    text = quoted(short(found.data["texts"][0], 80))
    rows = []
    for unit, row in list(seen.items())[:_SHOWN]:
        each = [f"{quoted(token)} ({weight:.2f})" for token, _, weight in row[:3]]
        rows.append(f"From the last place of {text}, {unit} looks at {listed(each)}{cite(found)}.")
    return [" ".join(rows)]


def _caveat(found: Evidence) -> str:
    return (
        "The weights say where a head reads, not what it carries from there: what it writes was "
        "not tested here."
    )
