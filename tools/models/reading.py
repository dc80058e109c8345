"""Where a network reads its answer: which places of a site can reach the output, by trying.

A classifier may read its class at one place, `[CLS]` or the last; what a unit does elsewhere behind
the last mixing of places then changes nothing. Each place of a site is moved in turn, on a few rows
of ordinary tokens, between the special tokens that the tokenizer puts around a text. Where no row's
output moves, the place cannot reach it. Networks that read tokens and give one answer a row are
tried: one's own (`kind` module), and encoders with a head that classifies texts. A language model
answers at every place.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.surfaces import surfaces
from ..data.windows import TokenRows
from ..errors import UsageError
from .forward import whole_output
from .intervention import Intervention, add

if TYPE_CHECKING:
    from .target import Target

_ROWS = 3
_PLACES = (7, 5)  # ordinary tokens of the rows on which it is found out where an answer is read
_TOGETHER = 8192  # tokens of one forward of changed rows
_SITES = 12  # the last sites that are tried
_MOVED = 1e-6  # of the output's size


class Reading(NamedTuple):
    """Where the answer of a row is read."""

    site: str
    """The last site with places that the answer depends on."""
    where: str
    """`every place`, `the first place`, `the last place`, or `place 3, 4` of the longer row."""
    special: bool
    """Whether it is read at special tokens alone."""


def reading(target: "Target") -> Reading | None:
    """Where the answer of a row is read; None where there is no such answer. Kept on the target."""
    if not hasattr(target, "_reading"):
        target._reading = _reading(target) if _one_answer(target) else None  # type: ignore
    return target._reading  # type: ignore[attr-defined]


def reach(target: "Target", site: str, places: int, *, singly: bool = True) -> np.ndarray | None:
    """Which places of rows of so many tokens can reach the output through a site; kept.

    Args:
        target: The target.
        site: The site.
        places: Tokens of the rows.
        singly: Try each place, which takes as many rows, where the first and the last are not all.

    Returns:
        bool `[place]`; None where it was not tried.
    """
    kept: dict[Any, np.ndarray | None] = target.__dict__.setdefault("_reach", {})
    key = site, places, singly
    if key not in kept:
        tried = reading(target) is not None
        rows = ordinary_rows(target, places)
        kept[key] = _moved(target, site, rows, singly=singly) if tried else None
    return kept[key]


def answers_once(target: "Target") -> bool:
    """Whether a network reads tokens and may give one answer a row, as far as its kind says."""
    if target.image is not None or target.tokenizer is None:
        return False
    if target.kind == "encoder":
        return target.head is not None and _classifies(target)
    return target.kind == "module"


def _classifies(target: "Target") -> bool:
    """Whether an encoder's head is one for whole texts; where its head reads them is not said."""
    config = getattr(target.network, "config", None)
    names = getattr(config, "architectures", None) or [type(target.headed).__name__]
    return any(name.endswith("ForSequenceClassification") for name in names)


def _one_answer(target: "Target") -> bool:
    """Whether rows of two lengths give one answer each, of one shape."""
    if not answers_once(target):
        return False
    shapes = []
    for places in _lengths(target):
        output = _run(target, ordinary_rows(target, places))
        if output is not None and output.is_floating_point():
            shapes.append(tuple(output.shape[1:]))
    return bool(shapes) and len(set(shapes)) == 1 and (len(shapes) > 1 or len(shapes[0]) == 1)


def _run(target: "Target", rows: TokenRows, edits: Sequence[Intervention] = ()) -> Tensor | None:
    """The output; None where the network does not take rows of this length."""
    try:
        return target.trace(rows, interventions=edits, output=whole_output(target)).output
    except (RuntimeError, ValueError, IndexError, AssertionError):
        return None


def _lengths(target: "Target") -> list[int]:
    """Tokens of the rows that are tried, special ones among them; two, the longer one first."""
    before, after = around_text(target)
    around = len(before) + len(after)
    return [max(2, min(n + around, target.context_length - i)) for i, n in enumerate(_PLACES)]


def _reading(target: "Target") -> Reading | None:
    blocks = [name for name in target.sites if name.startswith("resid.")]
    names = [name for name in target.sites if name not in blocks]
    for site in [*blocks[::-1], *names[::-1]][:_SITES]:
        rows = [ordinary_rows(target, places) for places in _lengths(target)]
        rows = [some for some in rows if _run(target, some) is not None]
        found = [_moved(target, site, some) for some in rows]
        known = [(a, b) for a, b in zip(found, rows, strict=True) if a is not None and a.any()]
        if known and len(known) == len(rows):
            special = [np.isin(some.ids[0], target.tokenizer.all_special_ids) for _, some in known]
            alone = all(
                mask[places].all() for mask, (places, _) in zip(special, known, strict=True)
            )
            return Reading(site, _said([places for places, _ in known]), alone)
    return None


