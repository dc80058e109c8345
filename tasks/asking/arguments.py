"""Arguments of a tool as a person writes them: `NAME=VALUE`, typed by the tool's schema.

A value is read as JSON where that gives what the schema asks for, and else as text; an argument
that is given several times is a list.
"""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError, nearest
from ...tools.registry import Tool
from .all_tools import TOOLS


def tool_named(name: str) -> Tool:
    """The tool of that name.

    Raises:
        UsageError: if there is none.
    """
    known = {key: item for key, item in TOOLS.items() if not item.action}
    if name not in known:
        raise UsageError(
            f"there is no tool '{name}'; nearest: {nearest(name, known)} "
            "(`neuroscribe tools` lists all)"
        )
    return known[name]


def read_line(line: str) -> tuple[str, dict[str, Any]]:
    """The tool and the arguments of `TOOL NAME=VALUE ...`; values with spaces stand in quotes.

    Raises:
        UsageError: if there is no such tool, or no such argument of it.
    """
    try:
        name, *entries = shlex.split(line) or [""]
    except ValueError as error:
        raise UsageError(f"a quote is not closed ({error})") from error
    return name, read_arguments(tool_named(name), entries)


def read_arguments(chosen: Tool, entries: Sequence[str], *, files: bool = False) -> dict[str, Any]:
    """The arguments of `NAME=VALUE` entries, as the tool's schema types them.

    Args:
        chosen: The tool.
        entries: As they were written.
        files: Whether `@file` is the file's content.

    Raises:
        UsageError: for a name that the tool does not take.
    """
    properties = chosen.schema["function"]["parameters"].get("properties", {})
    out: dict[str, Any] = {}
    for entry in entries:
        key, equals, text = entry.partition("=")
        if not equals:
            raise UsageError(f"{chosen.name} {entry[:60]}: write NAME=VALUE")
        if key not in properties:
            raise UsageError(f"{chosen.name} takes no '{key}'; nearest: {nearest(key, properties)}")
        if files and text.startswith("@") and Path(text[1:]).is_file():
            text = Path(text[1:]).read_text(encoding="utf-8")
        types = types_of(properties[key])
        value = _value(text, types)
        listed = "array" in types and not isinstance(value, list)
        if listed and ("string" not in types or key in out):
            before = out.get(key, [])
            out[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            out[key] = value
    return out


def types_of(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema takes."""
    parts = schema.get("anyOf", [schema])
    return {str(part.get("type", "string")) for part in parts}


def _value(text: str, types: set[str]) -> Any:
    """JSON where the schema wants more than text."""
    if types <= {"string", "null"}:
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return text if "array" in types and not isinstance(value, list | dict) else value
