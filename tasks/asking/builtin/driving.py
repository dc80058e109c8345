"""Which units drive a prediction, and where in the layers it arises.

Where a network is not built as a sum, so that nothing can be attributed, units are zeroed in turn.
"""

from typing import Any

from ....tools.evidence import Evidence
from ....tools.render.text import number, quoted
from .asked import Ask, Call, cite, listed, short, tokens

_SHOWN = 6
_LIKELY = 4
_CHANCE = 0.1  # p up to which a drop stands out
_LEAST = 0.01  # nats that a drop must have
_FOUND = 0.05  # q up to which a unit counts


def calls(ask: Ask) -> list[Call]:
    """The attribution, else the sweep; without a target, of the model's own next token."""
    if not ask.intent.prompt or not ask.has("attribute"):
        return []
    named = {} if ask.intent.target is None else {"target": ask.intent.target}
    if not ask.step:
        return [Call("attribute", {"prompt": ask.intent.prompt, "several": "sum", **named})]
    last = ask.made[-1]
    if last.tool == "attribute" and "exact trace" in str(last.error):
        return [Call("sweep_units", {"prompts": [ask.intent.prompt], "several": "sum", **named})]
    return []


def answer(ask: Ask) -> str:
    """Neurons and heads by what they add, beside random sets."""
    if ask.refused("attribute"):
        return ask.refused("attribute")
    if not ask.intent.prompt:
        return (
            "I cannot attribute without a prompt and what is to follow it: put both in quotes, as "
            "in which units drive ' park' after 'They went to the'?"
        )
    found, swept = ask.found("attribute"), ask.found("sweep_units")
    if swept is not None:
        return _swept(ask, swept)
    instead = (
        "ask instead which units respond to something, or what happens to the output without a unit"
    )
    if found is None:
        return ask.failed(instead)
    data = found.data
    said = [_probability(data, found)]
    for kind, name in (("mlp", "neurons"), ("head", "heads")):
        if kind in data:
            said.append(_ranked(data[kind], name, data["method"], found))
    return "\n\n".join([*said, *_notes(found)])


def _probability(data: Any, found: Evidence) -> str:
    """How likely the target is; of several tokens as a whole."""
    target, prompt = quoted(data["token"]), quoted(short(data["prompt"]))
    if len(data["probability"]) > 1:
        each = listed([number(p) for p in data["probability"]])
        odds = f"{number(data['whole_probability'])} as a whole ({each} token by token)"
    else:
        odds = f"{number(data['probability'][0])} (rank {data['rank'][0]})"
    return f"{target} follows {prompt} with a probability of {odds}{cite(found)}."


def _notes(found: Evidence) -> list[str]:
    """What the tool decided about tokens, and warns of."""
    return [f"Note: {short(note, 280)}{cite(found)}." for note in found.data.get("notes", ())]


def lens_calls(ask: Ask) -> list[Call]:
    """The logit lens."""
    if ask.step or not ask.intent.prompt or not ask.has("lens"):
        return []
    named = {} if ask.intent.target is None else {"target": ask.intent.target, "several": "first"}
    return [Call("lens", {"prompt": ask.intent.prompt, **named})]


def lens_answer(ask: Ask) -> str:
    """Where the token becomes likely, and where it stays so."""
    found = ask.found("lens")
    if ask.refused("lens"):
        return ask.refused("lens")
    if found is None:
        said = ask.failed("ask instead which units respond to something")
        return said or "I cannot look into the layers without a prompt: put it in quotes."
    data = found.data
    points, ranks, chances = data["points"], data["rank"], data["probability"]
    token = quoted(data["token"])
    settled, first = data["settled"], next((at for at, rank in enumerate(ranks) if rank == 1), None)
    if settled is not None:
        head = (
            f"{token} is decided at {points[settled]}: from there to the end it is the likeliest "
            f"next token behind {quoted(short(data['prompt']))}{cite(found)}."
        )
    elif first is not None:
        head = (
            f"{token} is the likeliest at {points[first]}, and is overtaken later: at the end its "
            f"rank is {ranks[-1]}, and {tokens(data['top'][-1], 1)} leads{cite(found)}."
        )
    else:
        head = (
            f"{token} is the likeliest in no layer: its best rank is {min(ranks)}, at "
            f"{points[ranks.index(min(ranks))]}; at the end {tokens(data['top'][-1], 1)} "
            f"leads{cite(found)}."
        )
    rises = [chances[at] - chances[at - 1] for at in range(1, len(chances))]
    steps = sorted(range(len(rises)), key=lambda at: -rises[at])[:2]
    grown = listed(
        [
            f"{points[at + 1]} ({number(chances[at])} to {number(chances[at + 1])})"
            for at in steps
            if rises[at] > 0
        ]
    )
    rows = [head]
    if grown:
        rows.append(f"Its probability rises most at {grown}{cite(found)}.")
    rows.append(
        f"Read so, the first layers favour {tokens(data['top'][0], _LIKELY)}{cite(found)}. The "
        "lens says where, not which unit; that early layers speak the output's language was not "
        "tested."
    )
    if ask.intent.target is None:
        rows.append(f"No target was named, so I took the model's own next token{cite(found)}.")
    return " ".join([*rows, *_notes(found)])


