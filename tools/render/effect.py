"""The payload of `unit_effect`, on text and on pictures, as at most 25 lines for a language model,
and as one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..statistics.causal_rule import LEAST_CONTROLS, MAX_P, SHOWN, units, verdict_text
from .text import between, number, quoted

_CLASSES = {
    "words": "classes",
    "value": "logit over the mean class, nats",
    "top": "99th percentile",
    "held": "its own maps put into pictures where it is hardly active",
    "level": "peak",
    "peaks": "on {} pictures",
}
_WORDS = {
    "words": "words",
    "value": "change of the embedding along the word's own",
    "top": "99.9th percentile",
    "held": "held where it is not active",
    "level": "at",
    "peaks": "in {} windows",
}
_TOKENS = {**_WORDS, "value": "logit over the mean token, nats"}


def effect_text(data: Mapping[str, Any]) -> str:
    """At most 25 lines; a few where nothing exceeds what matched units do."""
    prompts, need = data["prompts"], data["necessity"]
    classes = "disjoint" not in prompts
    say = _CLASSES if classes else _TOKENS if "KL" in data["measure"] else _WORDS
    words = say["words"]
    if classes:
        start = (
            f"classes named on one half of the pictures, every figure from {prompts['scoring']} "
            "pictures of the other half"
        )
    else:
        apart = "of other documents"
        if not prompts["disjoint"]:
            apart = "of the same document (explore has one)"
        start = (
            f"words named on {prompts['writing']} prompts, every figure from "
            f"{prompts['scoring']} prompts {apart}"
        )
    lines = [f"{data['unit']}: {start}", verdict_line(data, say["top"])]
    if data["verdict"] == "no effect shown" and data["held_out_p"] > MAX_P:
        return "\n".join([*lines, *_nothing_beyond(data, words)])
    for verb, listed in (("promotes", data["promoted"]), ("suppresses", data["suppressed"])):
        if not classes:
            listed = sorted(listed, key=lambda one: -abs(one["value"]))
        name = str if classes else quoted
        each = ", ".join(f"{name(one['token'])} {number(one['value'])}" for one in listed)
        lines.append(f"{verb} ({say['value']}): {each}")
    lines.append(score_line(data, words))
    lines.append(f"sufficiency, {say['held']}; {data['measure']}, rise of the {words}:")
    for one in data["sufficiency"]:
        lines.append(
            f"  {say['level']} {number(one['value'])} (percentile {one['percentile']:g}): "
            f"{number(one['size'])}, {number(one['raised'])}{between(one['interval'])}"
        )
    if n := len(data["controls"]):
        lines.append(
            f"  at its {say['top']} its size is larger than that of "
            f"{round(data['percentile'] * n / 100)} of {units(n)}, each at its own"
        )
    if data["direct_share"] is not None:
        lines.append(
            f"direct {number(data['direct'])} of a total rise of {number(data['raised'])} "
            f"({data['direct_share']:.0%}){_beyond_direct(data['direct_share'])}"
        )
    if need["change"] is None:
        lines.append("necessity: it is above 0 nowhere in explore, so there is nothing to remove")
    else:
        where = say["peaks"].format(need["windows"])
        lines.append(
            f"necessity, resampled {where} where it peaks: the {words} change by "
            f"{number(need['change'])}{between(need['interval'])}"
        )
    lines += [_pair(one) for one in data["redundant"]]
    return "\n".join(lines)


def _nothing_beyond(data: Mapping[str, Any], what: str) -> list[str]:
    """What is left to say where neither the effect nor its words exceed those of matched units."""
    top = data["sufficiency"][-1]
    lines = [
        f"its {what} are no surer either: {score_line(data, what)}. None is listed; held at its "
        f"highest it raises those named by {number(top['raised'])}{between(top['interval'])}"
    ]
    return lines + [_pair(one) for one in data["redundant"] if one["verdict"] == "redundant"]


def projection_lines(data: Mapping[str, Any] | None) -> list[str]:
    """The vocabulary projection of a payload."""
    if data is None:
        return ["no vocabulary projection: what the unit writes cannot be read off its site"]
    up, down = (
        ", ".join(f"{quoted(one['token'])} {one['value']:+.2g}" for one in data[side])
        for side in ("promoted", "suppressed")
    )
    return [
        f"vocabulary projection promotes: {up}\nand suppresses: {down}",
        f"projection and measured change correlate {number(data['agreement'])} over the vocabulary",
    ]


def held_text(data: Mapping[str, Any], prompts: int) -> str:
    """A unit held at every place of prompts."""
    levels = ", ".join(
        f"held at about {number(one['value'])} (its percentile {100 * one['quantile']:g}): "
        f"{number(one['size'])}"
        for one in data["levels"]
    )
    lines = [
        f"{data['unit']} held at its own levels at every place of {prompts} neutral prompts; "
        f"{data['measure']}: {levels}",
        verdict_line(data),
    ]
    if "direct" in data:
        lines += projection_lines(data["direct"])
    if data["promoted"]:
        up, down = (
            ", ".join(
                f"{quoted(one['token'])} {one['value']:+.2g}"
                if "token" in one
                else f"{one['word']} {number(one['cosine'])}"
                for one in data[side]
            )
            for side in ("promoted", "suppressed")
        )
        lines.append(
            f"measured at the highest, moves the output toward: {up}\nand away from: {down}"
        )
    return "\n".join(lines)


def verdict_line(data: Mapping[str, Any], top: str = "99.9th percentile") -> str:
    """The verdict of a payload with what it rests on."""
    return verdict_text(data["test"], number, top)


def score_line(data: Mapping[str, Any], what: str) -> str:
    """The score of the words, beside what matched units reach with words of their own."""
    line = (
        f"held-out score {data['held_out']:.2f}: AUROC of the promoted {what}' change (chance .50)"
    )
    if not data["controls"]:
        return f"{line}; no other unit to compare with"
    line += (
        f"; {units(len(data['controls']))}, each with {what} of its own: median "
        f"{data['held_out_median']:.2f}, p={data['held_out_p']:.2g}"
    )
    if data["held_out_p"] > 0.5:
        line += f". Most units do as well, so this says nothing of a theme of the {what}"
    return line


def _pair(one: Mapping[str, Any]) -> str:
    both = (
        f"removing both lowers the words by {number(one['both'])}, each alone by "
        f"{number(one['alone'])} and {number(one['other'])}; beyond the sum "
        f"{number(one['interaction'])}{between(one['interval'])}: {one['verdict']}"
    )
    return (
        f"{one['unit']} writes the same way (cosine {one['cosine']:.2f}) and fires with it (r "
        f"{one['correlation']:.2f}): {both}"
    )


def _beyond_direct(share: float) -> str:
    """What later layers do, given the direct effect's share of the total; empty for nothing."""
    if abs(share - 1) < 0.005:
        return ""
    if share > 1:
        return "; later layers take the difference back"
    return "; the rest: through later layers" if share >= 0 else "; later layers turn it round"


