"""Which units are responsible for what the model predicts behind a prompt.

1. Every neuron and head of the model gets a value for the target's token (see `attribution`):
   log-probability increase, or another method.
2. The best ones of each kind are shown with the tokens that their rows favour, and where the unit
   under study stands among all.
3. Control: the best ten are zeroed, beside random sets of units of the same sites.
"""

import math
from typing import Annotated, Any, Literal

from ..attribution import Attribution, Settings, UnitValue, target_prompt
from ..attribution import attribute as run
from ..attribution.attribute import likeliest_other
from ..attribution.control import DRAWS, Drop, control
from ..attribution.shares import METHODS, UnitShare, share_out
from ..attribution.sources import Kind, Spot
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..metrics.asked import asked
from ..metrics.prompt import Prompt, TargetPrompts
from ..registry import UpTo, tool
from ..render.text import number, quoted

_TOKENS = 4  # decoded tokens of a unit in the text


@tool(needs=("text", "open"))
def attribute(
    lab: Lab,
    prompt: str,
    target: str | None = None,
    contrast: str | None = None,
    *,
    several: Literal["first", "sum"] | None = None,
    method: Literal["imp", "direct", "taylor", "integrated", "magnitude"] = "imp",
    kinds: list[Literal["mlp", "head", "attention"]] | None = None,
    many: Annotated[int, UpTo(25)] = 8,
    metric: str | None = None,
) -> Result:
    """Ranks all neurons and heads of the model by what they add to the prediction of a target
    behind a prompt, with the tokens they favour, and checks the best ten by zeroing them beside
    random units of the same layers. Says where the unit under study stands.

    Args:
        prompt: What the model reads.
        target: The text it is to predict next, such as " park"; without a leading space the more
            probable of both readings is taken. Left out: the model's own next token.
        contrast: Another text: what favours the target over it?
        several: What to do with a target of several tokens: take the first, or sum over all.
        method: imp is the increase of log-probability; direct the direct logit, as imp of a
            metric that is linear in the output is; of other metrics imp means integrated.
        kinds: Of units: mlp, head, attention (a channel of a head at one source token).
        many: How many units of each kind to list.
        metric: In the place of a target, what is measured: arithmetic over outputs and units, such
            as class(1) - class(0), logit(" a")@3 or mlp.1/17@-1 (@: the place, @mean over all).
    """
    if metric is not None:
        read = asked(
            lab.target, [prompt], target, contrast=contrast, metric=metric, several=several
        )
        return _of_metric(lab, read, method, many)
    settings = Settings(method, tuple(kinds or ("mlp", "head")), many, words=_TOKENS)
    settings.check()
    question = target_prompt(lab.target, prompt, target, contrast=contrast, several=several)
    result = run(lab.target, question, settings)
    draws = int(lab.rng().integers(1 << 31))
    controls = [control(lab.target, result, kind, seed=draws) for kind in result.units]
    lab.meter.forward_tokens += question.ids.shape[1] * (2 + len(controls) * (2 + DRAWS))
    odds = ", ".join(
        f"{p:.3g} (rank {rank})" for p, rank in zip(result.probabilities, result.ranks, strict=True)
    )
    whole = math.prod(result.probabilities)
    if len(result.probabilities) > 1:
        odds = f"{whole:.3g} in all; token by token {odds}"
    rows = [f"{question.words} behind {quoted(prompt)}: probability {odds}"]
    data: dict[str, Any] = {
        "prompt": prompt,
        "target": question.target,
        "contrast": question.contrast,
        "token": question.measured,
        "method": method,
        "probability": result.probabilities,
        "whole_probability": whole,
        "rival": likeliest_other(result.trace, question),
        "rank": result.ranks,
        "notes": result.notes,
    }
    for kind, test in zip(result.units, controls, strict=True):
        rows.append(f"{kind}, best of {len(result.values[kind]):,} by {method}:")
        rows += [_line(unit) for unit in result.units[kind]]
        if result.opposing[kind]:
            rows.append(
                "against it: " + "; ".join(_line(unit) for unit in result.opposing[kind][:2])
            )
        rows.append(_control(test))
        data[kind] = {
            "units": [unit.as_dict() for unit in result.units[kind]],
            "opposing": [unit.as_dict() for unit in result.opposing[kind]],
            "proven": result.proven[kind],
            "control": {
                "drop": test.drop,
                "drop_probability": test.drop_probability,
                "random": test.random,
                "percentile": test.percentile,
                "p": test.p,
            },
        }
    own = _own(lab, result)
    if own is not None:
        rows.append(own["text"])
        data["unit"] = own
    return Result("\n".join([*rows, *result.notes]), data)


