"""Attribution, the logit lens and a comparison of two runs, against one forward for all logits."""

from typing import Any

from .bench import Measure, apart, peak_mb, ratio

CASES = (
    ("trace", 1.15, 7, "exact trace without attention patterns over the forward"),
    ("imp", 3.0, 7, "attribute imp, 36,864 neurons, top 200 exact, over the forward"),
    ("taylor", 4.0, 7, "attribute taylor, 36,864 neurons, over the forward"),
    ("lens", 20.0, 3, "logit lens, 25 points of 64 places, over the forward"),
    ("heads", 45.0, 3, "zeroing each of 144 heads (compare), over the forward"),
    ("compare", 25.0, 3, "compare with a head zeroed, heads known, over the forward"),
)
"""What is measured, its limit, how often, and its name in the table."""


def run(quick: bool) -> list[Measure]:
    """Each measured in a process of its own, so that its memory is its own."""
    out = []
    for name, limit, times, what in CASES:
        found = apart(measure, name, 1 if quick else times)
        note = f"GPT-2-small shape, 64 tokens, all logits; that alone: {found['before']:,.0f} MB"
        out.append(Measure(what, found["ratio"], "x", limit, peak_mb=found["peak"], note=note))
    return out


def measure(name: str, times: int) -> dict[str, Any]:
    """Seconds of one computation over those of the forward."""
    import torch
    from neuroscribe.tools.attribution import (
        Prediction,
        Settings,
        TargetPrompt,
        attribute,
        exact_trace,
    )
    from neuroscribe.tools.attribution.comparative import Run, compare, head_effects
    from neuroscribe.tools.attribution.comparative import Settings as Comparing
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
    pair = known, known.without([Unit("head.5", 3, 1)])
    compute = {
        "trace": lambda: exact_trace(target, question),
        "imp": lambda: attribute(target, question, Settings("imp", ("mlp",))),
        "taylor": lambda: attribute(target, question, Settings("taylor", ("mlp",))),
        "lens": lambda: logit_lens(target, question),
        "heads": lambda: head_effects(Run(target, question)),
        "compare": lambda: compare([pair], Comparing(), head=Spot("head", 5, 3)),
    }[name]
    forward()
    before = peak_mb()
    compute()
    return {"ratio": ratio(compute, forward, times=times), "before": before}
