"""Lets a vision language model look at pictures, blind to what is supposed of the unit.

Each question is a conversation of its own that holds no hypothesis, no activation and no name of
the unit; pictures come in shuffled order and groups under names drawn at random, so that an answer
cannot follow what the asker expects.
"""

import base64
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ..activations.examples import low, top
from ..activations.measured import note_line, of_recipes
from ..activations.records import of_explore
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of, recipe_of
from ..lab import Lab
from ..llm.client import LLMError
from ..models import Unit
from ..registry import tool
from ..render.captions import regions
from ..render.contact_sheet import overlaid
from ..render.text import number

_MOST = 12
_GROUP = 8  # pictures of each group, where none are named
_SIDE = 320
_DESCRIBE = (
    "Describe each picture by itself in at most 30 words: the things in it, their colours, "
    "textures, sizes and places, how many there are, and the background. Say only what you see. "
    "Answer with one line a picture: its number, a colon, the description."
)
_LIT = (
    " In each picture one region is lit and the rest is darkened; describe the lit region first, "
    "then what is around it."
)
_COMMON = (
    "Here are two groups of pictures, P and Q. What do all or most pictures of P show that those "
    "of Q do not? And what do those of Q show that those of P do not? Compare things, parts, "
    "colours, textures, shapes, sizes, places, numbers and backgrounds. Answer in two lines of at "
    "most 50 words each: `P: ...` and `Q: ...`. If there is nothing, say so."
)


@tool(needs=("image", "llm"))
def describe_image(
    lab: Lab,
    pictures: list[int | str | dict[str, Any]],
    unit: str | None = None,
    *,
    lit: bool = True,
) -> Result:
    """Asks a vision language model what pictures show. It does not know your hypotheses, and sees
    the pictures in another order.

    Args:
        pictures: At most 12: window numbers of explore, prompts, scenes or recipes.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        lit: Whether what is outside the unit's active region is darkened.
    """
    chosen = lab.chosen(unit)
    recipes = [recipe_of(lab, one) for one in pictures]
    notes = [f"only the first {_MOST} were shown"] if len(recipes) > _MOST else []
    found = of_recipes(lab, chosen, recipes[:_MOST], source="described")
    if not recipes:
        raise UsageError("pass pictures, such as [3, 17]: window numbers of explore")
    rng = lab.rng()
    order = rng.permutation(len(found.rows))
    images = _images(lab, chosen, found.rows, lit)
    parts: list[dict[str, Any]] = [_words(_DESCRIBE + (_LIT if lit else ""))]
    for place, at in enumerate(order.tolist(), 1):
        parts += [_words(f"{place}:"), images[at]]
    answer = _asked(lab, parts)
    lines = {
        int(n): text.strip() for n, text in re.findall(r"(?m)^\W*(\d+)\W*[:.)]\s*(.+)$", answer)
    }
    told = {at: lines.get(place) for place, at in enumerate(order.tolist(), 1)}
    missing = sum(text is None for text in told.values())
    if missing:
        notes.append(f"{missing} of {len(told)} pictures got no description")
    rows = [
        f"{at + 1}. {number(float(found.values[at]))}: {_cut(told[at] or 'no description')}"
        for at in range(len(told))
    ]
    for at, entry in enumerate(found.items):
        entry["description"] = told[at]
    return Result(
        "\n".join(
            [f"{chosen}, as a model without hypotheses sees it:", *rows, note_line(notes)]
        ).rstrip(),
        {"unit": str(chosen), "measured": found.items, "answer": answer, "failed": missing},
    )


@tool(needs=("image", "llm"))
def what_is_common(
    lab: Lab,
    active: list[int] | None = None,
    silent: list[int] | None = None,
    unit: str | None = None,
    *,
    lit: bool = True,
) -> Result:
    """Asks a vision language model what pictures with high activation have in common that pictures
    with low activation lack, and the other way round. It does not know which group is which, nor
    your hypotheses.

    Args:
        active: Window numbers of explore; left out: the 8 strongest.
        silent: Window numbers of explore; left out: 8 pictures much like these where it is low.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        lit: Whether what is outside the unit's active region is darkened, where all have one.
    """
    chosen = lab.chosen(unit)
    explore = pictures_of(lab)
    groups = [
        active or [row for row, _ in top(lab, chosen, _GROUP)],
        silent or [row for row, _ in low(lab, chosen, _GROUP)],
    ]
    for group in groups:
        wrong = next((at for at in group if not 0 <= at < len(explore)), None)
        if wrong is not None:
            raise UsageError(f"there is no picture {wrong}; explore has 0 to {len(explore) - 1}")
    if not groups[0] or not groups[1]:
        raise UsageError("there are not enough active and silent pictures to compare")
    groups = [group[:_MOST] for group in groups]
    if lit:  # in the dark all over, a silent picture would give its group away
        found = regions(lab, chosen, explore.rows([at for group in groups for at in group]))
        lit = found is not None and all(one is not None for one in found)
    rng = lab.rng()
    names = ["P", "Q"] if rng.random() < 0.5 else ["Q", "P"]
    parts: list[dict[str, Any]] = [_words(_COMMON)]
    for name in ("P", "Q"):
        group = groups[names.index(name)]
        images = _images(lab, chosen, explore.rows(group), lit)
        parts.append(_words(f"Group {name}:"))
        parts += [images[int(at)] for at in rng.permutation(len(group))]
    answer = _asked(lab, parts)
    lines = dict(re.findall(r"(?m)^\W*(?:[Gg]roup\s+)?([PQ])\W*:\s*(.+)$", answer))
    told = [lines.get(name) for name in names]
    rows = [
        f"{chosen}, as a model that does not know which group is which sees it:",
        f"active ({len(groups[0])} pictures) have: {_cut(told[0] or 'no answer')}",
        f"silent ({len(groups[1])} pictures) have: {_cut(told[1] or 'no answer')}",
    ]
    measured = [
        of_explore(lab, chosen, row, source=source)
        for source, group in zip(("active", "silent"), groups, strict=True)
        for row in group
    ]
    return Result(
        "\n".join(rows),
        {
            "unit": str(chosen),
            "active": told[0],
            "silent": told[1],
            "failed": sum(text is None for text in told),
            "answer": answer,
            "measured": measured,
        },
    )


def _images(lab: Lab, unit: Unit, rows: ImageRows, lit: bool) -> list[dict[str, Any]]:
    """The pictures as parts of a message."""
    found = regions(lab, unit, rows) if lit else None
    out = []
    for at in range(len(rows)):
        pixels = rows.seen(at) if found is None else overlaid(rows.seen(at), found[at])
        out.append(_image(pixels))
    return out


def _image(pixels: np.ndarray) -> dict[str, Any]:
    image = Image.fromarray(pixels)
    if min(image.size) < _SIDE // 2:
        image = image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    image.thumbnail((_SIDE, _SIDE))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    url = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _asked(lab: Lab, parts: Sequence[dict[str, Any]]) -> str:
    assert lab.llm is not None
    try:
        reply = lab.llm.complete([{"role": "user", "content": list(parts)}], meter=lab.meter)
    except LLMError as error:
        raise UsageError(f"the language model did not answer about pictures: {error}") from error
    if not reply.text.strip():
        raise UsageError("the language model gave an empty answer; look at the exemplars instead")
    return reply.text


def _cut(text: str, most: int = 400) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
