"""The first message of an investigation: the unit, its network and what is explored."""

import json
from dataclasses import replace
from typing import Any

from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows
from ...tools.lab import Lab
from ...tools.models import Site, Target, Unit
from ...tools.models.picture_reader import reader_groups
from ...tools.predicates.network_reader import reader_network
from ...tools.registry import offered
from ...tools.render.picture_words import caption, class_name
from . import prompt

_CLASSES = 40
"""Classes of a reader that are named where it has no groups."""
_KINDS = {"causal": "a causal language model", "encoder": "an encoder: each place sees all"}


def first_message(lab: Lab, unit: Unit, *, budget: str, known: str) -> str:
    """What an investigation is about.

    Args:
        lab: The bench.
        unit: The unit under study.
        budget: What may be used, in words.
        known: What is known of the unit before, in words.
    """
    rows = lab.explore
    words: dict[str, Any]
    if isinstance(rows, ImageRows):
        name, words = "investigation_pictures", _of_pictures(lab.target, rows)
    else:
        name, words = "investigation", _of_texts(lab.target, rows)
    site = _site(lab.target.site(unit.site), unit)
    known = "\n".join(filter(None, (known, _without(lab))))
    return prompt(
        name, unit=unit, target=lab.target.name, site=site, budget=budget, known=known, **words
    )


def _without(lab: Lab) -> str:
    """What this investigation does without, for a planner that is told of all tools."""
    whole = offered(replace(lab, left_out=frozenset()))
    missing = [name for name in whole if name in lab.left_out]
    if not missing:
        return ""
    hidden = (
        " The activations of units are hidden, and nothing can be tested on them: you see inputs "
        "and what the model gives for them (outputs). Conclude with what the unit most likely "
        "responds to, or uninterpretable where the outputs tell nothing of it."
    )
    return f"Not offered here: {', '.join(missing)}." + hidden * lab.units_hidden


def _site(site: Site, unit: Unit) -> str:
    facts = [f"Site {site.name}: {site.units} units"]
    if site.floor is not None:
        facts.append(f"its activation function never goes below {site.floor:g}")
    if site.gated:
        facts.append("gated, so both signs carry meaning")
    if site.grid is not None:
        facts.append(f"its map over a picture has {site.grid[0]} x {site.grid[1]} places")
    if unit.sign < 0:
        facts.append("you study its negative direction: activations are shown with the sign turned")
    return "; ".join(facts) + "."


def _of_texts(target: Target, windows: TokenWindows) -> dict[str, Any]:
    return {
        "kind": _KINDS.get(target.kind, "a network"),
        "corpus": f"{len(windows)} windows of up to {windows.ids.shape[1]} tokens, "
        f"{int(windows.counted.sum())} tokens that count",
        "sample": " … ".join(_excerpts(windows)),
        "tokens": _tokens(windows),
    }


def _of_pictures(target: Target, rows: ImageRows) -> dict[str, Any]:
    sample = "What they show is not known; predictors read it from their pixels."
    scenes = [i for i in _spread(len(rows)) if rows.pictures[i].scene is not None]
    if any(picture.scene is not None for picture in rows.pictures):
        sample = f"They are drawn scenes, such as: {'; '.join(caption(rows, i) for i in scenes)}."
    elif (network := reader_network(rows)) is not None:
        groups = ", ".join(reader_groups(network)) or ", ".join(network.labels[:_CLASSES])
        sample = (
            f"A second network, {rows.reader.name if rows.reader else network.name}, reads them: "
            f"'class' predictors take names of its {len(network.labels)} classes, or groups: "
            f"{groups}."
        )
    kind = "a vision model without classes"
    if "logit" in target.sites:
        classes = target.sites["logit"].units
        names = ", ".join(class_name(target, i) for i in range(min(4, classes)))
        kind = f"a vision model with {classes} classes" + f", such as {names}" * bool(target.labels)
    description = target.image.description if target.image is not None else ""
    return {"kind": kind, "corpus": f"{len(rows)} pictures, {description}", "sample": sample}


def _spread(n: int) -> list[int]:
    """Up to three rows, spread over all."""
    return list(dict.fromkeys(int(i * n / 3) for i in range(3))) if n else []


def _excerpts(windows: TokenWindows, letters: int = 70) -> list[str]:
    """How the corpus reads: the beginnings of a few windows."""
    return [" ".join(windows.text(row).split())[:letters] for row in _spread(len(windows))]


def _tokens(windows: TokenWindows, n: int = 6) -> str:
    """A few tokens in a row as `tokens` predictors see them, with their spaces."""
    for row in range(len(windows)):
        places = windows.visible[row].nonzero()[0][1 : n + 1]
        if len(places) == n:
            surfaces = (windows.vocabulary[int(windows.ids[row, place])] for place in places)
            return " ".join(json.dumps(surface, ensure_ascii=False) for surface in surfaces)
    return "too few to show"
