"""Planted units that read text, as a suite."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...agent.description import Component, Description
from ...tools.data.tokens import surfaces
from ...tools.data.windows import cut
from ...tools.lens.projection import unit_logits
from ...tools.models.target import Target
from ...tools.models.text_reader import load_text_reader
from ...tools.models.unit import Unit
from ..groundtruth.planted import PlantedUnit, Probes
from ..groundtruth.text.meaning import suite as meaning
from ..groundtruth.text.meaning.passages import KINDS as MEANING
from ..groundtruth.text.suite import EACH, EACH_INEXPRESSIBLE, KINDS, TextBench, bench
from ..scoring.controls import peak_words
from ..scoring.measured import SPLITS, Measured, Splits
from ..scoring.predictions import HEADLINE, thresholds
from .ceilings import text_ceiling
from .meaning import held_pairs
from .scorers.judges import judge_named
from .suite import Suite

_TOP_TOKENS = 40
_NAMED = 6
"""Words in the sentence about an effect."""


class TextSuite(Suite):
    """Everyday text and prose; in tier M, what passages say."""

    name = "text"
    kinds = KINDS
    each = EACH | {"M": meaning.EACH}
    inexpressible = EACH_INEXPRESSIBLE
    baselines = (
        *("no experiments", "random experiments"),
        *("one-shot", "top tokens", "constant"),
    )

    size = "tokens"
    make = staticmethod(bench)

    def bench(
        self, tier: str, seed: int, *, kinds: Sequence[str], inexpressible_each: int, plan: Any
    ) -> Any:
        if tier != "M":
            return super().bench(
                tier, seed, kinds=kinds, inexpressible_each=inexpressible_each, plan=plan
            )
        host = Target.load(plan.host) if plan.host else None
        return meaning.bench(seed, kinds=kinds, tokens=plan.tokens, host=host)

    def kinds_of(self, tier: str, *, locked: bool) -> tuple[str, ...]:
        if tier != "M":
            return self.kinds
        return MEANING if locked else meaning.OPEN

    def reader(self, ground: Any, plan: Any) -> Target | None:
        if not isinstance(ground, meaning.MeaningBench) or plan is None or not plan.reader:
            return None
        return load_text_reader(plan.reader, ground.target)

    def further(
        self, bench: Any, unit: PlantedUnit, description: Description, splits: Splits
    ) -> dict[str, Any]:
        """Held-out pairs of tier M."""
        if unit.tier != "M":
            return {}
        plan = bench.plan
        named = {"seed": bench.seed, "reader": plan.reader}
        judge = plan.judge and judge_named(plan.judge, base_url=plan.base_url)
        found = held_pairs(bench.ground, unit, description, splits, judge=judge, **named)
        return {"pairs": found}

    def windows(self, ground: TextBench, *, length: int, told: bool) -> dict[str, Any]:
        """Token windows by split."""
        return {
            name: cut(ground.target, split, length=length)
            for name, split in zip(SPLITS, ground.corpus.splits(), strict=True)
        }

    def ceiling(
        self, ground: TextBench, unit: PlantedUnit, inputs: Probes, splits: Splits
    ) -> float:
        """The best of two tables of tokens."""
        return text_ceiling(unit.function, inputs, splits.explore, ground.vocabulary)

    def nameable(self, ground: TextBench, unit: PlantedUnit) -> bool | None:
        """Whether the words nearest to its output vector have one that it is planted to promote."""
        target = ground.target
        name = target.unit(unit.unit)
        direct = unit_logits(target, name, np.ones(1))  # [id]
        if not unit.promotes or direct is None:
            return None
        head: Any = target.network.get_output_embeddings()  # type: ignore[operator]
        rows = head.weight.detach().float().cpu()  # [id, d]
        lengths = (rows - rows.mean(0)).norm(dim=1).numpy()
        near = np.argsort(-direct / np.maximum(lengths, 1e-6))[:_NAMED]
        names = surfaces(target)
        words = {names[int(i)].strip().lower() for i in near}
        return bool(words & {word.lower() for word in unit.promotes})

    def without_search(self, name: str, unit: Unit, splits: Splits) -> Description:
        """The words at the peaks, or the tokens with the largest means."""
        if name == "one-shot":
            try:
                return peak_words(splits.explore)
            except ValueError:
                return Description("no word stands at the peaks", status="uninterpretable")
        tokens = top_tokens(splits.explore)
        predictor = {"kind": "tokens", "tokens": tokens}
        return Description("the tokens with the largest means", (Component("tokens", predictor),))


def top_tokens(explore: Measured, *, limit: int = _TOP_TOKENS) -> list[str]:
    """Tokens, seen twice or more, whose mean activation is above the headline threshold."""
    ids, values = explore.tokens(), explore.flat
    size = len(explore.windows.vocabulary)
    count = np.bincount(ids, minlength=size)
    mean = np.bincount(ids, values, size) / np.maximum(count, 1)
    cut = thresholds(explore)[HEADLINE]
    order = np.argsort(-np.where(count >= 2, mean, -np.inf), kind="stable")[:limit]
    chosen = [int(i) for i in order if mean[i] > cut] or [int(order[0])]
    return [explore.windows.vocabulary[i] for i in chosen]
