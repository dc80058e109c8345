"""The causal evidence behind a unit's `effect`, as it is kept in the unit's record.

verdict          `causal`, `weakly causal`, `no effect shown` or `not testable` (see `causal_rule`)
test             necessity and sufficiency beside matched units, with p and their number `n`
evidence         id of the experiment, in the transcript
necessity        resampled where it peaks: `size`, `change` of the words, `interval`, `p`, `windows`
sufficiency      by percentile at which it is held: `value`, `size`, `raised`, `interval`
total, direct    rise of the words at the 99.9th percentile, and what of it is direct
held_out         AUROC of the words on prompts that did not name them; `held_out_p` among those of
                 matched units with words of their own
p                of sufficiency
percentile       of the size among matched units; `controls`: how many there were
redundant_with   units that make up for it
alike            units that write the same way and fire with it, each with its verdict
promoted, suppressed
"""

from collections.abc import Mapping
from typing import Any

from ...tools.lab import Lab
from ...tools.models import Unit


def effect_scores(lab: Lab, unit: Unit) -> dict[str, Any] | None:
    """What the last `unit_effect` of an investigation says of its unit; None where none ran."""
    for item in reversed(list(lab.evidence)):
        measured = item.tool == "unit_effect" and item.error is None
        if measured and item.data.get("unit") == str(unit):
            return {"evidence": item.id, **_kept(item.data)}
    return None


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    need = data["necessity"]
    names = ("windows", "size", "change", "interval", "p", "percentile")
    return {
        "verdict": data["verdict"],
        "test": data["test"],
        "measure": data["measure"],
        "necessity": {name: need[name] for name in names},
        "sufficiency": data["sufficiency"],
        "total": data["raised"],
        "direct": data["direct"],
        "held_out": data["held_out"],
        "held_out_p": data["held_out_p"],
        "p": data["p"],
        "percentile": data["percentile"],
        "controls": len(data["controls"]),
        "redundant_with": [
            one["unit"] for one in data["redundant"] if one["verdict"] == "redundant"
        ],
        "alike": {one["unit"]: one["verdict"] for one in data["redundant"]},
        "promoted": [one["token"] for one in data["promoted"]],
        "suppressed": [one["token"] for one in data["suppressed"]],
    }
