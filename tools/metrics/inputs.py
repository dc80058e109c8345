"""What a network reads, given as text: a prompt, a picture's file, or numbers.

"ab ab a"         a text, where the network has a tokenizer
cat.png           a picture, where it sees
0.5,-1,2          numbers, or a file of them (.npy, .json, .csv): in the shape of its example
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.decoding import decode
from ..errors import UsageError
from ..models import Target
from .prompt import Prompt, prompt_of, row_of
from .readings import check_known


@dataclass(frozen=True, eq=False)
class TensorPrompt(Prompt):
    """One input that is no row of tokens; each site has places of its own."""

    tensor: Tensor | None = None
    """`[1, ...]`, as the network takes it."""

    @property
    def inputs(self) -> Tensor:
        """What `Target.trace` reads."""
        assert self.tensor is not None
        return self.tensor

    def repeated(self, n: int) -> Tensor:
        """`[n, ...]`."""
        return self.inputs.expand(n, *self.inputs.shape[1:])

    @property
    def tokenless(self) -> bool:
        """That it has no tokens."""
        return True


def input_of(target: Target, text: str) -> Prompt:
    """The one input that a text stands for.

    Raises:
        UsageError: if there is no such file, or it holds something else than the network takes.
    """
    if target.image is not None:
        return TensorPrompt(np.zeros((1, 1), np.int32), (), text, tensor=_picture(target, text))
    if target.tokenizer is not None and target.kind == "causal":
        return prompt_of(target, text)
    if target.tokenizer is not None:  # what sees all places also sees the tokens behind a text
        check_known(target, text)
        ids = target.tokenizer(text, verbose=False)["input_ids"]
        return row_of(target, [int(i) for i in ids], text=text)
    return TensorPrompt(np.zeros((1, 1), np.int32), (), text, tensor=_numbers(target, text))


def _picture(target: Target, text: str) -> Tensor:
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"{target.name} sees pictures, and there is no picture file '{text}'")
    try:
        picture = decode(path).picture
    except UsageError as error:
        raise UsageError(f"'{text}' is no picture: {error}") from error
    assert target.image is not None
    pixels = torch.from_numpy(target.image.see(picture)[None]).to(target.device)
    return target.image.normalise(pixels)


def _numbers(target: Target, text: str) -> Tensor:
    if target.probe is None:
        raise UsageError(f"{target.name} has no example of its input, so no input can be made")
    given = target.probe.seen[""].given
    target.probe.forget()
    if given is None:
        raise UsageError(f"{target.name} takes no tensor, so no input can be made from text")
    array = np.asarray(_read(text))
    size, wanted = array.size, given[0].numel()
    if size != wanted:
        shape = " x ".join(map(str, given.shape[1:]))
        raise UsageError(
            f"{target.name} takes {wanted} numbers ({shape}), not {size}: '{text[:60]}'"
        )
    tensor = torch.as_tensor(array.astype(np.float64)).to(given.dtype)
    if not bool(tensor.isfinite().all()):
        raise UsageError(f"'{text[:60]}' holds NaN or infinity")
    return tensor.reshape(1, *given.shape[1:]).to(target.device)


def _read(text: str) -> Any:
    """Numbers from a list with commas, or from a file."""
    path = Path(text).expanduser()
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False).astype(np.float64)
        if path.suffix == ".csv":
            return np.loadtxt(path, delimiter=",", ndmin=1)
        content = path.read_text() if path.suffix == ".json" else f"[{text.strip().strip('[]')}]"
        return np.array(json.loads(content), np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"'{text[:60]}' is no input of numbers; write 0.5,-1,2 or name a .npy, .json or .csv "
            f"file ({str(error).splitlines()[0]})"
        ) from error
