"""Two units compared, the exemplars of one, and a unit checked on other data."""

from collections.abc import Mapping, Sequence
from typing import Any

from ....tools.evidence import Evidence
from ....tools.render.text import number
from .asked import Ask, Call, cite, listed, peak, short, shown, spread, tokens


def compare_calls(ask: Ask) -> list[Call]:
    """One comparison."""
    first, second = ask.intent.units[:2]
    return [] if ask.step else [Call("compare_units", {"first": first, "second": second})]


def compare_answer(ask: Ask) -> str:
    """How far two units go together, and what each does alone."""
    found = ask.found("compare_units")
    if found is None:
        return ask.failed()
    data = found.data
    first, second = data["first"], data["second"]
    verdict = "are much alike" if data["alike"] else "are different units"
    said = [
        f"{first} and {second} {verdict}: their activations correlate "
        f"{spread(data['correlation'], data['interval'])}, more than {data['percentile']:.1f}% of "
        f"{data['pairs']} other pairs of these sites{cite(found)}.",
        f"Both are active at {data['both']} {ask.places}, {first} alone at {data['first_alone']} "
        f"and {second} alone at {data['second_alone']}; {data['shared']} of their {data['tops']} "
        f"strongest windows are the same ({number(data['expected'])} by chance){cite(found)}.",
    ]
    liked = data.get("tokens", {})
    for unit, other, side in ((first, second, "first"), (second, first, "second")):
        names = [one["token"] for one in liked.get(side, ())]
        if names:
            said.append(f"{unit} rather than {other} is for {tokens(names)}{cite(found)}.")
    if data["cosine"] is not None:
        said.append(
            f"What they write has a cosine of {number(data['cosine'])}, more than "
            f"{number(data['cosine_percentile'])}% of random pairs{cite(found)}."
        )
    said.append("Whether one makes up for the other when it is removed was not tested.")
    return " ".join(said)


def show_calls(ask: Ask) -> list[Call]:
    """Strongest windows, and some from all bands."""
    if ask.step:
        return []
    unit = {"unit": ask.intent.units[0]}
    return [
        Call("survey", unit),
        Call("exemplars", {**unit, "many": 6}),
        Call("exemplars", {**unit, "kind": "quantile", "many": 4}),
    ]


def show_answer(ask: Ask) -> str:
    """Windows with the strongest token in «»."""
    top, bands = ask.found("exemplars", many=6), ask.found("exemplars", kind="quantile")
    survey, unit = ask.found("survey"), ask.intent.units[0]
    rows = []
    if top is not None and not top.data["measured"]:
        rows.append(f"{unit} was never above 0 on what I explored{cite(top)}.")
    elif top is not None:
        rows.append(
            f"{unit} is strongest in these windows (strongest place in «», value behind it):"
        )
        rows += _listed(top, 6)
    if bands is not None and bands.data["measured"]:
        rows.append("From its highest to its lowest band:")
        rows += _listed(bands, 4)
    if survey is not None and survey.data["stats"].get("count"):
        stats = survey.data["stats"]
        rows.append(
            f"It is above 0 at {stats['firing_rate']:.1%} of {stats['count']} {ask.places}, and "
            f"clearly active at {stats['active']}{cite(survey)}. What its exemplars have in common "
            f"was not tested: ask what {unit} does."
        )
    failed = ask.failed()
    return "\n".join([*rows, failed] if failed else rows)


def check_calls(ask: Ask) -> list[Call]:
    """The unit on the other corpus, with what was found of it before."""
    intent = ask.intent
    if ask.step or not (intent.data or intent.texts) or not intent.units:
        return []
    arguments: dict[str, Any] = {"unit": intent.units[0]}
    arguments |= {"data": intent.data} if intent.data else {"texts": list(intent.texts)}
    known = hypothesis(ask, intent.units[0])
    if known is not None:
        arguments["hypothesis"] = known.id
    return [Call("check_on", arguments)]


def check_answer(ask: Ask) -> str:
    """Whether it holds there, beside explore and a table of tokens."""
    intent = ask.intent
    if not (intent.data or intent.texts):
        asked = f" and have no corpus of “{short(intent.topic, 60)}”" if intent.topic else ""
        return (
            f"I cannot tell which data was meant{asked}: name builtin:stories, builtin:pydocs, "
            "self:200, a .txt or .jsonl file or a folder, or put texts in quotes."
        )
    found = ask.found("check_on")
    if found is None:
        return ask.failed()
    data = found.data
    unit, name = data["unit"], data["data"]
    here, there = data["explore"], data["there"]
    said = []
    held = data.get("hypothesis")
    if held is not None and held["again"] == "untested":
        said.append(
            f"The description of {unit} is at {held['there']['holds']} {ask.places} of {name}, too "
            f"few to test it there{cite(found)}."
        )
    elif held is not None:
        verdict = {
            "holds": "It holds there as well",
            "weaker": "It holds there, but more weakly",
            "fails": "It does not hold there",
        }[held["again"]]
        said.append(
            f"{verdict}: on {name} the description of {unit} correlates {_value(held['there'])}, "
            f"on what I explored {_value(held['explore'])}{cite(found)}."
        )
        if held["token_identity"] is not None:
            said.append(
                f"Token means learnt on what I explored reach {number(held['token_identity'])} "
                f"there{cite(found)}."
            )
    said.append(
        f"{unit} is active at {there['active']:.3%} of {there['places']} {ask.places} of {name}, "
        f"against {here['active']:.3%} before (maxima {number(there['max'])} and "
        f"{number(here['max'])}){cite(found)}."
    )
    items = [one for one in data["measured"] if peak(one) > 0][:2]
    if items:
        said.append(f"There it is strongest in {_texts(items)}{cite(found)}.")
    if held is None:
        said.append(f"A description of {unit} was not tested there: ask first what it does.")
    return " ".join(said)


def hypothesis(ask: Ask, unit: str) -> Evidence | None:
    """The last earlier result that found a predictor for a unit."""
    for past in reversed(ask.earlier):
        for one in reversed(past.made):
            if one.error is None and one.data.get("predictor") is not None:
                named = [one.data.get("unit"), *(hit["unit"] for hit in one.data.get("found", ()))]
                if unit in named:
                    return one
    return None


def _value(held: Mapping[str, Any]) -> str:
    return spread(held["correlation"], held["interval"])


def _texts(items: Sequence[Mapping[str, Any]]) -> str:
    return listed([f"“{shown(one)}” ({number(peak(one))})" for one in items])


def _listed(found: Evidence, many: int) -> list[str]:
    return [
        f"- {shown(one, before=12, after=4)} ({number(peak(one))}){cite(found)}"
        for one in found.data["measured"][:many]
    ]
