"""The planner's own acts: record a hypothesis, conclude. They measure nothing."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from ..tools.data.image_rows import ImageRows
from ..tools.errors import UsageError
from ..tools.evidence import Result
from ..tools.hypotheses.resolve import known as recorded
from ..tools.hypotheses.resolve import no_tokens, short
from ..tools.hypotheses.resolve import predictor as predictor_of
from ..tools.io.strict_json import decoded
from ..tools.lab import Lab
from ..tools.predicates import Predicate, parse
from ..tools.registry import TOOLS, in_words, tool
from ..tools.render.picture_words import caption
from .description import MOST_WORDS, Band, Component, Description, Effect, Rejected, short_label

_SAMPLES = 4  # places shown of a hypothesis, so that a planner sees its own mistakes


PredictorGiven = Annotated[dict[str, Any], BeforeValidator(decoded)]
Predictor = Annotated[dict[str, Any] | str, BeforeValidator(decoded)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComponentGiven(_Part):
    """One thing that the unit responds to; of a recorded hypothesis the id is enough."""

    words: str = ""
    predictor: Predictor
    evidence: list[str] = []
    sign: Literal[1, -1] = 1
    band: Band = "any"

    @model_validator(mode="before")
    @classmethod
    def _of_id(cls, given: Any) -> Any:
        return {"predictor": given} if isinstance(given, str) else given


class EffectGiven(_Part):
    """What the unit does to the output."""

    words: str
    evidence: list[str] = []


class RejectedGiven(_Part):
    """A rival and what ruled it out."""

    words: str
    reason: str
    evidence: list[str] = []


@tool(action=True)
def hypothesise(lab: Lab, statement: str, predictor: PredictorGiven) -> Result:
    """Records a hypothesis, or a rival, with the predictor that tests it.

    Every measurement, earlier and later, is scored against it.

    Args:
        statement: In a few words.
        predictor: See Predictors.

    Returns:
        id (H1); holds
    """
    predicate = predictor_of(lab, predictor)
    value = predicate.model_dump()
    for known, other in lab.hypotheses.items():
        if other == value:
            raise UsageError(f"{known} has this very predictor already; record a different rival")
    key = f"H{len(lab.hypotheses) + 1}"
    if predicate.sampled:
        return _unseen(lab, key, statement, predicate)
    degrees = np.asarray(predicate.evaluate(lab.explore)) * lab.explore.counted  # [window, place]
    holds, total = int((degrees > 0).sum()), int(lab.explore.counted.sum())
    samples = _samples(lab, degrees > 0, _SAMPLES)
    things, made = _words(lab)
    text = f"recorded as {key}: {short(predicate.english())}\n"
    text += f"holds on {holds} of {total} explore {things} ({holds / max(total, 1):.2%})"
    strong = int((degrees > 0.5).sum())
    if strong < holds:
        text += f", above 0.5 on {strong}"
    if not holds:
        text += f": only {made} yourself can test it"
    else:
        text += _beside(lab, degrees) or ", for instance " + " | ".join(samples)
    if lacking := no_tokens(lab, predicate):
        text += f"\n{lacking}"
    if strong > total / 2:
        text += f"\nThat is more than half of all {things}: is this meant?"
    lab.hypotheses[key] = value
    return Result(
        text,
        {
            "id": key,
            "statement": statement,
            "english": predicate.english(),
            "predictor": value,
            "holds": holds,
            "tokens": total,
            "samples": samples,
        },
    )


def _unseen(lab: Lab, key: str, statement: str, predicate: Predicate) -> Result:
    """Records what a language model judges: where it holds is known of samples only."""
    lab.hypotheses[key] = value = predicate.model_dump()
    text = f"recorded as {key}: {short(predicate.english())}\n"
    text += "a language model judges it: test_hypotheses tests it on a sample of explore"
    english, total = predicate.english(), int(lab.explore.counted.sum())
    data = {"id": key, "statement": statement, "english": english, "predictor": value}
    return Result(text, {**data, "holds": None, "tokens": total, "samples": []})


def _words(lab: Lab) -> tuple[str, str]:
    """What explore is made of, and what a planner can make."""
    text = lab.target.image is None
    return ("tokens", "texts that you write") if text else ("pictures", "pictures that you draw")


def _beside(lab: Lab, degrees: np.ndarray) -> str:
    """How it differs on explore from the recorded rival that is most like it; empty for none."""
    best, name, rival = 0.0, "", degrees
    for key, predictor in lab.hypotheses.items():
        if parse(predictor).sampled:
            continue
        other = np.asarray(parse(predictor).evaluate(lab.explore)) * lab.explore.counted
        union = max(np.maximum(degrees, other).sum(), 1e-9)
        overlap = float(np.minimum(degrees, other).sum() / union)
        if overlap > best:
            best, name, rival = overlap, key, other
    if not name:
        return ""
    more, less = degrees > rival, degrees < rival
    if not (more | less).any():
        return f": the very places of {name}; only {_words(lab)[1]} can separate them"
    said = []
    for word, places in (("more", more), ("less", less)):
        if places.any():
            shown = " | ".join(_samples(lab, places, _SAMPLES // 2))
            said.append(f"{word} on {int(places.sum())}, such as {shown}")
    return f"; beside {name}, the most alike: {'; '.join(said)}"


def _samples(lab: Lab, places: np.ndarray, n: int) -> list[str]:
    """Different places of a mask `[window, place]`, spread over explore."""
    rows, columns = np.nonzero(places)
    spread = np.unique(np.linspace(0, max(len(rows) - 1, 0), 4 * n).round().astype(int))
    found = [_place(lab, int(rows[i]), int(columns[i])) for i in spread[: len(rows)]]
    distinct = list(dict.fromkeys(found))
    return distinct[:: max(1, len(distinct) // n)][:n]


def _place(lab: Lab, window: int, place: int) -> str:
    """A place with a little of the text before it: `rain in [March]`; a picture by its caption."""
    windows = lab.explore
    if isinstance(windows, ImageRows):
        return f"{caption(windows, window)} (window {window})"
    text = windows.texts[int(windows.document[window])]
    start, end = int(windows.start[window, place]), int(windows.end[window, place])
    before, token = text[max(0, start - 24) : start].split(" "), text[start:end]
    return f"{' '.join(' '.join(before[-4:]).split())} [{token.strip()}]".strip()


@tool(action=True, composable=False)
def conclude(
    lab: Lab,
    label: str,
    components: Annotated[list[ComponentGiven], BeforeValidator(decoded)],
    effect: Annotated[EffectGiven | None, BeforeValidator(decoded)] = None,
    rejected: Annotated[list[RejectedGiven], BeforeValidator(decoded)] = [],  # noqa: B006
    confidence: float = 0.5,
    status: Literal["described", "uninterpretable", "dead"] = "described",
    named: bool = True,
) -> Result:
    """Ends the investigation with a description.

    Args:
        label: At most 12 words.
        components: See Conclusions.
        effect: On the output.
        rejected: Rivals.
        confidence: 0 to 1.
        status: uninterpretable and dead need no component.
        named: false where the label only lists words.
    """
    label = " ".join(label.split())
    if not label:
        raise UsageError("the label is empty; say in at most 12 words what the unit responds to")
    given, label = label, short_label(label)
    if not 0 <= confidence <= 1:
        raise UsageError(f"confidence is {confidence:g}; it must lie between 0 and 1")
    if not components and status == "described":
        raise UsageError(
            "there is no component; give at least one, with a predictor, or set status to "
            "uninterpretable or dead"
        )
    description = Description(
        label=label,
        components=tuple(_component(lab, item) for item in components),
        effect=None if effect is None else Effect(effect.words, _cited(lab, effect.evidence)),
        confidence=confidence,
        rejected=tuple(
            Rejected(item.words, item.reason, _cited(lab, item.evidence)) for item in rejected
        ),
        status=status,
        named=named,
    )
    cut = f" (cut to {MOST_WORDS} words)" if label != given else ""
    return Result(f"Concluded: {label}{cut}", {"description": description.as_dict()})


def readable(lab: Lab, arguments: str) -> tuple[str, list[str]]:
    """The arguments of `conclude` without the parts that cannot be read, and what was left out.

    A conclusion that has to be described and would lose all its components stays as it is.
    """
    given = decoded(arguments)
    if not isinstance(given, dict):
        return arguments, []
    kept, notes = dict(given), []
    for name, one in (("components", ComponentGiven), ("rejected", RejectedGiven)):
        items = decoded(given.get(name))
        if not isinstance(items, list):
            continue
        faults = [_fault(lab, one, item) for item in items]
        kept[name] = [item for item, fault in zip(items, faults, strict=True) if fault is None]
        notes += [f"{name} {i} left out: {said}" for i, said in enumerate(faults, 1) if said]
    effect = given.get("effect")
    said = None if effect is None else _fault(lab, EffectGiven, effect)
    if said is not None:
        kept["effect"] = None
        notes.append(f"effect left out: {said}")
    if not notes or (given.get("components") and not kept.get("components")):
        return arguments, []
    return json.dumps(kept), notes


def _fault(lab: Lab, kind: type[_Part], given: Any) -> str | None:
    """What is wrong with one part of a conclusion; None if it can be read."""
    try:
        part = kind.model_validate(decoded(given))
        if isinstance(part, ComponentGiven):
            _component(lab, part)
    except (UsageError, ValidationError) as error:
        return in_words(error)
    return None


def _component(lab: Lab, given: ComponentGiven) -> Component:
    predictor = given.predictor
    if isinstance(predictor, str):
        found = dict(recorded(lab, predictor.strip()))
    else:
        found = predictor_of(lab, predictor).model_dump()
    words = given.words.strip() or _statement(lab, found)
    evidence = _cited(lab, given.evidence)
    return Component(words, found, evidence, sign=given.sign, band=given.band)


def _statement(lab: Lab, predictor: Mapping[str, Any]) -> str:
    """What was said of a predictor when it was recorded, else the predictor in English."""
    made = (item.data for item in lab.evidence if item.tool == "hypothesise" and not item.error)
    said = (str(data["statement"]) for data in made if data["predictor"] == predictor)
    return next(said, "") or short(parse(predictor).english())


def _cited(lab: Lab, keys: Sequence[str]) -> tuple[str, ...]:
    """What citations stand for: a program for the experiments that it made and that gave a
    result."""
    store = lab.evidence
    out: list[str] = []
    for key in keys:
        program = key in store and store[key].tool == "program"
        calls = store[key].data.get("calls") if program else None
        made = [one for one in calls or () if not TOOLS[store[one].tool].action]
        out += [one for one in made if store[one].error is None] or [key]
    return tuple(dict.fromkeys(out))
