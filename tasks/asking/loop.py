"""The tool-calling loop of a conversation, the same with and without a language model.

Costly calls wait for a person. A message in words, without calls, is the answer and ends the
question; the conversation stays valid for the next one. A person may cancel what runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...agent.budget import in_words
from ...agent.loop import MAX_CALLS, Loop, Turn
from ...agent.replies import Call, Reply
from ...agent.state import Message
from ...tools.cancellation import Stopped
from ...tools.evidence import Evidence
from ...tools.instruments import program
from ...tools.lab import Lab
from ...tools.registry import attempt, failed, offered
from . import approval
from .cancel import CancelToken
from .events import SPOKEN, BudgetUpdate, Event, ToolCall, ToolResult
from .state import ConversationState

_STOPPED = "stopped by the person"


@dataclass(kw_only=True)
class ConversationLoop(Loop[ConversationState]):
    """The loop of one conversation."""

    lab: Lab
    emit: Callable[[Event], None]
    """Gets events while the work goes on."""
    ask_first: bool = True
    """Whether costly calls wait for approval."""
    token: CancelToken = field(default_factory=CancelToken)

    schema = ConversationState
    ending = "answer in words if you are done"
    notice = "The budget is nearly spent: answer now, from what was found."

    def plan(self, state: ConversationState) -> dict[str, Any]:
        """Asks for the next message."""
        try:
            return super().plan(state)
        except Stopped:
            return {"ended": "stopped", "reason": _STOPPED}

    def ask(self, state: ConversationState) -> Message:
        """The next message: calls, or the answer."""
        self.emit(BudgetUpdate(in_words(state["remaining"]), self.meter.as_dict()))
        return self.token.wait_for(lambda: self.planner.next(state))

    def needs_approval(self, state: ConversationState) -> dict[str, Any] | None:
        """The first costly call that nobody has decided on."""
        if not self.ask_first or state["reply"] is None or state["last"]:
            return None
        for call in self.repaired(state).calls[:MAX_CALLS]:
            if call.id in state["decisions"]:
                continue
            cost = approval.cost(self.lab, call.name, call.values)
            if cost is not None:
                return {"tool": call.name, "arguments": call.values, "cost": cost, "call": call.id}
        return None

    def final_answer(self, state: ConversationState, reply: Reply) -> dict[str, Any] | None:
        """Words without calls are the answer; with calls too, where no call is run any more."""
        given = state["reply"] or {}
        text = str(given.get("content") or "").strip()
        if not text or given.get("finish_reason") == "length":
            return None
        if reply.calls and not state["last"]:
            return None
        message = {key: value for key, value in reply.message.items() if key != "tool_calls"}
        ended = "unanswered" if given.get("finish_reason") == "unanswered" else "answered"
        return {"messages": [{**message, "content": text}], "text": text, "ended": ended}

    def refusal(self, state: ConversationState, call: Call) -> str | None:
        """Why a call is not run."""
        if state["decisions"].get(call.id) is False:
            return "the person did not allow this costly call; answer without it"
        if state["last"]:
            return "the budget is nearly spent; answer now, without tools"
        tool = offered(self.lab).get(call.name)
        if tool is not None and tool.action:
            return f"{call.name} belongs to investigations of one unit, not to a conversation"
        return None

    def run(self, state: ConversationState, call: Call, turn: Turn) -> Evidence:
        """Runs a tool, until it ends or the person stops it."""
        store = self.lab.evidence
        before, known = len(store), len(turn.made)
        self.emit(ToolCall(call.name, call.values))

        def made(inner: Evidence) -> None:
            self._keep(inner)
            turn.made.append(inner)

        try:
            with self.token.work(), program.rules(made=made, refusal=self._inner_refusal):
                result = attempt(self.lab, call.name, call.arguments)
        except Stopped:
            turn.over = _STOPPED
            untold = [
                store[f"E{i + 1}"] for i in range(before + len(turn.made) - known, len(store))
            ]
            if untold and untold[-1].tool == call.name:  # it had just ended
                result = untold[-1]
            else:
                for inner in untold:
                    made(inner)
                result = failed(self.lab, call.name, call.arguments, _STOPPED)
        self._keep(result)
        return result

    def _keep(self, result: Evidence) -> None:
        """A result is kept and shown as soon as it is there."""
        if self.checkpoints is not None:
            self.checkpoints.keep(result)
        self.emit(ToolResult(result))

    def _inner_refusal(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Why a program's call is not made: a costly one waits for the person, by itself."""
        cost = approval.cost(self.lab, name, arguments) if self.ask_first else None
        if cost is None:
            return None
        return f"this takes {cost}, so the person is asked first: call it directly"

    def after_turn(self, state: ConversationState, turn: Turn) -> dict[str, Any]:
        """Notes the results of the question, and a stop."""
        update: dict[str, Any] = {"found": [*state["found"], *(one.id for one in turn.made)]}
        if turn.over is not None:
            update |= {"ended": "stopped", "reason": _STOPPED}
        return update

    def finish(self, state: ConversationState) -> dict[str, Any]:
        """Ends the question; one without an answer leaves a note for those that follow."""
        update: dict[str, Any] = {"usage": self.meter.as_dict()}
        if state["ended"] not in SPOKEN:
            note = f"(No answer to this question: {state['reason']}.)"
            update["messages"] = [{"role": "assistant", "content": note}]
        if state["ended"] == "stuck":
            update["ended"] = "failed"
        return update
