"""Investigates one unit: builds the graph around a planner and a lab, runs it, gives the result."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools import instruments as _belt  # noqa: F401  registers the tools
from ..tools.data.image_rows import ImageRows
from ..tools.data.windows import TokenWindows
from ..tools.errors import UsageError
from ..tools.evidence import Evidence
from ..tools.hypotheses.resolve import recall
from ..tools.io.shapes import check
from ..tools.lab import Lab
from ..tools.llm.usage import Meter
from ..tools.models import Unit
from ..tools.render.picture_words import caption, class_name
from . import actions as _actions  # noqa: F401  registers the planner's own acts
from .checkpoints import Checkpoints
from .description import Description
from .graph import Loop, left_words
from .ledger import Ledger
from .prompts import prompt, system, system_pictures
from .record import Record
from .replies import mend
from .state import Budget, Left, Planner, PlannerFactory, State

if TYPE_CHECKING:
    from .transcript import Recorder


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
    evidence and what was left of the budget; give it a fresh recorder, which gets the earlier
    events again. A planner that is not resumable starts again.

    Args:
        lab: A fresh bench for this unit.
        unit: The unit, or its text.
        factory: Makes the planner.
        budget: Hard stops.
        recorder: Writes the transcript.
        checkpoint: A file for this investigation alone; deleted when it is done.
        known: What is known of the unit before, in words for the planner.
    """
    chosen = lab.target.unit(unit)
    lab.unit = chosen
    lab.meter.limit = budget.seconds
    planner = factory(lab)
    ledger, record = Ledger(lab, chosen), Record(recorder)
    store = None if checkpoint is None else Checkpoints(checkpoint)
    try:
        loop = Loop(lab, chosen, planner, budget, ledger, record, store)
        graph = loop.compile()
        config: dict[str, Any] = {
            "recursion_limit": 2 * budget.steps + 10,
            "configurable": {"thread_id": f"{planner.name} {chosen} {lab.seed}"},
        }
        start: State | None = None
        if store is None or not _resume(graph, config, loop, planner, store):
            start = _first(lab, chosen, budget, known)
            for message in start["messages"]:
                record.message(message)
        if store is None:
            state = graph.invoke(start, config)
        else:
            state = graph.invoke(start, config, durability="sync")
    except BaseException:
        if store is not None:
            store.close()
        raise
    if store is not None:
        store.delete()
    description = Description.from_dict(state["conclusion"])
    return Investigation(
        str(chosen),
        description,
        description.status,
        state["reason"],
        ledger.rows,
        state["step"],
        lab.meter,
    )


def _resume(graph: Any, config: Any, loop: Loop, planner: Planner, store: Checkpoints) -> bool:
    """Puts the lab back to where the checkpoint was; False if there is nothing to go on from."""
    state: Any = None
    kept: Sequence[Evidence] = ()
    try:
        found = graph.get_state(config)
        state = check(found.values, State, str(store.path)) if found.next else None
        kept = store.evidence(state["evidence"]) if state else ()
    except UsageError:  # damaged, or of an earlier version
        state = None
    if state is None or not getattr(planner, "resumable", False):
        store.clear()
        return False
    lab = loop.lab
    for evidence in kept:
        lab.evidence.add(evidence)
        loop.recall(evidence)
        if evidence.tool == "hypothesise" and evidence.error is None:
            lab.hypotheses[str(evidence.data["id"])] = dict(evidence.data["predictor"])
        recall(lab, evidence.arguments)
        loop.ledger.update([evidence])
    spent = dict(state["spent"])
    lab.meter.started -= spent.pop("seconds", 0.0)
    for name, value in spent.items():
        setattr(lab.meter, name, value if name == "cost" else int(value))
    messages = list(state["messages"])
    if messages[-1]["role"] == "assistant":  # its calls were not run yet
        messages[-1] = mend(messages[-1], state["step"] - 1).message
    loop.record.again(messages, {item.id: item for item in lab.evidence}, loop.ledger.rows)
    return True


