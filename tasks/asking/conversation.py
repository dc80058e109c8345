"""A conversation about a model: questions in, events and an answer out, memory over turns."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from langgraph.types import Command

from ...agent.budget import Budget, in_words
from ...agent.state import Message, PlannerFactory, first_state
from ...tools.errors import UsageError
from ...tools.hypotheses.resolve import recall
from ...tools.io.shapes import check
from ...tools.lab import Lab
from . import answer_html as _answer_html  # noqa: F401  shows answers in notebooks
from .cancel import CancelToken
from .claims import cited, claims
from .events import Answer, ApprovalRequest, Event, TextDelta
from .loop import ConversationLoop
from .state import ConversationState, Turn, Waiting
from .system import system
from .threads import About, Thread, titled

BUDGET = Budget(steps=12, tokens=200_000, seconds=600.0)
"""Of one question."""
LONGEST = 20_000
"""Letters of a question."""


class Conversation:
    """Questions about one target, answered by experiments. One question at a time.

    Made by `open_conversation`. Iterate over `stream(question)`; where that ends with an
    `ApprovalRequest`, iterate over `go_on(allowed=...)`. The last event of a question is its
    `Answer`.

    Args:
        lab: The lab; `lab.open` is set.
        factory: Makes what answers.
        thread: Where the conversation is kept; what is in it is gone on with.
        about: What it is about.
        budget: Of each question.
        ask_first: Whether costly calls wait for approval.
    """

    def __init__(
        self,
        lab: Lab,
        factory: PlannerFactory,
        thread: Thread,
        about: About,
        *,
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
        self._system = system(lab, about)
        self._events: SimpleQueue[Event | BaseException | None] = SimpleQueue()
        self._busy = threading.Lock()
        answers: Any = factory(lab)
        if hasattr(answers, "on_text"):
            answers.on_text = lambda text: self._events.put(TextDelta(text))
        self._loop = ConversationLoop(
            planner=answers,
            budget=budget,
            meter=lab.meter,
            checkpoints=thread.checkpoints,
            lab=lab,
            emit=self._events.put,
            ask_first=ask_first,
        )
        self._graph = self._loop.compile()
        self._config = self._loop.config("talk")
        for evidence in thread.checkpoints.evidence(self._state["evidence"]):
            lab.evidence.add(evidence)
            recall(lab, evidence.arguments)

    @property
    def turns(self) -> Sequence[Turn]:
        """The questions so far, with their answers."""
        state = self._state
        return [*state["earlier"], _turn(state)] if state["ended"] else state["earlier"]

    @property
    def waiting(self) -> ApprovalRequest | None:
        """The costly call that waits for approval; None: none does."""
        found = self._graph.get_state(self._config)
        pending = [item for task in found.tasks for item in task.interrupts]
        if not pending:
            return None
        path = str(self.thread.checkpoints.path)
        return ApprovalRequest(**check(pending[0].value, Waiting, path))

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
            self.lab.meter.restart(self.budget.seconds)
            self._fresh()
            state = self._question(asked)
            if not self.about.title:
                self.about = replace(self.about, title=titled(asked))
            self.thread.keep(self.about)
        except BaseException:
            self._busy.release()
            raise
        return self._run(state)

    def go_on(self, *, allowed: bool) -> Iterator[Event]:
        """Goes on after an `ApprovalRequest`.

        Raises:
            UsageError: if nothing waits for approval.
        """
        if not self._busy.acquire(blocking=False):
            raise UsageError("a question of this conversation is being answered; wait for it")
        asked = self.waiting
        if asked is None:
            self._busy.release()
            raise UsageError("nothing waits for approval")
        self._fresh()
        return self._run(Command(resume={"call": asked.call, "allowed": allowed}))

    def stop(self) -> None:
        """Stops the present experiment, from any thread; the conversation goes on."""
        self._loop.token.cancel()

    def close(self) -> None:
        """Lets others open the conversation."""
        self.thread.close()

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _state(self) -> ConversationState:
        path = str(self.thread.checkpoints.path)
        known = self._graph.get_state(self._config).values
        return check({**self._blank(), **known}, ConversationState, path)

    def _blank(self, *messages: Message) -> ConversationState:
        """The state of a question of which nothing is done yet."""
        remaining = self.budget.remaining(self.lab.meter, 0)
        first = first_state(messages, remaining, {})
        return ConversationState(**first, earlier=[], question="", found=[], text=None)

    def _fresh(self) -> None:
        self._loop.token = CancelToken()
        while not self._events.empty():  # of a question that nobody waited for
            self._events.get()

    def _question(self, question: str) -> ConversationState:
        """What a question adds to the state."""
        state = self._state
        left = in_words(self.budget.remaining(self.lab.meter, 0))
        asked: Message = {"role": "user", "content": f"{question}\n\n({left})"}
        start: list[Message] = [{"role": "system", "content": self._system}]
        before = self._closing(state) if state["messages"] else start
        return {
            **self._blank(*before, asked),
            "earlier": [_turn(state)] if state["question"] else [],
            "question": question,
            "evidence": len(self.lab.evidence),
        }

    def _closing(self, state: ConversationState) -> list[Message]:
        """What the messages lack where the last question broke off; nothing where it ended."""
        out: list[Message] = []
        if state["reply"] is not None:
            reply = self._loop.repaired(state)
            said = "Not run: the conversation broke off here."
            out.append(reply.message)
            out += [
                {"role": "tool", "tool_call_id": call.id, "content": said} for call in reply.calls
            ]
        if [*state["messages"], *out][-1]["role"] != "assistant":
            out.append({"role": "assistant", "content": "(No answer: the conversation broke off.)"})
        return out

    def _run(self, start: Any) -> Iterator[Event]:
        """Runs the graph in a thread and gives its events; the last asks or answers."""

        def work() -> None:
            try:
                self._graph.invoke(start, self._config, durability="sync")
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
            state["usage"],
            state["ended"] or "failed",
            state["reason"],
        )


def _turn(state: ConversationState) -> Turn:
    return Turn(
        question=state["question"],
        text=state["text"] or "",
        evidence=state["found"],
        ended=state["ended"] or "stopped",
        reason=state["reason"],
        spent=state["usage"],
    )


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
