"""Sweeps over neurons and over patches at GPT-2-small's shape, against a forward for each."""

from .bench import Measure, apart, peak_mb, seconds

_NEURONS = 3072


def run(quick: bool) -> list[Measure]:
    """Each sweep in a process of its own, so that peaks are its own."""
    naive = "GPT-2-small shape; naive: a forward of one row for each, logits of the last place; "
    out = []
    for kind, limit, name, shape in (
        ("all", 8.0, "zeroing each of 3,072 neurons at all 16 places, speed over naive", naive),
        ("last", 20.0, "the same at the last place alone", ""),
        ("patch", 5.0, "patching the residual stream, 12 blocks by 64 places, over naive", ""),
    ):
        found = apart(measure, kind, quick)
        peak, note = found["peak"], f"{shape}largest difference {found['wrong']:.1g}"
        out.append(
            Measure(name, found["ratio"], "x", limit, at_most=False, peak_mb=peak, note=note)
        )
        if kind != "last":
            added = f"memory that this ({kind}) adds to the model and one forward"
            out.append(Measure(added, found["added"], "MB", peak_mb=peak))
    return out


def measure(what: str, quick: bool) -> dict[str, float]:
    """Parts of the sweep take turns with naive forwards, so that a busy machine slows both."""
    from neuroscribe.tools.interventions import Metric, Runner, row_of, sweep
    from neuroscribe.tools.interventions.patching import Pair, grid
    from neuroscribe.tools.models import clamp, zero

    from .shapes import gpt2_small, random_windows

    target, metric = gpt2_small(), Metric(token=77)
    width = 64 if what == "patch" else 16
    rows = random_windows(2 * width, width=width).ids
    base, source = row_of(target, rows[0]), row_of(target, rows[1])

    def naive(change) -> float:
        output = target.trace(base, interventions=[change], output="last").output
        return float(metric(output)[0])

    naive(zero("mlp.6", [0]))
    before = peak_mb()
    spent = {"naive": 0.0, "fast": 0.0, "forwards": 0, "rows": 0}
    wrong = [0.0]

    def compare(changes, effects) -> None:
        for change, effect in zip(changes, effects, strict=True):
            got: list[float] = []
            spent["naive"] += seconds(lambda change=change, got=got: got.append(naive(change)))
            spent["forwards"] += 1
            wrong.append(abs(got[0] - effect))

    if what == "patch":
        pair = Pair(target, source, base, metric)
        pair.source.read([f"resid.{layer}" for layer in range(12)])
        grid(pair, layers=[11])
        for layer in [0, 6, 11] if quick else range(12):
            values = pair.source.values(f"resid.{layer}")
            parts = []
            spent["fast"] += seconds(
                lambda layer=layer, parts=parts: parts.append(grid(pair, layers=[layer]))
            )
            spent["rows"] += width
            places = [7, 18, 29, 40, 51, 62]
            compare(
                [clamp(f"resid.{layer}", None, values[p]).at(places=[p]) for p in places],
                [float(parts[0].metric[0, p]) for p in places],
            )
    else:
        runner = Runner(target, base, metric)
        places = None if what == "all" else [width - 1]
        sweep(runner, "mlp.6", units=range(32), where=what)
        step = 384
        for first in range(0, step if quick else _NEURONS, step):
            units = range(first, first + step)
            parts = []
            spent["fast"] += seconds(
                lambda units=units, parts=parts: parts.append(
                    sweep(Runner(target, base, metric), "mlp.6", units=units, where=what)
                )
            )
            spent["rows"] += step
            some = range(0, step, 24)
            compare(
                [zero("mlp.6", [first + n]).at(places=places) for n in some],
                [runner.before + float(parts[0].effect[n]) for n in some],
            )
    ratio = (spent["naive"] / spent["forwards"]) / (spent["fast"] / spent["rows"])
    return {"ratio": ratio, "wrong": max(wrong), "added": peak_mb() - before}
