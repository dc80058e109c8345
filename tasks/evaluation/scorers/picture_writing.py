"""Prompts for pictures that a description calls fitting, near-misses and unrelated; their peaks.

Without a language model they are made from the predictor:

1. Fitting: scenes of the grammar, and things of validation's pictures put into new ones, in which
   it holds.
2. Near-misses: other such scenes with one change (another colour, texture, name or place of a
   thing, a thing fewer or one more, another background) after which it no longer holds.
3. Unrelated: scenes in which it does not hold.

Every scene is put into English and drawn from that, as a language model's prompts are; one that
then is no longer what it should be is left out. Our formulation.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ....tools.data.image_rows import image_rows
from ....tools.data.scene_pictures import picture_of, prompted, side_for
from ....tools.errors import UsageError
from ....tools.lab import measure
from ....tools.predicates import parse
from ....tools.scenes import edits, grammar
from ....tools.scenes.backgrounds import SETTINGS
from ....tools.scenes.english import described
from ....tools.scenes.palette import COLOURS
from ....tools.scenes.prompt import scene_of
from ....tools.scenes.scene import TEXTURES, Scene
from ....tools.scenes.things import NAMES
from .contract import Case

HOLDS = 0.5
DRAWN = 2
"""Pictures of each prompt; its peak is their mean."""
_SCENES = 700
_CHANGES = 16


def vocabulary() -> dict[str, list[str]]:
    """What a judge may name in prompts."""
    return {
        "things": list(NAMES),
        "colours": list(COLOURS),
        "textures": list(TEXTURES),
        "backgrounds": [*SETTINGS, "COLOUR background", "TEXTURE COLOUR background"],
    }


def write(case: Case, rng: np.random.Generator, n: int) -> dict[str, list[str]] | None:
    """Prompts by kind, `many` of each at most; None where some kind has none."""
    writer = _Writer(case, rng)
    scenes = [grammar.sample(rng) for _ in range(_SCENES)]
    holds = writer.holds(scenes)
    inside = [scenes[int(at)] for at in rng.permutation(np.flatnonzero(holds))]
    if len(inside) < 2 * n:
        inside += writer.of_validation()
    outside = [scenes[int(at)] for at in rng.permutation(np.flatnonzero(~holds))]
    half = (len(inside) + 1) // 2
    result = {
        "fit": writer.said(inside[:half], n, wanted=True),
        "near_miss": writer.said(writer.near_misses(inside[half:]), n, wanted=False),
        "unrelated": writer.said(outside, n, wanted=False),
    }
    return result if all(result.values()) else None


def peaks(case: Case, prompts: Sequence[str]) -> np.ndarray:
    """`[prompt]` the unit's mean peak over pictures of each; NaN where one cannot be drawn."""
    assert case.target is not None
    assert case.unit is not None
    out = np.full(len(prompts), np.nan)
    pictures, owner = [], []
    side = side_for(case.target)
    for at, prompt in enumerate(prompts):
        try:
            pictures += [prompted(prompt, seed=seed, side=side) for seed in range(DRAWN)]
        except UsageError:
            continue
        owner += [at] * DRAWN
    if pictures:
        values = measure(case.target, image_rows(case.target, pictures), [case.unit])[0, :, 0]
        for at in set(owner):
            out[at] = float(np.mean(values[np.array(owner) == at]))
    return out


class _Writer:
    """Scenes in which the predictor of a case holds, and others."""

    def __init__(self, case: Case, rng: np.random.Generator) -> None:
        self.case, self.rng = case, rng
        self.parts = [parse(predictor) for predictor in case.predictors]

    def holds(self, scenes: Sequence[Scene]) -> np.ndarray:
        """`[scene]` bool: some component holds."""
        if not scenes:
            return np.zeros(0, bool)
        rows = image_rows(self.case.target, [picture_of(scene) for scene in scenes])
        return np.max([part.evaluate(rows)[:, 0] for part in self.parts], axis=0) >= HOLDS

    def said(self, scenes: Iterable[Scene], n: int, *, wanted: bool) -> list[str]:
        """So many scenes in English, of which the predictor says the same when drawn again."""
        result: list[str] = []
        for scene in scenes:
            prompt = described(scene)
            try:
                drawn = [scene_of(prompt, seed) for seed in range(DRAWN)]
            except UsageError:
                continue
            if (self.holds(drawn) == wanted).all() and prompt not in result:
                result.append(prompt)
            if len(result) == n:
                break
        return result

    def of_validation(self) -> list[Scene]:
        """New scenes with things of validation's pictures in which the predictor holds."""
        pictures = self.case.splits.validation.windows.pictures  # type: ignore[attr-defined]
        seeds = self._inside([p.scene for p in pictures if p.scene is not None])
        rng, made = self.rng, []
        for number in range(_SCENES // 4 if seeds else 0):
            seed = seeds[number % len(seeds)]
            fields = [one.model_dump(include={"name", "colour", "texture"}) for one in seed.things]
            places = [{} if rng.random() < 0.5 else {"x": t.x, "y": t.y} for t in seed.things]
            given = [{**a, **b} for a, b in zip(fields, places, strict=True)]
            behind = [seed.background] if rng.random() < 0.5 else None
            made.append(grammar.sample(rng, including=given, backgrounds=behind))
        return self._inside(made)

    def _inside(self, scenes: Sequence[Scene]) -> list[Scene]:
        return [one for one, there in zip(scenes, self.holds(scenes), strict=True) if there]

    def near_misses(self, scenes: Sequence[Scene]) -> Iterator[Scene]:
        """Each scene with one change after which the predictor does not hold."""
        for scene in scenes:
            tried = []
            for _ in range(_CHANGES):
                try:
                    tried.append(edits.apply(scene, [_change(scene, self.rng)]))
                except UsageError:
                    continue
            good = [new for new, there in zip(tried, self.holds(tried), strict=True) if not there]
            if good:
                yield good[int(self.rng.integers(len(good)))]


def _change(scene: Scene, rng: np.random.Generator) -> dict[str, object]:
    """One edit, drawn at random."""

    def one(options: Sequence[str]) -> str:
        return options[int(rng.integers(len(options)))]

    which = int(rng.integers(max(1, len(scene.things))))
    return [
        {"edit": "recolour", "which": which, "colour": one(COLOURS)},
        {"edit": "retexture", "which": which, "texture": one(TEXTURES)},
        {"edit": "replace", "which": which, "name": one(NAMES)},
        {"edit": "move", "which": which, "to": [one(("left", "right", "top", "bottom"))]},
        {"edit": "remove", "which": which},
        {"edit": "add", "thing": {"name": one(NAMES), "colour": one(COLOURS)}},
        {"edit": "background", "background": one(SETTINGS)},
        {"edit": "background", "background": "plain", "colour": one(COLOURS)},
    ][int(rng.integers(8))]
