"""A conversation in the terminal: what runs, what it found, the answer with its opinions marked."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.prompt import Confirm
from rich.spinner import Spinner
from rich.text import Text

from ...tools.errors import UsageError
from ...tools.evidence import Evidence, plain
from ...tools.io.console import Console
from ...tools.io.plain_text import clip
from ...tools.registry import offered
from ..report.usage import spent_words
from .claims import CITED, Claim
from .conversation import Conversation
from .events import (
    SPOKEN,
    Answer,
    ApprovalRequest,
    BudgetUpdate,
    Event,
    TextDelta,
    ToolCall,
    ToolResult,
)

_ARGUMENTS = 100  # letters of a call's arguments
_FIRST = 110  # letters of a result's first line
_HELP = """\
Type a question. Ctrl-C stops the experiment that runs and keeps the conversation.
/evidence E3   a result in full      /turns   the questions so far
/tools         what it can measure   /quit    leave (so does Ctrl-D)"""


class Terminal:
    """Shows events on a console.

    Args:
        conversation: The conversation.
        yes: Run costly calls without asking.
        verbose: Show results in full while they come.
    """

    def __init__(
        self, conversation: Conversation, *, yes: bool = False, verbose: bool = False
    ) -> None:
        self.conversation = conversation
        self.yes = yes
        self.verbose = verbose
        self.console = Console(highlight=False, soft_wrap=False)
        self._words, self._remaining, self._now = "", "", "thinking"

    def ask(self, question: str) -> Answer:
        """Answers a question and shows everything on the way."""
        events = self.conversation.stream(question)
        while True:
            last = self._follow(events)
            if isinstance(last, Answer):
                self._answer(last)
                return last
            assert isinstance(last, ApprovalRequest)
            events = self.conversation.go_on(allowed=self._allowed(last))

    def note(self, text: str) -> None:
        """One line beside the conversation."""
        self.console.print(Text(text, style="dim"))

    def talk(self, about: str) -> None:
        """Questions and answers until the person leaves; `about` is said first."""
        self.console.print(Text(about, style="bold"))
        self.note(_HELP)
        while True:
            try:
                line = self.console.input("\n[bold]you>[/bold] ").strip()
            except EOFError:
                self.console.print()
                return
            except KeyboardInterrupt:
                self.note("\n(nothing runs; /quit or Ctrl-D leaves)")
                continue
            if line in ("/quit", "/exit", "quit", "exit"):
                return
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._try(line)

    def _try(self, question: str) -> None:
        try:
            self.ask(question)
        except UsageError as error:
            self.console.print(Text(str(error), style="red"))

    def _command(self, line: str) -> None:
        name, _, rest = line[1:].partition(" ")
        store = self.conversation.lab.evidence
        if name == "evidence" and rest.strip() in store:
            found = store[rest.strip()]
            self.console.print(Text(f"{_call(found.tool, found.arguments)}\n{found.text}"))
        elif name == "evidence":
            known = ", ".join(item.id for item in store) or "none yet"
            self.note(f"results: {known}")
        elif name == "turns":
            for i, turn in enumerate(self.conversation.turns, 1):
                self.console.print(Text(f"{i}. {turn['question']} ({turn['ended']})"))
        elif name == "tools":
            tools = offered(self.conversation.lab).values()
            self.console.print(Text(", ".join(item.name for item in tools if not item.action)))
        else:
            self.note(_HELP)

    def _follow(self, events: Iterator[Event]) -> Event | None:
        """Shows events until they end; the last."""
        self._words, self._now = "", "thinking"
        last: Event | None = None
        with Live(self._live(), console=self.console, transient=True) as live:
            for last in events:
                self._take(last)
                live.update(self._live())
        return last

    def _take(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._words += event.text
        elif isinstance(event, BudgetUpdate):
            self._remaining = event.remaining
            self._words, self._now = "", "thinking"
        elif isinstance(event, ToolCall):
            if self._words.strip():
                self.console.print(Text(self._words.strip(), style="dim italic"))
            self._words, self._now = "", _call(event.tool, event.arguments)
        elif isinstance(event, ToolResult):
            self.console.print(self._found(event.evidence))
            self._now = "thinking"

    def _live(self) -> Group:
        status = f" {self._now}   {self._remaining} · Ctrl-C stops it"
        spinner = Spinner("dots", Text(status, style="dim", overflow="ellipsis", no_wrap=True))
        return Group(Text(self._words), spinner) if self._words else Group(spinner)

    def _found(self, made: Evidence) -> Text:
        out = Text(f"{made.id} ", style="cyan")
        out.append(_call(made.tool, made.arguments), style="dim")
        out.append(f"  {made.seconds:.1f} s\n", style="dim")
        text = made.text if self.verbose else _first_line(made.text)
        out.append("   " + text.replace("\n", "\n   "), style="red" if made.error else "")
        for path in made.images:
            out.append(f"\n   picture: {path}", style="dim")
        return out

    def _answer(self, answer: Answer) -> None:
        self.console.print()
        if answer.text:
            self.console.print(marked(answer))
        if answer.ended not in SPOKEN:
            said = {"budget": "No answer: ", "stopped": "Stopped: ", "failed": "No answer: "}
            self.console.print(Text(f"{said[answer.ended]}{answer.reason}", style="yellow"))
        self.note(f"({spent_words(answer.spent)})")

    def _allowed(self, wanted: ApprovalRequest) -> bool:
        if self.yes:
            return True
        call = _call(wanted.tool, wanted.arguments)
        if not sys.stdin.isatty():
            self.console.print(
                Text(f"not run: {call} would take {wanted.cost}; --yes runs it", style="yellow")
            )
            return False
        question = escape(f"{call} takes {wanted.cost}. Run it?")
        return Confirm.ask(question, console=self.console)


def marked(answer: Answer) -> Text:
    """The answer with its citations coloured and opinions marked, line by line as written."""
    out = Text()
    claims = list(answer.claims)
    for line in answer.text.splitlines():
        rest = line
        while claims and (start := rest.find(claims[0].text)) >= 0:
            claim = claims.pop(0)
            out.append(rest[:start])
            out.append_text(_claim(claim))
            rest = rest[start + len(claim.text) :]
        out.append(rest + "\n")
    out.rstrip()
    return out


def as_dict(answer: Answer, thread: str) -> dict[str, Any]:
    """The answer as plain JSON."""
    claim = ("text", "evidence", "opinion", "missing")
    result = ("id", "tool", "arguments", "text", "error", "images", "seconds")
    return {
        **_fields(answer, "question", "text", "ended", "reason", "spent"),
        "claims": [_fields(item, *claim) for item in answer.claims],
        "evidence": [_fields(item, *result) for item in answer.evidence],
        "thread": thread,
    }


def _fields(item: Any, *names: str) -> dict[str, Any]:
    return {name: plain(getattr(item, name)) for name in names}


def _claim(claim: Claim) -> Text:
    out = Text(claim.text, style="italic dim" if claim.mark else "")
    out.highlight_regex(CITED, "cyan")
    if claim.mark:
        out.append(f" ({claim.mark})", style="yellow")
    return out


def _call(tool: str, arguments: Mapping[str, Any]) -> str:
    said = ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    )
    return f"{tool}({clip(' '.join(said.split()), _ARGUMENTS)})"


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    more = "" if line == text.strip() else " …"
    return clip(line, _FIRST) + more
