"""One unit, from its activations to the line that is kept: investigate, then score.

The planner is handed explore alone. Whatever goes wrong with one unit, other than a full disk or
an interrupt, becomes the record of a failure, with the reason; the batch goes on.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...agent.description import Description
from ...agent.state import Budget, PlannerFactory
from ...agent.statuses import Status
from ...agent.transcript import Recorder, make_header
from ...tools.evidence import EvidenceStore
from ...tools.images.backends import Backend, open_backend
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from ...tools.memo import Memo
from ...tools.models.unit import Unit
from ..runs.folder import RunFolder, disk_full
from ..scoring.effect_scores import effect_scores
from .bench import Bench, Splits
from .selection import has_negative_side
from .settings import Settings
from .specificity import judge


@dataclass(frozen=True)
class Job:
    """What every unit of a run is done with."""

    bench: Bench
    settings: Settings
    factory: PlannerFactory
    folder: RunFolder
    watch: Any = None
    """Told of every event of an investigation, as `watch(unit, event, fields)`; None: nobody."""
    memo: Memo = field(default_factory=Memo)
    """What tools measured once for all units of a run, such as the effects of control units."""

    @property
    def llm(self) -> LLM | None:
        """The language model of the planner, which tools may ask too."""
        return getattr(self.factory, "llm", None)

    @cached_property
    def backends(self) -> Mapping[str, Backend]:
        """The image models that tools may draw with."""
        return {spec: open_backend(spec) for spec in self.settings.images}

    @property
    def budget(self) -> Budget:
        """Hard stops of one investigation."""
        given = self.settings
        return Budget(given.steps, given.unit_tokens, given.unit_seconds, given.unit_cost)

    def label(self, unit: Unit, columns: Mapping[Unit, Splits]) -> dict[str, Any]:
        """The record of one unit.

        Args:
            unit: The unit.
            columns: Measured activations of it, and of other units of its group.

        Raises:
            DiskFullError: if its transcript cannot be written.
        """
        started = time.monotonic()
        lab = self._lab(columns, self.folder.transcript_path(unit))
        try:
            record = self._label(unit, columns, lab)
        except Exception as error:
            full = disk_full(error, self.folder.path)
            if full is not None:
                raise full from error
            record = self._failed(unit, error, lab)
        return {**record, "seconds": round(time.monotonic() - started, 3)}

    def _label(self, unit: Unit, columns: Mapping[Unit, Splits], lab: Lab) -> dict[str, Any]:
        from ...agent.investigate import investigate

        path = self.folder.transcript_path(unit)
        with _Recorder(path, self._header(lab, unit), unit, self.watch) as recorder:
            description = self._plain_case(unit, columns[unit])
            concluded: Status | None = None  # where no planner is asked
            if description is None:
                done = investigate(
                    lab,
                    unit,
                    self.factory,
                    budget=self.budget,
                    recorder=recorder,
                    checkpoint=self._checkpoint(unit),
                )
                description = done.description
                concluded = description.status
            else:
                recorder.conclusion(description)
                recorder.end("concluded", lab.meter.as_dict())
            scored, specific = judge(
                self.bench, unit, description, columns[unit], seed=self.settings.seed
            )
            more = {
                "planner_status": concluded,
                "scores": scored.scores,
                "controls": scored.controls,
                "specificity": None if specific is None else specific.as_dict(),
            }
            recorder.scores({**_plain(scored.description), **more})
        return _record(unit, scored.description, lab) | {
            **more,
            "planner": self.factory.name,
            "meter": lab.meter.as_dict(),
            "transcript": str(path.relative_to(self.folder.path)),
            "effect_scores": effect_scores(lab, unit),
        }

    def _checkpoint(self, unit: Unit) -> Path | None:
        """Where an investigation that costs money can go on after a kill."""
        if self.llm is None:
            return None
        name = self.folder.transcript_path(unit).stem
        return self.folder.path / ".checkpoints" / f"{name}.sqlite"

    def _plain_case(self, unit: Unit, splits: Splits) -> Description | None:
        """What needs no experiment: a unit that never fires, a floor that is no direction."""
        site = self.bench.target.sites[unit.site]
        values = splits.explore.flat
        if not (values > 0).any():
            largest = values.max(initial=-np.inf)
            places = "tokens" if self.bench.target.image is None else "pictures"
            reason = (
                f"0 of {values.size:,} {places} of explore have a value above zero; "
                f"the largest is {largest:.3g}"
            )
            return Description("never active", status="dead", reason=reason)
        if unit.sign < 0 and not has_negative_side(site):
            many = int((values > 0.5 * values.max()).sum())
            reason = (
                f"values below zero have no meaning of their own in {unit.site}: many places share "
                f"one floor ({many:,} of {values.size:,} tokens come near it)"
            )
            return Description(
                "the floor of the activation function", status="uninterpretable", reason=reason
            )
        return None

    def _lab(self, columns: Mapping[Unit, Splits], path: Path) -> Lab:
        pictures = None if self.bench.target.image is None else path.with_suffix("")
        return Lab(
            self.bench.target,
            self.bench.windows["explore"],
            evidence=EvidenceStore(pictures),
            llm=self.llm,
            backends=self.backends,
            seed=self.settings.seed,
            columns={unit: splits.explore.values for unit, splits in columns.items()},
            memo=self.memo,
        )

    def _header(self, lab: Lab, unit: Unit) -> dict[str, Any]:
        given = self.settings
        more: dict[str, Any] = {} if given.reader is None else {"reader": given.reader}
        return make_header(
            lab,
            str(unit),
            planner=self.factory.name,
            corpus=given.data,
            corpus_hash=self.bench.corpus.hash,
            length=given.context_length,
            corpus_options=given.corpus_options,
            budget=self.budget,
            target=given.target,
            target_options={"revision": given.revision, "dtype": given.dtype},
            **more,
        )

    def _failed(self, unit: Unit, error: Exception, lab: Lab) -> dict[str, Any]:
        said = " ".join(str(error).split()) or "no reason given"
        reason = f"{type(error).__name__}: {said}"[:500]
        self.folder.log_error(str(unit), error)
        description = Description("", status="failed", reason=reason)
        return {
            "unit": str(unit),
            **_plain(description),
            "planner": self.factory.name,
            "meter": lab.meter.as_dict(),
        }


class _Recorder(Recorder):
    """A transcript that also tells a watcher what happens."""

    def __init__(self, path: Path, header: Mapping[str, Any], unit: Unit, watch: Any) -> None:
        self._unit, self._watch = unit, watch
        super().__init__(path, header)

    def write(self, event: str, **fields: Any) -> None:
        super().write(event, **fields)
        if self._watch is not None:
            self._watch(self._unit, event, fields)


def _record(unit: Unit, description: Description, lab: Lab) -> dict[str, Any]:
    cited = {key for component in description.components for key in component.evidence}
    cited.update(description.label_evidence)
    cited.update(description.effect.evidence if description.effect else ())
    cited.update(key for rival in description.rejected for key in rival.evidence)
    return {
        "unit": str(unit),
        **_plain(description),
        "evidence": [
            {
                "id": item.id,
                "tool": item.tool,
                "arguments": item.arguments,
                "cited": item.id in cited,
                "error": item.error,
            }
            for item in lab.evidence
        ],
    }


def _plain(description: Description) -> dict[str, Any]:
    return {**description.as_dict(), "scores": {}, "controls": {}, "evidence": []}
