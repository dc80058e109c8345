"""The human planner: a person picks the experiments in the terminal.

It shows what came since the person's last act, takes the name of a tool, asks for its arguments one
by one with their defaults, and checks them before they are run. Reading is from standard input, so
that it can be driven by a pipe; everything is shown on standard error, because standard output
belongs to the result. The time that a person thinks is not spent from the budget.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from ...tools.errors import nearest
from ...tools.io.console import Console
from ...tools.lab import Lab
from ...tools.registry import Tool, offered
from ...tools.render.text import MARKS, STARTS
from ..state import Message, State

Read = Callable[[], str]
_READ_BY = (
    f"{MARKS}; {STARTS}. LEDGER: r correlation, b balanced accuracy, p precision, w AUROC within "
    "tokens; shown: windows in results; all: all of explore."
)


@dataclass(frozen=True)
class HumanFactory:
    """Makes planners that ask the person at the terminal."""

    name: str = "human"
    console: Console = field(default_factory=lambda: Console(stderr=True))
    read: Read = input

    def __call__(self, lab: Lab) -> "Human":
        return Human(lab, self.console, self.read)


class Human:
    """A person at a terminal.

    Args:
        lab: The lab.
        console: Where things are shown.
        read: Gives a line; EOFError ends the session as Ctrl-C does.
    """

    name = "human"
    resumable = True

    def __init__(self, lab: Lab, console: Console, read: Read = input) -> None:
        self._lab = lab
        self._console = console
        self._read = read

    def next(self, state: State) -> Message:
        """The person's next call.

        Raises:
            KeyboardInterrupt: if the person leaves (Ctrl-D, Ctrl-C or quit).
        """
        started = time.monotonic()
        try:
            self._show(state)
            name, arguments = self._act()
        except EOFError:
            raise KeyboardInterrupt from None
        finally:
            self._lab.meter.started += time.monotonic() - started
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"id": f"call_{state['step']}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def _show(self, state: State) -> None:
        """What came since the last act; at the start the unit and the tools."""
        messages = state["messages"]
        acts = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
        new = messages[acts[-1] + 1 :] if acts else messages[1:]
        for message in new:
            content = message["content"]
            if isinstance(content, list):
                paths = [p["image_url"]["url"] for p in content if p["type"] == "image_url"]
                content = "pictures: " + ", ".join(paths)
            said = escape(str(content))
            self._console.print(Panel(said, title=_title(message), title_align="left"))
        if not acts:
            self._console.print(self._menu())
            self._console.print(f"[dim]{escape(_READ_BY)}[/]")
        if state["last"]:
            self._console.print("[bold]The budget is nearly spent: only conclude is run now.[/]")

    def _menu(self) -> Table:
        table = Table("tool", "what it does", "arguments", show_edge=False, box=None)
        for item in offered(self._lab).values():
            head = item.description.split("\n")[0].split(". ")[0]
            names = [
                name if part.is_required() else f"[dim]{name}[/]"
                for name, part in item.arguments.model_fields.items()
            ]
            table.add_row(f"[bold]{item.name}[/]", escape(head), ", ".join(names))
        return table

    def _act(self) -> tuple[str, dict[str, Any]]:
        """A tool with arguments that it accepts."""
        while True:
            line = self._ask("tool (or: tools, quit)")
            name, _, rest = line.partition(" ")
            tools = offered(self._lab)
            if name in ("quit", "exit"):
                raise KeyboardInterrupt
            if name in ("tools", "help", "?", ""):
                self._console.print(self._menu())
            elif name not in tools:
                near = escape(nearest(name, tools))
                self._say(f"there is no tool '{escape(name)}'; nearest: {near}")
            else:
                given = self._arguments(tools[name], rest.strip())
                if given is not None:
                    return name, given

    def _arguments(self, item: Tool, rest: str) -> dict[str, Any] | None:
        """The arguments, from JSON on the same line or asked for; None where they are no good."""
        given: dict[str, Any] = {}
        if rest:
            value = _value(rest)
            if not isinstance(value, dict):
                self._say(
                    f'write the arguments as JSON, or only "{item.name}" to be asked for them'
                )
                return None
            given = value
        else:
            for name, part in item.arguments.model_fields.items():
                note = f" - {part.description}" if part.description else ""
                shown = "required" if part.is_required() else f"default {json.dumps(part.default)}"
                answer = self._ask(f"  {name} ({shown}){note}")
                if answer:
                    given[name] = self._fitting(item, name, _value(answer))
        try:
            item.arguments.model_validate(given)
        except ValidationError as error:
            for fault in error.errors():
                where = ".".join(str(part) for part in fault["loc"])
                self._say(f"{escape(where)}: {escape(fault['msg'])}")
            return None
        return given

    def _fitting(self, item: Tool, name: str, value: Any) -> Any:
        """One thing where a list is wanted is a list of one; a number may be meant as text."""
        schema = item.arguments.model_json_schema()["properties"][name]
        kinds = {part.get("type") for part in [schema, *schema.get("anyOf", ())]}
        if "array" in kinds and not isinstance(value, list) and "string" not in kinds:
            return [value]
        if kinds & {"string"} and not kinds & {"integer", "number"} and isinstance(value, int):
            return str(value)
        return value

    def _ask(self, what: str) -> str:
        self._console.print(escape(what), end=": ")
        return self._read().strip()

    def _say(self, markup: str) -> None:
        self._console.print(f"[red]{markup}[/]")


def _title(message: Message) -> str | None:
    return {"tool": "result", "user": "note"}.get(message["role"])


def _value(text: str) -> Any:
    """JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
