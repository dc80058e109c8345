"""Draws pictures from words or scenes and measures the unit on each.

The words are those of the grammar of scenes; a scene as JSON says a place, a size, a layer exactly.
With `by`, an image model makes the picture instead, from any words.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from ..activations.measured import MOST_PICTURES, Pictures, note_line, of_recipes
from ..activations.records import reference
from ..errors import UsageError
from ..evidence import Result
from ..images.backends import backend_of, generated
from ..images.recipes import Recipe
from ..lab import Lab
from ..registry import UpTo, tool
from ..render.captions import show
from ..render.picture_words import caption
from ..render.text import number
from ..scenes.drawing import drawable
from ..scenes.prompt import scene_of

_SHOWN = 24


@tool(needs=("image",))
def draw(
    lab: Lab,
    prompts: list[str] | None = None,
    scenes: list[dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    many: Annotated[int, UpTo(MOST_PICTURES)] = 1,
    by: str = "scenes",
    shown: int = _SHOWN,
) -> Result:
    """Draws pictures that you describe and measures the unit on each. Draw near-misses of your
    hypothesis next to pictures that fit it, changing one thing at a time.
    Prompts such as "a large red striped cat at the left and 2 small blue circles on a meadow".
    Scenes such as {"background": "meadow", "things": [{"name": "cat", "colour": "red", "texture":
    "striped", "size": 0.4, "x": 0.3, "y": 0.5}]}; on a plain ground {"colour": "white", "things":
    [...]}, without a background.

    Args:
        prompts: Plain English, one picture each, at most 64 in all.
        scenes: Scenes as JSON, one picture each.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        many: How many of each prompt; what it leaves open differs.
        shown: How many are shown; others by their peaks.
        by: Who draws: scenes, or the name of an image model of this lab.
    """
    chosen = lab.chosen(unit)
    wanted = [(prompt, seed) for prompt in prompts or [] for seed in range(many)]
    recipes, names, notes = _recipes(lab, wanted[:MOST_PICTURES], scenes or [], by)
    n = max(len(wanted), len(recipes))
    if not recipes:
        raise UsageError("nothing was drawn: " + ("; ".join(notes) or "pass prompts or scenes"))
    if n > MOST_PICTURES:
        notes.append(f"only the first {MOST_PICTURES} of {n} were drawn")
        recipes, names = recipes[:MOST_PICTURES], names[:MOST_PICTURES]
    more = [{"prompt": name} if name else {} for name in names]
    made = of_recipes(lab, chosen, recipes, source="drawn", more=more)
    first = slice(0, max(0, min(shown, _SHOWN)))
    rows = made.rows.rows(first)
    sheet = show(lab, chosen, rows, made.values[first], names=[""] * len(rows), sheet="drawn")
    lines = [f"{at}. {line}" for at, line in enumerate(sheet.lines, 1)]
    if len(recipes) > len(rows):
        lines.append(f"the other {len(recipes) - len(rows)}, with their peaks:")
        lines += _peaks(made, names, len(rows))
    head = f"{chosen} on what you asked for ({reference(lab, chosen)}):"
    return Result(
        "\n".join([head, *lines, note_line(notes)]).rstrip(),
        {"unit": str(chosen), "measured": made.items, "refused": notes},
        sheet.images,
    )


def _peaks(made: Pictures, names: Sequence[str], start: int) -> list[str]:
    """What is not shown, from a place on: a line a prompt or scene, with its peaks."""
    peaks: dict[str, list[str]] = {}
    for at in range(start, len(names)):
        name = names[at] or caption(made.rows, at)
        peaks.setdefault(name, []).append(number(float(made.values[at])))
    return [f"  {name}: {', '.join(values)}" for name, values in peaks.items()]


def _recipes(
    lab: Lab, prompts: Sequence[tuple[str, int]], scenes: Sequence[dict[str, Any]], by: str
) -> tuple[list[Recipe], list[str], list[str]]:
    """What can be drawn, the prompt of each, and what cannot be drawn with the reason."""
    recipes: list[tuple[Recipe, str]] = []
    notes: list[str] = []
    for prompt, seed in prompts:
        try:
            recipes.append((_of_prompt(lab, prompt, seed, by), prompt))
        except UsageError as error:
            note = f"'{prompt[:60]}' was not drawn: {error}"
            notes += [note] if note not in notes else []
    for scene in scenes:
        try:
            recipes.append(({"scene": drawable(scene).model_dump()}, ""))
        except UsageError as error:
            notes.append(f"a scene was not drawn: {error}")
    return [recipe for recipe, _ in recipes], [name for _, name in recipes], notes


def _of_prompt(lab: Lab, prompt: str, seed: int, by: str) -> Recipe:
    if by != "scenes":
        return generated(lab, backend_of(lab, by), prompt, copy=seed)
    return {"scene": scene_of(prompt, seed).model_dump()}
