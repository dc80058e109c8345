"""Labels units: from their activations to the records that are kept.

1. A lab over explore, and nothing else, is handed to an investigation by the planner; where there
   are several attempts at a unit, validation chooses (`attempts.py`).
2. The description that it gives, beside what token identity alone says of explore, is scored on
   validation and test (`specificity.py`).
3. Description, scores, cited evidence and what it cost become the unit's record.

Whatever goes wrong with one unit, other than a full disk or an interrupt, becomes the record of a
failure, with the reason; the batch goes on.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...agent.budget import Budget
from ...agent.description import Description
from ...agent.planners.chat import ChatFactory
from ...agent.planners.oneshot import TriageFactory
from ...agent.state import PlannerFactory
from ...agent.transcript import Recorder, make_header
from ...tools.evidence import EvidenceStore
from ...tools.images.backends import Backend, open_backend
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from ...tools.memo import Memo
from ...tools.models.unit import Unit
from ...tools.predicates import parse
from ...tools.predicates.judging import Judge
from ...tools.tool_groups import tools_of
from ..report.usage import total
from ..runs.disk import disk_full
from ..scoring.base import base_of
from ..scoring.effect_scores import effect_scores
from ..scoring.elsewhere import elsewhere
from ..scoring.measured import Measured, Splits
from .attempts import (
    Attempt,
    RunTokens,
    as_records,
    choose,
    opening,
    pays,
    read_back,
    reseeded,
    used,
)
from .data import RunData
from .folder import RunFolder
from .selection import has_negative_side
from .settings import Settings
from .specificity import judge as score


@dataclass(frozen=True)
class Labeller:
    """What every unit of a run is labelled with."""

    data: RunData
    settings: Settings
    planner: PlannerFactory
    folder: RunFolder
    watch: Any = None
    """Told of every event of an investigation, as `watch(unit, event, fields)`; None: nobody."""
    judge: Judge | None = None
    """Who reads places for `judged` predictors; None: nobody."""
    memo: Memo = field(default_factory=Memo)
    """What tools measured once for all units of a run, such as the effects of control units."""
    tokens: RunTokens = field(default_factory=RunTokens)
    """What the run may spend on a language model, and has spent."""

    @property
    def llm(self) -> LLM | None:
        """The language model of the planner, which tools may ask too."""
        return getattr(self.planner, "llm", None)

    @cached_property
    def backends(self) -> Mapping[str, Backend]:
        """The image models that tools may draw with."""
        return {spec: open_backend(spec) for spec in self.settings.images}

    def _budget(self, planner: PlannerFactory) -> Budget:
        """Hard stops of one investigation."""
        limits = self.settings
        steps = limits.steps or getattr(planner, "steps", Budget.steps)
        steps = max(steps, getattr(planner, "least_steps", 1))
        return Budget(steps, limits.unit_tokens, limits.unit_seconds, limits.unit_cost)

    def label_all(self, units: Sequence[Unit], concurrency: int = 1) -> Iterator[dict[str, Any]]:
        """The records of units, each as soon as it is there; all units of a site together."""
        order = {name: i for i, name in enumerate(self.data.target.sites)}
        for group in self.data.groups(sorted(units, key=lambda unit: order[unit.site])):
            columns = self.data.measure(group)
            if concurrency == 1:
                yield from (self.label(unit, columns) for unit in group)
                continue
            pool = ThreadPoolExecutor(concurrency, "unit")
            try:
                futures = [pool.submit(self.label, unit, columns) for unit in group]
                yield from (done.result() for done in as_completed(futures))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def label(self, unit: Unit, columns: Mapping[Unit, Splits]) -> dict[str, Any]:
        """The record of one unit.

        Args:
            unit: The unit.
            columns: Measured activations of it, and of other units of its group.

        Raises:
            DiskFullError: if its transcript cannot be written.
        """
        started, work = time.monotonic(), _Work(unit, columns)
        try:
            record = self._label(work)
        except Exception as error:
            full = disk_full(error, self.folder.path)
            if full is not None:
                raise full from error
            self.folder.log_error(str(unit), error)
            record = {"unit": str(unit), **_plain(_failed(error))}
            record |= {"planner": self.planner.name, "meter": work.meter}
        return {**record, "seconds": round(time.monotonic() - started, 3)}

    def _label(self, work: "_Work") -> dict[str, Any]:
        """The record of one unit."""
        unit, splits = work.unit, work.columns[work.unit]
        attempts = list(self._attempts(work))
        kept = choose(attempts, splits) if len(attempts) > 1 else None
        base = attempts[0 if kept is None else kept.number]
        description = base.description if kept is None else kept.description
        seen = self.data.target.image is None and not base.lab.units_hidden
        if base.concluded is not None and seen:  # a table is learnt from activations
            description = replace(description, base=base_of(splits.explore))
        scored, specific = score(
            self.data.sites[unit.site], unit, description, splits, seed=self.settings.seed
        )
        if "tails" in scored.scores and self.data.reference is not None:
            beside = scored.scores.get("within", scored.scores)  # pictures have no tokens
            beside["reference"] = self.data.reference.scores(splits)
        parts = [parse(one.predictor) for one in scored.description.components]
        other = self.data.elsewhere(unit)
        if other is not None and parts and not any(one.sampled for one in parts):
            scored.scores["also"] = elsewhere(parts, splits, other, seed=self.settings.seed)
        scores = {
            "planner_status": base.concluded,
            "scores": scored.scores,
            "controls": scored.controls,
            "specificity": None if specific is None else specific.as_dict(),
        }
        with Recorder(base.path, {}, resume=True) as recorder:
            recorder.write("scores", record={**_plain(scored.description), **scores})
        if kept is not None:
            work.notes["attempts"] = as_records(attempts, kept, self.folder.path)
        return {
            "unit": str(unit),
            **_plain(scored.description),
            "evidence": _evidence(base.lab, scored.description),
            **scores,
            "planner": self.planner.name,
            "meter": work.meter,
            "transcript": str(base.path.relative_to(self.folder.path)),
            "effect_scores": effect_scores(base.lab, unit),
            **work.notes,
            **(
                {"judge": self.judge.as_dict()}
                if self.judge and {"sampled", "not_judged"} & scored.scores.keys()
                else {}
            ),
        }

    def _attempts(self, work: "_Work") -> Iterator[Attempt]:
        """One attempt, or several of which validation chooses."""
        known = self._without_planner(work.unit, work.columns[work.unit].explore)
        if known is not None:
            yield self._attempt(work, self.planner, described=known)
        elif isinstance(self.planner, TriageFactory):
            yield from self._triaged(work, self.planner)
        else:
            yield from self._tries(work, self.planner)

    def _triaged(self, work: "_Work", planner: TriageFactory) -> Iterator[Attempt]:
        """One look, and whole investigations where they pay and the run can afford them."""
        look = self._attempt(work, planner.first)
        self.tokens.book(used(look.lab))
        yield look
        worth, why = pays(look, work.columns[work.unit])
        taken = self.tokens.take() if worth else None
        decision = "investigated" if taken is not None else "run tokens spent"
        work.notes["triage"] = {**why, "decision": decision if worth else "one look is enough"}
        if taken is not None:
            yield from self._tries(work, planner.whole)
            self.tokens.settle(taken, sum(used(lab) for lab in work.labs[1:]))

    def _tries(self, work: "_Work", planner: PlannerFactory) -> Iterator[Attempt]:
        """Independent investigations, as many as the settings say."""
        for i in range(self.settings.tries):
            chats = isinstance(planner, ChatFactory)
            begin = opening(i, tools_of(self.settings.leave_out)) if chats else ""
            yield self._attempt(work, reseeded(planner, i), known=begin)

    def _attempt(
        self,
        work: "_Work",
        planner: PlannerFactory,
        *,
        known: str = "",
        described: Description | None = None,
    ) -> Attempt:
        """One investigation, or what was known without one."""
        from ...agent.investigate import investigate

        unit, number, started = work.unit, len(work.labs), time.monotonic()
        lab = self._lab(unit, work.columns, number)
        work.labs.append(lab)
        path = self.folder.transcript_path(unit, number)
        several = self.settings.tries > 1 or isinstance(self.planner, TriageFactory)
        kept = read_back(path, lab, planner.name) if several else None
        if kept is not None:
            return Attempt(planner.name, kept, kept.status, lab, path, 0.0)
        with _Watched(path, self._header(lab, unit, planner), unit, self.watch) as recorder:
            if described is not None:
                recorder.write("conclusion", description=described)
                recorder.write("end", reason="concluded", meter=lab.meter.as_dict())
                return Attempt(planner.name, described, None, lab, path, 0.0)
            try:
                description = investigate(
                    lab,
                    unit,
                    planner,
                    budget=self._budget(planner),
                    recorder=recorder,
                    checkpoint=self._checkpoint(path),
                    known=known,
                ).description
            except Exception as error:
                if not number or disk_full(error, self.folder.path):
                    raise
                self.folder.log_error(f"{unit}, attempt {number + 1}", error)  # others are there
                description = _failed(error)
        took = round(time.monotonic() - started, 3)
        return Attempt(planner.name, description, description.status, lab, path, took)

    def _without_planner(self, unit: Unit, explore: Measured) -> Description | None:
        """What needs no experiment: a unit that never fires, a floor that is no direction."""
        site = self.data.target.sites[unit.site]
        values = explore.flat
        if not (values > 0).any():
            largest = values.max(initial=-np.inf)
            places = "tokens" if self.data.target.image is None else "pictures"
            if explore.reaching is not None:
                places += f" from which {unit.site} reaches the output,"
            reason = (
                f"0 of {values.size:,} {places} of explore have a value above zero; "
                f"the largest is {largest:.3g}"
            )
            return Description("never active", status="dead", reason=reason)
        if unit.sign < 0 and not has_negative_side(site):
            near = int((values > 0.5 * values.max()).sum())
            reason = (
                f"values below zero have no meaning of their own in {unit.site}: many places share "
                f"one floor ({near:,} of {values.size:,} tokens come near it)"
            )
            return Description(
                "the floor of the activation function", status="uninterpretable", reason=reason
            )
        return None

    def _checkpoint(self, transcript: Path) -> Path | None:
        """Where an investigation that costs money can go on after a kill."""
        if self.llm is None:
            return None
        return self.folder.path / ".checkpoints" / f"{transcript.stem}.sqlite"

    def _lab(self, unit: Unit, columns: Mapping[Unit, Splits], number: int) -> Lab:
        """A fresh lab for an attempt; each has randomness of its own."""
        path = self.folder.transcript_path(unit, number)
        pictures = None if self.data.target.image is None else path.with_suffix("")
        return Lab(
            self.data.target,
            self.data.windows["explore"],
            evidence=EvidenceStore(pictures),
            llm=self.llm,
            backends=self.backends,
            seed=self.settings.seed + number,
            columns={unit: splits.explore.values for unit, splits in columns.items()},
            memo=self.memo,
            programs=self.settings.programs,
            fields=self.settings.fields,
            left_out=tools_of(self.settings.leave_out),
            reader=self.data.reader,
            judge=self.judge,
        )

    def _header(self, lab: Lab, unit: Unit, planner: PlannerFactory) -> dict[str, Any]:
        settings = self.settings
        more: dict[str, Any] = {}
        for name in ("reader", "leave_out", "fields"):
            if getattr(settings, name):
                more[name] = getattr(settings, name)
        if self.judge is not None:
            more["judge"] = self.judge.name
        return make_header(
            lab,
            str(unit),
            planner=planner.name,
            corpus=settings.data,
            corpus_hash=self.data.corpus.hash,
            length=settings.context_length,
            corpus_options=settings.corpus_options,
            budget=self._budget(planner),
            target=settings.target,
            target_options={"revision": settings.revision, "dtype": settings.dtype},
            **more,
        )


@dataclass(frozen=True)
class _Work:
    """One unit that is being labelled."""

    unit: Unit
    columns: Mapping[Unit, Splits]
    labs: list[Lab] = field(default_factory=list)
    """The lab of each attempt."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the record says of the attempts."""

    @property
    def meter(self) -> dict[str, float]:
        """What all attempts took."""
        meters = [lab.meter.as_dict() for lab in self.labs]
        return meters[0] if len(meters) == 1 else total(meters)


