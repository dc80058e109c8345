"""A conversation about a model: questions in, events and an answer out, memory over turns."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from langgraph.types import Command

from ...agent.graph import left_words
from ...agent.replies import mend
from ...agent.state import Budget, Message
from ...tools.errors import UsageError
from ...tools.hypotheses.resolve import recall
from ...tools.io.shapes import check
from ...tools.lab import Lab
from ...tools.llm.usage import Meter
from .claims import cited, claims
from .events import Answer, Consent, Event, Words
from .graph import TalkLoop
from .state import AnswersFactory, Talk, Turn, Waiting
from .stopping import Stopper
from .threads import About, Thread, titled

BUDGET = Budget(steps=12, tokens=200_000, seconds=600.0)
"""Of one question."""
LONGEST = 20_000
"""Letters of a question."""
_CONFIG: dict[str, Any] = {"recursion_limit": 200, "configurable": {"thread_id": "talk"}}
_OPENING_STATE = Talk(
    messages=[],
    earlier=[],
    question="",
    found=[],
    step=0,
    last=False,
    left={"steps": 0, "tokens": None, "seconds": None, "cost": None},
    turns=[],
    text=None,
    ended=None,
    reason=None,
    evidence=0,
    spent={},
    refused=[],
    allowed=[],
)


class Conversation:
    """Questions about one target, answered by experiments. One question at a time.

    Made by `open_conversation`. Iterate over `stream(question)`; where that ends with a `Consent`,
    iterate over `go_on(allowed=...)`. The last event of a question is its `Answer`.

    Args:
        lab: The bench; `lab.open` is set.
        factory: Makes what answers.
        thread: Where the conversation is kept; what is in it is gone on with.
        about: What it is about.
        system: The system prompt.
        budget: Of each question.
        ask_first: Whether costly calls wait for leave.
    """

    def __init__(
        self,
        lab: Lab,
        factory: AnswersFactory,
        thread: Thread,
        about: About,
        *,
        system: str,
        budget: Budget = BUDGET,
        ask_first: bool = True,
    ) -> None:
        lab.open = True
        lab.evidence.folder = thread.pictures
        self.lab = lab
        self.planner = factory.name
        self.thread = thread
        self.about = about
        self.budget = budget
        self._system = system
        self._events: SimpleQueue[Event | BaseException | None] = SimpleQueue()
        self._busy = threading.Lock()
        self._stopper = Stopper()
        self._loop = TalkLoop(
            lab,
            factory(lab),
            budget,
            self._events.put,
            thread.checkpoints,
            ask_first=ask_first,
        )
        answers = self._loop.answers
        if hasattr(answers, "heard"):
            answers.heard = lambda text: self._events.put(Words(text))  # type: ignore[attr-defined]
        self._graph = self._loop.compile()
        for evidence in thread.checkpoints.evidence(self._state["evidence"]):
            lab.evidence.add(evidence)
            recall(lab, evidence.arguments)

    @property
    def turns(self) -> Sequence[Turn]:
        """The questions so far, with their answers."""
        state = self._state
        return [*state["earlier"], _turn(state)] if state["ended"] else state["earlier"]

    @property
    def waiting(self) -> Consent | None:
        """The costly call that waits for leave; None: none does."""
        found = self._graph.get_state(_CONFIG)
        pending = [item for task in found.tasks for item in task.interrupts]
        if not pending:
            return None
        path = str(self.thread.checkpoints.path)
        return Consent(**check(pending[0].value, Waiting, path))

    def ask(self, question: str) -> Answer:
        """Answers a question; costly calls are run without asking.

        Raises:
            UsageError: if the question is empty or too long, or another is being answered.
        """
        events = self.stream(question)
        while True:
            *_, last = events
            if isinstance(last, Answer):
                return last
            events = self.go_on(allowed=True)

    def stream(self, question: str) -> Iterator[Event]:
        """Answers a question, event by event.

        A caller that stops iterating stops the work.

        Raises:
            UsageError: if the question is empty or too long, or another is being answered.
        """
        asked = _checked(question)
        if not self._busy.acquire(blocking=False):
            raise UsageError("another question of this conversation is being answered; wait for it")
        try:
            self.lab.meter = Meter(limit=self.budget.seconds)
            self._fresh()
            state = self._next_state(asked)
            if not self.about.title:
                self.about = replace(self.about, title=titled(asked))
            self.thread.keep(self.about)
        except BaseException:
            self._busy.release()
            raise
        return self._run(state)

    def go_on(self, *, allowed: bool) -> Iterator[Event]:
        """Goes on after a `Consent`.

        Raises:
            UsageError: if nothing waits for leave.
        """
        if not self._busy.acquire(blocking=False):
            raise UsageError("a question of this conversation is being answered; wait for it")
        asked = self.waiting
        if asked is None:
            self._busy.release()
            raise UsageError("nothing waits for leave")
        self._fresh()
        return self._run(Command(resume={"call": asked.call, "allowed": allowed}))

    def stop(self) -> None:
        """Stops the present experiment, from any thread; the conversation goes on."""
        self._stopper.stop()

    def close(self) -> None:
        """Lets others open the conversation."""
        self.thread.close()

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _state(self) -> Talk:
        found = self._graph.get_state(_CONFIG).values
        return check({**_OPENING_STATE, **found}, Talk, str(self.thread.checkpoints.path))

    def _fresh(self) -> None:
        self._stopper = self._loop.stopper = Stopper()
        while not self._events.empty():  # of a question that nobody waited for
            self._events.get()

    def _next_state(self, question: str) -> Talk:
        """The state in which a question begins."""
        state = self._state
        messages = _repaired(state["messages"]) or [{"role": "system", "content": self._system}]
        left = self.budget.left(self.lab.meter, 0)
        asked: Message = {"role": "user", "content": f"{question}\n\n({left_words(left)})"}
        return Talk(
            **{  # type: ignore[typeddict-item]
                **_OPENING_STATE,
                "messages": [*messages, asked],
                "earlier": [*state["earlier"], _turn(state)] if state["question"] else [],
                "question": question,
                "left": left,
                "evidence": len(self.lab.evidence),
            }
        )

    def _run(self, start: Any) -> Iterator[Event]:
        """Runs the graph in a thread and gives its events; ends with `Consent` or `Answer`."""

        def work() -> None:
            try:
                self._graph.invoke(start, _CONFIG, durability="sync")
                self._events.put(self.waiting or self._answer())
                self._events.put(None)
            except BaseException as error:
                self._events.put(error)
            finally:
                self._busy.release()

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        return self._heard(worker)

    def _heard(self, worker: threading.Thread) -> Iterator[Event]:
        """The events of a question at work; Ctrl-C stops its present experiment."""
        finished = False
        try:
            while not finished:
                try:
                    event = self._events.get()
                except KeyboardInterrupt:
                    self.stop()
                    continue
                finished = event is None or isinstance(event, BaseException)
                if isinstance(event, BaseException):
                    raise event
                if event is not None:
                    yield event
        finally:
            if not finished:
                self.stop()
            worker.join()

    def _answer(self) -> Answer:
        state = self._state
        store = self.lab.evidence
        text = state["text"] or ""
        return Answer(
            state["question"],
            text,
            claims(text, store, state["question"]),
            tuple(store[name] for name in cited(text) if name in store),
            state["spent"],
            state["ended"] or "failed",
            state["reason"],
        )


def _turn(state: Talk) -> Turn:
    return Turn(
        question=state["question"],
        text=state["text"] or "",
        evidence=state["found"],
        ended=state["ended"] or "stopped",
        reason=state["reason"],
        spent=state["spent"],
    )


def _repaired(messages: Sequence[Message]) -> list[Message]:
    """A conversation in which every call has a result, though it broke off in the middle."""
    out = list(messages)
    if out and out[-1]["role"] == "assistant" and out[-1].get("tool_calls"):
        reply = mend(out[-1], len(out))
        out[-1] = reply.message
        for item in reply.calls:
            said = "Not run: the conversation broke off here."
            out.append({"role": "tool", "tool_call_id": item.id, "content": said})
    if out and out[-1]["role"] != "assistant":
        out.append({"role": "assistant", "content": "(No answer: the conversation broke off.)"})
    return out


def _checked(question: str) -> str:
    """The question without control characters.

    Raises:
        UsageError: if there is nothing in it, or too much.
    """
    clean = "".join(sign for sign in question if sign.isprintable() or sign in "\n\t").strip()
    if not clean:
        raise UsageError("the question is empty; ask for example: what does unit mlp.0/7 do?")
    if len(clean) > LONGEST:
        raise UsageError(
            f"the question has {len(clean):,} letters; at most {LONGEST:,} are read: shorten it, "
            "and give long texts as a file with --data"
        )
    return clean
