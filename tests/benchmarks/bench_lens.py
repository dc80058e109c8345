"""The logit lens and a comparison of two runs, against one forward that computes all logits."""

import json
import sys

from .bench import Measure, elsewhere, peak_mb, ratio


def run(quick: bool) -> list[Measure]:
    """Each measured in a process of its own, so that its memory is its own."""
    out = []
    for name, limit, what in (
        ("lens", 20.0, "logit lens, 25 points of 64 places, over the forward"),
        ("heads", 45.0, "zeroing each of 144 heads (compare), over the forward"),
        ("compare", 25.0, "compare with a head zeroed, heads known, over the forward"),
    ):
        code = f"from tests.benchmarks.bench_lens import measure; measure('{name}', 3)"
        found = json.loads(elsewhere(code.replace(", 3)", ", 1)") if quick else code))
        note = f"GPT-2-small shape, 64 tokens, all logits; that alone: {found['before']:,.0f} MB"
        out.append(Measure(what, found["ratio"], "x", limit, peak_mb=found["peak"], note=note))
    return out


def measure(name: str, times: int) -> None:
    """In the fresh process: prints what was measured as JSON."""
    import torch
    from neuroscribe.tools.attribution import Prediction, TargetPrompt
    from neuroscribe.tools.attribution.comparative import Run, Settings, compare, head_effects
    from neuroscribe.tools.attribution.sources import Spot
    from neuroscribe.tools.lens.logit_lens import logit_lens
    from neuroscribe.tools.models.unit import Unit

    from .shapes import gpt2_small, random_windows

    target, window = gpt2_small(), random_windows(64)
    ids = torch.as_tensor(window.ids).long()

    def forward() -> None:
        with torch.no_grad():
            target.network(input_ids=ids, use_cache=False)

    question = TargetPrompt(window.ids, 64, (Prediction(63, 1234),))
    known = Run(target, question)
    edited = known.without([Unit("head.5", 3, 1)])

    def compared() -> None:
        compare([(known, edited)], Settings(), head=Spot("head", 5, 3))

    runs = {
        "lens": lambda: logit_lens(target, question),
        "heads": lambda: head_effects(Run(target, question)),
        "compare": compared,
    }
    forward()
    before = peak_mb()
    runs[name]()
    found = ratio(runs[name], forward, times=times)
    json.dump({"ratio": found, "peak": peak_mb(), "before": before}, sys.stdout)