class _Watched(Recorder):
    """A transcript that also tells a watcher what happens."""

    def __init__(self, path: Path, header: Mapping[str, Any], unit: Unit, watch: Any) -> None:
        self._unit, self._watch = unit, watch
        super().__init__(path, header)

    def write(self, event: str, **fields: Any) -> None:
        super().write(event, **fields)
        if self._watch is not None:
            self._watch(self._unit, event, fields)


def _failed(error: Exception) -> Description:
    text = " ".join(str(error).split()) or "no reason given"
    return Description("", status="failed", reason=f"{type(error).__name__}: {text}"[:500])


def _evidence(lab: Lab, description: Description) -> list[dict[str, Any]]:
    """Every tool call, and whether the description cites it."""
    cited = {key for component in description.components for key in component.evidence}
    cited.update(description.label_evidence)
    cited.update(description.effect.evidence if description.effect else ())
    cited.update(key for rival in description.rejected for key in rival.evidence)
    return [
        {
            "id": item.id,
            "tool": item.tool,
            "arguments": item.arguments,
            "cited": item.id in cited,
            "error": item.error,
        }
        for item in lab.evidence
    ]


def _plain(description: Description) -> dict[str, Any]:
    return {**description.as_dict(), "scores": {}, "controls": {}, "evidence": []}
