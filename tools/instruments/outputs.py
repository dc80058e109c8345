"""What the model gives for inputs, and nothing of its units: offered where these are hidden.

1. Language models: the likeliest next tokens behind each text.
2. Encoders: the lexicon words along the embedding of a text, less the mean over random windows.
3. Vision models: the likeliest classes of each picture.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from ..data.image_rows import ImageRows, image_rows
from ..data.scene_pictures import prompted, side_for
from ..data.tokens import surfaces
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..lens.lexicon_words import neighbours
from ..registry import UpTo, tool
from ..render.picture_words import caption, class_name
from ..render.text import quoted

_MOST = 40
_NAMED = 5
"""Tokens, words or classes of each input."""
_MEAN_OF = 64
"""Random windows whose mean embedding is taken away."""
_LETTERS = 240
"""Of a window, up to its end, where the next token is predicted."""


@tool(needs=("text", "hidden"))
def outputs(
    lab: Lab, texts: list[str] | None = None, *, many: Annotated[int, UpTo(_MOST)] = 12
) -> Result:
    """Shows what the model gives for texts of explore, or for your own: a language model the
    likeliest next tokens, an encoder the words along its embedding. Of the unit it shows nothing.

    Args:
        texts: Your own; left out: random windows of explore.
        many: How many windows.
    """
    if lab.target.kind == "module":
        raise UsageError(f"{lab.target.name} has no vocabulary that its output could be read by")
    given = [text for text in texts or () if text.strip()][:_MOST]
    rows = lab.tokenize(given) if given else lab.explore
    chosen = np.arange(len(rows)) if given else _drawn(lab, many)
    read = _next_tokens if lab.target.kind == "causal" else _along_words
    found = read(lab, rows.rows(chosen))
    shown = [" ".join(rows.text(int(i)).split())[-_LETTERS:] for i in chosen]
    return _result(found, given or [int(i) for i in chosen], [quoted(text) for text in shown])


@tool(name="outputs", needs=("image", "hidden"))
def outputs_of_pictures(
    lab: Lab, texts: list[str] | None = None, *, many: Annotated[int, UpTo(_MOST)] = 12
) -> Result:
    """Shows the likeliest classes of pictures of explore, or of pictures that you describe. Of the
    unit it shows nothing.

    Args:
        texts: Descriptions to draw, such as "a red cat on a meadow"; left out: explore.
        many: How many pictures of explore.
    """
    if "logit" not in lab.target.sites:
        raise UsageError(f"{lab.target.name} gives no classes, so its output cannot be read")
    given = [text for text in texts or () if text.strip()][:_MOST]
    chosen = [] if given else _drawn(lab, many).tolist()
    if given:
        pictures = [prompted(text, side=side_for(lab.target)) for text in given]
        rows = image_rows(lab.target, pictures)
    else:
        rows = lab.explore.rows(chosen)
    assert isinstance(rows, ImageRows)
    logits = _output(lab, rows)
    names = [class_name(lab.target, i) for i in range(logits.shape[1])]
    shown = given or [caption(rows, i) for i in range(len(rows))]
    return _result(_likeliest(logits, names), given or chosen, shown)


def _drawn(lab: Lab, n: int, use: str = "") -> np.ndarray:
    return np.sort(lab.rng(use).permutation(len(lab.explore))[:n])


def _output(lab: Lab, rows: TokenWindows | ImageRows, **options: Any) -> Tensor:
    """`[row, output]`."""
    value = lab.trace(rows, **options).output
    assert value is not None
    return value.float().cpu()


def _likeliest(logits: Tensor, names: Sequence[str]) -> list[list[tuple[str, float]]]:
    """Names with their probabilities, by row of logits `[row, name]`."""
    top = torch.softmax(logits, -1)[:, : len(names)].topk(min(_NAMED, len(names)), -1)
    return [
        [(names[int(i)], float(p)) for i, p in zip(ids, values, strict=True)]
        for ids, values in zip(top.indices, top.values, strict=True)
    ]


def _next_tokens(lab: Lab, rows: TokenWindows) -> list[list[tuple[str, float]]]:
    return _likeliest(_output(lab, rows, output="last"), surfaces(lab.target))


def _along_words(lab: Lab, rows: TokenWindows) -> list[list[tuple[str, float]]]:
    """Words with their cosines, by row."""
    explore: Any = lab.explore
    mean = _output(lab, explore.rows(_drawn(lab, _MEAN_OF, "mean"))).mean(0)  # [d]
    vectors = (_output(lab, rows) - mean).cpu().double().numpy()  # [row, d]
    return [
        [(near.word, near.cosine) for near in neighbours(lab, vector, _NAMED).toward]
        for vector in vectors
    ]


def _result(
    found: Sequence[Sequence[tuple[str, float]]],
    inputs: Sequence[int | str],
    shown: Sequence[str],
) -> Result:
    lines, items = [], []
    for given, text, named in zip(inputs, shown, found, strict=True):
        said = ", ".join(f"{quoted(name)} {value:.2f}" for name, value in named)
        window = isinstance(given, int)
        lines.append(f"{f'window {given}: ' if window else ''}{text} -> {said}")
        output = [{"name": name, "value": value} for name, value in named]
        items.append({"window" if window else "text": given, "output": output})
    return Result("\n".join(lines), {"outputs": items})