def _of_metric(lab: Lab, read: TargetPrompts, method: str, many: int) -> Result:
    """Shares of all units in any metric: exactly where that can be, else by gradients."""
    if method not in ("imp", *METHODS):
        raise UsageError(f"a metric is shared out by direct, integrated or taylor, not by {method}")
    row = read.prompts[0]
    how: Any = None if method == "imp" else method
    seed = int(lab.rng().integers(1 << 31))
    found = share_out(lab.target, row, read.metrics[0], method=how, top=many, seed=seed)
    sites = sum(len(group.sites) for group in found.groups)
    lab.meter.forward_tokens += row.places * (1 + 18 * sites + DRAWS * len(found.groups))
    rows = [
        f"{found.metric} is {number(found.before)} behind {quoted(row.text)}; shares of the units "
        f"by {METHODS[found.method]}:"
    ]
    if found.parts is not None:
        rows.append(found.parts.words())
    data: dict[str, Any] = {
        "prompt": row.text,
        "metric": found.metric,
        "value": found.before,
        "method": found.method,
        "parts": found.parts and found.parts._asdict(),
        "notes": found.notes,
    }
    for group in found.groups:
        units = sum(each.shares.shape[1] for each in group.sites)
        rows.append(f"{group.name}, best of {units:,}:")
        rows += [_share_line(unit, row) for unit in group.units]
        if group.opposing:
            against = "; ".join(_share_line(unit, row) for unit in group.opposing[:2])
            rows.append(f"against it: {against}")
        test = group.control
        rows.append(_control(test))
        data[group.name] = {
            "units": [unit.as_dict() for unit in group.units],
            "opposing": [unit.as_dict() for unit in group.opposing],
            "gap": [each.gap for each in group.sites],
            "control": {
                **{"drop": test.drop, "random": test.random},
                **{"percentile": test.percentile, "p": test.p},
            },
        }
    return Result("\n".join([*rows, *found.notes]), data)


def _share_line(unit: UnitShare, row: Prompt) -> str:
    return (
        f"{unit.unit} {unit.value:+.3g}, activation {number(unit.activation)} at place "
        f"{unit.place} {quoted(row.tokens[unit.place])}"
    )


def _line(unit: UnitValue) -> str:
    tokens = unit.promotes if unit.activation >= 0 else unit.suppresses
    shown = " ".join(quoted(token) for token in tokens)
    bound = "" if unit.exact else " at most"
    return f"{unit.unit}{bound} {unit.value:+.3g}, activation {number(unit.activation)}: {shown}"


def _control(test: Drop) -> str:
    if not test.units:
        return "control: the sites have no other units to zero beside the best"
    what = f"control: zeroing these best {len(test.units)} together lowers it by {test.drop:+.3g}"
    if not test.random:
        return what
    middle = sorted(test.random)[len(test.random) // 2]
    line = (
        f"{what}; {len(test.random)} random sets of the same sites: median {middle:+.3g}, max "
        f"{max(test.random):+.3g}; percentile {test.percentile:.0f}, p={test.p:.2g}"
    )
    return f"{line}: {test.verdict}" if test.verdict else line


def _own(lab: Lab, found: Attribution) -> dict[str, Any] | None:
    """The unit under study among all of its kind."""
    if lab.unit is None:
        return None
    name, _, block = lab.unit.site.partition(".")
    kind: Kind = "mlp" if name == "mlp" else "head"
    if name not in ("mlp", "head") or kind not in found.layouts or not block.isdigit():
        return None
    layout = found.layouts[kind]
    i = layout.number(Spot(kind, int(block), lab.unit.index))
    value = float(found.values[kind][i])
    rank = 1 + int((found.values[kind] > value).sum())
    sure = "" if bool(found.exact[kind][i]) else "at most "
    text = f"the unit under study, {lab.unit}: {sure}{value:+.3g}, rank {rank} of {layout.size:,}"
    return {"unit": str(lab.unit), "value": value, "rank": rank, "of": layout.size, "text": text}
