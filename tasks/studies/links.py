"""Which head do chosen neurons depend on? Comparative Neuron Analysis (Yu & Ananiadou 2024b).

1. A head is zeroed and the Imp of the chosen neurons taken again, under the frozen scale of the
   whole run: what they lose is their CNA. First half: the head at which they lose most is linked.
2. Second half: what they lose under that head, beside what they lose under other heads (the
   strongest and, in a large model, some drawn at random).
3. The chain: the neurons with the largest CNA under the strongest head behind the first block, and
   the earlier neurons that reach them through that head (`comparative/shallow.py`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.attribution import Spot
from ...tools.attribution.comparative import Comparison, Run, Settings, compare
from ...tools.attribution.comparative.runs import valued
from ...tools.models import Target, Unit
from ...tools.statistics.intervals import mean
from .cases import TokenizedCase

PROMPTS = 48
"""Of each half."""
HEADS = 16
LEAST = 0.05
"""Of the neurons' Imp: what is smaller is called nothing."""


class Links(NamedTuple):
    """What the chosen neurons lose under each head."""

    heads: tuple[str, ...]
    """Those that were zeroed."""
    linked: str
    first: np.ndarray
    """`[prompt, head]` share of the neurons' summed Imp that is lost, first half."""
    second: np.ndarray
    before: float
    """Mean summed Imp on the second half, nats."""
    drop: dict[str, Any]
    control: dict[str, Any]
    difference: dict[str, Any]
    next_best: str
    """The other head under which they lose most, second half."""
    chain: Comparison | None
    shared: int
    """Chosen neurons among as many with the largest CNA of the chain."""

    @property
    def found(self) -> bool:
        """Whether they lose something under the linked head, and more than under others."""
        least = min(self.difference["value"], self.drop["value"])
        return bool(self.drop["low"] > 0 and self.difference["low"] > 0 and least >= LEAST)

    @property
    def lost(self) -> dict[str, dict[str, float]]:
        """By head: the mean share that is lost on the `first` and on the `second` half."""
        means = zip(self.heads, self.first.mean(0), self.second.mean(0), strict=True)
        return {head: {"first": float(one), "second": float(two)} for head, one, two in means}

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        kept = ("linked", "found", "drop", "control", "difference")
        chain = self.chain
        return {
            **{name: getattr(self, name) for name in kept},
            "heads": self.lost,
            "chain": chain
            and {
                "head": str(chain.head),
                "neurons": [[one.unit, one.value] for one in chain.neurons],
                "shared_with_chosen": self.shared,
                "paths": [
                    {"deep": str(p.deep), "shallow": [[str(o.spot), o.value] for o in p.best(3)]}
                    for p in chain.paths
                ],
            },
        }


def links(
    target: Target,
    choose: Sequence[TokenizedCase],
    test: Sequence[TokenizedCase],
    chosen: Sequence[Unit],
    ranked: Sequence[Unit],
    *,
    seed: int,
) -> Links | None:
    """Args: ranked: all heads, strongest first. None where the neurons have no Imp to lose."""
    heads = list(ranked)
    if len(heads) > HEADS:
        rest = np.random.default_rng(seed).permutation(len(heads) - HEADS // 2) + HEADS // 2
        heads = [*heads[: HEADS // 2], *(heads[best_i] for best_i in rest[: HEADS // 2])]
    base, lost = _lost(target, choose[:PROMPTS], chosen, heads)
    again, lost_again = _lost(target, test[:PROMPTS], chosen, heads)
    if base.mean() <= 0 or mean(again, seed=seed)["low"] <= 0:
        return None
    first, second = lost / base.mean(), lost_again / again.mean()
    best_i = int(first.mean(0).argmax())
    others = [n for n in range(len(heads)) if n != best_i]
    best = max(others, key=lambda n: second[:, n].mean())
    control = second[:, others].mean(1)
    chain = _chain(target, choose, ranked)
    top = {change.unit for change in chain.neurons[: len(chosen)]} if chain else set()
    return Links(
        tuple(map(str, heads)),
        str(heads[best_i]),
        first,
        second,
        float(again.mean()),
        mean(second[:, best_i], seed=seed),
        mean(control, seed=seed),
        mean(second[:, best_i] - control, seed=seed),
        str(heads[best]),
        chain,
        len(top & set(map(str, chosen))),
    )


def _lost(
    target: Target, some: Sequence[TokenizedCase], chosen: Sequence[Unit], heads: Sequence[Unit]
) -> tuple[np.ndarray, np.ndarray]:
    """Summed Imp of the chosen `[prompt]`, and what is lost under each head `[prompt, head]`."""
    before, lost = [], []
    for one in some:
        run = Run(target, one.question)
        whole = valued(run, "mlp")
        known = whole.imps
        numbers = torch.tensor(
            [known.layout.number(_spot(unit)) for unit in chosen], device=known.values.device
        )
        known.make_exact(numbers)
        total = float(known.values[numbers].sum())
        row = []
        for head in heads:
            side = valued(run.without([head]), "mlp", scales=whole.scales).imps
            side.make_exact(numbers)
            row.append(total - float(side.values[numbers].sum()))
        before.append(total)
        lost.append(row)
    return np.array(before), np.array(lost)


def _chain(
    target: Target, some: Sequence[TokenizedCase], ranked: Sequence[Unit]
) -> Comparison | None:
    """CNA under the strongest head that has neurons before it."""
    head = next((unit for unit in ranked if _spot(unit).block > 0), None)
    if head is None:
        return None
    runs = [Run(target, one.question) for one in some[:PROMPTS]]
    pairs = [(run, run.without([head])) for run in runs]
    return compare(pairs, Settings(top=10, deep=3, shallow=3, draws=0), head=_spot(head))


def _spot(unit: Unit) -> Spot:
    kind, _, block = unit.site.partition(".")
    return Spot("mlp" if kind == "mlp" else "head", int(block), unit.index)