def _said(found: list[np.ndarray]) -> str:
    """Places of rows of several lengths, in words."""
    at = [np.flatnonzero(places).tolist() for places in found]
    if all(places.all() for places in found):
        return "every place"
    if all(one == [0] for one in at):
        return "the first place"
    if all(one == [len(places) - 1] for one, places in zip(at, found, strict=True)):
        return "the last place"
    return f"place {', '.join(str(place + 1) for place in at[0])} of {len(found[0])}"


def _moved(
    target: "Target", site: str, rows: TokenRows, *, singly: bool = True
) -> np.ndarray | None:
    """bool `[place]`: whether the output moves with a site there.

    1. The first place, the last, and all between them at once, each with noise of its own.
    2. Where those between move it, each of them.

    None: the site has no such places, or step 2 is wanted and not allowed (`singly`).
    """
    places = rows.ids.shape[1]
    try:
        target.site(site)
        values = target.trace(rows, (site,)).values[site]  # [row, place, unit(, channel)]
    except (UsageError, RuntimeError, ValueError, IndexError, AssertionError):
        return None  # no such site, or rows of a length that the network does not take
    if values.shape[1] != places:
        return None
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn((1, places, *values.shape[2:]), generator=draw).to(values)
    noise = 3 * noise * (values.float().std().to(values) + 1e-3)

    def moving(sets: list[tuple[int, ...]]) -> list[bool] | None:
        moved = [False] * len(sets)
        size = max(1, _TOGETHER // places)
        for row in range(len(rows.ids)):
            left = [i for i, found in enumerate(moved) if not found]
            for start in range(0, len(left), size):
                part = left[start : start + size]
                same = np.repeat(rows.ids[row : row + 1], len(part) + 1, 0)
                there = np.ones(same.shape, bool)
                edits = [
                    add(site, None, noise[:, sets[i]]).at(rows=(n,), places=sets[i])
                    for n, i in enumerate(part)
                ]
                output = _run(target, TokenRows(same, there, there), edits)
                if output is None:
                    return None
                for i, apart in zip(part, _apart(output.float().flatten(1)), strict=True):
                    moved[i] = bool(apart)
        return moved

    ends = sorted({0, places - 1})
    between = tuple(range(1, places - 1))
    found = moving([*((end,) for end in ends), *([between] if between else [])])
    if found is None:
        return None
    out = np.zeros(places, bool)
    out[ends] = found[: len(ends)]
    if between and found[-1]:
        each = moving([(place,) for place in between]) if singly else None
        if each is None:
            return None
        out[list(between)] = each
    return out


def cost(target: "Target", places: int) -> int:
    """Parameters times tokens of finding out the reach of rows of so many tokens, at most."""
    return _ROWS * places * (places + 1) * target.parameters


def _apart(output: Tensor) -> np.ndarray:
    """Which rows differ from the last one, which nothing moved."""
    far = (output[:-1] - output[-1]).abs().nan_to_num(nan=torch.inf).amax(1)
    return (far > _MOVED * (1 + output[-1].abs().nan_to_num().max())).cpu().numpy()


def ordinary_rows(target: "Target", places: int) -> TokenRows:
    """Rows of ordinary tokens between special ones, all of so many places."""
    plain = _plain(target)
    before, after = around_text(target)
    size = max(1, places - len(before) - len(after))
    chosen = np.random.default_rng(0).choice(plain, (_ROWS, size))
    rows = [[*before, *some, *after] for some in chosen.tolist()]
    ids = np.array(rows, np.int32)[:, :places]
    there = np.ones(ids.shape, bool)
    return TokenRows(ids, there, there)


def _plain(target: "Target") -> list[int]:
    tokenizer: Any = target.tokenizer
    known = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    return known or [0]


def around_text(target: "Target") -> tuple[list[int], list[int]]:
    """The special tokens before and after a text, whoever puts them there."""
    tokenizer: Any = target.tokenizer
    names, special = surfaces(target), set(tokenizer.all_special_ids)
    text = next((names[i] for i in _plain(target) if names[i].strip()), "a")
    ids = [int(i) for i in tokenizer(text)["input_ids"]]
    inner = [at for at, one in enumerate(ids) if one not in special]
    return (ids[: inner[0]], ids[inner[-1] + 1 :]) if inner else ([], [])
