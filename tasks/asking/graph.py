"""The loop of a conversation as a langgraph graph, the same with and without a language model.

    plan ──> consent ──> act ──> plan ... ──> answer

1. `plan` checks the question's budget and asks for the next message: calls, or the answer.
2. `consent` interrupts the graph where a call costs much, until the person has decided; one call a
   time, and what was decided is kept by the id of the call.
3. `act` runs the calls in order; each result is evidence under an id that answers cite.
4. `answer` ends the turn in every case; the conversation stays valid for the next question.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from ...agent.checkpoints import Checkpoints
from ...agent.graph import call_key, left_words, pictures_message
from ...agent.replies import MOST_CALLS, Call, mend
from ...agent.state import Budget, Message, taken
from ...tools.cancellation import Stopped
from ...tools.errors import UsageError
from ...tools.evidence import Evidence
from ...tools.io.strict_json import read_json
from ...tools.lab import Lab
from ...tools.llm.client import LLMError
from ...tools.registry import call, offered
from . import consent
from .events import Calling, Event, Found, Spent
from .state import Answers, Talk
from .stopping import Stopper

_FAULTS = 2  # unusable messages in a row that end a question
_SAME = 2  # how often the same call is run for one question
_STOPPED = "stopped by the person"
_FAULT = "Nothing was run:"


@dataclass
class TalkLoop:
    """The nodes of a conversation, with what they work on."""

    lab: Lab
    answers: Answers
    budget: Budget
    say: Callable[[Event], None]
    """Gets events while the work goes on."""
    checkpoints: Checkpoints
    ask_first: bool = True
    """Whether costly calls wait for leave."""
    stopper: Stopper = field(default_factory=Stopper)

    def compile(self) -> Any:
        """The runnable graph."""
        graph = StateGraph(Talk)
        for name in ("plan", "consent", "act", "answer"):
            graph.add_node(name, getattr(self, name))
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", _then("consent"), ["consent", "answer"])
        graph.add_conditional_edges("consent", self._decided, ["consent", "act"])
        graph.add_conditional_edges("act", _then("plan"), ["plan", "answer"])
        graph.add_edge("answer", END)
        return graph.compile(checkpointer=self.checkpoints)

    def plan(self, state: Talk) -> dict[str, Any]:
        """Asks for the next message."""
        left = self.budget.left(self.lab.meter, state["step"])
        spent = self.budget.spent(left)
        if spent is not None:
            return {"ended": "budget", "reason": spent, "left": left}
        turns = [*state["turns"], taken(state["left"], left)] if state["step"] else []
        messages, last = list(state["messages"]), state["last"]
        if not last and self.budget.nearly(left, state["step"], turns):
            last = True
            messages.append(_user("The budget is nearly spent: answer now, from what was found."))
        self.say(Spent(left_words(left), self.lab.meter.as_dict()))
        now: Talk = {**state, "messages": messages, "last": last, "left": left}
        try:
            given = self.stopper.wait_for(lambda: self.answers.next(now))
        except (LLMError, UsageError) as error:
            return _end("failed", " ".join(str(error).split()), messages)
        except Stopped:
            return _end("stopped", _STOPPED, messages)
        reply = mend(given, len(messages))
        out: dict[str, Any] = {
            "messages": [*messages, reply.message],
            "refused": [],
            "allowed": [],
            "step": state["step"] + 1,
            "last": last,
            "left": left,
            "turns": turns,
            "spent": self.lab.meter.as_dict(),
        }
        content = str(given.get("content") or "").strip()
        if content and given.get("finish_reason") != "length" and (last or not reply.calls):
            said = {key: value for key, value in reply.message.items() if key != "tool_calls"}
            out["messages"] = [*messages, {**said, "content": content}]
            return {**out, "text": content, "ended": "answered"}
        if not reply.calls:
            faults = sum(_FAULT in str(item.get("content")) for item in messages[-2 * _FAULTS :])
            if faults >= _FAULTS:
                return _end("failed", f"no usable reply: {reply.fault}", messages)
            out["messages"].append(_user(f"{_FAULT} {reply.fault}"))
        return out

    def consent(self, state: Talk) -> dict[str, Any]:
        """Waits for leave for the first costly call that nobody has decided on."""
        waiting = self._undecided(state)
        if waiting is None:
            return {}
        item, said = waiting
        asked = {"tool": item.name, "arguments": _arguments(item), "cost": said, "call": item.id}
        given = interrupt(asked)  # of the call that was asked about, whatever waits now
        name: Literal["allowed", "refused"] = "allowed" if given["allowed"] is True else "refused"
        return {name: [*state[name], given["call"]]}

    def _decided(self, state: Talk) -> str:
        return "act" if self._undecided(state) is None else "consent"

    def _undecided(self, state: Talk) -> tuple[Call, str] | None:
        """The first costly call of the last message that waits for leave, with its cost."""
        if not self.ask_first:
            return None
        known = {*state["refused"], *state["allowed"]}
        for item in self._calls(state)[:MOST_CALLS]:
            if item.id in known:
                continue
            said = consent.cost(self.lab, item.name, _arguments(item))
            if said is not None:
                return item, said
        return None

    def act(self, state: Talk) -> dict[str, Any]:
        """Runs the calls of the last message."""
        calls = self._calls(state)
        messages, found = list(state["messages"]), list(state["found"])
        known = (self.lab.evidence[name] for name in state["found"])
        earlier = [call_key(one.tool, one.arguments) for one in known]
        ended: dict[str, Any] = {}
        for number, item in enumerate(calls):
            refusal = self._refusal(item, number, state, earlier)
            if ended or refusal is not None:
                messages.append(_answered(item, f"Not run: {refusal or _STOPPED}."))
                continue
            self.say(Calling(item.name, _arguments(item)))
            made, stopped = self._run(item)
            self.say(Found(made))
            found.append(made.id)
            earlier.append(call_key(made.tool, made.arguments))
            messages.append(_answered(item, f"[{made.id}] {made.text}"))
            if stopped:
                ended = {"ended": "stopped", "reason": _STOPPED}
        left = self.budget.left(self.lab.meter, state["step"])
        if calls:
            messages[-1]["content"] += f"\n\n({left_words(left)})"
        made_now = [self.lab.evidence[name] for name in found[len(state["found"]) :]]
        pictures = pictures_message(made_now)
        if pictures is not None:
            messages.append(pictures)
        return {
            "messages": messages,
            "found": found,
            "evidence": len(self.lab.evidence),
            "spent": self.lab.meter.as_dict(),
            **ended,
        }

    def answer(self, state: Talk) -> dict[str, Any]:
        """Ends the turn; a turn without an answer leaves a note for those that follow."""
        messages = list(state["messages"])
        if state["ended"] != "answered":
            note = f"(No answer to this question: {state['reason']}.)"
            messages.append(_bare(note))
        return {"messages": messages, "spent": self.lab.meter.as_dict()}

    def _calls(self, state: Talk) -> list[Call]:
        message = state["messages"][-1]
        return mend(message, len(state["messages"])).calls if message.get("tool_calls") else []

    def _refusal(self, item: Call, number: int, state: Talk, earlier: list[str]) -> str | None:
        """Why a call is not run; None if it is."""
        if number >= MOST_CALLS:
            return f"a turn may make at most {MOST_CALLS} calls"
        if item.id in state["refused"]:
            return "the person did not allow this costly call; answer without it"
        if state["last"]:
            return "the budget is nearly spent; answer now, without tools"
        known = offered(self.lab).get(item.name)
        if known is not None and known.action:
            return f"{item.name} belongs to investigations of one unit, not to a conversation"
        if earlier.count(call_key(item.name, _arguments(item))) >= _SAME:
            return "this same call was made twice for this question; it would bring nothing new"
        return None

    def _run(self, item: Call) -> tuple[Evidence, bool]:
        """Runs one call, and whether it was stopped; a fault becomes evidence with an error."""
        store = self.lab.evidence
        before = len(store)
        stopped = False
        try:
            with self.stopper.work():
                made = call(self.lab, item.name, item.arguments)
        except Stopped:
            stopped, said = True, _STOPPED
        except Exception as error:
            said = f"internal error in {item.name}: {type(error).__name__}: {error}"[:500]
        else:
            self.checkpoints.keep(made)
            return made, False
        if len(store) > before:  # it had just been kept
            made = store[f"E{len(store)}"]
        else:
            made = store.add(
                Evidence(store.next_id, item.name, _arguments(item), f"Error: {said}", error=said)
            )
        self.checkpoints.keep(made)
        return made, stopped


def _then(following: str) -> Any:
    def route(state: Talk) -> str:
        return following if state["ended"] is None else "answer"

    return route


def _end(ended: str, reason: str, messages: list[Message]) -> dict[str, Any]:
    return {"ended": ended, "reason": reason, "messages": messages}


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _bare(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _answered(item: Call, text: str) -> Message:
    return {"role": "tool", "tool_call_id": item.id, "content": text}


def _arguments(item: Call) -> dict[str, Any]:
    try:
        found = read_json(item.arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