def _excerpts(windows: TokenWindows, many: int = 3, letters: int = 70) -> list[str]:
    """How the corpus reads: the beginnings of a few windows."""
    chosen = sorted({int(at * len(windows) / many) for at in range(many)}) if len(windows) else []
    return [" ".join(windows.text(row).split())[:letters] for row in chosen]


def _tokens(windows: TokenWindows, many: int = 6) -> str:
    """A few tokens in a row as `tokens` predictors see them, with their spaces."""
    for row in range(len(windows)):
        places = windows.counted[row].nonzero()[0][1 : many + 1]
        if len(places) == many:
            surfaces = (windows.vocabulary[int(windows.ids[row, at])] for at in places)
            return " ".join(json.dumps(surface, ensure_ascii=False) for surface in surfaces)
    return "too few to show"


def _first(lab: Lab, unit: Unit, budget: Budget, known: str) -> State:
    """The state of an investigation that has not begun."""
    left = budget.left(lab.meter, 0)
    site = lab.target.site(unit.site)
    about = [f"Site {site.name}: {site.units} units"]
    if site.floor is not None:
        about.append(f"its activation function never goes below {site.floor:g}")
    if site.gated:
        about.append("gated, so both signs carry meaning")
    if site.grid is not None:
        about.append(f"its map over a picture has {site.grid[0]} x {site.grid[1]} places")
    if unit.sign < 0:
        about.append("you study its negative direction: activations are shown with the sign turned")
    if isinstance(lab.explore, ImageRows):
        first, second = system_pictures(), _pictures(lab, lab.explore, unit, about, left, known)
    else:
        first, second = system(lab.target.kind), _texts(lab, unit, about, left, known)
    return State(
        unit=str(unit),
        messages=[
            {"role": "system", "content": first},
            {"role": "user", "content": second},
        ],
        step=0,
        ledger=[],
        conclusion=None,
        sent_back=0,
        ended=None,
        reason=None,
        last=False,
        idle=0,
        left=left,
        turns=[],
        evidence=0,
        spent=lab.meter.as_dict(),
    )


def _texts(lab: Lab, unit: Unit, about: Sequence[str], left: Left, known: str) -> str:
    """What an investigation of a language model is about."""
    windows = lab.explore
    return prompt(
        "investigation",
        unit=unit,
        target=lab.target.name,
        kind={
            "causal": "a causal language model",
            "encoder": "an encoder: each place sees all",
        }.get(lab.target.kind, "a network"),
        site="; ".join(about) + ".",
        corpus=(
            f"{len(windows)} windows of up to {windows.ids.shape[1]} tokens, "
            f"{int(windows.counted.sum())} tokens that count"
        ),
        sample=" … ".join(_excerpts(windows)),
        tokens=_tokens(windows),
        budget=left_words(left).removeprefix("left: "),
        known=known,
    )


def _pictures(
    lab: Lab, rows: ImageRows, unit: Unit, about: Sequence[str], left: Left, known: str
) -> str:
    """What an investigation of a vision model is about."""
    target = lab.target
    seen = target.image.description if target.image is not None else ""
    scenes = [picture.scene is not None for picture in rows.pictures]
    sample = "What they show is not known; predictors read it from their pixels."
    if any(scenes):
        chosen = [int(at * len(rows) / 3) for at in range(3)]
        told = "; ".join(caption(rows, at) for at in dict.fromkeys(chosen) if scenes[at])
        sample = f"They are drawn scenes, such as: {told}."
    kind = "a vision model without classes"
    if "logit" in target.sites:
        names = [class_name(target, at) for at in range(min(4, target.sites["logit"].units))]
        kind = f"a vision model with {target.sites['logit'].units} classes"
        kind += f", such as {', '.join(names)}" if target.labels else ""
    return prompt(
        "investigation_pictures",
        unit=unit,
        target=target.name,
        kind=kind,
        site="; ".join(about) + ".",
        corpus=f"{len(rows)} pictures, {seen}",
        sample=sample,
        budget=left_words(left).removeprefix("left: "),
        known=known,
    )
