"""The causal evidence behind a unit's `effect`, as it is kept in the unit's record.

verdict          `effect`, `redundant` or `none` (no effect beyond matched units)
evidence         id of the experiment, in the transcript
necessity        removed where it peaks: `size`, `change` of the words, `interval`, `p`, `windows`
sufficiency      by percentile at which it is held: `value`, `size`, `raised`, `interval`
total, direct    rise of the words at the 99.9th percentile, and what of it is direct
held_out         AUROC of the words on prompts that did not name them
p                that matched units raise the same words as much
percentile       of the size among matched units
redundant_with   units that do the same
promoted, suppressed
"""

from collections.abc import Mapping
from typing import Any

from ...tools.lab import Lab
from ...tools.models import Unit


def effect_scores(lab: Lab, unit: Unit) -> dict[str, Any] | None:
    """What the last `unit_effect` of an investigation says of its unit; None where none ran."""
    for item in reversed(list(lab.evidence)):
        asked = item.tool == "unit_effect" and item.error is None
        if asked and item.data.get("unit") == str(unit):
            return {"evidence": item.id, **_kept(item.data)}
    return None


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    need = data["necessity"]
    names = ("windows", "size", "change", "interval", "p", "percentile")
    return {
        "verdict": data["verdict"],
        "measure": data["measure"],
        "necessity": {name: need[name] for name in names},
        "sufficiency": data["sufficiency"],
        "total": data["raised"],
        "direct": data["direct"],
        "held_out": data["held_out"],
        "p": data["p"],
        "percentile": data["percentile"],
        "controls": len(data["controls"]),
        "redundant_with": [one["unit"] for one in data["redundant"] if one["redundant"]],
        "promoted": [one["token"] for one in data["promoted"]],
        "suppressed": [one["token"] for one in data["suppressed"]],
    }
