"""One planted unit: investigated as any other, then judged against its truth, with baselines.

The baselines see what the planner sees and are judged the same way: the built-in search without
experiments and with random ones, a description read off the top exemplars in one go, the list of
the tokens with the largest means, and a constant.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...agent.description import Component, Description
from ...agent.planners.factories import BuiltinFactory
from ...agent.state import PlannerFactory
from ...tools.data.tokens import surfaces
from ...tools.models.unit import Unit
from ...tools.vocabulary import projection, write_vector
from ..groundtruth.inputs import Probes, probes
from ..groundtruth.suite import GroundBench, GroundUnit
from ..labelling.bench import Splits
from ..labelling.controls import Labelled, peak_words
from ..labelling.folder import RunFolder
from ..labelling.lookups import Measured
from ..labelling.results import description_of, value_of
from ..labelling.scores import HEADLINE, plain_scores, thresholds
from ..labelling.work import Job
from .recovery import ceiling, recovery

BASELINES = ("no experiments", "random experiments", "one-shot", "top tokens", "constant")
_TOP_TOKENS = 40
_NAMED = 6
"""Words in the sentence about an effect."""


@dataclass(frozen=True)
class Bench:
    """A ground-truth bench with what every unit needs."""

    ground: GroundBench
    job: Job
    columns: Mapping[Unit, Splits]
    seed: int
    baselines: tuple[str, ...] = BASELINES

    def run(self, unit: GroundUnit) -> dict[str, Any]:
        """The record of one unit."""
        started = time.monotonic()
        name = self.ground.target.unit(unit.unit)
        splits = self.columns[name]
        record = self.job.label(name, self.columns)
        took = time.monotonic() - started
        inputs = self._inputs(unit)
        description = description_of(record)
        found = {
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
            "nameable": self._nameable(unit),
            "effect_named": _effect_named(unit, description),
            "said": _said(description),
            "names_both": _names_both(unit, description),
            "seconds": round(took, 3),
            "steps": len(record.get("evidence") or ()),
            "tokens": (record.get("meter") or {}).get("tokens_in", 0)
            + (record.get("meter") or {}).get("tokens_out", 0),
            "record": record,
            **self._judged(unit, description, record, inputs, splits),
        }
        if unit.tier == "C" and unit.form is not None and inputs is not None:
            top = ceiling(unit.form, inputs, splits.explore, self.ground.vocabulary)
            found["ceiling"] = max(top, found["recovery"]["correlation"])
        found["baselines"] = {
            name: self._baseline(name, unit, inputs, splits) for name in self.baselines
        }
        return found

    def _nameable(self, unit: GroundUnit) -> bool | None:
        """Whether the words nearest to its output vector have one that it is planted to promote."""
        target = self.ground.target
        name = target.unit(unit.unit)
        vector = write_vector(target, target.site(name.site), name.index, np.ones(1))
        direct = None if vector is None else projection(target, vector)  # [id]
        if not unit.promotes or direct is None:
            return None
        head: Any = target.network.get_output_embeddings()  # type: ignore[operator]
        rows = head.weight.detach().float().cpu()  # [id, d]
        lengths = torch.linalg.vector_norm(rows - rows.mean(0), dim=1).numpy()
        near = np.argsort(-direct / np.maximum(lengths, 1e-6))[:_NAMED]
        names = surfaces(target)
        said = {names[int(at)].strip().lower() for at in near}
        return bool(said & {word.lower() for word in unit.promotes})

    def _twins(self, unit: GroundUnit) -> list[str]:
        """Units that are planted with the same function and write the same."""
        if unit.relation != "twin":
            return []
        return [u.unit for u in self.ground.units if u.form is unit.form and u.unit != unit.unit]

    def _inputs(self, unit: GroundUnit) -> Probes | None:
        if unit.form is None:
            return None
        ground = self.ground
        seed = self.seed * 1000 + int(unit.unit.rpartition("/")[2])
        return probes(unit.form, ground.target, ground.vocabulary, ground.fresh, seed=seed)

    def _judged(
        self,
        unit: GroundUnit,
        description: Description,
        record: Mapping[str, Any],
        inputs: Probes | None,
        splits: Splits,
    ) -> dict[str, Any]:
        scores = record.get("scores") or {}
        found: dict[str, Any] = {
            "status": description.status,
            "confidence": description.confidence,
            "explained": description.explained,
            "scores": {
                name: value_of(scores, name) for name in ("correlation", "auprc", "f1", "iou")
            },
        }
        if inputs is None or unit.form is None:
            wanted = ("dead",) if unit.kind == "dead" else ("uninterpretable", "dead")
            return {**found, "right": description.status in wanted, "recovery": None}
        done = recovery(description, unit.form, inputs, splits.explore, splits.select)
        return {**found, "right": done.recovered, "recovery": done.as_dict()}

    def _baseline(
        self, name: str, unit: GroundUnit, inputs: Probes | None, splits: Splits
    ) -> dict[str, Any]:
        started = time.monotonic()
        if name in ("no experiments", "random experiments"):
            kind = "none" if name == "no experiments" else "random"
            factory: PlannerFactory = BuiltinFactory(
                seed=self.seed, experiments=kind, effects=False
            )
            folder = RunFolder(self.job.folder.path / "baselines" / kind)
            (folder.path / "transcripts").mkdir(parents=True, exist_ok=True)
            job = replace(self.job, factory=factory, folder=folder, watch=None)
            record = job.label(self.ground.target.unit(unit.unit), self.columns)
            description = description_of(record)
        else:
            description = _simple(name, self.ground.target.unit(unit.unit), splits)
            record = {"scores": {}}
            if description.components:
                plain = plain_scores(description, *splits)
                record["scores"] = plain
        judged = self._judged(unit, description, record, inputs, splits)
        return {
            "right": judged["right"],
            "status": judged["status"],
            "confidence": judged["confidence"],
            "recovery": judged["recovery"],
            "seconds": round(time.monotonic() - started, 3),
        }


def _simple(name: str, unit: Unit, splits: Splits) -> Description:
    """A description that needs no search."""
    if name == "constant":
        return Description("never says that it is active", status="uninterpretable")
    if not (splits.explore.flat > 0).any():
        return Description("never active", status="dead")
    if name == "one-shot":
        try:
            return peak_words(Labelled(unit, Description(""), {}, *splits))
        except ValueError:
            return Description("no word stands at the peaks", status="uninterpretable")
    tokens = top_tokens(splits.explore)
    predictor = {"kind": "tokens", "tokens": tokens}
    return Description("the tokens with the largest means", (Component("tokens", predictor),))


def top_tokens(explore: Measured, *, most: int = _TOP_TOKENS) -> list[str]:
    """Tokens, seen twice or more, whose mean activation is above the headline threshold."""
    ids, values = explore.tokens(), explore.flat
    size = len(explore.windows.vocabulary)
    many = np.bincount(ids, minlength=size)
    mean = np.bincount(ids, values, size) / np.maximum(many, 1)
    cut = thresholds(explore)[HEADLINE]
    order = np.argsort(-np.where(many >= 2, mean, -np.inf), kind="stable")[:most]
    chosen = [int(at) for at in order if mean[at] > cut] or [int(order[0])]
    return [explore.windows.vocabulary[at] for at in chosen]


def _said(description: Description) -> str:
    """Everything that a description says of the input, in words."""
    return "; ".join([description.label, *(c.words for c in description.components)])


def _effect_named(unit: GroundUnit, description: Description) -> bool | None:
    """Whether the effect names a word that the unit writes toward; None where it writes none."""
    if not unit.promotes or description.effect is None:
        return None
    said = description.effect.words.lower()
    return any(f"'{word.lower()}'" in said for word in unit.promotes)


def _names_both(unit: GroundUnit, description: Description) -> bool | None:
    """Whether two readings that cannot be parted are both named; None for other units."""
    suffix = unit.form.facts.get("suffix") if unit.form is not None else None
    if suffix is None or unit.form is None:
        return None
    said = _said(description).lower()
    words = any(f"'{word}'" in said for word in unit.form.concept)
    return words and (f"'{suffix}'" in said or f"-{suffix}" in said)


def open_bench(
    ground: GroundBench,
    factory: PlannerFactory,
    out: Path,
    *,
    seed: int,
    settings: Any,
    units: Sequence[GroundUnit],
    baselines: tuple[str, ...] = BASELINES,
) -> Bench:
    """Cuts windows, measures all planted units once, and gets a folder for transcripts."""
    from ...tools.data.windows import cut
    from ..labelling.bench import SPLITS
    from ..labelling.bench import Bench as Labelling

    windows = {
        name: cut(ground.target, split, length=settings.context_length)
        for name, split in zip(SPLITS, ground.corpus.splits(), strict=True)
    }
    bench = Labelling(ground.target, ground.corpus, windows)
    columns = bench.measure([ground.target.unit(unit.unit) for unit in units]) if units else {}
    (out / "transcripts").mkdir(parents=True, exist_ok=True)
    job = Job(bench, settings, factory, RunFolder(out))
    return Bench(ground, job, columns, seed, baselines)
