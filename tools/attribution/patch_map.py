"""Which patches of a picture drive the answer of a vision-language model.

1. What a head brings from one place to the last, (alpha_p V_p) W_O, is a sub-update, with a
   log-probability increase for the answer over the layer input (`increase.py`).
2. Each head is weighed by the increase of what it brings from all patches together; or, as the
   method was published, by that of all that it brings, from the text too (`by="head"`). The
   head with the highest is chosen. (A head whose increase comes from the text has a map of noise,
   which min-max makes as sharp as any other.)
3. Its increases at the patches are the map: min-max, then divided by its sum; enlarged.

The baseline is the mean attention from the last place to the patches, over all heads of all
layers, treated the same way.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import UsageError
from ..metrics.rows import Rows
from ..metrics.target_tokens import Prediction
from ..residual.exact import ExactTrace, exact_trace
from ..residual.readout import Readout, check_vocabulary, objective, readout_of
from .patterns import attention_patterns
from .picture_models import PictureModel
from .sources import Sources, Spot

By = Literal["picture", "head"]
_HEADS = 5
"""Heads that are listed."""


class Weighed(NamedTuple):
    """One head and its increase."""

    head: str
    imp: float


@dataclass(frozen=True, eq=False)
class PatchMap:
    """A map over the patches of one picture; see the module."""

    answer: str
    token: int
    probability: float
    """Of the answer's first token, by the whole model."""
    rank: int
    heads: tuple[Weighed, ...]
    """The heads with the highest increase; the first is the one that is mapped."""
    increases: np.ndarray
    """float32 `[height, width]`: the increase of each patch in that head."""
    elsewhere: float
    """The largest increase of a place outside the picture, in that head."""
    mean_attention: np.ndarray
    """float32 `[height, width]`: of the last place, over all heads."""
    seen: np.ndarray
    """uint8 `[height, width, 3]`: what the model sees."""
    notes: tuple[str, ...] = ()

    @property
    def map(self) -> np.ndarray:
        """float32 `[height, width]`, at least 0, sum 1."""
        return shares(self.increases)

    @property
    def attention(self) -> np.ndarray:
        """The baseline, treated alike."""
        return shares(self.mean_attention)


def patch_map(
    model: PictureModel, picture: Image.Image, prompt: str, answer: str, *, by: By = "picture"
) -> PatchMap:
    """Maps what an answer rests on.

    Args:
        model: The model.
        picture: What it looks at, in RGB.
        prompt: What it reads, with the mark of the picture; without, the picture comes first.
        answer: What it is to say next; of several tokens, the first is mapped.
        by: How heads are weighed; see the module.

    Raises:
        UsageError: if the model cannot be traced exactly, or the answer cannot be asked for.
    """
    patches = model.patches(picture)  # [patch, d]
    before = model.ids(prompt, len(patches))
    token, notes = _answer(model, prompt, before, answer, len(patches))
    asked = Rows(np.array([before], np.int32))
    places = np.flatnonzero(asked.ids[0] == model.token)
    grid = _grid(model, len(patches))
    with model.looking(patches) as language, torch.no_grad():
        _check_length(language, len(before))
        trace = exact_trace(language, asked)
        _check_same(model, trace, picture)
        patterns = attention_patterns(trace, places=[len(before) - 1])
        sources = Sources(trace, len(before) - 1, patterns, 0)
        readout = readout_of(trace)
        prediction = Prediction(len(before) - 1, token)
        check_vocabulary(language, prediction, readout)
        heads = _heads(sources, readout, prediction, None if by == "head" else places)
        block, head = heads[0][1].block, heads[0][1].index
        everywhere = _by_place(sources, readout, prediction, block, head)
        attention = torch.stack([p.weights[0, :, 0] for p in patterns]).mean((0, 1))  # [place]
        assert trace.logits is not None
        odds = trace.logits[0].float().softmax(0)
    others = np.setdiff1d(np.arange(len(before)), places)
    elsewhere = float(everywhere[others].max()) if len(others) else 0.0
    if elsewhere > float(everywhere[places].max()):
        notes = (
            *notes,
            f"{heads[0][1]} brings more from a place in the text (at most {elsewhere:.3g}) than "
            f"from any patch (at most {float(everywhere[places].max()):.3g}): the map says which "
            "patches it rests on, not that it rests on the picture",
        )
    return PatchMap(
        answer,
        token,
        float(odds[token]),
        int((odds > odds[token]).sum()) + 1,
        tuple(Weighed(str(spot), value) for value, spot in heads[:_HEADS]),
        everywhere[places].reshape(grid).astype(np.float32),
        elsewhere,
        attention[places].cpu().numpy().reshape(grid).astype(np.float32),
        model.image.see(picture),
        tuple(notes),
    )


def shares(values: np.ndarray) -> np.ndarray:
    """Min-max, then divided by the sum; equal values give equal shares."""
    low, high = float(values.min()), float(values.max())
    if high - low <= 0:
        return np.full(values.shape, 1 / values.size, np.float32)
    scaled = (values - low) / (high - low)
    return (scaled / scaled.sum()).astype(np.float32)


