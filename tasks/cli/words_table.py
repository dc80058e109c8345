"""What a judge could do with the words of a run, as a person reads it in a terminal."""

from rich.console import RenderableType
from rich.text import Text

from ...agent.transcript.sections import entry_of, triple
from ..labelling.results import LabelRun
from ..scoring.entries import judged_pictures, value_of
from ..search.terminal import ends, listing, number

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
