"""Zeroes every unit of many sites, one at a time, and measures what that does to a prediction.

The measured counterpart of `attribute`, whose values are formulas: see `interventions/sweep.py` for
the sweep, and `interventions/ranking.py` for chance (random directions as long as what a unit
writes) and the false-discovery rate, which is controlled within each site.
"""

from typing import Annotated, Any, Literal

from ..activations.selectivity import sites_of
from ..errors import UsageError
from ..evidence import Result
from ..interventions.ranking import FOUND, RankedUnit, ranking
from ..interventions.runner import runners_of
from ..lab import Lab
from ..metrics.asked import asked
from ..registry import UpTo, tool
from ..render.text import number

MOST_PROMPTS = 8
MOST = 25


@tool(needs=("text", "open"))
def sweep_units(
    lab: Lab,
    prompts: list[str],
    target: str | None = None,
    *,
    contrast: str | None = None,
    sites: list[str] | None = None,
    several: Literal["first", "sum"] | None = None,
    many: Annotated[int, UpTo(MOST)] = 10,
    metric: str | None = None,
) -> Result:
    """Zeroes every single unit of the model in turn and measures the log-probability of the next
    token that you name: which units does this prediction need? Slow on a large model; attribute
    estimates the same by a formula in one pass.

    Args:
        prompts: Texts that stop right before the target.
        target: The next token to measure, such as " the"; without a leading space the more
            probable of both readings is taken. Left out: the model's own next token.
        contrast: Another next token: measured is how far the target is ahead of it.
        sites: Where to look, such as mlp.3, head.2 or mlp (all layers); left out: all neurons.
        several: What to do with a target of several tokens: take the first, or sum over all.
        many: How many units to list, at most 25.
        metric: In the place of a target, what is measured: arithmetic over outputs and units, such
            as class(1) - class(0), logit(" a")@3 or mlp.1/17@-1 (@: the place, @mean over all).
    """
    if not 0 < len(prompts) <= MOST_PROMPTS:
        raise UsageError(f"pass one to {MOST_PROMPTS} prompts, not {len(prompts)}")
    chosen = sites_of(lab.target, sites)
    given: Any = {"contrast": contrast, "several": several, "metric": metric}
    read = asked(lab.target, prompts, target, **given)
    runners = runners_of(lab.target, read)
    swept = [ranking(runners, name, seed=lab.seed) for name in chosen]
    units = [one for result in swept for one in result.units]
    lab.meter.forward_tokens += len(units) * sum(runner.prompt.places for runner in runners)
    notes = [*read.notes, *(note for result in swept for note in result.notes)]
    best = sorted(units, key=lambda one: -abs(one.effect))[:many]
    beyond = [result.found for result in swept if result.found is not None]
    lines = [
        f"each of {len(units):,} units of {', '.join(chosen)} zeroed by itself on {len(prompts)} "
        f"prompt{'s' * (len(prompts) > 1)}; {read.label}, {number(swept[0].before)} unchanged:",
        *(_line(one) for one in best),
    ]
    if beyond:
        lines.append(
            f"{sum(beyond)} units do more than random directions as long as what they write, at a "
            f"false-discovery rate of {FOUND:g} within each site"
        )
    data: dict[str, Any] = {
        "prompts": prompts,
        "target": read.target,
        "contrast": read.contrast,
        "token": read.measured,
        "sites": chosen,
        "swept": len(units),
        "before": swept[0].before,
        "beyond_chance": sum(beyond) if beyond else None,
        "units": [{**one._asdict(), "unit": str(one.unit)} for one in best],
    }
    data["notes"] = list(dict.fromkeys(notes))
    return Result("\n".join([*lines, *data["notes"]]), data)


def _line(one: RankedUnit) -> str:
    spread = "" if one.interval is None else " [{:+.3g}, {:+.3g}]".format(*one.interval)
    chance = "" if one.q is None else f"; p={one.p:.2g}, q={one.q:.2g}"
    return f"{one.unit} {one.effect:+.4g}{spread}{chance}"
