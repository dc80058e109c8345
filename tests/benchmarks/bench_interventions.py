"""Many interventions in one forward, and restarts, against doing the whole thing each time."""

from .bench import Measure, apart, ratio


def run(quick: bool) -> list[Measure]:
    """Measured in a process of its own."""
    found = apart(measure, 1 if quick else 5)
    return [
        Measure(
            "32 interventions in one forward over 32 forwards",
            found["rows"],
            "x",
            1.0,
            peak_mb=found["peak"],
            note="stories-sized causal model, 64 tokens, one unit each",
        ),
        Measure(
            "restart at a late block and place over the full forward",
            found["restart"],
            "x",
            0.5,
            peak_mb=found["peak"],
            note="GPT-2-small shape, 64 tokens, block 9 of 12, place 48 of 64, 8 rows",
        ),
    ]


def measure(times: int) -> dict[str, float]:
    """Both as ratios of seconds."""
    import numpy as np
    import torch
    from neuroscribe.tools.models import zero
    from neuroscribe.tools.models.huggingface import wrap
    from transformers import GPT2Config, GPT2LMHeadModel

    from .shapes import gpt2_small, random_windows

    torch.manual_seed(0)
    config = GPT2Config(n_layer=5, n_embd=64, n_head=8, vocab_size=512)
    small = wrap(GPT2LMHeadModel(config), None, name="small")
    row = random_windows(64).rows(slice(0, 1))
    row.__dict__["ids"] = row.ids % 512
    many = row.rows(np.zeros(32, int))
    changes = [zero("mlp.2", [unit]).at(rows=[unit]) for unit in range(32)]

    def apart() -> None:
        for unit in range(32):
            small.trace(row, interventions=[zero("mlp.2", [unit])])

    rows = ratio(lambda: small.trace(many, interventions=changes), apart, times=times)
    large, window = gpt2_small(), random_windows(64)
    late = [zero("mlp.9", [unit]).at(rows=[unit], places=[48]) for unit in range(8)]
    eight = window.rows(np.zeros(8, int))
    cached = large.cache(window)
    restart = ratio(
        lambda: large.restart(cached, late, rows=8),
        lambda: large.trace(eight, interventions=late),
        times=times,
    )
    return {"rows": rows, "restart": restart}
