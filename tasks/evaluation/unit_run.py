"""One planted unit: investigated as any other, then judged against its truth, with baselines.

The baselines see what the planner sees and are judged the same way: the built-in search without
experiments and with random ones, a description read off the top exemplars in one go, for text the
list of the tokens with the largest means, and a constant. One rule for all of them settles what
becomes of a description: a unit that is silent on explore is dead before anyone is asked, and a
description that explains too little, or fits matched units as well, is set aside by `judge`. What
was said before that is kept as `planner_status`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...agent.description import Description
from ...agent.planners.builtin.planner import BuiltinFactory
from ...agent.state import PlannerFactory
from ...tools.models.unit import Unit
from ..groundtruth.planted import PlantedUnit, Probes
from ..labelling.folder import RunFolder
from ..labelling.labeller import Labeller
from ..labelling.results import description_of
from ..labelling.specificity import judge
from ..scoring.entries import value_of
from ..scoring.measured import Splits
from .effects_by_kind import named
from .recovery import recovery
from .suite import Suite
from .summary import found_out


@dataclass(frozen=True)
class Bench:
    """A ground-truth bench with what every unit needs."""

    suite: Suite
    ground: Any
    job: Labeller
    columns: Mapping[Unit, Splits]
    seed: int
    baselines: tuple[str, ...]
    plan: Any = None
    """Of the whole run: who else judges."""

    def run(self, unit: PlantedUnit) -> dict[str, Any]:
        """The record of one unit."""
        started = time.monotonic()
        name = self.ground.target.unit(unit.unit)
        splits = self.columns[name]
        record = self.job.label(name, self.columns)
        took = time.monotonic() - started
        inputs = self._inputs(unit)
        description = description_of(record)
        meter = record.get("meter") or {}
        result = {
            "seed": self.seed,
            "tier": unit.tier,
            "kind": unit.kind,
            "variant": unit.variant,
            "unit": unit.unit,
            "bench": self.ground.name,
            "truth": unit.text,
            "relation": unit.relation,
            "promotes": list(unit.promotes),
            "twins": self._twins(unit),
            "nameable": self.suite.nameable(self.ground, unit),
            "effect_named": _effect_named(unit, description),
            "said": _said(description),
            "names_both": _names_both(unit, description),
            "seconds": round(took, 3),
            "steps": len(record.get("evidence") or ()),
            "tokens": meter.get("tokens_in", 0) + meter.get("tokens_out", 0),
            "record": record,
            **self._judged(unit, description, record, inputs, splits),
        }
        result |= self.suite.further(self, unit, description, splits)
        if unit.tier == "C" and unit.function is not None and inputs is not None:
            top = self.suite.ceiling(self.ground, unit, inputs, splits)
            result["ceiling"] = max(top, result["recovery"]["correlation"])
        result["baselines"] = {
            name: self._baseline(name, unit, inputs, splits) for name in self.baselines
        }
        return result

    def _twins(self, unit: PlantedUnit) -> list[str]:
        """Units that are planted with the same function and write the same."""
        if unit.relation != "twin":
            return []
        return [
            u.unit for u in self.ground.units if u.function is unit.function and u.unit != unit.unit
        ]

    def _inputs(self, unit: PlantedUnit) -> Probes | None:
        seed = self.seed * 1000 + int(unit.unit.rpartition("/")[2])
        return self.ground.probes(unit, seed)

    def _judged(
        self,
        unit: PlantedUnit,
        description: Description,
        record: Mapping[str, Any],
        inputs: Probes | None,
        splits: Splits,
    ) -> dict[str, Any]:
        scores = record.get("scores") or {}
        result: dict[str, Any] = {
            "status": description.status,
            "planner_status": record.get("planner_status"),
            "confidence": description.confidence,
            "explained": description.explained,
            "scores": {
                name: value_of(scores, name) for name in ("correlation", "auprc", "f1", "iou")
            },
        }
        if inputs is None or unit.function is None:
            right = found_out(unit.kind, description.status, record.get("planner_status"))
            return {**result, "right": right, "recovery": None}
        done = recovery(description, unit.function, inputs, splits.explore, splits.validation)
        return {**result, "right": done.recovered, "recovery": done.as_dict()}

    def _baseline(
        self, name: str, unit: PlantedUnit, inputs: Probes | None, splits: Splits
    ) -> dict[str, Any]:
        started = time.monotonic()
        if name in ("no experiments", "random experiments"):
            kind = "none" if name == "no experiments" else "random"
            factory: PlannerFactory = BuiltinFactory(
                seed=self.seed, experiments=kind, effects=False
            )
            folder = RunFolder(self.job.folder.path / "baselines" / kind)
            (folder.path / "transcripts").mkdir(parents=True, exist_ok=True)
            job = replace(self.job, planner=factory, folder=folder, watch=None)
            record = job.label(self.ground.target.unit(unit.unit), self.columns)
            description = description_of(record)
        else:
            given = self.ground.target.unit(unit.unit)
            said = self._without_search(name, given, splits)
            record = {"planner_status": None if said.status == "dead" else said.status}
            description = judge(
                self.job.data.sites[given.site], given, said, splits, seed=self.seed
            ).scored.description
        judged = self._judged(unit, description, record, inputs, splits)
        kept = ("right", "status", "planner_status", "confidence", "recovery")
        seconds = round(time.monotonic() - started, 3)
        return {**{key: judged[key] for key in kept}, "seconds": seconds}

    def _without_search(self, name: str, unit: Unit, splits: Splits) -> Description:
        """A description that needs no search."""
        if name == "constant":
            return Description("never says that it is active", status="uninterpretable")
        if not (splits.explore.flat > 0).any():
            return Description("never active", status="dead")
        return self.suite.without_search(name, unit, splits)


def _said(description: Description) -> str:
    """Everything that a description says of the input, in words."""
    return "; ".join([description.label, *(c.words for c in description.components)])


def _effect_named(unit: PlantedUnit, description: Description) -> bool | None:
    """Whether the effect names a word that the unit writes toward; None where it writes none."""
    if not unit.promotes or description.effect is None:
        return None
    return named(description.effect.words, unit.promotes)


def _names_both(unit: PlantedUnit, description: Description) -> bool | None:
    """Whether two readings that cannot be parted are both named; None for other units."""
    suffix = unit.function.facts.get("suffix") if unit.function is not None else None
    if suffix is None or unit.function is None:
        return None
    said = _said(description).lower()
    words = any(f"'{word}'" in said for word in unit.function.concept)
    return words and (f"'{suffix}'" in said or f"-{suffix}" in said)


def open_bench(
    suite: Suite,
    ground: Any,
    factory: PlannerFactory,
    out: Path,
    *,
    seed: int,
    settings: Any,
    units: Sequence[PlantedUnit],
    baselines: tuple[str, ...],
    told: bool = True,
    plan: Any = None,
) -> Bench:
    """Makes the rows of the splits, measures all planted units once, gets a folder ready."""
    from ..labelling.data import RunData

    windows = suite.windows(ground, length=settings.context_length, told=told)
    reader = suite.reader(ground, plan)
    bench = RunData(ground.target, ground.corpus, windows, reader=reader)
    columns = bench.measure([ground.target.unit(unit.unit) for unit in units]) if units else {}
    (out / "transcripts").mkdir(parents=True, exist_ok=True)
    job = Labeller(bench, settings, factory, RunFolder(out))
    return Bench(suite, ground, job, columns, seed, baselines, plan)
