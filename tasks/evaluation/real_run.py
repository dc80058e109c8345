"""A planner on a network's own units, whose truth nobody knows: what its scores are worth.

1. The same units are labelled with each seed, scored on held-out documents, with the gain over the
   best n-gram baseline of token, pair and place.
2. Beside them: the same pipeline on as many units of an untrained copy, and on random directions of
   a residual stream. A planner that does as well there has found nothing that training put in.
3. Agreement: the correlation, on held-out text, of what the descriptions of two seeds predict.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...tools.errors import UsageError
from ...tools.io.files import write_whole
from ...tools.models import Target
from ...tools.models.site import Site
from ...tools.models.untrained import untrained
from ...tools.statistics.association import correlation
from ...tools.statistics.intervals import mean
from ..labelling.data import load_data
from ..labelling.label import run_labels
from ..labelling.progress import Progress
from ..labelling.results import LabelRun, description_of
from ..labelling.settings import Settings
from ..scoring.entries import value_of
from ..scoring.predictions import predictions

SCORES = ("correlation", "auprc", "f1", "gain_over_lookup")
DIRECTIONS = "directions"


@dataclass(frozen=True)
class RealPlan:
    """What is run."""

    target: str
    data: str = "builtin:pydocs"
    units: str = "random:8"
    planner: str = "builtin"
    seeds: tuple[int, ...] = (1, 2)
    tokens: int = 100_000
    base_url: str | None = None
    steps: int | None = None
    unit_tokens: int | None = 200_000


class Directions:
    """A dictionary of random unit vectors: a site's tensor read along each.

    Args:
        width: Of the tensor.
        n: Directions.
        seed: Of the drawing.
    """

    def __init__(self, width: int, n: int, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        rows = torch.randn(n, width, generator=draw)
        self.rows = rows / rows.norm(dim=1, keepdim=True)  # [unit, d]

    def encode(self, raw: Tensor) -> Tensor:
        """`[..., d]` to `[..., unit]`."""
        return raw @ self.rows.to(raw).T

    def decode(self, values: Tensor) -> Tensor:
        """`[..., unit]` to `[..., d]`: the smallest change that gives these readings."""
        return values @ torch.linalg.pinv(self.rows.to(values)).T


def with_directions(target: Target, n: int, *, seed: int = 0) -> Target:
    """The target with a site `directions` over the residual stream in the middle of its depth.

    Raises:
        UsageError: if the target has no residual stream.
    """
    streams = [site for name, site in target.sites.items() if name.startswith("resid.")]
    if not streams:
        raise UsageError(f"{target.name} has no residual stream to draw directions in")
    place = streams[len(streams) // 2]
    code = Directions(place.units, n, seed)
    target.add_site(Site(DIRECTIONS, place.module, place.port, n, block=place.block, code=code))
    return target


def run_real(plan: RealPlan, out: Path, *, shown: Progress | None = None) -> dict[str, Any]:
    """Labels and compares; the same call goes on where it stopped.

    Args:
        plan: What to run.
        out: The folder: one run folder for each seed and control.
        shown: Told of progress.

    Raises:
        UsageError: as `label` does.
    """
    started = time.monotonic()
    target = Target.load(plan.target)
    out.mkdir(parents=True, exist_ok=True)
    shown = shown or Progress()
    given = {name: value for name, value in vars(plan).items() if name != "seeds"}
    first = Settings(**given, seed=plan.seeds[0], controls="none")
    runs: dict[int, LabelRun] = {}
    for seed in plan.seeds:
        units = plan.units if not runs else ",".join(u.unit for u in runs[plan.seeds[0]].units)
        settings = replace(first, seed=seed, units=units)
        runs[seed] = run_labels(settings, out / f"seed-{seed}", progress=shown, target=target)
    units = [unit.unit for unit in runs[plan.seeds[0]].units]
    controls = {
        "untrained": run_labels(
            replace(first, units=",".join(units)),
            out / "untrained",
            progress=shown,
            target=untrained(target, seed=first.seed),
        ),
        "random directions": run_labels(
            replace(first, units=f"{DIRECTIONS}/0-{len(units) - 1}"),
            out / "directions",
            progress=shown,
            target=with_directions(target, len(units), seed=first.seed),
        ),
    }
    result = {
        "suite": "real",
        "target": plan.target,
        "units": len(units),
        "seeds": list(plan.seeds),
        "own": _sums([unit.record for run in runs.values() for unit in run.units]),
        "controls": {
            name: _sums([unit.record for unit in run.units]) for name, run in controls.items()
        },
        "agreement": agreement(target, first, list(runs.values())),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_whole(out / "evaluation.json", json.dumps(result, indent=1))
    return result


def agreement(target: Target, settings: Settings, runs: Sequence[LabelRun]) -> dict[str, Any]:
    """How alike the predictions of two seeds are on the test split, over units and pairs."""
    bench = load_data(target, settings)
    values: list[float] = []
    failed = 0
    names = [unit.unit for unit in runs[0].units]
    for group in bench.groups([target.unit(name) for name in names]):
        columns = bench.measure(group)
        for unit in group:
            said = []
            for run in runs:
                description = description_of(run[str(unit)].record)
                _, validation, test = columns[unit]
                if description.components:
                    said.append(predictions(description, validation, test)[1].total)
            failed += len(runs) - len(said)
            values += [correlation(one, other) for one, other in combinations(said, 2)]
    return {"correlation": mean(values), "without_description": failed}


def _sums(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of the scores with intervals over units, and the units by status."""
    status = dict(Counter(record["status"] for record in records))
    scores = {name: mean([value_of(r.get("scores"), name) for r in records]) for name in SCORES}
    return {**scores, "status": status, "n": len(records)}
