"""Labels and their scores as an evaluation log of Inspect, which `inspect view` opens.

One sample a unit: the question is the unit, the answer its description, the scores are the held-out
ones; what the run knows of the unit is the sample's metadata. Written by Inspect's own library, of
the extra `inspect`.
"""

# pyright: reportMissingImports=false
# the extra `inspect` need not be installed where types are checked

from collections import Counter
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
    rows = []
    for unit in run.units:
        record = unit.record
        failed = str(record.get("reason") or "failed") if unit.status == "failed" else None
        parts = "\n".join(f"- {part['words']}" for part in record.get("components") or ())
        answer = f"{unit.label}\n\n{parts}".strip()
        scores = _values(record.get("scores"), ("words.pairs", "words.auroc", *HEADLINES))
        rows.append(Row(unit.unit, answer, scores, unit.status, unit.as_dict(), failed))
    facts = {
        name: run.facts[name] for name in ("target", "corpus", "versions") if name in run.facts
    }
    about = About(
        "neuroscribe_label",
        f"neuroscribe/{run.settings.get('planner') or 'unknown'}",
        str((run.facts.get("target") or {}).get("name")),
        str(run.settings.get("data")),
        str(run.facts.get("created") or ""),
        {"settings": run.settings, "controls": run.facts.get("controls"), **facts},
    )
    _write(path, about, rows)


def write_evaluation(path: Path, document: Mapping[str, Any]) -> None:
    """Writes the document of `evaluate labels` as a log.

    Raises:
        UsageError: if Inspect is not installed, or the file cannot be written.
    """
    summary = document["summary"]
    rows = []
    for item in document["units"]:
        scorers = {name: value_of(item["scorers"], name) for name in item["scorers"]}
        scores = _values({**item["scores"], **scorers}, [*HEADLINES, *scorers])
        rows.append(Row(item["unit"], item["description"], scores, item["status"], item))
    about = About(
        "neuroscribe_evaluate_labels",
        f"neuroscribe/{summary.get('judge') or 'offline'}",
        str(summary["target"]),
        str(summary["data"]),
        "",
        {"summary": summary, "problems": document["problems"]},
    )
    _write(path, about, rows)


def _values(scores: Mapping[str, Any] | None, names: Sequence[str] = HEADLINES) -> dict[str, float]:
    values = {name: value_of(scores, name) for name in names}
    return {name: float(value) for name, value in values.items() if value is not None}


def _write(path: Path, about: About, rows: Sequence[Row]) -> None:
    if path.suffix != ".eval":
        raise UsageError(f"{path} does not end in .eval, by which Inspect knows its logs")
    try:
        from inspect_ai.log import write_eval_log
    except ImportError:
        raise UsageError(
            "a log for Inspect needs its library: pip install 'neuroscribe[inspect]'"
        ) from None
    log = _log(about, rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_eval_log(log, str(path.absolute()), format="eval")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _log(about: About, rows: Sequence[Row]) -> "EvalLog":
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    now = datetime.now(UTC).isoformat(timespec="seconds")
    created = about.created or now
    seen: Counter[str] = Counter()
    samples = []
    for row in rows:  # a unit may have several descriptions
        seen[row.unit] += 1
        n = seen[row.unit]
        samples.append(_sample(about, row, row.unit if n == 1 else f"{row.unit} ({n})"))
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
            scores=_results(rows),
        ),
        stats=EvalStats(started_at=created, completed_at=now),
        samples=samples,
    )


def _sample(about: About, row: Row, name: str) -> "EvalSample":
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput
    from inspect_ai.scorer import Score

    question = f"What does unit {name} of {about.target} respond to?"
    error = None
    if row.error is not None:
        error = EvalError(message=row.error, traceback="", traceback_ansi="")
    return EvalSample(
        id=name,
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


def _results(rows: Sequence[Row]) -> "list[EvalScore]":
    from inspect_ai.log import EvalMetric, EvalScore

    results = []
    for name in dict.fromkeys(name for row in rows for name in row.scores):
        values = [row.scores[name] for row in rows if name in row.scores]
        metrics = {"median": median(values), "mean": mean(values)}
        results.append(
            EvalScore(
                name=name,
                scorer=name,
                scored_samples=len(values),
                unscored_samples=len(rows) - len(values),
                metrics={key: EvalMetric(name=key, value=v) for key, v in metrics.items()},
            )
        )
    return results
