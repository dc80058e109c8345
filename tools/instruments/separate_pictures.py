"""Separates rival hypotheses on pictures: measures the unit where exactly one of them holds.

1. The leading rivals are those asked for, or the recorded ones that correlate best on explore.
2. Candidates: pictures of explore; the scenes of the strongest exemplars with one thing or the
   background changed; scenes drawn at random from the words of the rivals and a few others. Rivals
   are evaluated on scenes alone, so that nothing is drawn but what is measured.
3. For every ordered pair, candidates where the first holds and the second does not, shared out
   evenly over the combinations of who holds and over sources.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np

from ..activations.picture_records import of_explore, of_recipes, reference
from ..data.image_rows import ImageRows, image_rows
from ..data.scene_pictures import picture_of
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.resolve import Hypothesis, resolve
from ..hypotheses.rivals import agreed, cells, in_turn, leading, scores, verdict, who
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import number
from ..scenes.backgrounds import SETTINGS
from ..scenes.edits import apply
from ..scenes.grammar import sample
from ..scenes.palette import COLOURS
from ..scenes.scene import SIZES, TEXTURES, Scene, digest
from ..scenes.things import NAMES
from .exemplars_pictures import top_pictures

_EXEMPLARS = 8
_DRAWN = 400
_OTHERS = 4  # names, colours ... beside those of the rivals
_APART = 0.5


class Candidate(NamedTuple):
    """One picture on which rivals differ."""

    source: str
    window: int | None
    """A row of explore, or"""
    scene: Scene | None
    degrees: np.ndarray
    """`[rival]` what they predict."""


@tool(needs=("image",))
def separate(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    many: Annotated[int, UpTo(48, 2)] = 18,
) -> Result:
    """Measures the unit on pictures where rivals disagree: of explore, exemplars with one thing
    changed, drawn scenes.

    Args:
        hypotheses: Two or more; left out: all recorded. The three that correlate best are parted.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        many: How many pictures.
    """
    chosen = lab.chosen(unit)
    rivals = resolve(lab, hypotheses)
    if len(rivals) < 2:
        raise UsageError("separate needs two hypotheses or more: record a rival first")
    explore = pictures_of(lab)
    degrees = np.stack([rival.evaluate(explore) for rival in rivals])  # [rival, image, 1]
    rivals, degrees = leading(lab, chosen, rivals, degrees)
    found = _candidates(lab, chosen, rivals, degrees[..., 0], many)
    if not found:
        same = ", ".join(f"{r.id} ({r.brief})" for r in rivals)
        return Result(
            f"Nothing separates {same}: they agree on explore, on every edit of the exemplars and "
            "on every drawn scene that was tried. Take the simplest, or draw a picture where "
            "they differ yourself (draw).",
            {
                "unit": str(chosen),
                "hypotheses": [r.id for r in rivals],
                "measured": [],
                "cells": [],
            },
        )
    measured = _measured(lab, chosen, rivals, found)
    common = agreed(lab, chosen, degrees)
    return Result(
        _text(lab, chosen, rivals, measured, common),
        {
            "unit": str(chosen),
            "hypotheses": [r.id for r in rivals],
            "cells": cells(measured, rivals),
            "agreed": common,
            "scores": scores(measured, rivals),
            "measured": measured,
        },
    )


def _candidates(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], explore: np.ndarray, many: int
) -> list[Candidate]:
    """Shared out over who holds and who does not, and over sources; `explore` `[rival, image]`."""
    pool = [
        Candidate("explore", int(at), None, explore[:, at])
        for at in lab.rng("explore").permutation(len(lab.explore))
    ]
    for source, scenes in (
        ("edit", edited_scenes(lab, unit, rivals, lab.rng("edits"))),
        ("drawn", drawn_scenes(rivals, lab.rng("scenes"), pictures_of(lab))),
    ):
        if scenes:
            rows = image_rows(lab.target, [picture_of(scene) for scene in scenes])
            values = np.stack([rival.evaluate(rows)[:, 0] for rival in rivals])  # [rival, scene]
            pool += [
                Candidate(source, None, scene, values[:, at]) for at, scene in enumerate(scenes)
            ]
    by_cell: dict[tuple[bool, ...], dict[str, list[Candidate]]] = {}
    for one in pool:
        if np.ptp(one.degrees) >= _APART:
            holds = tuple(bool(degree >= 0.5) for degree in one.degrees)
            by_cell.setdefault(holds, {}).setdefault(one.source, []).append(one)
    return in_turn(
        [list(sources.values()) for sources in by_cell.values()],
        many,
        lambda one: one.window if one.scene is None else digest(one.scene),
    )


def edited_scenes(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], rng: np.random.Generator
) -> list[Scene]:
    """The scenes of the strongest exemplars, each with one thing or the background changed."""
    words = vocabulary(rivals, rng)
    out: dict[str, Scene] = {}
    for at in top_pictures(lab, unit, _EXEMPLARS):
        scene = pictures_of(lab).pictures[at].scene
        for edit in _edits(scene, words) if scene is not None else ():
            try:
                changed = apply(scene, [edit])  # type: ignore[arg-type]
            except UsageError:
                continue  # a thing that cannot stand there
            out.setdefault(digest(changed), changed)
    found = list(out.values())
    return [found[int(at)] for at in rng.permutation(len(found))[:_DRAWN]]


def drawn_scenes(
    rivals: Sequence[Hypothesis], rng: np.random.Generator, explore: ImageRows
) -> list[Scene]:
    """Scenes drawn at random from the words of the rivals and a few others."""
    known = [picture.scene for picture in explore.pictures if picture.scene is not None]
    out = []
    for _ in range(_DRAWN):
        words = vocabulary(rivals, rng)
        backgrounds = [*words["background"], "plain"]
        most = max((len(scene.things) for scene in known), default=3)
        out.append(
            sample(
                rng,
                names=words["name"],
                colours=words["colour"],
                backgrounds=backgrounds,
                number=(1, max(2, min(most, 6))),
            )
        )
    return out


def vocabulary(rivals: Sequence[Hypothesis], rng: np.random.Generator) -> dict[str, list[str]]:
    """Words of each kind that the rivals use, and a few that they do not."""
    known: dict[str, Sequence[str]] = {
        "name": NAMES,
        "colour": COLOURS,
        "texture": TEXTURES,
        "size": SIZES,
        "background": SETTINGS,
    }
    used: dict[str, set[str]] = {kind: set() for kind in known}
    for rival in rivals:
        for kind, word in _words(rival.json):
            used[kind].add(word)
    out = {}
    for kind, words in known.items():
        mine = [word for word in words if word in used[kind]]
        rest = [word for word in words if word not in used[kind]]
        extra = rng.permutation(len(rest))[:_OTHERS]
        out[kind] = [*mine, *(rest[int(at)] for at in extra)]
    return out


def _words(node: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """The words in a predictor with their kind."""
    fields = {
        "names": "background" if kind == "background" else "name",
        "colours": "colour",
        "textures": "texture",
        "sizes": "size",
    }
    if isinstance(node, Mapping):
        inner = str(node.get("kind", kind))
        for key, value in node.items():
            if key in fields and isinstance(value, (list, tuple)):
                name = "background" if key == "names" and inner == "background" else fields[key]
                yield from ((name, str(word)) for word in value)
            else:
                yield from _words(value, inner)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _words(item, kind)


def _edits(scene: Scene, words: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Every small change of a scene that these words allow."""
    for at in range(len(scene.things)):
        yield {"edit": "remove", "which": at}
        yield {"edit": "keep", "which": at}
        yield from ({"edit": "replace", "which": at, "name": name} for name in words["name"])
        yield from ({"edit": "recolour", "which": at, "colour": c} for c in words["colour"])
        yield from ({"edit": "retexture", "which": at, "texture": t} for t in words["texture"])
        yield from ({"edit": "resize", "which": at, "size": size} for size in words["size"])
        for place in ("left", "right", "top", "bottom", "middle"):
            yield {"edit": "move", "which": at, "to": [place]}
    for name in words["name"]:
        yield {"edit": "add", "thing": {"name": name}}
    for colour in words["colour"]:
        yield {"edit": "background", "background": "plain", "colour": colour}
    yield from ({"edit": "background", "background": name} for name in words["background"])


