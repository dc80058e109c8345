"""Controls of a labelling run: what would these scores be without the work that went into them?

shuffled     each unit scored with the description of another unit of its layer that fires about
             as often: what a description of the right kind of unit earns by luck
one_shot     a description read off the top exemplars alone, with no search and no experiment: the
             words at the peaks (with an LLM planner: one request, on a stated sample)
untrained    the whole pipeline on a copy of the target with weights drawn anew, on a sample
constant     a prediction that never changes; stands beside every unit's own scores
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Component, Description
from ...tools.errors import UsageError
from ...tools.evidence import plain
from ...tools.llm import LLM, LLMError
from ...tools.models import Target, Unit
from ...tools.models.untrained import untrained
from ...tools.predicates import parse
from .scores import Measured, score

EXEMPLARS = 20
COMPARED = ("correlation", "f1", "auprc", "gain_over_lookup")


class Labelled(NamedTuple):
    """A described unit with its activations on the three splits."""

    unit: Unit
    description: Description
    scores: Mapping[str, Any]
    explore: Measured
    select: Measured
    report: Measured


def shuffled(labelled: Sequence[Labelled], *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Scores of each unit under its nearest neighbour's description, by unit.

    The neighbour is of the same site and, of those, the nearest in firing rate; a unit that is
    alone in its site takes the nearest of the other sites, and the record says so.
    """
    able = [item for item in labelled if item.description.components]
    rates = {item.unit: _rate(item.explore) for item in able}
    found: dict[str, dict[str, Any]] = {}
    for item in able:
        others = [other for other in able if other.unit != item.unit]
        same = [other for other in others if other.unit.site == item.unit.site]
        if not others:
            continue
        partner = min(same or others, key=lambda other: abs(rates[other.unit] - rates[item.unit]))
        scores = score(
            partner.description, item.explore, item.select, item.report, seed=seed
        ).scores
        found[str(item.unit)] = {
            "from": str(partner.unit),
            "same_site": bool(same),
            **_compared(scores),
        }
    return found


def one_shot(item: Labelled, *, llm: LLM | None = None, seed: int = 0) -> dict[str, Any]:
    """Scores of a description made in one go from the top exemplars of explore."""
    try:
        description = _peak_words(item.explore) if llm is None else _asked(item.explore, llm)
    except (UsageError, LLMError, ValueError) as error:
        return {"failed": str(error)}
    scored = score(description, item.explore, item.select, item.report, seed=seed)
    return {"label": description.label, **_compared(scored.scores)}


def on_untrained(
    target: Target,
    units: Sequence[Unit],
    relabel: Callable[[Target, Sequence[Unit]], Sequence[Mapping[str, Any]]],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The pipeline on an untrained copy: its records for the same units, and their medians."""
    records = relabel(untrained(target, seed=seed), units)
    return {
        "units": {record["unit"]: _compared(record["scores"]) for record in records},
        "status": {record["unit"]: record["status"] for record in records},
        "median": medians([record["scores"] for record in records]),
    }


def medians(scores: Sequence[Mapping[str, Any]], *, seed: int = 0) -> dict[str, Any]:
    """Median of each headline score over units, with a 95% bootstrap interval over units."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name in COMPARED:
        values = np.array([value for item in scores if (value := _value(item, name)) is not None])
        if values.size:
            draws = np.median(rng.choice(values, (1000, values.size)), axis=1)
            low, high = np.percentile(draws, [2.5, 97.5])
            found[name] = {"value": np.median(values), "low": low, "high": high, "n": values.size}
    return plain(found)


def _value(scores: Mapping[str, Any], name: str) -> float | None:
    entry = scores.get(name)
    return entry.get("value") if isinstance(entry, Mapping) else entry


def _compared(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(scores, name) for name in COMPARED}


def _rate(explore: Measured) -> float:
    values = explore.flat
    return float((values > 0.5 * np.quantile(values, 0.999)).mean())


def _peaks(explore: Measured) -> list[tuple[int, int]]:
    """Window and place of the largest activation of the top windows."""
    filled = np.where(explore.counted, explore.values, -np.inf)
    windows = np.argsort(-filled.max(1))[:EXEMPLARS]
    return [(int(window), int(filled[window].argmax())) for window in windows]


def _peak_words(explore: Measured) -> Description:
    windows = explore.windows
    found = [windows.word[window, place] for window, place in _peaks(explore)]
    words = sorted({windows.words[word].lower() for word in found if word >= 0})
    if not words:
        raise ValueError("no word stands at the peaks")
    predictor = {"kind": "words", "words": words, "inflect": False}
    label = f"the words {', '.join(words[:5])}"
    return Description(label, (Component(label, predictor),))


_REQUEST = """These are the strongest activations of one unit of a network. The token of the peak \
stands between « and ».

{exemplars}

Answer with one JSON object: {{"label": "at most 12 words", "words": ["every word on which you \
expect the unit to be active"]}}"""


def _asked(explore: Measured, llm: LLM) -> Description:
    lines = []
    for window, place in _peaks(explore):
        tokens = explore.windows.tokens(window)
        lines.append("".join([*tokens[:place], "«", tokens[place], "»", *tokens[place + 1 :]]))
    request = _REQUEST.format(exemplars="\n".join(lines))
    reply = llm.complete([{"role": "user", "content": request}])
    text = reply.text or ""
    answer = json.loads(text[text.index("{") : text.rindex("}") + 1])
    predictor = parse({"kind": "words", "words": answer["words"], "inflect": True}).model_dump()
    label = str(answer["label"])
    return Description(label, (Component(label, predictor),))
