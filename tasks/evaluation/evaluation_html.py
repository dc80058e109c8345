"""A planner's benchmark as a table of a notebook."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..report.tables import table_html
from ..report.tables import with_interval as said
from ..report.usage import spent_words

if TYPE_CHECKING:
    from .evaluate import Evaluation


def evaluation_html(evaluation: "Evaluation") -> str:
    """Recovery by tier and kind, beside the baselines."""
    found = evaluation.found
    names = list(found["baselines"])
    return table_html(
        f"{found['units']} units, {found['failed']} failed",
        ["tier", "kind", "n", "recovered", *names],
        _rows(evaluation, names),
        notes=[spent_words(found["spent"]), f"{evaluation.folder / 'report.html'}"],
        words=2,
    )


def _rows(evaluation: "Evaluation", names: list[str]) -> Iterator[list[str]]:
    found = evaluation.found
    for tier, entry in found["tiers"].items():
        for kind, value in {"all": entry["recovery"], **entry["kinds"]}.items():
            others = []
            for name in names:
                there = found["baselines"][name]["tiers"].get(tier, {})
                one = there.get("recovery") if kind == "all" else there.get("kinds", {}).get(kind)
                others.append(said(one))
            yield [tier, kind, str(value["n"]), said(value), *others]
