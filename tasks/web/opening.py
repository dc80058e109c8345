"""Puts together what a server serves, from the arguments of the verb; loads no model."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from ...agent.planners import planner_factory
from ...tools.activations.head_directions import read_directions
from ...tools.errors import UsageError
from ...tools.models import Target
from ...tools.predicates.judging import REQUESTS, judge_of
from ..asking.conversation import Conversation
from ..asking.opening import open_conversation, resume
from ..asking.threads import about
from ..labelling.settings import Settings
from ..labelling.trusted import allowed, load_allowed
from .door import Door
from .index import RunIndex
from .talk import Talks
from .units import Units
from .workbench import Workbench

_SLICE = 0.05  # seconds


def open_door(
    run: Path | None,
    *,
    target: str | None = None,
    data: str | None = None,
    index: Path | None = None,
    special: str | None = None,
    planner: str = "builtin",
    base_url: str | None = None,
    reader: str | None = None,
    direction: str | None = None,
    judge: str | None = None,
    judge_requests: int = REQUESTS,
    trust_remote_code: bool = False,
) -> Door:
    """What is served of a run, or of a model without one.

    Args:
        run: A run folder; None: none.
        target: Instead of the run's.
        data: Instead of the run's.
        index: An exemplar index of the model over the corpus, for the chat.
        special: `count` or `skip` special tokens, instead of what the run says.
        planner: Who answers in the chat.
        base_url: The endpoint of an `openai:` planner.
        reader: A second network that reads, instead of the run's.
        direction: Of heads that are read as along.N/H: HEAD=FILE,...; None: the run's, or found.
        judge: `openai:MODEL` reads places for `judged`; None: the planner's model.
        judge_requests: To the judge in all.
        trust_remote_code: Run the own code of the model that `target` names.

    Raises:
        UsageError: if there is neither run nor target, no run in the folder, or no such planner.
    """
    if run is None and target is None:
        raise UsageError("name a run folder to show, or a model with --target")
    if planner == "human":
        raise UsageError("--planner human answers in a terminal; take builtin or openai:MODEL")
    llm = getattr(planner_factory(planner, base_url=base_url), "llm", None)
    units = None if run is None else Units(RunIndex(run))
    judged_by = judge_of(judge, llm, base_url=base_url, limit=judge_requests)
    read_directions(direction)  # a file that is not there is said now
    named = {"data": data or "", "reader": reader, "special": special, "direction": direction}
    settings = Settings(target=target or "", units="", **named)
    kind = refusal = None
    if units is not None:
        known = units.index.run
        if known.get("settings"):
            try:
                settings = allowed(
                    units.index.folder,
                    known,
                    target=target,
                    data=data,
                    reader=reader,
                    special=special,
                )
                settings = replace(settings, direction=direction or settings.direction)
            except UsageError as error:  # its labels are shown all the same
                refusal = f"nothing can be measured: {error}"
                print(f"neuroscribe: {refusal}", file=sys.stderr)
        kind = (known.get("target") or {}).get("kind") if target is None else None
        threading.Thread(target=_warm, args=[units.index], daemon=True).start()

    def load(settings: Settings) -> Target:
        if refusal is not None:
            raise UsageError(refusal)
        return load_allowed(run, settings, target=target, trust_remote_code=trust_remote_code)

    bench = Workbench(settings, load, judged_by)
    asked = {
        "planner": planner,
        "base_url": base_url,
        "reader": reader,
        "judge": judge,
        "judge_requests": judge_requests,
    }

    def opened(name: str | None) -> Conversation:
        if name is not None:
            if (other := about(name).target) != bench.target.name:
                raise UsageError(f"the conversation {name} is about {other}, not this model")
            return resume(name, target=bench.target, ask=False, **asked)
        return open_conversation(
            bench.target,
            data=settings.data or None,
            run=run,
            index=index,
            context_length=settings.context_length,
            seed=settings.seed,
            special=settings.special,
            direction=settings.direction,
            **asked,
        )

    return Door(bench, units, Talks(opened), llm, kind)


def _warm(index: RunIndex) -> None:
    """Reads a run to its end, with pauses in which pages are served."""
    while index.refresh(_SLICE):
        time.sleep(_SLICE)
