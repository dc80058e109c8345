"""Attribution of a prediction to all units, against one forward that computes all logits."""

import json
import sys

from .bench import Measure, elsewhere, peak_mb, ratio


def run(quick: bool) -> list[Measure]:
    """Each measured in a process of its own, so that its memory is its own."""
    out = []
    for name, limit, what in (
        ("trace", 1.15, "exact trace without attention patterns over the forward"),
        ("imp", 3.0, "attribute imp, 36,864 neurons, top 200 exact, over the forward"),
        ("taylor", 4.0, "attribute taylor, 36,864 neurons, over the forward"),
    ):
        code = f"from tests.benchmarks.bench_attribution import measure; measure('{name}', 7)"
        found = json.loads(elsewhere(code.replace("7", "2") if quick else code))
        note = f"GPT-2-small shape, 64 tokens, all logits; that alone: {found['before']:,.0f} MB"
        out.append(Measure(what, found["ratio"], "x", limit, peak_mb=found["peak"], note=note))
    return out


def measure(name: str, times: int) -> None:
    """In the fresh process: prints what was measured as JSON."""
    import torch
    from neuroscribe.tools.attribution import (
        Prediction,
        Settings,
        TargetPrompt,
        attribute,
        exact_trace,
    )

    from .shapes import gpt2_small, random_windows

    target, window = gpt2_small(), random_windows(64)
    ids = torch.as_tensor(window.ids).long()

    def forward() -> None:
        with torch.no_grad():
            target.network(input_ids=ids, use_cache=False)

    question = TargetPrompt(window.ids, 64, (Prediction(63, 1234),))
    runs = {
        "trace": lambda: exact_trace(target, question),
        "imp": lambda: attribute(target, question, Settings("imp", ("mlp",))),
        "taylor": lambda: attribute(target, question, Settings("taylor", ("mlp",))),
    }
    forward()
    before = peak_mb()
    runs[name]()
    found = ratio(runs[name], forward, times=times)
    json.dump({"ratio": found, "peak": peak_mb(), "before": before}, sys.stdout)
