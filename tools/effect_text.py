"""The payload of `unit_effect` as at most 25 lines for a language model, and as one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from .lab import Lab
from .redundancy import Redundancy
from .render_text import number, quoted

CLEAR = 0.1
"""p up to which an effect is clearly beyond matched units: at most one of 20 does as much."""


def effect_text(lab: Lab, data: dict[str, Any], doubles: Sequence[Redundancy]) -> str:
    """At most 25 lines."""
    causal = lab.target.kind == "causal"
    what = (
        "logit over the mean token, nats"
        if causal
        else "change of the embedding along the word's own"
    )
    prompts, need = data["prompts"], data["necessity"]
    lines = [
        f"{data['unit']}: words named on {prompts['writing']} prompts, every figure from "
        f"{prompts['scoring']} prompts of other documents",
    ]
    if not prompts["disjoint"]:
        lines[0] = lines[0].replace("of other documents", "of the same document (explore has one)")
    names = {"promotes": data["promoted"], "suppresses": data["suppressed"]}
    for verb, listed in names.items():
        said = ", ".join(f"{quoted(one['token'])} {number(one['value'])}" for one in listed)
        lines.append(f"{verb} ({what}): {said}")
    score = data["held_out"]
    if score is not None:
        lines.append(
            f"held-out score {score:.2f}: AUROC of the promoted words' change against words of "
            f"{len(data['controls'])} matched units (chance .50)"
        )
    lines.append(f"sufficiency, held where it is not active; {data['measure']}, rise of the words:")
    for one in data["sufficiency"]:
        spread = one["interval"]
        between = f" [{number(spread[0])}, {number(spread[1])}]" if spread else ""
        lines.append(
            f"  at {number(one['value'])} (percentile {one['percentile']:g}): "
            f"{number(one['size'])}, {number(one['raised'])}{between}"
        )
    if data["p"] is None:
        lines.append("  the site has no other unit to compare with")
    else:
        lines.append(
            f"  matched units at their 99.9% raise these words, over others, as much: "
            f"p={data['p']:.2g}; size at percentile {data['percentile']:.0f} of theirs"
        )
    if data["direct_share"] is not None:
        lines.append(
            f"direct {number(data['direct'])} of a total rise of {number(data['raised'])} "
            f"({data['direct_share']:.0%}); the rest goes through later layers"
        )
    if need["change"] is None:
        lines.append("necessity: it is above 0 nowhere in explore, so there is nothing to remove")
    else:
        spread = need["interval"]
        between = f" [{number(spread[0])}, {number(spread[1])}]" if spread else ""
        lines.append(
            f"necessity, set to 0 in {need['windows']} windows where it peaks: the words change by "
            f"{number(need['change'])}{between}, {_p(need['p'])}; size {number(need['size'])}, "
            f"percentile {need['percentile']:.0f}"
        )
    for one in doubles:
        lines.append(
            f"{one.double.unit} writes the same way (cosine {one.double.cosine:.2f}) and fires "
            f"with it (r {one.double.correlation:.2f}): removing both does {one.ratio:.2f} "
            f"[{one.interval[0]:.2f}, {one.interval[1]:.2f}] times the sum of each"
            + (": redundant" if one.redundant else "")
        )
    beyond = [p for p in (data["p"], need["p"]) if p is not None]
    doubt = ", though some matched units do as much" if beyond and min(beyond) > CLEAR else ""
    lines.append(
        {
            "none": "verdict: no effect on words beyond matched units",
            "effect": "verdict: what it promotes and suppresses is its effect",
            "redundant": "verdict: this is its effect, shared with a redundant unit",
        }[data["verdict"]]
        + (doubt if data["verdict"] != "none" else "")
    )
    return "\n".join(lines)


def effect_sentence(data: Mapping[str, Any]) -> str:
    """What a unit does to the output, as one sentence with its figures."""
    need, controls = data["necessity"], data["controls"]
    if data["verdict"] == "none":
        known = [p for p in (data["p"], need["p"]) if p is not None]
        if not known:
            return "no effect on words; the site has no other unit to compare with"
        return f"no effect beyond matched units (p = {min(known):.2g})"
    both = _names(data["promoted"]) & _names(data["suppressed"])
    up, down = _quoted(data["promoted"], 6, both), _quoted(data["suppressed"], 3, both)
    nats = data["measure"].startswith("KL")
    verb, other = ("raises", "lowers") if nats else ("moves the output toward", "away from")
    figures = [f"held-out score {data['held_out']:.2f}"]
    if min(p for p in (data["p"], need["p"], 1.0) if p is not None) > CLEAR and controls:
        figures.append("some matched units do as much")
    if data["direct_share"] is not None:
        figures.append(f"direct {data['direct_share']:.0%} of total")
    if need["change"] is not None:
        much = f"{abs(need['change']):.2g}" + (" nats" if nats else " along them")
        way = "lowers" if need["change"] < 0 else "raises"
        figures.append(f"removing it {way} them by {much}")
        figures.append(f"{_p(need['p'])}, {need['windows']} windows")
    said = f"{verb} {up} ({'; '.join(figures)}); {other} {down}"
    same = [one for one in data["redundant"] if one["redundant"]]
    if data["verdict"] != "redundant":
        return said
    names = ", ".join(one["unit"] for one in same)
    return (
        f"redundant with {names} (removing both does {same[0]['ratio']:.1f} times the sum of "
        f"each); {said}"
    )


def _p(value: float | None) -> str:
    return "no control" if value is None else f"p = {value:.2g}"


def _quoted(listed: Sequence[Mapping[str, Any]], many: int, both: set[str]) -> str:
    """The words in quotes, none twice; without spaces around them, but where the other list names
    the same letters (a word, and the end of one)."""
    names = [str(one["token"]) for one in listed]
    shown = dict.fromkeys(name if _name(name) in both else _name(name) for name in names)
    return ", ".join(f"'{name}'" for name in list(shown)[:many])


def _names(listed: Sequence[Mapping[str, Any]]) -> set[str]:
    return {_name(str(one["token"])) for one in listed}


def _name(token: str) -> str:
    return token.strip() or repr(token)[1:-1]
