"""Tools that failed in a run: how many calls of each gave an error, and which gave nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class ToolCalls(NamedTuple):
    """What became of one tool's calls, over all units."""

    calls: int
    errors: int
    reason: str
    """Of the last error."""


def tool_calls(records: Iterable[Mapping[str, Any]]) -> dict[str, ToolCalls]:
    """Calls and errors by tool, in the order of first use.

    Args:
        records: Of units, whose `evidence` lists `tool` and `error`.
    """
    found: dict[str, ToolCalls] = {}
    for record in records:
        for item in record.get("evidence") or ():
            if not isinstance(item, Mapping) or not isinstance(item.get("tool"), str):
                continue
            calls, errors, reason = found.get(item["tool"], ToolCalls(0, 0, ""))
            error = item.get("error")
            known = ToolCalls(calls + 1, errors + bool(error), str(error) if error else reason)
            found[item["tool"]] = known
    return found


def whole_failures(found: Mapping[str, ToolCalls]) -> tuple[str, ...]:
    """A line for each tool of which no call succeeded."""
    return tuple(
        f"every call of {name} failed ({tool.errors} of {tool.calls}): "
        f"{' '.join(tool.reason.split())[:200]}"
        for name, tool in found.items()
        if tool.errors == tool.calls
    )
