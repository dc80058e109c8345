"""Descriptions by people: scored as the agent's are, kept beside them, never in their place.

1. A description is a label, with a predictor as JSON, or with words that stand for one.
2. With a predictor, its scores are those of `labelling/scores.py`: weights and thresholds on
   validation, the numbers on test.
3. Text alone is read by a judge (a language model), if one was named; else it is kept unscored.
4. Each is a line of `contributed.jsonl` in the run folder, forced to the disk.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...agent.description import Component, Description
from ...agent.transcript.plots import interval_bar
from ...agent.transcript.sections import NAMES, cell, triple
from ...tools.errors import UsageError
from ...tools.evidence import plain
from ...tools.hypotheses.resolve import predictor as read_predictor
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from ...tools.predicates import parse
from ..evaluation.scorers import Case, LLMJudge, Panel, score_all
from ..runs.jsonl import append
from ..scoring.measured import Splits
from ..scoring.scores import score
from .rendering import drawn
from .workbench import Workbench

FILE = "contributed.jsonl"
SHOWN = ("correlation", "gain_over_lookup", "auprc", "f1", "iou")
JUDGED = ("detection", "fuzzing")
"""Scorers for text alone; both ask a judge."""
NEEDS_JUDGE = (
    "a description in words alone is scored by a judge, and no language model was named: it is "
    "kept without a score. Add words or a predictor, or serve with --planner openai:MODEL"
)
_LONGEST = 400
_MOST_LETTERS = 50_000
_writing = threading.Lock()


def contribute(
    bench: Workbench,
    folder: Path,
    agent: Mapping[str, Any],
    *,
    by: str,
    label: str,
    words: str = "",
    predictor: str = "",
    llm: LLM | None = None,
) -> dict[str, Any]:
    """Scores a person's description, keeps it, and gives its record.

    Args:
        bench: Target and corpus of the run.
        folder: The run folder.
        agent: The run's own record of the unit.
        by: The person's name.
        label: What the unit responds to, in words.
        words: Words that it is on at, with commas between them; instead of a predictor.
        predictor: A predicate as JSON.
        llm: A judge for words alone.

    Raises:
        UsageError: if the label is empty or the predictor is none; nothing is kept then.
    """
    text = " ".join(label.split())
    if not text:
        raise UsageError("write what the unit responds to")
    if len(text) > _LONGEST:
        raise UsageError(f"the description has {len(text)} letters; at most {_LONGEST} are kept")
    pictures = bench.target.image is not None
    with bench.busy:
        lab = bench.lab() if predictor.strip() and bench.reads_meaning else None
        if lab is not None:
            lab.unit = bench.unit(str(agent["unit"]))
        rule = predictor_of(words, predictor, pictures=pictures, lab=lab)
    record: dict[str, Any] = {
        "unit": str(agent["unit"]),
        "by": " ".join(by.split())[:80] or "anonymous",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "label": text,
    }
    if rule is None and llm is None:
        record |= {"status": "not scored", "reason": NEEDS_JUDGE}
    else:
        unit = bench.unit(record["unit"])
        with bench.busy:
            splits = bench.bench.measure([unit])[unit]
            if rule is None:
                assert llm is not None
                record |= _judged(text, str(agent.get("label") or ""), splits, llm)
            else:
                record |= _scored(text, rule, splits, bench.settings.seed)
    _keep(folder, record)
    return record


def predictor_of(
    words: str, predictor: str, *, pictures: bool, lab: Lab | None = None
) -> dict[str, Any] | None:
    """The predicate that a person gave; None where they gave none.

    Args:
        words: With commas between them.
        predictor: As JSON.
        pictures: Whether the target looks at pictures.
        lab: Where a reader or a judge stands behind `like` and `judged`.

    Raises:
        UsageError: in one line, if it is none, or both were given.
    """
    listed = [word for part in words.replace("\n", ",").split(",") if (word := part.strip())]
    if listed and predictor.strip():
        raise UsageError("give words or a predictor, not both")
    if listed:
        rule: Any = (
            {"kind": "object", "names": listed}
            if pictures
            else {"kind": "words", "words": listed, "inflect": True}
        )
    elif not predictor.strip():
        return None
    elif len(predictor) > _MOST_LETTERS:
        raise UsageError(f"the predictor has more than {_MOST_LETTERS:,} letters")
    else:
        try:
            rule = json.loads(predictor)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"the predictor is no JSON: {error}") from error
    return (parse(rule) if lab is None else read_predictor(lab, rule)).model_dump()


def contributed(folder: Path, unit: str) -> list[dict[str, Any]]:
    """What people said of a unit, in the order in which they did; damaged lines are left out."""
    try:
        lines = (folder / FILE).read_bytes().splitlines()
    except OSError:
        return []
    records = []
    for line in lines:
        try:
            record = json.loads(line)
            if record["unit"] == unit and isinstance(record["label"], str):
                records.append(record)
        except (ValueError, KeyError, TypeError):
            continue
    return records


def beside(agent: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> str:
    """The agent's description and people's, with their scores, as HTML."""
    rows = [_row("the agent", agent), *(_row(str(one.get("by")), one) for one in people)]
    judged = [
        {
            "label": one.get("label"),
            "scores": [
                (name, cell(scores.get("value")), cell((scores.get("agent") or {}).get("value")))
                for name, scores in one["judged"].items()
            ],
        }
        for one in people
        if one.get("judged")
    ]
    names = [NAMES.get(name, name) for name in SHOWN]
    return drawn("beside.html", rows=rows, columns=names, judged=judged)


def _scored(label: str, rule: Mapping[str, Any], splits: Splits, seed: int) -> dict[str, Any]:
    described = Description(label, (Component(label, rule),))
    scored = score(described, splits, seed=seed)
    return {
        **{key: scored.description.as_dict()[key] for key in ("status", "reason", "explained")},
        "predictor": rule,
        "scores": scored.scores,
    }


def _judged(label: str, other: str, splits: Splits, llm: LLM) -> dict[str, Any]:
    panel = Panel(judge=LLMJudge(llm))
    own = score_all(Case(label, splits), panel, names=JUDGED)
    agent = score_all(Case(other, splits), panel, names=JUDGED) if other.strip() else {}
    return {
        "status": "judged",
        "judged": {
            name: {
                **own_score.as_dict(),
                "agent": agent[name].as_dict() if name in agent else None,
            }
            for name, own_score in own.items()
        },
    }


def _row(by: str, record: Mapping[str, Any]) -> dict[str, Any]:
    scores = record.get("scores") or {}
    cells = [triple(scores.get(name)) for name in SHOWN]
    value, low, high = cells[0]
    return {
        "by": by,
        "at": str(record.get("at") or ""),
        "label": record.get("label") or "–",
        "status": record.get("status"),
        "reason": record.get("reason"),
        "cells": [cell(one[0]) for one in cells],
        "bar": "" if value is None else interval_bar(value, low, high),
    }


def _keep(folder: Path, record: Mapping[str, Any]) -> None:
    with _writing:
        try:
            append(folder / FILE, plain(record))
        except OSError as error:
            raise UsageError(f"it cannot be kept in {folder}: {error.strerror}") from error
