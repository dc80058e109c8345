"""Vision-language models of LLaVA's kind: a network that sees, a projection, a language model.

A picture becomes one embedding a patch, which stand in the prompt where its picture tokens are
(Liu et al. 2023). The language half is made a target of its own, over the same weights: inside
`looking` its embeddings of picture tokens are those of the picture, so that everything that is
known of language models (the exact trace, its heads, its patterns) holds as it is. That both give
the same logits is checked on every question.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from ..errors import UsageError, said
from ..models import Target
from ..models.checkpoints import quiet
from ..models.huggingface import wrap
from ..models.image_input import ImageInput, processor_input


@dataclass(frozen=True, eq=False)
class PictureModel:
    """A vision-language model."""

    name: str
    network: nn.Module
    """The whole."""
    language: Target
    """Its language model, which takes picture tokens only inside `looking`."""
    image: ImageInput
    token: int
    """The picture token; a prompt has one for each patch."""
    mark: str
    """How that token is written: `<image>`."""

    def patches(self, picture: Image.Image) -> Tensor:
        """The picture as the language model gets it, `[patch, d]`."""
        with torch.no_grad(), quiet():
            whole: Any = self.network
            result = whole.get_image_features(pixel_values=self._pixels(picture), return_dict=True)
        return _joined(result)

    def logits(self, ids: Tensor, picture: Image.Image) -> Tensor:
        """What the whole network gives at the last place, `[vocabulary]` float32."""
        with torch.no_grad():
            result = self.network(
                input_ids=ids, pixel_values=self._pixels(picture), use_cache=False
            )
        return result.logits[0, -1].float()

    def ids(self, prompt: str, patches: int) -> list[int]:
        """Tokens of a prompt, with one picture token a patch where it has its mark.

        Raises:
            UsageError: if the prompt has the mark more than once.
        """
        if self.mark not in prompt:
            prompt = f"{self.mark}\n{prompt}"
        before, *after = prompt.split(self.mark)
        if len(after) != 1:
            raise UsageError(
                f"the prompt has {self.mark} {len(after)} times; give one picture and one mark"
            )
        code: Any = self.language.tokenizer
        first = code(before)["input_ids"] if before else _beginning(code)
        rest = code(after[0], add_special_tokens=False)["input_ids"] if after[0] else []
        return [*first, *([self.token] * patches), *rest]

    @contextmanager
    def looking(self, patches: Tensor) -> Iterator[Target]:
        """The language model, before which the picture is."""
        embed: Any = self.language.network
        layer = embed.get_input_embeddings()

        def put(module: nn.Module, args: Any, output: Tensor) -> Tensor:
            there = args[0] == self.token  # [row, place]
            if not bool(there.any()):
                return output
            out = output.clone()
            rows = len(out)
            out[there] = patches.to(out).repeat(rows, 1)[: int(there.sum())]
            return out

        handle = layer.register_forward_hook(put)
        try:
            yield self.language
        finally:
            handle.remove()

    def _pixels(self, picture: Image.Image) -> Tensor:
        weight = next(self.network.parameters())
        seen = torch.from_numpy(self.image.see(picture))[None].to(weight.device)
        return self.image.normalise(seen).to(weight.dtype)


def load_picture_model(
    source: str, *, dtype: str | None = None, device: str | None = None
) -> PictureModel:
    """Loads one from a folder or by its id.

    Raises:
        UsageError: if it cannot be read, or is built otherwise.
    """
    from transformers import (
        AutoConfig,
        AutoImageProcessor,
        AutoModelForImageTextToText,
        AutoTokenizer,
    )

    from ..models.load import checked_dtype

    where = torch.device(device or "cpu")
    with quiet():
        try:
            config = AutoConfig.from_pretrained(source)
            _check(config, source)
            processor = AutoImageProcessor.from_pretrained(source, backend="pil")
            tokenizer = AutoTokenizer.from_pretrained(source)
            network: Any = AutoModelForImageTextToText.from_pretrained(
                source, dtype=checked_dtype(dtype, where), weights_only=True
            )
        except UsageError:
            raise
        except Exception as error:
            text = said(error)
            what = "an id on the hub" if not Path(source).is_dir() else "the folder"
            raise UsageError(f"{what} '{source}' gives no vision-language model: {text}") from error
    return wrap_picture_model(network.to(where), tokenizer, processor, name=source)


def wrap_picture_model(
    network: nn.Module, tokenizer: Any, processor: Any, *, name: str
) -> PictureModel:
    """One over a Hugging Face model that is already in memory.

    Raises:
        UsageError: if it is not built of the three parts.
    """
    from transformers import AutoModelForCausalLM

    whole: Any = network.eval().requires_grad_(False)
    config = whole.config
    _check(config, name)
    inner = getattr(whole, "model", whole)
    body = getattr(inner, "language_model", None)
    head = getattr(whole, "lm_head", None)
    if body is None or head is None or not hasattr(whole, "get_image_features"):
        raise UsageError(
            f"'{name}' ({type(network).__name__}) is not built as LLaVA is: a network that sees, a "
            "projection, a language model and its vocabulary head"
        )
    with torch.device("meta"):
        shell: Any = AutoModelForCausalLM.from_config(config.get_text_config())
    setattr(shell, shell.base_model_prefix, body)
    shell.set_output_embeddings(head)
    shell.config = body.config  # one object, so that a change of attention reaches the layers
    if any(weight.device.type == "meta" for weight in shell.state_dict().values()):
        raise UsageError(f"the language model of '{name}' has weights beyond its body and head")
    token = int(config.image_token_id)
    mark = str(tokenizer.convert_ids_to_tokens(token))
    language = wrap(shell, tokenizer, name=name)
    image = processor_input(processor, name=name)
    return PictureModel(name, network, language, image, token, mark)


def _check(config: Any, name: str) -> None:
    parts = ("vision_config", "text_config", "image_token_id")
    missing = [part for part in parts if not hasattr(config, part)]
    if missing:
        raise UsageError(
            f"'{name}' is no vision-language model of LLaVA's kind (its configuration has no "
            f"{missing[0]}); give one such as llava-hf/llava-1.5-7b-hf"
        )


def _joined(found: Any) -> Tensor:
    """Features of one picture, `[patch, d]`, from what this version of the library gives."""
    raw = getattr(found, "pooler_output", found)
    one = raw[0]
    return one if one.ndim == 2 else one.flatten(0, -2)


def _beginning(tokenizer: Any) -> list[int]:
    """What this tokenizer puts before every text."""
    with_it, without = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)
    tail = without["input_ids"]
    return with_it[: max(0, len(with_it) - len(tail))] if with_it[-len(tail) :] == tail else []