def _measured(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], found: Sequence[Candidate]
) -> list[dict[str, Any]]:
    """Entries of `measured` with `value` and what each rival `predicted`."""
    inside = [one for one in found if one.window is not None]
    made = [one for one in found if one.scene is not None]
    items = of_explore(lab, unit, [one.window or 0 for one in inside], source="")
    if made:
        recipes = [{"scene": one.scene.model_dump()} for one in made if one.scene is not None]
        items += of_recipes(lab, unit, recipes, source="").items
    for entry, one in zip(items, [*inside, *made], strict=True):
        entry["source"] = f"separate:{one.source}"
        entry["value"] = entry["activations"][0]
        entry["predicted"] = {
            rival.id: float(degree) for rival, degree in zip(rivals, one.degrees, strict=True)
        }
    return items


def _text(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    measured: list[dict[str, Any]],
    common: Mapping[str, Any],
) -> str:
    rows = [
        f"{unit} where the rivals disagree, {len(measured)} pictures ({reference(lab, unit)}):",
        *verdict(measured, rivals, common),
    ]
    order = sorted(
        (entry for entry in measured if entry["value"] is not None),
        key=lambda entry: -entry["value"],
    )
    shown = [*order[:5], *order[-4:]] if len(order) > 9 else order
    rows.append(f"highest and lowest of the {len(order)}:" if len(order) > 9 else "pictures:")
    for entry in shown:
        source = entry["source"].removeprefix("separate:")
        source += f" window {entry['window']}" if "window" in entry else ""
        rows.append(
            f"{number(entry['value'])} ({who(entry['predicted'])}; {source}): {entry['tokens'][0]}"
        )
    if missing := len(measured) - len(order):
        rows.append(f"{missing} pictures have no finite activation and are not listed")
    return "\n".join(rows)
