"""What happens to the output without units: on a prompt, or on the texts where they are active."""

from collections.abc import Mapping
from typing import Any

from ....tools.evidence import Evidence
from ....tools.render.text import number, quoted
from ....tools.statistics.causal_rule import units as matched_units
from .asked import Ask, Call, cite, listed, short, spread
from .describe import effect_said

_CLEAR = 0.1


def calls(ask: Ask) -> list[Call]:
    """On a prompt `intervene`, on the model's own next token where none is named; else
    `unit_effect`.
    """
    intent = ask.intent
    units = list(intent.units)
    image = ask.lab.target.image is not None
    if intent.prompt and ask.has("intervene"):
        named = {} if intent.target is None else {"target": intent.target}
        arguments = {"prompts": [intent.prompt], "units": units, "several": "sum", **named}
        return [] if ask.step else [Call("intervene", arguments)]
    if ask.step:
        return []
    if len(units) == 1 and ask.lab.target.kind != "module":
        return [Call("unit_effect", {"unit": units[0]})]
    return [Call("ablate_pictures" if image else "ablate", {"units": units})]


def answer(ask: Ask) -> str:
    """The change, beside matched units and random directions."""
    found = ask.found("intervene")
    if found is not None:
        return _on_prompt(ask, found)
    effect = ask.found("unit_effect")
    if effect is not None:
        unit = ask.intent.units[0]
        said = effect_said(effect).replace("It has", f"{unit} has", 1)
        said = said.replace("In the output it", f"In the output {unit}", 1)
        name = ask.lab.target.name
        head = f"On that prompt it was not tested, as {name} predicts no next token. "
        return f"{head if ask.intent.prompt else ''}{said} {_size(effect)}".strip()
    removed = ask.found("ablate") or ask.found("ablate_pictures")
    if removed is not None:
        data = removed.data
        return (
            f"Without {listed([str(unit) for unit in ask.intent.units])} the output changes by "
            f"{number(_mean(data['effect']))} where they peak{cite(removed)}. {_beside(data)} "
            f"(percentile {number(data.get('percentile'))}, p {number(data.get('p'))})"
            f"{cite(removed)}. What that does to further layers was not tested."
        )
    return ask.failed("ask instead what the unit responds to, or show its exemplars")


def _beside(data: Mapping[str, Any]) -> str:
    p = data.get("p")
    if p is None:
        return "Matched units to compare it with were not tested"
    return f"That is {'more' if p <= _CLEAR else 'no more'} than matched units do"


def _mean(effect: Any) -> float | None:
    return effect.get("mean") if isinstance(effect, dict) else effect


def _size(effect: Evidence) -> str:
    need = effect.data["necessity"]
    if not need["windows"]:
        return (
            f"It is above 0 nowhere in what I explored: there is nothing to remove{cite(effect)}."
        )
    controls = matched_units(len(need["controls"]))
    return (
        f"Resampled at its {need['peaks']} highest peaks, it changes the output by "
        f"{number(need['size'])} ({effect.data['measure']}), percentile "
        f"{need['percentile']:.0f} among {controls}; the verdict on its effect is "
        f"“{effect.data['verdict']}”{cite(effect)}. Other windows were not tested."
    )


def _on_prompt(ask: Ask, found: Evidence) -> str:
    data = found.data
    effect, p = data["effect"], data["p"]
    target = str(data["token"])
    before, after = effect["before"][0], effect["after"][0]
    direction = "falls" if effect["mean"] < 0 else "rises"
    units = listed([str(unit) for unit in data["units"]])
    prompt = quoted(short(str(ask.intent.prompt)))
    said = [
        f"With {units} set to zero, the log-probability of {quoted(target)} behind "
        f"{prompt} {direction} by {number(abs(effect['mean']))} nats "
        f"(from {number(before)} to {number(after)}){cite(found)}."
    ]
    verdict = "That is more than" if p is not None and p <= _CLEAR else "That is no more than"
    n = len(data["controls"])
    control = "No matched unit stands beside that"
    if n:
        control = (
            f"{verdict} {matched_units(n)} {'does' if n == 1 else 'do'} (percentile "
            f"{number(data['percentile'])}, p {number(p)})"
        )
    directions = data["directions"]
    if directions is not None:
        control += f", and percentile {number(directions['percentile'])} among random directions"
    said.append(f"{control}{cite(found)}.")
    interval = effect["interval"]
    if interval is None:
        said.append("Other prompts were not tested.")
    else:
        said.append(f"Over prompts it is {spread(effect['mean'], interval)}{cite(found)}.")
    said += [f"Note: {short(note, 280)}{cite(found)}." for note in data["notes"]]
    return " ".join(said)
