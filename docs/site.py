"""Pages of the site that are made from the project: the start, one page a tool, contributing.

A hook of MkDocs (`hooks` in `mkdocs.yml`). The start, contributing and changes are the files at the
top; a tool's page is its docstring and its parameters, from the registry.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from neuroscribe.tools import instruments  # noqa: F401
from neuroscribe.tools.registry import TOOLS, Tool

ROOT = Path(__file__).resolve().parents[1]
TOP = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changes.md": "CHANGELOG.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lists the tools in the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Tools" in entry:
            entry["Tools"] = ["tools.md", *(f"tools/{tool.name}.md" for tool in _tools())]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the made pages."""
    pages = {name: _from_top((ROOT / source).read_text()) for name, source in TOP.items()}
    tools = _tools()
    pages["tools.md"] = "\n".join(_index(tools))
    pages |= {f"tools/{tool.name}.md": "\n".join(_page(tool)) for tool in tools}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def _tools() -> list[Tool]:
    return [tool for tool in TOOLS.values() if not (tool.action or tool.retired)]


def _from_top(text: str) -> str:
    """Links of a file at the top, as a page of `docs/` sees them."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    return text.replace("](CONTRIBUTING.md)", "](contributing.md)")


def _index(tools: list[Tool]) -> Iterator[str]:
    yield "# Tools\n"
    yield "What planners, conversations and `neuroscribe tool NAME TARGET` run.\n"
    yield "| tool | |\n|---|---|"
    for tool in tools:
        first = " ".join(tool.description.partition("\n\n")[0].split()).replace("|", "\\|")
        yield f"| [{tool.name}](tools/{tool.name}.md) | {first} |"


def _page(tool: Tool) -> Iterator[str]:
    yield f"# {tool.name}\n\n{tool.description}\n"
    for form in tool.forms:
        if form.description != tool.description:
            yield f"On other targets: {form.description}\n"
    yield "| argument | type | default | |\n|---|---|---|---|"
    schema = tool.schema["function"]["parameters"]
    for name, about in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        default = "required" if needed else f"`{about.get('default')}`"
        text = " ".join(str(about.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{name}` | {_type(about)} | {default} | {text} |"
    yield f"\n```sh\nneuroscribe tool {tool.name} TARGET --help\n```"


def _type(about: dict[str, Any]) -> str:
    """A short name of a JSON schema's type."""
    if "anyOf" in about:
        kinds = [_type(one) for one in about["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"])
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    return str(about.get("type", "JSON"))
