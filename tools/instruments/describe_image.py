"""Lets a vision language model look at pictures, blind to what is supposed of the unit.

Each question is a conversation of its own that holds no hypothesis, no activation and no name of
the unit; pictures come in shuffled order and groups under names drawn at random, so that an answer
cannot follow what the asker expects.
"""

import re
from collections.abc import Sequence
from typing import Any

from ..activations.examples import low, top
from ..activations.measured import note_line, of_recipes
from ..activations.records import of_explore
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of, recipe_of
from ..io.plain_text import clip
from ..lab import Lab
from ..llm.client import LLMError
from ..llm.pictures import pixels_part
from ..models import Unit
from ..registry import tool
from ..render.captions import regions
from ..render.contact_sheet import overlaid
from ..render.text import number

_MOST = 12
_GROUP = 8  # pictures of each group, where none are named
_LETTERS = 400  # of an answer
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
    if not recipes:
        raise UsageError("pass pictures, such as [3, 17]: window numbers of explore")
    notes = [f"only the first {_MOST} were shown"] if len(recipes) > _MOST else []
    made = of_recipes(lab, chosen, recipes[:_MOST], source="described")
    order = lab.rng().permutation(len(made.rows)).tolist()
    images = _images(lab, chosen, made.rows, lit)
    parts: list[str | dict[str, Any]] = [_DESCRIBE + (_LIT if lit else "")]
    for place, at in enumerate(order, 1):
        parts += [f"{place}:", images[at]]
    answer = _asked(lab, parts)
    lines = {int(n): text.strip() for n, text in _numbered(r"\d+", r"[:.)]", answer)}
    for place, at in enumerate(order, 1):
        made.items[at]["description"] = lines.get(place)
    missing = sum(entry["description"] is None for entry in made.items)
    if missing:
        notes.append(f"{missing} of {len(made.items)} pictures got no description")
    rows = [
        f"{k}. {number(float(value))}: {_cut(entry['description'] or 'no description')}"
        for k, (value, entry) in enumerate(zip(made.values, made.items, strict=True), 1)
    ]
    head = f"{chosen}, as a model without hypotheses sees it:"
    return Result(
        "\n".join([head, *rows, note_line(notes)]).rstrip(),
        {"unit": str(chosen), "measured": made.items, "answer": answer, "failed": missing},
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
    chosen, explore = lab.chosen(unit), pictures_of(lab)
    groups = {
        kind: given or [row for row, _ in pick(lab, chosen, _GROUP)]
        for kind, given, pick in (("active", active, top), ("silent", silent, low))
    }
    every = [row for rows in groups.values() for row in rows]
    wrong = next((row for row in every if not 0 <= row < len(explore)), None)
    if wrong is not None:
        raise UsageError(f"there is no picture {wrong}; explore has 0 to {len(explore) - 1}")
    if not all(groups.values()):
        raise UsageError("there are not enough active and silent pictures to compare")
    groups = {kind: rows[:_MOST] for kind, rows in groups.items()}
    if lit:  # in the dark all over, a silent picture would give its group away
        both = explore.rows([row for rows in groups.values() for row in rows])
        lit = all(one is not None for one in regions(lab, chosen, both) or [None])
    rng = lab.rng()
    names = ["P", "Q"] if rng.random() < 0.5 else ["Q", "P"]
    kinds = dict(sorted(zip(names, groups, strict=True)))  # P first
    parts: list[str | dict[str, Any]] = [_COMMON]
    for name, kind in kinds.items():
        images = _images(lab, chosen, explore.rows(groups[kind]), lit)
        parts.append(f"Group {name}:")
        parts += [images[int(at)] for at in rng.permutation(len(images))]
    answer = _asked(lab, parts)
    lines = dict(_numbered("[PQ]", ":", answer, lead=r"(?:[Gg]roup\s+)?"))
    told = {kind: lines.get(name) for name, kind in kinds.items()}
    return Result(
        "\n".join(
            [
                f"{chosen}, as a model that does not know which group is which sees it:",
                *(
                    f"{kind} ({len(rows)} pictures) have: {_cut(told[kind] or 'no answer')}"
                    for kind, rows in groups.items()
                ),
            ]
        ),
        {
            "unit": str(chosen),
            "active": told["active"],
            "silent": told["silent"],
            "failed": sum(text is None for text in told.values()),
            "answer": answer,
            "measured": [
                of_explore(lab, chosen, row, source=kind)
                for kind, rows in groups.items()
                for row in rows
            ],
        },
    )


def _numbered(name: str, end: str, answer: str, *, lead: str = "") -> list[tuple[str, str]]:
    """The lines of an answer that begin with a name, with what they say."""
    return re.findall(rf"(?m)^\W*{lead}({name})\W*{end}\s*(.+)$", answer)


def _images(lab: Lab, unit: Unit, rows: ImageRows, lit: bool) -> list[dict[str, Any]]:
    """The pictures as parts of a message."""
    active = regions(lab, unit, rows) if lit else None
    return [
        pixels_part(rows.seen(at) if active is None else overlaid(rows.seen(at), active[at]))
        for at in range(len(rows))
    ]


def _asked(lab: Lab, parts: Sequence[str | dict[str, Any]]) -> str:
    """The answer to texts and pictures in one message."""
    assert lab.llm is not None
    content = [{"type": "text", "text": one} if isinstance(one, str) else one for one in parts]
    try:
        reply = lab.llm.complete([{"role": "user", "content": content}], meter=lab.meter)
    except LLMError as error:
        raise UsageError(f"the language model did not answer about pictures: {error}") from error
    if not reply.text.strip():
        raise UsageError("the language model gave an empty answer; look at the exemplars instead")
    return reply.text


def _cut(text: str) -> str:
    return clip(" ".join(text.split()), _LETTERS)
