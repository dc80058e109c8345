"""An investigation as it happens, a few lines an experiment, for `--watch`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

WIDTH = 110
LINES = 6


def lines(unit: object, event: str, fields: Mapping[str, Any]) -> Iterator[Text]:
    """What to print of one event of a transcript.

    Args:
        unit: The unit, put before each line.
        event: `message`, `evidence`, `ledger`, `conclusion` or `end`.
        fields: The event's own fields, as a recorder is given them.
    """
    for text, style in _lines(event, fields):
        yield Text.assemble((f"{unit}  ", "dim"), (text, style))


def _lines(event: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines with their style."""
    if event == "message":  # what the planner says beside its calls
        message = fields["message"]
        content = message.get("content") if message.get("role") == "assistant" else None
        if isinstance(content, str) and content.strip():
            yield _short(" ".join(content.split())), "italic"
    elif event == "evidence":
        yield from _evidence(_mapping(fields["evidence"]))
    elif event == "ledger":
        yield from _ledger(fields["rows"])
    elif event == "conclusion":
        end = _mapping(fields["description"])
        yield f"=> {end.get('label') or end.get('reason') or end.get('status')}", "bold"


def _evidence(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    arguments = (
        f"{key}={_short(value, 60)}" for key, value in item["arguments"].items() if key != "unit"
    )
    yield f"{item['id']} {item['tool']}({', '.join(arguments)})", "cyan"
    result = [line for line in str(item["text"]).splitlines() if line.strip()]
    for line in result[:LINES]:
        yield f"     {_short(line)}", ""
    if len(result) > LINES:
        yield f"     ... {len(result) - LINES} lines more", "dim"


def _ledger(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    from ...agent.ledger import strength

    best = sorted(rows, key=strength, reverse=True)[:3]
    if best:
        rivals = (f"{row['id']} {_short(row['statement'], 50)}{_fit(row)}" for row in best)
        yield f"     rivals: {'; '.join(rivals)}", "magenta"


def _fit(row: Mapping[str, Any]) -> str:
    for kind in ("test", "explore", "written"):
        value = (row.get(kind) or {}).get("correlation")
        if value is not None:
            return f" ({value:.2f})"
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else asdict(value)


def _short(value: Any, width: int = WIDTH) -> str:
    text = str(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."
