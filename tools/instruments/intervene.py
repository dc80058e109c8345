"""Changes units on prompts and measures what that does to a prediction, beside both controls.

1. The metric is the log-probability of a target behind each prompt, or how far it is ahead of
   another.
2. The units are set to zero, to their mean over explore (over all, or on the same token), to values
   drawn from explore, multiplied, held, or raised.
3. The same is done to 20 matched sets of units, and what the change writes is turned into 20 random
   directions of the same length (see `interventions/effect.py`).
"""

from typing import Any, Literal

from ..activations.unit_stats import profile
from ..errors import UsageError
from ..evidence import Result
from ..interventions.change import MEASURED, VALUED, Change, Method
from ..interventions.effect import ControlledEffect, effect_of
from ..interventions.matched_control import control_words, named
from ..interventions.reference import Reference, references
from ..interventions.runner import Runner, runners_of
from ..interventions.sweep import Where
from ..lab import Lab
from ..metrics.asked import asked
from ..metrics.prompt import TargetPrompts
from ..models import Unit
from ..registry import tool
from ..render.text import between, number

_MOST_UNITS = 64
_MOST_PROMPTS = 16
_TOKENS = 4096
_ROWS = 16


@tool(needs=("text", "open"))
def intervene(
    lab: Lab,
    prompts: list[str],
    target: str | None = None,
    *,
    units: list[str] | None = None,
    method: Method = "zero",
    value: float | None = None,
    contrast: str | None = None,
    places: Where = "all",
    several: Literal["first", "sum"] | None = None,
    metric: str | None = None,
) -> Result:
    """Changes units while the model reads your prompts and measures the log-probability of the
    word that you name as the next one, against matched random units and random directions of the
    same strength: is the unit needed for this prediction, or enough to bring it about?

    Args:
        prompts: Texts that stop right before the target.
        target: The next token to measure, such as " the"; without a leading space the more
            probable of both readings is taken. Left out: the model's own next token.
        units: The units, changed together; a site such as mlp.1 stands for all of its units; left
            out: the unit under study.
        method: zero; mean: over explore; cama: the mean on the same token; resample: values from
            random places; scale: multiply by value; clamp: hold at value; steer: raise by value.
        value: The number of scale, clamp and steer.
        contrast: Another next token: measured is how far the target is ahead of it.
        places: all tokens of the prompt, or the last alone.
        several: What to do with a target of several tokens: take the first, or sum over all.
        metric: In the place of a target, what is measured: arithmetic over outputs and units, such
            as class(1) - class(0), logit(" a")@3 or mlp.1/17@-1 (@: the place, @mean over all).
    """
    chosen = _chosen(lab, units)
    if not 0 < len(prompts) <= _MOST_PROMPTS:
        raise UsageError(f"pass one to {_MOST_PROMPTS} prompts, not {len(prompts)}")
    if method in VALUED and value is None:
        raise UsageError(f"the method {method} needs a value")
    given: Any = {"contrast": contrast, "metric": metric, "several": several}
    read = asked(lab.target, prompts, target, **given)
    runners = runners_of(lab.target, read)
    lab.meter.forward_tokens += sum(row.places for row in read.prompts)
    change = Change(method, value if method in VALUED else None)
    known = _references(lab, chosen, runners) if method in MEASURED else None
    rates = {unit.site: profile(lab, unit.site).rate for unit in chosen}
    result = effect_of(
        runners,
        chosen,
        change,
        where=places,
        references=known,
        rates=rates,
        seed=lab.seed,
    )
    rows = (
        1
        + len(result.matched.controls)
        + (len(result.directions.controls) if result.directions else 0)
    )
    lab.meter.forward_tokens += rows * sum(runner.prompt.places for runner in runners)
    data = as_data(result) | {"target": read.target, "token": read.measured}
    data["notes"] = list(dict.fromkeys([*read.notes, *data["notes"]]))
    return Result(words(result, read), data)


def _chosen(lab: Lab, given: list[str] | None) -> tuple[Unit, ...]:
    """The units that were named, and those of sites that were."""
    sites = [name for name in given or [] if name in lab.target.sites]
    named = [lab.target.unit(name) for name in given or [] if name not in sites]
    if len(named) > _MOST_UNITS:
        raise UsageError(
            f"{len(named)} units are too many; change at most {_MOST_UNITS} at once, or a whole "
            "site by its name"
        )
    whole = [Unit(name, i) for name in sites for i in range(lab.target.sites[name].units)]
    return tuple(dict.fromkeys([*named, *whole])) or (lab.chosen(None),)


def words(found: ControlledEffect, read: TargetPrompts) -> str:
    """An effect in a few lines."""
    many = len(found.before)
    before, after = sum(found.before) / many, sum(found.after) / many
    lines = [
        f"{named(found.units)} {found.change.words()} on {many} prompt{'s' if many > 1 else ''}; "
        f"{read.label}",
        f"from {number(before)} to {number(after)}: change {found.mean:+.4g}"
        f"{between(found.interval)}",
        control_words(found.matched, "matched units"),
    ]
    if found.directions is not None:
        lines.append(control_words(found.directions, "random directions of the same length"))
    return "\n".join([*lines, *dict.fromkeys([*read.notes, *found.notes])])


def as_data(found: ControlledEffect) -> dict[str, Any]:
    """An effect as plain JSON."""
    return {
        "units": [str(unit) for unit in found.units],
        "method": found.change.method,
        "value": found.change.value,
        "effect": {
            "mean": found.mean,
            "interval": found.interval,
            "before": found.before,
            "after": found.after,
        },
        "controls": found.matched.controls,
        "percentile": found.matched.percentile,
        "p": found.matched.p,
        "control_units": found.matched_units,
        "directions": None if found.directions is None else found.directions._asdict(),
        "notes": list(found.notes),
    }


def _references(lab: Lab, units: tuple[Unit, ...], runners: list[Runner]) -> dict[str, Reference]:
    """What the units' sites hold over (a part of) explore, on the prompts' tokens."""
    tokens = {int(token) for runner in runners for token in runner.prompt.ids[0]}
    sites = tuple(dict.fromkeys(unit.site for unit in units))
    key = ("references", sites, frozenset(tokens))
    if key not in lab.memo:
        width = max(1, int(lab.explore.attended.sum(1).mean()))
        many = min(len(lab.explore), max(1, _TOKENS // width))
        batches = [lab.explore.rows(slice(i, min(i + _ROWS, many))) for i in range(0, many, _ROWS)]
        lab.meter.forward_tokens += sum(int(batch.attended.sum()) for batch in batches)
        lab.memo[key] = references(lab.target, batches, sites, tokens=tokens, seed=lab.seed)
    return lab.memo[key]
