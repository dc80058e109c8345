"""Descriptions of known units of small networks: a program decides what is right.

1. The units are those whose function `groundtruth/networks` finds, one a variable, so many a
   network, drawn by seed; beside them, of an untrained copy, units that compute none of them. Of
   the organism of attention alone they are its heads.
2. A planner, or a conversation, describes each from strings that neither training nor the truth
   used. Nothing here tells it what the variables are.
3. The components are weighted on fresh strings, as in any run, and their prediction on others
   decides. Intervals are bootstraps over networks: a seed's units hang together.

What is done is kept a line a unit, and the same call goes on.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...agent.budget import Budget
from ...tools.errors import UsageError, nearest
from ...tools.models import Target
from ...tools.models.unit import Unit
from ...tools.models.untrained import untrained
from ...tools.predicates import parse
from ...tools.statistics.bootstrap import Resampler
from ..groundtruth.networks import models, organisms
from ..groundtruth.networks.check import CHECKED, FITTED, Verdict, judged, judged_head
from ..groundtruth.networks.strings import rows
from ..groundtruth.networks.train import SEEDS
from ..groundtruth.networks.truth import Draw, Known, correlations, draw, truth_of
from ..runs.folder import settle_plan
from ..runs.jsonl import append, read_records_of
from ..scoring.predictions import fitted

STRINGS = 1500
"""Strings that a unit is described from, validation and test included."""
ORGANISM_STRINGS = 6000
"""Of an organism, most of which are read at one place alone."""
STRINGS_SEED = 6_000_011
HEAD = "attention"
"""The kind of truth of a head."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """What is run."""

    planner: str = "builtin"
    """`builtin` or `openai:MODEL`."""
    base_url: str | None = None
    by: str = "label"
    """`label`, or `ask`: the question what the unit does."""
    networks: tuple[str, ...] = tuple(models.NETWORKS)
    """Of these and the organisms, `organism:adder` and others, which have one seed."""
    seeds: tuple[int, ...] = SEEDS
    units: int = 6
    """Known units of a network at most; 0: all."""
    controls: int = 3
    """Units of each untrained copy."""
    steps: int | None = None
    unit_seconds: float | None = 600.0
    timeout: float = 120.0
    """Seconds of one request to a language model."""

    def check(self) -> None:
        """Refuses what is not there.

        Raises:
            UsageError: names what there is.
        """
        for given, known, what in (
            (self.networks, (*models.NETWORKS, *organisms.NAMES), "network"),
            ((self.by,), tuple(_WAYS), "way"),
            (tuple(map(str, self.seeds)), tuple(map(str, SEEDS)), "seed"),
        ):
            for name in given:
                if name not in known:
                    raise UsageError(
                        f"there is no {what} '{name}'; nearest: {nearest(name, known)}"
                    )


class Said(NamedTuple):
    """What was said of a unit."""

    label: str
    status: str
    confidence: float | None
    predictors: Sequence[Mapping[str, Any]]
    seconds: float

    @classmethod
    def of(cls, made: Mapping[str, Any], label: str, status: str, seconds: float) -> "Said":
        """From a record or the payload of an investigation."""
        predictors = [part["predictor"] for part in made.get("components") or ()]
        return cls(label, status, made.get("confidence"), predictors, seconds)

    @property
    def claims(self) -> bool:
        """Whether a function is claimed at all."""
        return self.status == "described" and bool(self.predictors)


def run_networks(plan: Plan, out: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """Runs the plan, or goes on with it, and gives the summary.

    Args:
        plan: What to run.
        out: Folder for `units.jsonl`, `evaluation.json` and a run folder a network.
        progress: Called with how many networks are done, and of how many.

    Raises:
        UsageError: for an unknown network, seed or way, or a folder that holds another plan.
    """
    plan.check()
    out.mkdir(parents=True, exist_ok=True)
    settle_plan(out, asdict(plan))
    lines = out / "units.jsonl"
    records = read_records_of(lines) if lines.exists() else []
    done = {(record["network"], record["seed"], record["unit"]) for record in records}
    pairs = [
        (name, seed)
        for name in plan.networks
        for seed in (plan.seeds if name in models.NETWORKS else (0,))
    ]
    for i, (name, seed) in enumerate(pairs):
        for record in _network(plan, name, seed, out, done):
            append(lines, record)
            records.append(record)
        if progress is not None:
            progress(i + 1, len(pairs))
    result = {"plan": asdict(plan), **summed(records)}
    (out / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _network(
    plan: Plan, name: str, seed: int, out: Path, done: set[tuple[str, int, str]]
) -> Iterator[dict[str, Any]]:
    """The records of one trained network that are not done, then those of its untrained copy."""
    organism = name in organisms.NAMES
    spec = f"{Path(models.__file__)}:{name}_{seed}"
    target = organisms.opened(name) if organism else Target.load(spec)
    data = out / f"{name.replace(':', '-')}-{seed}.txt"
    many = ORGANISM_STRINGS if organism else STRINGS
    data.write_text("\n".join(rows(name, many, STRINGS_SEED + seed)) + "\n")
    copy = untrained(target, seed=seed)
    copy.name = target.name  # a planner reads it
    rng = np.random.default_rng(seed)
    if organisms.attending(name):
        heads = organisms.attending(name)
        every = [Known(one, (to,), HEAD, 1.0, {}) for one, to in heads.items()]
        free = [f"{site}/{i}" for site in ("head.0", "head.1") for i in range(4)]
        found, kind = tuple(free), HEAD
    else:
        known = truth_of(target, name).known
        every = list({one.variables[0]: one for one in reversed(known)}.values())
        found, kind = truth_of(copy, name).none if plan.controls else (), "none"
    chosen = _some(every, plan.units, rng)
    nothing = [
        Known(unit, (), kind, 0.0, {})
        for unit in (_some(found, plan.controls, rng) if plan.controls else ())
    ]
    for arm, network, units in (("", target, chosen), ("-untrained", copy, nothing)):
        keys = {unit.unit: (name, seed, unit.unit + arm) for unit in units}
        todo = [unit for unit in units if keys[unit.unit] not in done]
        if not todo:
            continue
        said = _WAYS[plan.by](plan, network, [one.unit for one in todo], data, out, arm)
        draws = [
            draw(network, name, _units(todo), number, held_out=number == CHECKED)
            for number in (FITTED, CHECKED)
            if kind != HEAD
        ]
        for i, (unit, words) in enumerate(zip(todo, said, strict=True)):
            yield {
                "network": name,
                "seed": seed,
                "unit": unit.unit + arm,
                "trained": not arm,
                "truth": unit._asdict() | {"needed": bool(unit.variables) and unit.needed},
                "said": words._asdict(),
                **_verdict(unit, words, draws, i),
            }


def _some(every: Sequence[Any], n: int, rng: np.random.Generator) -> list[Any]:
    """At most `n` of them, drawn, in their order; 0: all."""
    if not n or len(every) <= n:
        return list(every)
    return [every[i] for i in sorted(rng.choice(len(every), n, replace=False))]


def _units(known: Sequence[Known]) -> list[Unit]:
    return [Unit.parse(one.unit) for one in known]


def _verdict(known: Known, said: Said, draws: Sequence[Draw], i: int) -> dict[str, Any]:
    """What became of the description of the i-th unit of the draws; `fits`: the correlation of its
    prediction with the unit itself."""
    if known.kind == HEAD:
        verdict = judged_head(known, said.predictors if said.claims else None, said.confidence)
        return {**_with_failures(verdict, said), "fits": None}
    prediction, own = None, draws[1].units[i]
    if said.claims:
        predicates = [parse(dict(one)) for one in said.predictors]
        parts = [
            np.stack([one.evaluate(each.windows)[each.windows.counted] for one in predicates])
            for each in draws
        ]
        prediction = fitted([part.astype(np.float64) for part in parts], draws[0].units[i])[1].total
    verdict = judged(known, prediction, draws[1], said.confidence, own=own)
    fits = None if prediction is None else correlations(prediction[None], own[None])[0, 0]
    return {
        **_with_failures(verdict, said),
        "fits": None if fits is None else round(float(fits), 4),
    }


def _with_failures(verdict: Verdict, said: Said) -> dict[str, Any]:
    found = verdict.as_dict()
    return {**found, "verdict": "failed"} if said.status == "failed" else found


def _labelled(
    plan: Plan, target: Target, units: Sequence[str], data: Path, out: Path, arm: str
) -> list[Said]:
    """What a planner says in a labelling run."""
    from ..labelling.label import label

    run = label(
        target,
        units=",".join(units),
        data=str(data),
        out=out / f"{data.stem}{arm}",
        planner=plan.planner,
        base_url=plan.base_url,
        controls="none",
        steps=plan.steps,
        unit_seconds=plan.unit_seconds,
        timeout=plan.timeout,
    )
    found = [run[name] for name in units]
    return [Said.of(one.record, one.label, one.status, one.record["seconds"]) for one in found]


def _asked(
    plan: Plan, target: Target, units: Sequence[str], data: Path, out: Path, arm: str
) -> list[Said]:
    """What a conversation finds: the description of the investigation that its answer cites."""
    from ..asking.opening import ask

    found = []
    for unit in units:
        began = time.monotonic()
        answer = ask(
            target,
            f"What does unit {unit} do?",
            data=str(data),
            planner=plan.planner,
            base_url=plan.base_url,
            timeout=plan.timeout,
            budget=Budget(steps=plan.steps or Budget.steps, tokens=None, seconds=plan.unit_seconds),
            folder=out / "conversations",
        )
        cited = [one.data for one in answer.evidence if one.tool == "investigate_unit"]
        last = cited[-1] if cited else {}
        label, status = last.get("label") or answer.text[:200], last.get("status", "failed")
        found.append(Said.of(last, label, status, round(time.monotonic() - began, 2)))
    return found


_WAYS = {"label": _labelled, "ask": _asked}


def summed(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and shares of all records: trained networks, by network and kind; untrained copies."""
    trained = [record for record in records if record["trained"]]
    names = (*models.NETWORKS, *organisms.NAMES)
    groups = {name: [r for r in trained if r["network"] == name] for name in names}
    kinds = sorted({record["truth"]["kind"] for record in trained})
    groups |= {kind: [r for r in trained if r["truth"]["kind"] == kind] for kind in kinds}
    groups["needed"] = [record for record in trained if record["truth"]["needed"]]
    return {
        "trained": _shares(trained),
        "by": {name: _shares(some) for name, some in groups.items() if some},
        "untrained": _shares([record for record in records if not record["trained"]]),
    }


def _shares(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts, and shares with intervals over networks."""
    counts = Counter(record["verdict"] for record in records)
    result: dict[str, Any] = {"n": len(records), **counts}
    if not records:
        return result
    network = np.array([f"{record['network']}-{record['seed']}" for record in records])
    resampler = Resampler(network)
    ones = np.ones(len(records))
    for name in ("right", "wrong", "abstained", "failed", "confidently wrong"):
        hits = np.array(
            [
                record["confidently_wrong"]
                if name == "confidently wrong"
                else record["verdict"] == name
                for record in records
            ],
            float,
        )
        sums = resampler.sums(hits, ones)
        span = sums[:, 0] / np.maximum(sums[:, 1], 1)
        low, high = np.quantile(span[1:], [0.025, 0.975])
        result[f"share {name}"] = {"value": span[0], "low": low, "high": high}
    return json.loads(json.dumps(result, default=float), parse_float=lambda x: round(float(x), 4))