def effect_sentence(data: Mapping[str, Any]) -> str:
    """What a unit does to the output, as one sentence with its figures."""
    verdict, test = data["verdict"], data["test"]
    need, enough = test["necessity"], test["sufficiency"]
    n = min(need["n"], enough["n"])
    both = _names(data["promoted"]) & _names(data["suppressed"])
    up, down = _quoted(data["promoted"], 6, both), _quoted(data["suppressed"], 3, both)
    nats = "KL" in data["measure"]
    verb, other = ("raises", "lowers") if nats else ("moves the output toward", "away from")
    if verdict not in SHOWN:
        start = (
            f"not testable ({units(n)}, {LEAST_CONTROLS} are needed)"
            if verdict == "not testable"
            else f"no effect shown beyond {units(n)} (necessity p = {need['p']:.2g}, sufficiency "
            f"p = {enough['p']:.2g})"
        )
        top = data["sufficiency"][-1]
        if top["interval"] is None or top["interval"][0] <= 0:
            return start
        rise = f"{number(top['raised'])}{between(top['interval'])}" + (" nats" if nats else "")
        return f"{start}; held high it {verb} {up} (by {rise}); {other} {down}"
    figures = [
        verdict,
        f"necessity p = {need['p']:.2g}, sufficiency p = {enough['p']:.2g} of {units(n)}",
    ]
    if data["direct_share"] is not None:
        figures.append(f"direct {data['direct_share']:.0%} of total")
    if data["necessity"]["change"] is not None:
        change = data["necessity"]["change"]
        much = f"{abs(change):.2g}" + (" nats" if nats else " along them")
        figures.append(f"resampling it {'lowers' if change < 0 else 'raises'} them by {much}")
    if data["held_out_p"] > MAX_P:
        figures.append("the words are no surer than those of matched units")
    text = f"{verb} {up} ({'; '.join(figures)}); {other} {down}"
    same = [one for one in data["redundant"] if one["verdict"] == "redundant"]
    if not same:
        return text
    names = ", ".join(one["unit"] for one in same)
    more = number(same[0]["interaction"])
    return f"redundant with {names} (removing both does {more} more than each alone); {text}"


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
