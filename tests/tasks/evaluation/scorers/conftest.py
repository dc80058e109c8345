"""A small bench of planted units, and panels whose answers are known."""

from collections.abc import Callable

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import SCORERS, Panel, Score

from tests.support.oracles import oracle_panel
from tests.support.scorer_bench import PLAN, SanityBench, sanity_bench


@pytest.fixture(scope="session")
def bench() -> SanityBench:
    """Four units: colours, professions, gems or spices, instruments or fabrics."""
    return sanity_bench(stories=300, plan=PLAN[:4])


@pytest.fixture
def panel(bench: SanityBench) -> Callable[..., Panel]:
    """An oracle's panel for a unit and one of its descriptions."""

    def make(number: int = 0, change: str = "true", seed: int = 0) -> Panel:
        oracle = bench.oracle(number, np.random.default_rng(seed))
        return oracle_panel(oracle, bench.case(number, change).description)

    return make


@pytest.fixture(scope="session")
def by_oracle() -> dict[tuple[str, str, int], Score]:
    """Scores with an oracle, each computed once."""
    return {}


@pytest.fixture
def scored(
    bench: SanityBench,
    panel: Callable[..., Panel],
    by_oracle: dict[tuple[str, str, int], Score],
) -> Callable[..., Score]:
    """`scored(name, change)`: a score with an oracle, or with parts of the panel replaced."""

    def score(
        name: str, change: str = "true", number: int = 0, given: Panel | None = None
    ) -> Score:
        key = (name, change, number)
        if given is None and key in by_oracle:
            return by_oracle[key]
        reader = given or panel(number, change)
        found = SCORERS[name](bench.case(number, change), reader, np.random.default_rng(5))
        if given is None:
            by_oracle[key] = found
        return found

    return score
