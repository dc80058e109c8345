"""Judges a conclusion before it is accepted, mends it, and draws an honest one where none came.

A conclusion rests on at least two tested rivals (a dead unit has none), cites only experiments
that were made, and has components whose predictors were tested: those tests are cited where the
planner cites none of them. It is sent back once with the reasons. The second time what cannot be
right is dropped and noted, and the rest is accepted; results in which a predictor was not tested
stay and are marked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..tools.evidence import EvidenceStore
from ..tools.lab import Lab
from ..tools.models import Unit
from ..tools.registry import TOOLS
from .citations import Citations
from .description import Component, Description, Rejected, short_label
from .ledger import strength, those_tested, whole

_RIVALS = 2
_EXPERIMENTS = {
    False: "separate, activations, edit_text, test_hypotheses",
    True: "separate, draw, edit_image, test_hypotheses",
}
_WEAK = 0.25  # below this correlation the best-tested hypothesis does not describe the unit


def faults(
    lab: Lab, unit: Unit, description: Description, rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What is wrong with a conclusion, in words for the planner; empty if nothing."""
    hidden = lab.units_hidden  # nothing can be tested, and nothing may be told
    found = [] if hidden else _untested(lab, unit, description, rows)
    store = lab.evidence
    for number, component in enumerate(description.components, 1):
        where = f"component {number} ('{component.words}')"
        found += _citation_faults(store, where, component.evidence)
    if not hidden:
        found += Citations(lab, unit).faults(description.components)
    if description.effect is not None:
        found += _citation_faults(store, "the effect", description.effect.evidence)
        if not description.effect.evidence:
            found.append("the effect cites no experiment; measure it or leave it out")
    for rejected in description.rejected:
        found += _citation_faults(store, f"rejected '{rejected.words}'", rejected.evidence)
    return found


def _untested(
    lab: Lab, unit: Unit, description: Description, rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Whether the unit is called dead rightly, and whether enough rivals were tested."""
    dead = never_fires(lab, unit)
    if description.status == "dead":
        return [] if dead else ["the unit is not dead: survey it to see how often it is active"]
    if dead:
        return [
            "the unit never fires on explore: say so with status dead, if nothing that you make "
            "moves it"
        ]
    tested = len(those_tested(rows))
    if tested >= _RIVALS:
        return []
    return [
        f"only {tested} of your {len(rows)} hypotheses were tested by an experiment after "
        "they were recorded; record at least two rivals, then measure inputs that separate "
        f"them ({_EXPERIMENTS[lab.target.image is not None]})"
    ]


def corrected(
    lab: Lab, unit: Unit, description: Description, rows: Sequence[Mapping[str, Any]]
) -> Description:
    """The conclusion with false citations dropped and every fault that stays noted."""
    notes = [*description.notes, *faults(lab, unit, description, rows)]

    def good(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(key for key in ids if not _citation_faults(lab.evidence, "", [key]))

    status = description.status
    if status == "dead" and not never_fires(lab, unit):
        status = "uninterpretable" if not description.components else "described"
    effect = description.effect
    if effect is not None:
        cited = good(effect.evidence)
        effect = replace(effect, evidence=cited) if cited else None
    known = Citations(lab, unit)
    kept = replace(
        description,
        status=status,
        components=tuple(
            known.completed(replace(c, evidence=good(c.evidence))) for c in description.components
        ),
        rejected=tuple(replace(r, evidence=good(r.evidence)) for r in description.rejected),
        effect=effect,
        notes=tuple(notes),
    )
    return known.marked(kept, rows)


def from_ledger(
    lab: Lab, unit: Unit, rows: Sequence[Mapping[str, Any]], reason: str
) -> Description | None:
    """What the experiments support where the planner never concluded; None: nothing was tested.

    The hypothesis that predicts best over written texts, windows and all of explore, with the
    others as rejected; `uninterpretable` where even the best predicts badly; `dead` where the unit
    never fires.
    """
    notes = (f"The planner did not conclude ({reason}); this is drawn from its ledger.",)
    if never_fires(lab, unit):
        measured = [e.id for e in lab.evidence if e.error is None and not _is_action(e.tool)]
        count = int(np.isfinite(lab.column(unit)).sum())
        if not measured:
            return None
        return Description(
            f"dead: never active at {count} places", status="dead", reason=reason, notes=notes
        )
    known = those_tested(rows)
    if not known:
        return None
    for row in known:  # those that were never tested on all of explore are now
        if row["test"] is None:
            row["test"] = {"correlation": whole(lab, unit, row["predictor"])}
    known.sort(key=strength, reverse=True)
    best, others = known[0], known[1:]
    weak = strength(best) < _WEAK
    results = [lab.evidence[key] for key in best["tested"]]
    cited = Citations(lab, unit).testing(results, best["predictor"]) or best["tested"]
    component = Component(str(best["statement"]), dict(best["predictor"]), tuple(cited))
    return Description(
        label=short_label("uninterpretable so far" if weak else str(best["statement"])),
        components=() if weak else (component,),
        confidence=round(max(0.0, min(1.0, strength(best))) / 2, 3),
        rejected=tuple(
            Rejected(
                str(row["statement"]),
                f"predicts less well ({strength(row):.2f} against {strength(best):.2f})",
                tuple(row["tested"]),
            )
            for row in (known if weak else others)
        ),
        status="uninterpretable" if weak else "described",
        reason=reason,
        notes=notes,
    )


def never_fires(lab: Lab, unit: Unit) -> bool:
    """Whether the unit is at no place of explore above zero, or never changes."""
    return silent(lab.column(unit))


def silent(values: np.ndarray) -> bool:
    """Whether activations, NaN where not counted, are nowhere above zero, or never change."""
    values = values[np.isfinite(values)]
    return values.size == 0 or bool(values.max() <= 0) or float(values.std()) < 1e-9


def _citation_faults(store: EvidenceStore, where: str, ids: Iterable[str]) -> list[str]:
    """What is wrong with the ids that a part of a conclusion cites."""
    wrong = [key for key in ids if key not in store or store[key].error is not None]
    actions = [key for key in ids if key in store and _is_action(store[key].tool)]
    found = []
    if wrong:
        found.append(f"{where} cites {', '.join(wrong)}: there is no such result")
    if actions:
        found.append(f"{where} cites {', '.join(actions)}: that is an action, not an experiment")
    return found


def _is_action(tool: str) -> bool:
    return tool in TOOLS and TOOLS[tool].action
