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
    if event == "message":
        yield from _thought(unit, fields["message"])
    elif event == "evidence":
        yield from _evidence(unit, _mapping(fields["evidence"]))
    elif event == "ledger":
        yield from _ledger(unit, fields["rows"])
    elif event == "conclusion":
        said = _mapping(fields["description"])
        text = said.get("label") or said.get("reason") or said.get("status")
        yield _line(unit, f"=> {text}", "bold")


def _thought(unit: object, message: Mapping[str, Any]) -> Iterator[Text]:
    """What the planner says beside its calls."""
    content = message.get("content")
    if message.get("role") == "assistant" and isinstance(content, str) and content.strip():
        yield _line(unit, _short(" ".join(content.split())), "italic")


def _evidence(unit: object, item: Mapping[str, Any]) -> Iterator[Text]:
    given = ", ".join(
        f"{key}={_short(value, 60)}" for key, value in item["arguments"].items() if key != "unit"
    )
    yield _line(unit, f"{item['id']} {item['tool']}({given})", "cyan")
    found = [line for line in str(item["text"]).splitlines() if line.strip()]
    for line in found[:LINES]:
        yield _line(unit, f"     {_short(line)}", "")
    if len(found) > LINES:
        yield _line(unit, f"     ... {len(found) - LINES} lines more", "dim")


def _ledger(unit: object, rows: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    from ...agent.ledger import strength

    best = sorted(rows, key=strength, reverse=True)[:3]
    if best:
        said = "; ".join(f"{row['id']} {_short(row['statement'], 50)}{_fit(row)}" for row in best)
        yield _line(unit, f"     rivals: {said}", "magenta")


def _fit(row: Mapping[str, Any]) -> str:
    for kind in ("test", "explore", "written"):
        value = (row.get(kind) or {}).get("correlation")
        if value is not None:
            return f" ({value:.2f})"
    return ""


def _line(unit: object, text: str, style: str) -> Text:
    return Text.assemble((f"{unit}  ", "dim"), (text, style))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else asdict(value)


def _short(value: Any, width: int = WIDTH) -> str:
    text = str(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."
