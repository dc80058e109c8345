"""The tool-calling loop as a langgraph graph; investigations, conversations and descriptions of
functions run on it.

    plan ──> approve ──> act ──> plan ... ──> finish

1. `plan` checks the budget and asks the planner for its next message. When the budget is nearly
   exhausted, the planner is told once to conclude.
2. `approve` interrupts the graph for each call that a person has to allow, one at a time; it goes
   on with `Command(resume={"call": ID, "allowed": BOOL})`.
3. `act` runs the calls in order. Each gets one tool message; pictures follow in a user message.
4. `finish` ends the run in every case.

A message of the planner stands in `reply` until `act` adds it to `messages`, repaired and with the
results of its calls: what is in `messages` is valid on the wire and never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from ..tools.errors import UsageError, said
from ..tools.evidence import Evidence
from ..tools.llm.client import LLMError
from ..tools.llm.usage import Meter
from .budget import Budget, difference, in_words
from .checkpoints import Checkpoints
from .replies import Call, Reply, repair
from .state import LoopState, Message, Planner

MAX_CALLS = 16
"""Tool calls of one turn that are run."""
MAX_IDLE = 4
"""Turns in a row without a new result, after which a run is ended."""
_MAX_REPEATS = 2  # how often the same call is run

S = TypeVar("S", bound=LoopState)


@dataclass
class Turn:
    """The calls of one reply, as they are run."""

    texts: list[str] = field(default_factory=list)
    """What the planner reads, one text a call."""
    results: list[Evidence] = field(default_factory=list)
    """Of the calls, in order."""
    made: list[Evidence] = field(default_factory=list)
    """All results in order, those of calls inside programs too."""
    places: list[int] = field(default_factory=list)
    """Where in `texts` each result stands."""
    notes: list[str] = field(default_factory=list)
    """What is said behind the result of the call at work."""
    over: str | None = None
    """Why no further call of this turn is run."""
    error: str = ""
    """The last thing that went wrong."""

    def refuse(self, reason: str) -> None:
        """A call is not run."""
        self.texts.append(f"Not run: {reason}.")
        self.error = reason

    def take(self, result: Evidence, text: str) -> None:
        """A call was run."""
        self.places.append(len(self.texts))
        self.results.append(result)
        self.made.append(result)
        self.texts.append(". ".join([text, *self.notes]))
        self.error = result.error or self.error


@dataclass(kw_only=True)
class Loop(Generic[S]):
    """The nodes of the graph. Subclasses say how to run a call, and override the hooks."""

    planner: Planner
    budget: Budget
    meter: Meter
    checkpoints: Checkpoints | None = None

    schema: ClassVar[type[LoopState]] = LoopState
    reserve: ClassVar[int] = 2
    """Turns that are kept back for the end."""
    ending: ClassVar[str]
    """How a planner ends a run, in words for it."""
    notice: ClassVar[str]
    """What tells it to end; `{left}` in it is what remains of the budget."""
    repeatable: ClassVar[frozenset[str]] = frozenset()
    """Tools whose calls may be repeated; others run twice at most with the same arguments."""

    def compile(self) -> Any:
        """The runnable graph."""
        graph = StateGraph(self.schema)
        graph.add_node("plan", self.plan)
        graph.add_node("approve", self.approve)
        graph.add_node("act", self.act)
        graph.add_node("finish", self.finish)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", self._planned, ["approve", "act", "finish"])
        graph.add_conditional_edges("approve", self._planned, ["approve", "act"])
        graph.add_conditional_edges(
            "act", lambda state: "finish" if state["ended"] else "plan", ["plan", "finish"]
        )
        graph.add_edge("finish", END)
        return graph.compile(checkpointer=self.checkpoints)

    def config(self, thread: str) -> Any:
        """The graph's configuration for one thread of checkpoints."""
        limit = (self.budget.steps + 2) * (MAX_CALLS + 2)
        return {"recursion_limit": limit, "configurable": {"thread_id": thread}}

    def plan(self, state: S) -> dict[str, Any]:
        """Asks the planner for its next message."""
        remaining = self.budget.remaining(self.meter, state["step"])
        exhausted = self.budget.exhausted(remaining)
        if exhausted is not None:
            return {"ended": "budget", "reason": exhausted, "remaining": remaining}
        turns = state["turns"]
        if state["step"]:
            turns = [*turns, difference(state["remaining"], remaining)]
        last, news = state["last"], []
        if not last and self.budget.nearly_exhausted(
            remaining, state["step"], turns, reserve=self.reserve
        ):
            notice = self.notice.format(left=in_words(remaining))
            last, news = True, [{"role": "user", "content": notice}]
            self.observe(news)
        now: Any = {**state, "last": last, "remaining": remaining}
        now["messages"] = [*state["messages"], *news]
        try:
            reply = self.ask(now)
        except (LLMError, UsageError) as error:
            reason = said(error, 2000)
            end = {"ended": "failed", "reason": reason, "usage": self.meter.as_dict()}
            return {"messages": news, **end}
        return {
            "messages": news,
            "reply": {**reply, "role": "assistant"},
            "decisions": {},
            "step": state["step"] + 1,
            "last": last,
            "remaining": remaining,
            "turns": turns,
            "usage": self.meter.as_dict(),
        }

    def approve(self, state: S) -> dict[str, Any]:
        """Waits for a decision on the first call that needs one."""
        waiting = self.needs_approval(state)
        if waiting is None:
            return {}
        decision = interrupt(waiting)  # of the call that was asked about, whatever waits now
        allowed = decision["allowed"] is True
        return {"decisions": {**state["decisions"], decision["call"]: allowed}}

    def act(self, state: S) -> dict[str, Any]:
        """Runs the calls of the planner's message."""
        reply = self.repaired(state)
        update = self.final_answer(state, reply)
        if update is not None:
            return {"reply": None, **update}
        if reply.fault is not None:
            told = "\n".join([f"Nothing was run: {reply.fault}", self.note(state)]).strip()
            messages = [reply.message, {"role": "user", "content": told}]
            return self._update(state, messages, Turn(error=reply.fault))
        turn, calls = Turn(), {key: list(ids) for key, ids in state["calls"].items()}
        for number, call in enumerate(reply.calls):
            refusal = turn.over or self._refusal(state, call, number, calls)
            if refusal is not None:
                turn.refuse(refusal)
                continue
            turn.notes = []
            result = self.run(state, call, turn)
            calls.setdefault(call.key, []).append(result.id)
            turn.take(result, self.text_of(result))
        update = self.after_turn(state, turn)
        turn.texts[-1] = "\n\n".join(filter(None, (turn.texts[-1], self.note(state))))
        answers = [
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(reply.calls, turn.texts, strict=True)
        ]
        messages = [reply.message, *answers, *_pictures(turn.results)]
        return {**self._update(state, messages, turn), "calls": calls, **update}

    def _update(self, state: S, messages: list[Message], turn: Turn) -> dict[str, Any]:
        """What a turn changes in the state."""
        self.observe(messages[1:])
        progress = any(result.error is None for result in turn.made)
        idle = 0 if progress else state["idle"] + 1
        update: dict[str, Any] = {
            "messages": messages,
            "reply": None,
            "idle": idle,
            "evidence": state["evidence"] + len(turn.made),
            "usage": self.meter.as_dict(),
        }
        if idle >= MAX_IDLE:
            reason = f"{idle} turns in a row brought nothing; the last: {turn.error}"
            update |= {"ended": "stuck", "reason": reason}
        return update

    def _planned(self, state: S) -> str:
        if state["ended"] is not None:
            return "finish"
        return "act" if self.needs_approval(state) is None else "approve"

    def _refusal(
        self, state: S, call: Call, number: int, calls: dict[str, list[str]]
    ) -> str | None:
        if number >= MAX_CALLS:
            return f"a turn may make at most {MAX_CALLS} calls"
        refusal = self.refusal(state, call)
        known = calls.get(call.key, [])
        repeated = len(known) >= _MAX_REPEATS and call.name not in self.repeatable
        if refusal is None and repeated:
            return (
                f"this same call was made before, see {', '.join(known)}; it would bring nothing "
                f"new. Make another experiment, or {self.ending}"
            )
        return refusal

    def repaired(self, state: S) -> Reply:
        """The planner's message that was not acted on yet, repaired."""
        return repair(state["reply"] or {}, len(state["messages"]), self.ending)

    # What a kind of run says for itself.

    def run(self, state: S, call: Call, turn: Turn) -> Evidence:
        """Runs one call; what goes wrong is a result with an `error`. Results of calls inside it
        go to `turn.made`."""
        raise NotImplementedError

    def ask(self, state: S) -> Message:
        """The planner's next message."""
        return self.planner.next(state)

    def needs_approval(self, state: S) -> dict[str, Any] | None:
        """The first call that waits for a decision, with its id as `call`; None: none does."""
        return None

    def final_answer(self, state: S, reply: Reply) -> dict[str, Any] | None:
        """The end of the run, where the message itself ends it; None: its calls are run."""
        return None

    def refusal(self, state: S, call: Call) -> str | None:
        """Why a call is not run; None: it is."""
        return None

    def text_of(self, result: Evidence) -> str:
        """A result for the planner."""
        return f"[{result.id}] {result.text}"

    def after_turn(self, state: S, turn: Turn) -> dict[str, Any]:
        """What else changes after a turn; may change its texts."""
        return {}

    def note(self, state: S) -> str:
        """What stands under the last result of a turn: what remains of the budget."""
        return f"({in_words(self.budget.remaining(self.meter, state['step']))})"

    def observe(self, messages: Sequence[Message]) -> None:
        """Told of messages that are added, except the planner's."""

    def finish(self, state: S) -> dict[str, Any]:
        """Ends the run."""
        return {}


def _pictures(results: Sequence[Evidence]) -> list[Message]:
    """A user message with a turn's pictures as file paths; planners make data URLs of them."""
    parts: list[dict[str, Any]] = []
    for result in results:
        for path in result.images:
            parts.append({"type": "text", "text": f"{result.id}:"})
            parts.append({"type": "image_url", "image_url": {"url": str(path)}})
    return [{"role": "user", "content": parts}] if parts else []
