"""Investigates one unit: runs the loop with a planner and a lab, from lab to description.

After each turn the ledger takes in what was measured, and its table and what remains of the budget
stand under the last result. A conclusion is reviewed, and may be sent back once. An investigation
ends with the accepted description, else with what the ledger supports, else as failed.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools import instruments as _tools  # noqa: F401  registers the tools
from ..tools.data.image_rows import ImageRows
from ..tools.errors import UsageError
from ..tools.evidence import Evidence
from ..tools.hypotheses.resolve import recall
from ..tools.instruments import program
from ..tools.io.shapes import check
from ..tools.lab import Lab
from ..tools.llm.usage import Meter
from ..tools.models import Unit
from ..tools.registry import attempt
from . import actions as _actions  # noqa: F401  registers the planner's own acts
from . import review
from .actions import readable
from .budget import Budget, difference, in_words, next_turn
from .checkpoints import Checkpoints
from .description import Description
from .ledger import Ledger
from .loop import Loop, Turn
from .prompts import system, system_pictures
from .prompts.first_message import first_message
from .replies import Call, repair
from .state import Message, PlannerFactory, State, first_state

if TYPE_CHECKING:
    from .transcript import Recorder

_ID = re.compile(r"\[(E\d+)\]")
_COUNTS = ("tokens_in", "tokens_cached", "tokens_out", "cost", "retries")


@dataclass(frozen=True)
class Investigation:
    """What came of one unit."""

    unit: str
    description: Description
    status: str
    """The description's status: `described`, `uninterpretable`, `dead` or `failed`."""
    reason: str | None
    """Why it ended otherwise than by the planner's conclusion; None if it concluded."""
    ledger: list[dict[str, Any]]
    steps: int
    meter: Meter


def investigate(
    lab: Lab,
    unit: Unit | str,
    factory: PlannerFactory,
    *,
    budget: Budget = Budget(),  # noqa: B008
    recorder: "Recorder | None" = None,
    checkpoint: str | Path | None = None,
    known: str = "",
) -> Investigation:
    """Lets a planner experiment on a unit until it concludes or its budget ends.

    What a language model's endpoint does wrong ends in status `failed` with the reason; it raises
    nothing. An interrupted investigation that had a checkpoint goes on from it, with the same
    evidence and what remained of the budget; give it a fresh recorder, which gets the earlier
    events again. A planner that is not resumable starts again.

    Args:
        lab: A fresh lab for this unit.
        unit: The unit, or its text.
        factory: Makes the planner.
        budget: Hard stops.
        recorder: Writes the transcript.
        checkpoint: A file for this investigation alone; deleted when it is done.
        known: What is known of the unit before, in words for the planner.
    """
    lab.unit = chosen = lab.target.unit(unit)
    lab.meter.limit = budget.seconds
    loop = InvestigationLoop(
        planner=factory(lab),
        budget=budget,
        meter=lab.meter,
        checkpoints=None if checkpoint is None else Checkpoints(checkpoint),
        lab=lab,
        unit=chosen,
        ledger=Ledger(lab, chosen),
        record=_nowhere if recorder is None else recorder.write,
    )
    try:
        state = loop.investigate(known)
    except BaseException:
        if loop.checkpoints is not None:
            loop.checkpoints.close()
        raise
    if loop.checkpoints is not None:
        loop.checkpoints.delete()
    description = Description.from_dict(state["conclusion"] or {})
    return Investigation(
        str(chosen),
        description,
        description.status,
        state["reason"],
        loop.ledger.rows,
        state["step"],
        lab.meter,
    )


