"""The loop of an investigation as a langgraph graph, the same for every planner.

    plan ──> act ──> plan ... ──> conclude

1. `plan` checks the budget and asks the planner for its next message. When little is left, the
   planner is told to conclude, and from then on nothing but `conclude` is run.
2. `act` runs the calls of that message in order, gives each its tool message, updates the ledger
   and appends its table and what is left of the budget to the last tool message of the turn.
   Pictures follow in one user message. A conclusion is reviewed, and may be sent back once.
3. `conclude` ends: with the accepted description, else with what the ledger supports, else failed.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.graph import END, START, StateGraph

from ..tools.errors import UsageError
from ..tools.evidence import Evidence
from ..tools.lab import Lab
from ..tools.llm.client import LLMError
from ..tools.models import Unit
from ..tools.registry import call
from . import review
from .actions import readable
from .checkpoints import Checkpoints
from .description import Description
from .ledger import Ledger
from .prompts import prompt
from .record import Record
from .replies import MOST_CALLS, Call, mend
from .state import Budget, Left, Message, Planner, State, taken

MOST_IDLE = 4
"""Turns in a row without a new result, after which an investigation is ended."""
_SAME = 2  # how often the same call is run


@dataclass
class Loop:
    """The nodes of one investigation, with what they work on."""

    lab: Lab
    unit: Unit
    planner: Planner
    budget: Budget
    ledger: Ledger
    record: Record
    checkpoints: Checkpoints | None = None
    _made: dict[str, list[str]] = field(default_factory=dict)
    """Evidence ids by call, to notice repeats."""

    def compile(self) -> Any:
        """The runnable graph."""
        graph = StateGraph(State)
        graph.add_node("plan", self.plan)
        graph.add_node("act", self.act)
        graph.add_node("conclude", self.conclude)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", _then("act"), ["act", "conclude"])
        graph.add_conditional_edges("act", _then("plan"), ["plan", "conclude"])
        graph.add_edge("conclude", END)
        return graph.compile(checkpointer=self.checkpoints)

    def recall(self, evidence: Evidence) -> None:
        """Notes a call that was made before an interruption."""
        self._made.setdefault(call_key(evidence.tool, evidence.arguments), []).append(evidence.id)

    def plan(self, state: State) -> dict[str, Any]:
        """Asks the planner for its next message."""
        left = self.budget.left(self.lab.meter, state["step"])
        spent = self.budget.spent(left)
        if spent is not None:
            return {"ended": "budget", "reason": spent, "left": left}
        turns = [*state.get("turns", []), taken(state["left"], left)] if state["step"] else []
        messages, last = list(state["messages"]), state["last"]
        if not last and self.budget.nearly(left, state["step"], turns):
            last = True
            notice: Message = {"role": "user", "content": prompt("last", left=left_words(left))}
            self.record.message(notice)
            messages.append(notice)
        now: State = {**state, "messages": messages, "last": last, "left": left}
        before, started = self.lab.meter.as_dict(), time.monotonic()
        try:
            given = self.planner.next(now)
        except (LLMError, UsageError) as error:
            return {
                "messages": messages,
                "ended": "failed",
                "reason": " ".join(str(error).split()),
                "spent": self.lab.meter.as_dict(),
            }
        message = {**given, "role": "assistant"}
        kept = mend(message, state["step"]).message
        self.record.message(kept, before=before, meter=self.lab.meter, started=started)
        return {
            "messages": [*messages, message],
            "step": state["step"] + 1,
            "last": last,
            "left": left,
            "turns": turns,
            "spent": self.lab.meter.as_dict(),
        }

    def act(self, state: State) -> dict[str, Any]:
        """Runs the calls of the planner's message."""
        reply = mend(state["messages"][-1], state["step"] - 1)
        messages = [*state["messages"][:-1], reply.message]
        left = self.budget.left(self.lab.meter, state["step"])
        if reply.fault is not None:
            told: Message = {
                "role": "user",
                "content": f"Nothing was run: {reply.fault}\n{left_words(left)}.",
            }
            self.record.message(told)
            return self._after(state, [*messages, told], reply.fault, progress=False)
        made: list[Evidence] = []
        said: list[str] = []
        concluded: Evidence | None = None
        dropped: list[str] = []
        progress = False
        trouble = ""
        for number, item in enumerate(reply.calls):
            refused = self._refused(item, number, state, concluded)
            if refused is not None:
                said.append(f"Not run: {refused}")
                trouble = refused
                continue
            if state["last"]:  # nothing may be left to write it again
                arguments, dropped = readable(self.lab, item.arguments)
                item = item._replace(arguments=arguments)
            result = self._run(item)
            made.append(result)
            said.append(". ".join([f"[{result.id}] {result.text}", *dropped]))
            progress |= result.error is None
            trouble = result.error or trouble
            if result.tool == "conclude" and result.error is None:
                concluded = result
        changed = self.ledger.update(made)
        accepted: Description | None = None
        sent_back = state["sent_back"]
        if concluded is not None:
            accepted, reasons = self._review(concluded, dropped, state, left)
            if accepted is None:
                sent_back += 1
                at = made.index(concluded)
                slot = [i for i, text in enumerate(said) if text.startswith("[")][at]
                said[slot] = f"[{concluded.id}] Sent back: " + "; ".join(reasons) + "."
        left = self.budget.left(self.lab.meter, state["step"])
        table = self.ledger.table() if changed else ""
        parts = [said[-1], table, f"({self._outlook(state, left)})"]
        said[-1] = "\n\n".join(part for part in parts if part)
        for item, text in zip(reply.calls, said, strict=True):
            answer: Message = {"role": "tool", "tool_call_id": item.id, "content": text}
            self.record.message(answer)
            messages.append(answer)
        pictures = pictures_message(made)
        if pictures is not None:
            self.record.message(pictures)
            messages.append(pictures)
        if changed:
            self.record.ledger(self.ledger.rows, after=made[-1].id)
        after = self._after({**state, "sent_back": sent_back}, messages, trouble, progress=progress)
        if accepted is not None:
            after |= {
                "conclusion": accepted.as_dict(),
                "ended": "concluded",
                "reason": None,
            }
        return after

    def conclude(self, state: State) -> dict[str, Any]:
        """Ends with a description in every case."""
        reason = state["reason"] or "no reason given"
        description: Description | None = None
        if state["conclusion"] is not None:
            description = Description.from_dict(state["conclusion"])
        elif state["ended"] != "failed":
            description = review.from_ledger(self.lab, self.unit, state["ledger"], reason)
        if description is None:
            description = Description("failed", status="failed", reason=reason)
        self.record.conclusion(description)
        self.record.end(state["ended"] or "failed", state["reason"], self.lab.meter)
        return {"conclusion": description.as_dict()}

    def _after(
        self, state: State, messages: list[Message], trouble: str, *, progress: bool
    ) -> dict[str, Any]:
        idle = 0 if progress else state["idle"] + 1
        out: dict[str, Any] = {
            "messages": messages,
            "ledger": self.ledger.rows,
            "sent_back": state["sent_back"],
            "idle": idle,
            "evidence": len(self.lab.evidence),
            "spent": self.lab.meter.as_dict(),
        }
        if idle >= MOST_IDLE:
            out |= {
                "ended": "stuck",
                "reason": f"{idle} turns in a row brought nothing; the last: {trouble}",
            }
        return out

    def _outlook(self, state: State, left: Left) -> str:
        """What is left, what the turn took, and when the end will come."""
        turn = taken(state["left"], left)
        more = self.budget.ahead(left, state["step"], [*state.get("turns", []), turn])
        said = left_words(left)
        if turn["tokens"]:
            said += f"; this turn took {turn['tokens']:,} tokens"
        if more:
            return f"{said}; about {more} more before only conclude is run"
        return f"{said}; the next must conclude"

    def _refused(
        self, item: Call, number: int, state: State, concluded: Evidence | None
    ) -> str | None:
        """Why a call is not run; None if it is."""
        if number >= MOST_CALLS:
            return f"a turn may make at most {MOST_CALLS} calls"
        if concluded is not None:
            return "the investigation was concluded by the call before"
        if state["last"] and item.name != "conclude":
            return "the budget is nearly spent; only conclude is run now"
        if item.name == "conclude":
            return None
        known = self._made.get(item.key, [])
        if len(known) >= _SAME:
            return (
                f"this same call was made before, see {', '.join(known)}; it would bring nothing "
                "new. Make another experiment, or conclude"
            )
        return None

    def _run(self, item: Call) -> Evidence:
        """Runs one call; a fault inside a tool becomes evidence with that error."""
        before = len(self.lab.evidence)
        try:
            result = call(self.lab, item.name, item.arguments)
        except Exception as error:
            if len(self.lab.evidence) > before:
                raise
            said = f"internal error in {item.name}: {type(error).__name__}: {error}"[:500]
            result = self.lab.evidence.add(
                Evidence(self.lab.evidence.next_id, item.name, {}, f"Error: {said}", error=said)
            )
        self._made.setdefault(item.key, []).append(result.id)
        if self.checkpoints is not None:
            self.checkpoints.keep(result)
        self.record.evidence(result)
        return result

    def _review(
        self, concluded: Evidence, dropped: list[str], state: State, left: Left
    ) -> tuple[Description | None, list[str]]:
        """The description to keep, or the reasons to send it back."""
        given = Description.from_dict({**concluded.data["description"], "notes": dropped})
        rows = self.ledger.rows
        reasons = review.faults(self.lab, self.unit, given, rows)
        curable = [reason for reason in reasons if not (state["last"] and "rivals" in reason)]
        if curable and state["sent_back"] == 0 and self.budget.spent(left) is None:
            return None, reasons
        return review.mended(self.lab, self.unit, given, rows), []


def left_words(left: Left) -> str:
    """What is left, for the planner."""
    parts = [f"{max(left['steps'], 0)} turns"]
    if left["tokens"] is not None:
        parts.append(f"{max(left['tokens'], 0):,} tokens")
    if left["seconds"] is not None:
        parts.append(f"{max(left['seconds'], 0):.0f} s")
    if left["cost"] is not None:
        parts.append(f"{max(left['cost'], 0):.2f} money")
    return "left: " + ", ".join(parts)


def _then(following: str) -> Any:
    def route(state: State) -> str:
        return following if state["ended"] is None else "conclude"

    return route


def call_key(tool: str, arguments: Any) -> str:
    """The same for the same call, as `Call.key`."""
    return Call("", tool, json.dumps(dict(arguments))).key


def pictures_message(made: Sequence[Evidence]) -> Message | None:
    """One user message with a turn's pictures as file paths; planners make data URLs of them."""
    parts: list[dict[str, Any]] = []
    for result in made:
        for path in result.images:
            parts.append({"type": "text", "text": f"{result.id}:"})
            parts.append({"type": "image_url", "image_url": {"url": str(path)}})
    return {"role": "user", "content": parts} if parts else None
