"""Labels and their scores as an evaluation log of Inspect, which `inspect view` opens.

One sample a unit: the question is the unit, the answer its description, the scores are the held-out
ones; what the run knows of the unit is the sample's metadata. Written by Inspect's own library, of
the extra `inspect`.
"""

# pyright: reportMissingImports=false
# the extra `inspect` need not be installed where types are checked

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from ...tools.errors import UsageError
from ..scoring.entries import HEADLINES, value_of
from .results import LabelRun

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalScore


class Row(NamedTuple):
    """One sample of a log."""

    unit: str
    answer: str
    scores: Mapping[str, float]
    why: str
    metadata: Mapping[str, Any]
    error: str | None = None


class About(NamedTuple):
    """What a log is of."""

    task: str
    model: str
    """Who answered."""
    target: str
    dataset: str
    created: str
    metadata: Mapping[str, Any]


def write_run(path: Path, run: LabelRun) -> None:
    """Writes a labelling run as a log.

    Raises:
        UsageError: if Inspect is not installed, or the file cannot be written.
    """
    found = []
    for unit in run.units:
        record = unit.record
        failed = str(record.get("reason") or "failed") if unit.status == "failed" else None
        parts = "\n".join(f"- {part['words']}" for part in record.get("components") or ())
        answer = f"{unit.label}\n\n{parts}".strip()
        scores = _values(record.get("scores"))
        found.append(Row(unit.unit, answer, scores, unit.status, unit.as_dict(), failed))
    about = About(
        "neuroscribe_label",
        f"neuroscribe/{run.settings.get('planner') or 'unknown'}",
        str((run.facts.get("target") or {}).get("name")),
        str(run.settings.get("data")),
        str(run.facts.get("created") or ""),
        {"settings": run.settings, "controls": run.facts.get("controls"), **_facts(run)},
    )
    _write(path, about, found)


def write_evaluation(path: Path, document: Mapping[str, Any]) -> None:
    """Writes what `evaluate labels` found as a log.

    Raises:
        UsageError: if Inspect is not installed, or the file cannot be written.
    """
    summary = document["summary"]
    found = []
    for item in document["units"]:
        scores = _values(item["scores"])
        scores |= {
            name: float(score["value"])
            for name, score in item["scorers"].items()
            if score["value"] is not None
        }
        found.append(Row(item["unit"], item["description"], scores, item["status"], item))
    about = About(
        "neuroscribe_evaluate_labels",
        f"neuroscribe/{summary.get('judge') or 'offline'}",
        str(summary["target"]),
        str(summary["data"]),
        "",
        {"summary": summary, "problems": document["problems"]},
    )
    _write(path, about, found)


def _write(path: Path, about: About, found: Sequence[Row]) -> None:
    if path.suffix != ".eval":
        raise UsageError(f"{path} does not end in .eval, by which Inspect knows its logs")
    try:
        from inspect_ai.log import write_eval_log
    except ImportError:
        raise UsageError(
            "a log for Inspect needs its library: pip install 'neuroscribe[inspect]'"
        ) from None
    log = _log(about, found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_eval_log(log, str(path.absolute()), format="eval")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _log(about: About, found: Sequence[Row]) -> "EvalLog":
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    now = datetime.now(UTC).isoformat(timespec="seconds")
    created = about.created or now
    samples = [_sample(about, row) for row in _different(found)]
    ids = [str(sample.id) for sample in samples]
    return EvalLog(
        status="success",
        eval=EvalSpec(
            created=created,
            task=about.task,
            task_id=about.task,
            run_id=about.task,
            eval_id=f"{about.task}-{created}",
            dataset=EvalDataset(name=about.dataset, samples=len(samples), sample_ids=ids),
            model=about.model,
            task_args={"target": about.target},
            config=EvalConfig(),
            packages={"neuroscribe": version("neuroscribe")},
            metadata=dict(about.metadata),
        ),
        results=EvalResults(
            total_samples=len(samples),
            completed_samples=sum(sample.error is None for sample in samples),
            scores=_results(found),
        ),
        stats=EvalStats(started_at=created, completed_at=now),
        samples=samples,
    )


def _sample(about: About, row: Row) -> "EvalSample":
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput
    from inspect_ai.scorer import Score

    question = f"What does unit {row.unit} of {about.target} respond to?"
    error = None
    if row.error is not None:
        error = EvalError(message=row.error, traceback="", traceback_ansi="")
    return EvalSample(
        id=row.unit,
        epoch=1,
        input=question,
        target="",
        messages=[
            ChatMessageUser(content=question),
            ChatMessageAssistant(content=row.answer, model=about.model),
        ],
        output=ModelOutput.from_content(about.model, row.answer),
        scores={
            name: Score(value=value, answer=row.answer, explanation=row.why)
            for name, value in row.scores.items()
        },
        metadata=dict(row.metadata),
        error=error,
    )


def _results(found: Sequence[Row]) -> "list[EvalScore]":
    from inspect_ai.log import EvalMetric, EvalScore

    results = []
    for name in dict.fromkeys(name for row in found for name in row.scores):
        values = [row.scores[name] for row in found if name in row.scores]
        metrics = {"median": median(values), "mean": mean(values)}
        results.append(
            EvalScore(
                name=name,
                scorer=name,
                scored_samples=len(values),
                unscored_samples=len(found) - len(values),
                metrics={key: EvalMetric(name=key, value=v) for key, v in metrics.items()},
            )
        )
    return results


def _different(found: Sequence[Row]) -> list[Row]:
    """The rows with ids that differ: a unit may have several descriptions."""
    seen: dict[str, int] = {}
    rows = []
    for row in found:
        seen[row.unit] = seen.get(row.unit, 0) + 1
        n = seen[row.unit]
        rows.append(row if n == 1 else row._replace(unit=f"{row.unit} ({n})"))
    return rows


def _values(scores: Mapping[str, Any] | None) -> dict[str, float]:
    found = {name: value_of(scores, name) for name in HEADLINES}
    return {name: float(value) for name, value in found.items() if value is not None}


def _facts(run: LabelRun) -> dict[str, Any]:
    return {name: run.facts[name] for name in ("target", "corpus", "versions") if name in run.facts}
