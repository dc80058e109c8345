"""Eight planted units of one development bench: the built-in planner recovers seven or more."""

import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.builtin.planner import BuiltinFactory
from neuroscribe.tasks.evaluation.recovery import recovery
from neuroscribe.tasks.groundtruth.text.inputs import probes
from neuroscribe.tasks.groundtruth.text.suite import bench
from neuroscribe.tasks.scoring.measured import Measured
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab, measure
from neuroscribe.tools.memo import Memo

KINDS = ("one", "or", "and", "and-not", "exception", "context", "position", "shape")
SEED, LENGTH = 1, 64
TOKENS = 25_000
"""A quarter of the suite's: eight units take 20 s of one core."""


@pytest.mark.slow
def test_seven_of_eight_planted_units_are_recovered():
    ground = bench("A", SEED, kinds=KINDS, each=1, inexpressible_each=0, tokens=TOKENS)
    explore, validation = (
        cut(ground.target, split, length=LENGTH) for split in ground.corpus.splits()[:2]
    )
    names = [ground.target.unit(unit.unit) for unit in ground.units]
    columns = [measure(ground.target, windows, names) for windows in (explore, validation)]
    memo = Memo()
    lost: list[str] = []
    for number, (unit, name) in enumerate(zip(ground.units, names, strict=True)):
        lab = Lab(ground.target, explore, memo=memo, columns={name: columns[0][number]})
        found = investigate(lab, name, BuiltinFactory(seed=SEED, effects=False)).description
        assert unit.function is not None
        inputs = probes(unit.function, ground.target, ground.vocabulary, ground.fresh, seed=number)
        on_explore, on_validation = (
            Measured(windows, column[number])
            for windows, column in zip((explore, validation), columns, strict=True)
        )
        judged = recovery(found, unit.function, inputs, on_explore, on_validation)
        if not judged.recovered:
            lost.append(f"{unit.unit}: {unit.text}, described as '{found.label}': {judged.cells}")
    assert len(lost) <= 1, "\n".join(lost)
