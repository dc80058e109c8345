"""One forward pass of a target on token rows or on a raw tensor, and what its output is.

A causal model gives logits, an encoder the mean of its last hidden states over the attended
places, a vision model its logits, else its embedding of the picture, else its last hidden states;
any other module the first tensor that it returns.
"""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .trace import answer, output_tensor

if TYPE_CHECKING:
    from .image_input import ImageInput
    from .target import Target

Output = bool | Literal["last", "head"]


class Inputs(Protocol):
    """What a target reads: rows of token ids, right-padded."""

    @property
    def ids(self) -> np.ndarray:
        """`[input, place]` int32."""
        ...

    @property
    def attended(self) -> np.ndarray:
        """`[input, place]` bool: not padding."""
        ...


class Batch:
    """Inputs as tensors on the target's device."""

    def __init__(
        self, inputs: Any, device: torch.device, image: "ImageInput | None" = None
    ) -> None:
        self.raw: Any = None
        """What a module takes that is not token rows: a tensor, or keyword arguments."""
        self.ids: Tensor | None = None
        """`[input, place]`."""
        self.attended: Tensor | None = None
        if hasattr(inputs, "pixels") and image is not None:
            self.raw = image.normalise(torch.from_numpy(inputs.pixels()).to(device))
        elif getattr(inputs, "numbers", None) is not None:
            self.raw = torch.from_numpy(np.ascontiguousarray(inputs.numbers)).to(device)
        elif hasattr(inputs, "ids"):
            self.ids = torch.as_tensor(np.asarray(inputs.ids), dtype=torch.long, device=device)
            self.attended = torch.as_tensor(np.asarray(inputs.attended), device=device).bool()
        elif isinstance(inputs, Mapping):
            self.raw = {key: torch.as_tensor(item).to(device) for key, item in inputs.items()}
        else:
            self.raw = torch.as_tensor(inputs).to(device)

    @property
    def shape(self) -> tuple[int, int | None]:
        """Rows and places; places are None where the input is not token rows."""
        if self.ids is not None:
            return int(self.ids.shape[0]), int(self.ids.shape[1])
        first = next(iter(self.raw.values())) if isinstance(self.raw, dict) else self.raw
        return int(first.shape[0]), None

    @property
    def mask(self) -> dict[str, Tensor]:
        """The attention mask, where there is padding."""
        if self.attended is None or bool(self.attended.all()):
            return {}
        return {"attention_mask": self.attended.long()}

    @property
    def last(self) -> Tensor:
        """`[input]`: the last attended place of each row."""
        assert self.attended is not None
        places = torch.arange(self.attended.shape[1], device=self.attended.device)
        return (self.attended * places).argmax(1)


def forward(target: "Target", batch: Batch, *, output: Output, head: bool) -> Tensor | None:
    """Runs the network; see the module's docstring for what comes back.

    Args:
        target: The target.
        batch: Its inputs.
        output: Whether to compute the output; `last`: of the last attended place alone; `head`:
            what an encoder's own head gives, for masked tokens or classes.
        head: A site in the vocabulary head is read or changed, so that it has to run in full.
    """
    if target.kind == "image":
        value = picture_output(call(target.network, batch))
        return value if output else None
    if target.kind == "module":
        value = answer(call(target.network, batch))
        return value if output else None
    assert batch.ids is not None
    assert batch.attended is not None
    mask = batch.mask
    pad = getattr(getattr(target.network, "config", None), "pad_token_id", None)
    if not mask and isinstance(pad, int) and bool((batch.ids == pad).any()):
        mask = {"attention_mask": batch.attended.long()}  # a text may hold the padding token
    if target.kind == "encoder" and output == "head" and target.headed is not None:
        return target.headed(input_ids=batch.ids, **mask).logits
    if target.kind == "encoder":
        result = target.network(input_ids=batch.ids, **mask)
        if not output:
            return None
        hidden = result.last_hidden_state  # [input, place, d]
        weight = batch.attended[..., None].to(hidden)
        return (hidden * weight).sum(1) / weight.sum(1)
    options: dict[str, Any] = dict(mask, use_cache=False)
    if not output:
        (target.network if head else target.body)(input_ids=batch.ids, **options)
        return None
    if output != "last":
        return target.network(input_ids=batch.ids, **options).logits
    last = batch.last
    if head or not keeps_logits(target.network):
        logits = target.network(input_ids=batch.ids, **options).logits
        return logits[torch.arange(len(last), device=last.device), last]
    kept, which = last.unique(return_inverse=True)
    logits = target.network(input_ids=batch.ids, logits_to_keep=kept, **options).logits
    return logits[torch.arange(len(last), device=last.device), which]


def whole_output(target: "Target") -> Output:
    """What to ask a forward for where all that a network gives is wanted."""
    return "head" if target.head is not None else True


def call(network: nn.Module, batch: Batch) -> Any:
    """Runs any module on a batch."""
    if batch.ids is not None:
        return network(batch.ids)
    if isinstance(batch.raw, dict):
        return network(**batch.raw)
    weight = next(network.parameters(), None)
    if weight is not None and batch.raw.is_floating_point() and weight.is_floating_point():
        return network(batch.raw.to(weight.dtype))
    return network(batch.raw)


def picture_output(raw: Any) -> Tensor | None:
    """What a vision model says of a picture."""
    for key in ("logits", "image_embeds", "pooler_output", "last_hidden_state"):
        result = getattr(raw, key, None)
        if isinstance(result, Tensor):
            return result
    return output_tensor(raw)


def caching(network: nn.Module, cache: Any) -> dict[str, Any]:
    """Arguments with which a language model reads and fills a key-value cache.

    It was called `past_key_values` before transformers 5.20, and is in models with their own code.
    """
    known = inspect.signature(network.forward).parameters
    return {"cache" if "cache" in known else "past_key_values": cache, "use_cache": True}


def keeps_logits(network: nn.Module) -> bool:
    """Whether a network can compute the logits of chosen places only."""
    return "logits_to_keep" in inspect.signature(network.forward).parameters
