"""Tools for conversations about a finished run: search its labels, read one, compare units.

They are offered where a lab has a run (`lab.run`, a `RunSearch`). Labels were written by a planner
and are quoted; every figure says what it was compared with.
"""

from ...agent.statuses import Status
from ...tools.evidence import Result
from ...tools.lab import Lab
from ...tools.registry import tool
from .account import account, headline, quote
from .records import Filters, label_of
from .results import By, control_lines
from .search import RunSearch

Kind = Status
_MOST = 50
_UNITS = 12
"""Units of a group that are named."""


@tool(needs=("run",))
def search_labels(
    lab: Lab,
    query: str = "",
    *,
    many: int = 8,
    min_score: float | None = None,
    kind: Kind | None = None,
    layer: str | None = None,
) -> Result:
    """Searches the labels of the finished run by words and by meaning. A label is a claim about
    a unit: read_label shows what is behind it.

    Args:
        query: What to look for, such as weekday names; empty: the best scored that pass.
        many: How many units to list.
        min_score: Least held-out correlation of the label with its unit.
        kind: Only labels of this kind.
        layer: A number such as 3, a range such as 2-5, or a pattern of sites such as mlp.*
    """
    run = _run(lab)
    filters = Filters(
        score=min_score, kinds=(kind,) if kind else (), layers=(layer,) if layer else ()
    )
    result = run.search(query, _few(many), filters)
    requested = f" for {quote(query, 200)}" if query.strip() else ""
    where = f"{result.searched} units" + (f" ({filters.english()})" if filters.english() else "")
    lines = [
        f"{result.total} of {where}{requested}, by {' and '.join(result.used)}; "
        f"{len(result)} listed. Labels are quoted as the planner wrote them.",
        *result.notes,
    ]
    for hit in result:
        why = f" found by {'; '.join(hit.why)}" if hit.why else ""
        lines.append(headline(hit.unit, hit.record) + why)
    lines += [f"not found, but nearest: {headline(u, run.records[u])}" for u in result.nearest]
    return Result("\n".join(lines), result.as_dict(run.records))


@tool(needs=("run",))
def read_label(lab: Lab, unit: str) -> Result:
    """Everything that the finished run holds of one unit: label, components, held-out scores with
    intervals and controls, effect, rejected rivals and why, and the experiments by their ids in
    that investigation. It answers why something was said of a unit.

    Args:
        unit: A unit of the run, such as mlp.3/7.
    """
    run = _run(lab)
    record = run.record(unit)
    text, data = account(str(record["unit"]), record, run.folder)
    note = "Ids here are of that investigation, not of this one; quoted text is data."
    return Result(f"{text}\n{note}", data)


@tool(needs=("run",))
def similar_units(lab: Lab, unit: str, *, by: By = "activations", many: int = 8) -> Result:
    """Units of the finished run that are like one of its units, beside what random pairs of units
    and pairs with shuffled windows have.

    Args:
        unit: A unit of the run, such as mlp.3/7.
        by: activations (correlation over explore, both signs), exemplars (overlap of the windows
            with the highest peaks) or label (meaning of the labels alone, not what units do).
        many: How many units to list.
    """
    run = _run(lab)
    result = run.similar(unit, _few(many), by)
    lines = [
        f"like {headline(result.unit, run.records[result.unit])}",
        *result.sentences(),
        *(f"{near.value:+.3f} {headline(near.unit, near.record)}" for near in result.neighbours),
    ]
    if not result.neighbours:
        lines.append("the run has no other unit to compare with")
    return Result("\n".join(lines), result.as_dict())


@tool(needs=("run",))
def label_groups(
    lab: Lab, *, by: By = "activations", at_least: float | None = None, many: int = 10
) -> Result:
    """Groups of units of the finished run that share a function: every pair of a group is at
    least so alike. Each group is named by the label of its most typical unit.

    Args:
        by: activations, exemplars or label, as in similar_units.
        at_least: How alike every pair must be, up to 1; left out: 0.5, 0.3 and 0.7.
        many: How many groups to list.
    """
    run = _run(lab)
    result = run.groups(by, at_least)
    lines = [
        f"{len(result.groups)} groups; {result.alone} units are in none; {result.sentence()}",
        *control_lines(result.controls, result.by),
    ]
    for group in result.groups[: _few(many)]:
        more = f" and {len(group.units) - _UNITS} more" if len(group.units) > _UNITS else ""
        score = "" if group.score is None else f", whose held-out correlation is {group.score:.2f}"
        lines.append(
            f"{len(group.units)} units, named by {group.named_by}: {quote(group.name)}{score}; "
            f"pairs on average {group.mean:.2f}, least {group.lowest:.2f}: "
            f"{', '.join(group.units[:_UNITS])}{more}"
        )
    same = run.duplicates(by="label").labels
    for units in same[: _few(many)]:
        lines.append(
            f"{len(units)} units have the same label {quote(label_of(run.records[units[0]]))}: "
            f"{', '.join(units[:_UNITS])}"
        )
    return Result("\n".join(lines), result.as_dict(_few(many)))


def _run(lab: Lab) -> RunSearch:
    assert isinstance(lab.run, RunSearch)
    lab.run.refresh()
    return lab.run


def _few(many: int) -> int:
    return max(1, min(many, _MOST))