def overlay(found: PatchMap) -> Image.Image:
    """The picture, the map on it and the baseline on it, side by side."""
    from ..images.maps import enlarged
    from ..render.contact_sheet import contact_sheet

    height, width = found.seen.shape[:2]
    grow = max(1, round(352 / max(height, width)))
    seen = np.repeat(np.repeat(found.seen, grow, 0), grow, 1)
    tiles = [seen]
    for values in (found.map, found.attention):
        large = enlarged(values, seen.shape[:2])
        light = large / max(float(large.max()), 1e-9)
        tiles.append((seen * (0.2 + 0.8 * light[..., None])).round().astype(np.uint8))
    heads = ("what it sees", f"{found.heads[0].head} for {found.answer!r}", "mean attention")
    return contact_sheet(tiles, heads)


def _answer(
    model: PictureModel, prompt: str, before: list[int], answer: str, patches: int
) -> tuple[int, tuple[str, ...]]:
    """The first token of an answer behind a prompt, and what was decided about it."""
    marked = prompt if model.mark in prompt else f"{model.mark}\n{prompt}"
    both = model.ids(marked + answer, patches)
    if both[: len(before)] != before:
        raise UsageError(
            f"the prompt and '{answer}' share a token; begin the answer with a space, or end the "
            "prompt at a word"
        )
    beyond = both[len(before) :]
    code: Any = model.language.tokenizer
    if not beyond or beyond[0] == code.unk_token_id:
        raise UsageError(f"{model.name} has no token for '{answer}'; check its spelling")
    if len(beyond) == 1:
        return beyond[0], ()
    split = ", ".join(map(repr, code.convert_ids_to_tokens(beyond)))
    return beyond[0], (f"'{answer}' is {len(beyond)} tokens ({split}); the first is mapped",)


def _grid(model: PictureModel, patches: int) -> tuple[int, int]:
    """Rows and columns of the patches."""
    height, width = model.image.size
    for rows in range(1, patches + 1):
        if patches % rows == 0 and rows * width == (patches // rows) * height:
            return rows, patches // rows
    raise UsageError(
        f"{model.name} gives {patches} embeddings of a picture of {height} x {width}, which are no "
        "grid of patches over it; patch maps need one embedding a patch"
    )


def _check_length(language: Any, places: int) -> None:
    if places > language.context_length:
        raise UsageError(
            f"prompt and picture have {places} tokens and {language.name} takes at most "
            f"{language.context_length}; shorten the prompt"
        )


def _check_same(model: PictureModel, trace: ExactTrace, picture: Image.Image) -> None:
    """Refuses a model that does more with a picture than to put its patches into the prompt."""
    assert trace.logits is not None
    want = model.logits(trace.ids, picture)
    apart = float((trace.logits[0].float() - want).norm() / want.norm().clamp(min=1e-30))
    if not apart <= trace.limit:
        raise UsageError(
            f"{model.name}: its language model with the patches in the prompt gives logits that "
            f"are {apart:.1e} away from the whole model's, so that its answer cannot be mapped"
        )


def _heads(
    sources: Sources, readout: Readout, prediction: Prediction, places: np.ndarray | None
) -> list[tuple[float, Spot]]:
    """Every head with the increase of what it brings from places, or all; highest first."""
    layout = sources.layout("head")
    result: list[tuple[float, Spot]] = []
    for block, (heads,) in enumerate(layout.shapes):
        base = sources.base("head", block)  # [d]
        parts = [_brought(sources, block, head) for head in range(heads)]  # [place, d] each
        sums = torch.stack([(p if places is None else p[places]).sum(0) for p in parts])
        values = _increases(sources, readout, prediction, base, sums)
        spots = (Spot("head", block, head) for head in range(heads))
        result += zip(values.tolist(), spots, strict=True)
    return sorted(result, key=lambda item: -item[0])


def _by_place(
    sources: Sources, readout: Readout, prediction: Prediction, block: int, head: int
) -> np.ndarray:
    """The increase of what one head brings from each place, float32 `[place]`."""
    base = sources.base("head", block)
    parts = _brought(sources, block, head)
    return _increases(sources, readout, prediction, base, parts).cpu().numpy()


def _brought(sources: Sources, block: int, head: int) -> Tensor:
    """(alpha_p V_p) W_O of one head, `[place, d]` float32."""
    pattern = sources.patterns[block]
    z = pattern.weights[0, head, sources.asked, :, None] * pattern.values[0, head]
    first = head * z.numel() + torch.arange(z.shape[1], device=z.device)  # of its first place
    return z @ sources.rows("attention", block, first)


def _increases(
    sources: Sources, readout: Readout, prediction: Prediction, base: Tensor, parts: Tensor
) -> Tensor:
    """log p(w | r + u) - log p(w | r) for sub-updates u `[n, d]`, `[n]`."""
    residuals = torch.cat([base[None], base + parts])  # [1 + n, d]
    values = objective(readout.logits(residuals, sources.final_scale), prediction)
    return values[1:] - values[0]
