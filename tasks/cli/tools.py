"""The verb `tools`: the tools that planners have."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .printing import print_json

if TYPE_CHECKING:
    from ...tools.registry import Tool


def tools(
    name: Annotated[str | None, typer.Argument(help="One tool, in full.")] = None,
    as_json: options.Json = False,
) -> None:
    """List the tools that planners have, or show what one takes."""
    from ..asking.all_tools import TOOLS
    from ..asking.arguments import tool_named

    listed = [item for item in _instruments(TOOLS).values() if not item.retired]
    chosen = listed if name is None else [tool_named(name)]
    if as_json:
        print_json([item.schema["function"] for item in chosen])
        return
    for item in chosen:
        typer.echo(_page(item) if name is not None else _line(item))


def _instruments(all_tools: "dict[str, Tool]") -> "dict[str, Tool]":
    return {name: item for name, item in all_tools.items() if not item.action}


def _line(item: "Tool") -> str:
    first = item.description.split(". ")[0].split("\n")[0].rstrip(".:")
    return f"{item.name:<17} {first}" + ("" if first.endswith("?") else ".")


def _page(item: "Tool") -> str:
    from ..asking.arguments import types_of
    from ..asking.doors import offers

    parameters = item.schema["function"]["parameters"]
    lines = [item.name, "", item.description, ""]
    for key, schema in parameters.get("properties", {}).items():
        types = " or ".join(sorted(types_of(schema) - {"null"}))
        if "enum" in schema:
            types = " | ".join(map(str, schema["enum"]))
        required = key in parameters.get("required", [])
        default = "" if required else f", default {json.dumps(schema.get('default'))}"
        lines.append(f"  {key} ({types}{default}): {schema.get('description', '')}")
    for one in offers(item):
        lines.append(f"  {one.door:<6} {one.how or f'not offered: {one.why_not}'}")
    for form in item.forms:
        what = "pictures" if "image" in form.needs else ", ".join(form.needs)
        lines += ["", f"For {what}:", form.description]
    return "\n".join(lines)