def _swept(ask: Ask, found: Evidence) -> str:
    """Units by what zeroing each of them alone takes from the prediction, or adds."""
    data = found.data
    moved = [one for one in data["units"] if abs(one["effect"]) >= _LEAST]
    most = [f"{one['unit']} ({one['effect']:+.3g})" for one in moved if one["effect"] < 0]
    known = any(one["q"] is not None for one in moved)
    beyond = [one for one in moved if one["q"] is None or one["q"] <= _FOUND]
    needed = [f"{one['unit']} ({one['effect']:+.3g})" for one in beyond if one["effect"] < 0]
    against = [f"{one['unit']} ({one['effect']:+.3g})" for one in beyond if one["effect"] > 0]
    head = (
        f"Of {data['swept']} units, each zeroed by itself, {listed(needed[:_SHOWN])} "
        f"take{'s' * (len(needed) == 1)} most from the log-probability of "
        f"{quoted(data['token'])} behind "
        f"{quoted(short(data['prompts'][0]))}{cite(found)}."
        if needed
        else f"No single unit of {data['swept']} is shown to drive {quoted(data['token'])} behind "
        f"{quoted(short(data['prompts'][0]))}"
        + (f", though {listed(most[:_SHOWN])} take most from it" if most else "")
        + f"{cite(found)}."
    )
    rows = [head]
    if against:
        rows.append(f"Without {listed(against[:2])} it rises{cite(found)}.")
    if known:
        rows.append(
            f"Beyond random directions as long as what they write are {data['beyond_chance']}, at "
            f"a false-discovery rate of {_FOUND:g}{cite(found)}."
        )
    rows.append("Units that stand in for each other were not tested together.")
    return " ".join([*rows, *_notes(found)])


def _ranked(data: Any, name: str, method: str, found: Evidence) -> str:
    """The units of a kind beside random sets."""
    best = [one for one in data["units"] if one["value"] > 0][:_SHOWN]
    if not best:
        return f"No {name} add to it{cite(found)}."
    first = best[0]
    names = listed([f"{one['unit']} ({one['value']:+.3g})" for one in best])
    promotes = tokens(first["promotes"] if first["activation"] >= 0 else first["suppresses"], 3)
    test = data["control"]
    chance = max(test["random"], default=0.0)
    shown = test["drop"] > max(chance, _LEAST)
    if shown:
        how = f"Of the {name}, {names} add most to its log-probability ({method})"
        said = [f"{how}; {first['unit']} favours {promotes}{cite(found)}."]
    else:
        how = f"add most to its log-probability ({method})"
        said = [f"No {name} are shown to drive it, though {names} {how}{cite(found)}."]
    n = len(test["random"])
    few = ": too few sets to tell from chance" if shown and test["p"] > _CHANCE else ""
    said.append(
        f"Zeroing the best together lowers it by {number(test['drop'])}, "
        f"{n} random set{'s' * (n != 1)} of the same layers by at most {number(chance)} "
        f"(p {number(test['p'])}{few}){cite(found)}."
    )
    against = [f"{one['unit']} ({one['value']:+.3g})" for one in data["opposing"][:2]]
    if against:
        said.append(f"Against it work {listed(against)}{cite(found)}.")
    return " ".join(said)