@dataclass(kw_only=True)
class InvestigationLoop(Loop[State]):
    """The loop of one investigation."""

    lab: Lab
    unit: Unit
    ledger: Ledger
    record: Callable[..., None]
    """Writes an event to the transcript."""

    schema = State
    ending = "call conclude if you are done"
    notice = (
        "The budget is nearly spent ({left}). Call conclude now with what the evidence supports; "
        "nothing else will be run."
    )
    repeatable = frozenset({"conclude"})

    def investigate(self, known: str) -> State:
        """Runs the graph from its checkpoint, or from the beginning; the last state."""
        graph = self.compile()
        config = self.config(f"{self.planner.name} {self.unit} {self.lab.seed}")
        start = None
        if self.checkpoints is None or not self._resume(graph, config, self.checkpoints):
            start = self._first(known)
            self.observe(start["messages"])
        more = {} if self.checkpoints is None else {"durability": "sync"}
        return graph.invoke(start, config, **more)

    def ask(self, state: State) -> Message:
        """The planner's next message; what it cost stands in the transcript."""
        before, started = self.meter.as_dict(), time.monotonic()
        reply = self.planner.next(state)
        now = self.meter.as_dict()
        self.record(
            "message",
            message=repair(reply, len(state["messages"]), self.ending).message,
            usage={name: round(now[name] - before[name], 6) for name in _COUNTS},
            seconds=round(time.monotonic() - started, 3),
        )
        return reply

    def refusal(self, state: State, call: Call) -> str | None:
        """Once the planner was told to conclude, nothing else is run."""
        if state["last"] and call.name != "conclude":
            return "the budget is nearly spent; only conclude is run now"
        return None

    def run(self, state: State, call: Call, turn: Turn) -> Evidence:
        """Runs a tool."""
        if state["last"]:  # no turn may be left to write it again
            arguments, turn.notes = readable(self.lab, call.arguments)
            call = call._replace(arguments=arguments)

        def made(inner: Evidence) -> None:
            self._keep(inner)
            turn.made.append(inner)

        with program.rules(made=made):
            result = attempt(self.lab, call.name, call.arguments)
        self._keep(result)
        if _concludes(result):
            turn.over = "the investigation was concluded by the call before"
        return result

    def _keep(self, result: Evidence) -> None:
        """A result stands in the checkpoint and in the transcript as soon as it is there."""
        if self.checkpoints is not None:
            self.checkpoints.keep(result)
        self.record("evidence", evidence=result)

    def after_turn(self, state: State, turn: Turn) -> dict[str, Any]:
        """Updates the ledger and reviews a conclusion."""
        changed = self.ledger.update(turn.made)
        update: dict[str, Any] = {"ledger": self.ledger.rows}
        if turn.results and _concludes(turn.results[-1]):
            update |= self._reviewed(state, turn)
        if changed and not self.lab.units_hidden:
            turn.texts[-1] = "\n\n".join(filter(None, (turn.texts[-1], self.ledger.table())))
            self.record("ledger", rows=self.ledger.rows, after=turn.results[-1].id)
        return update

    def note(self, state: State) -> str:
        """What remains, what the next turn costs, and when the end will come."""
        remaining = self.budget.remaining(self.meter, state["step"])
        turns = [*state["turns"], difference(state["remaining"], remaining)]
        ahead = self.budget.turns_ahead(remaining, state["step"], turns)
        parts = [in_words(remaining)]
        coming = next_turn(turns)["tokens"]
        if coming:
            parts.append(f"the next turn costs about {max(coming / 1000, 0.1):.1f}k tokens")
        parts.append(
            f"about {ahead} such before only conclude is run" if ahead else "the next must conclude"
        )
        return f"({'; '.join(parts)})"

    def observe(self, messages: Sequence[Message]) -> None:
        """Messages stand in the transcript."""
        for message in messages:
            self.record("message", message=message)

    def finish(self, state: State) -> dict[str, Any]:
        """Ends with a description in every case."""
        reason = state["reason"] or "no reason given"
        description: Description | None = None
        if state["conclusion"] is not None:
            description = Description.from_dict(state["conclusion"])
        elif state["ended"] != "failed":
            description = review.from_ledger(self.lab, self.unit, state["ledger"], reason)
        if description is None:
            description = Description("failed", status="failed", reason=reason)
        self.record("conclusion", description=description)
        ended = ": ".join(part for part in (state["ended"], state["reason"]) if part)
        self.record("end", reason=ended, meter=self.meter.as_dict())
        return {"conclusion": description.as_dict()}

    def _reviewed(self, state: State, turn: Turn) -> dict[str, Any]:
        """Accepts a conclusion, or sends it back with the reasons."""
        concluded, rows = turn.results[-1], self.ledger.rows
        given = Description.from_dict({**concluded.data["description"], "notes": turn.notes})
        reasons = review.faults(self.lab, self.unit, given, rows)
        curable = [reason for reason in reasons if not (state["last"] and "rivals" in reason)]
        remaining = self.budget.remaining(self.meter, state["step"])
        if curable and state["sent_back"] == 0 and self.budget.exhausted(remaining) is None:
            text = f"[{concluded.id}] Sent back: {'; '.join(reasons)}."
            turn.texts[turn.places[-1]] = text
            return {"sent_back": 1}
        accepted = review.corrected(self.lab, self.unit, given, rows)
        return {"conclusion": accepted.as_dict(), "ended": "concluded", "reason": None}

    def _first(self, known: str) -> State:
        """The state of an investigation that has not begun."""
        remaining = self.budget.remaining(self.meter, 0)
        pictures = isinstance(self.lab.explore, ImageRows)
        lab = self.lab
        rules = (
            system_pictures(programs=lab.programs)
            if pictures
            else system(
                lab.target.kind if not lab.target.numbers else "numbers",
                lab.meanings,
                programs=lab.programs,
            )
        )
        about = first_message(
            self.lab, self.unit, budget=in_words(remaining).removeprefix("left: "), known=known
        )
        messages = [{"role": "system", "content": rules}, {"role": "user", "content": about}]
        return State(
            **first_state(messages, remaining, self.meter.as_dict()),
            unit=str(self.unit),
            ledger=[],
            conclusion=None,
            sent_back=0,
        )

    def _resume(self, graph: Any, config: Any, store: Checkpoints) -> bool:
        """Puts the lab back to where the checkpoint was; False if there is nothing to resume."""
        try:
            found = graph.get_state(config)
            state = check(found.values, State, str(store.path)) if found.next else None
            kept = store.evidence(state["evidence"]) if state else ()
        except UsageError:  # damaged, or of an earlier version
            state, kept = None, ()
        if state is None or not getattr(self.planner, "resumable", False):
            store.clear()
            return False
        for evidence in kept:
            self.lab.evidence.add(evidence)
            if evidence.tool == "hypothesise" and evidence.error is None:
                data = evidence.data
                self.lab.hypotheses[str(data["id"])] = dict(data["predictor"])
            recall(self.lab, evidence.arguments)
            self.ledger.update([evidence])
        self.meter.restore(state["usage"])
        self._record_again(state)
        return True

    def _record_again(self, state: State) -> None:
        """Writes what a checkpoint holds: the transcript of a resumed investigation is whole."""
        results = {item.id: item for item in self.lab.evidence}
        messages = list(state["messages"])
        if state["reply"] is not None:  # its calls were not run yet
            messages.append(self.repaired(state).message)
        for i, message in enumerate(messages):
            self.record("message", message=message)
            if message["role"] == "assistant":  # its results stand before its tool messages
                for answer in takewhile(lambda item: item["role"] == "tool", messages[i + 1 :]):
                    named = _ID.match(str(answer["content"]))
                    if named is not None and named[1] in results:
                        made = results.pop(named[1])
                        for inner in program.inner(results, made):
                            self.record("evidence", evidence=results.pop(inner.id))
                        self.record("evidence", evidence=made)
        if self.ledger.rows:
            self.record("ledger", rows=self.ledger.rows, after=None)


def _concludes(result: Evidence) -> bool:
    return result.tool == "conclude" and result.error is None


def _nowhere(event: str, **fields: Any) -> None:
    """Records nothing."""
