"""What a judge could do with the words of a run, as a person reads it in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from ...agent.transcript.sections import entry_of, triple
from ..labelling.results import LabelRun
from ..scoring.entries import judged_pictures, value_of
from ..search.records import shortened
from ..search.terminal import ends, listing, number

_WORDS = 70
"""Letters of a component."""
_NUMBERS = ("words", "95%", "pairs", "AUROC", "shuffled", "against", "retrieved")


def table(run: LabelRun) -> RenderableType:
    """A line a unit that was judged."""
    rows = listing("unit", "label", *_NUMBERS, numbers=_NUMBERS)
    for unit in run.units:
        line = entry_of(unit.record.get("scores"), "words")
        if not line:
            continue
        lead = "auroc" if judged_pictures(line) else "pairs"
        value, low, high = triple(line.get(lead))
        picked = [entry_of(line, name) for name in ("retrieval.right", "against.retrieval.right")]
        cells = [
            unit.unit,
            unit.label,
            number(value),
            ends(low, high),
            str(entry_of(line, "pairs.n") or 0),
            number(value_of(line, "auroc")),
            number(value_of(line, f"shuffled.{lead}")),
            number(value_of(line, f"against.{lead}")),
            " / ".join("yes" if one else "no" for one in picked if one is not None),
        ]
        rows.add_row(*map(Text, cells))
    return rows


def components_table(components: Sequence[Mapping[str, Any]]) -> RenderableType:
    """A line a component that was judged."""
    rows = listing("unit", "component", "words", "AUROC", "", numbers=("component", "AUROC"))
    for one in components:
        cells = [
            one["unit"],
            str(one["component"]),
            shortened(str(one.get("words")), _WORDS),
            number(one.get("words_auroc")),
            "unnamed" if one["unnamed"] else "named",
        ]
        rows.add_row(*map(Text, cells))
    return rows
