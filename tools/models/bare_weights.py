"""A target from weights and a configuration alone: TransformerLens or nanoGPT.

1. The configuration stands in the file (`model_args` of nanoGPT, `config` or `cfg`) or beside it
   in `config.json`.
2. The vocabulary stands in the file or its configuration (`vocab`, `itos`, `stoi`), or beside it:
   `tokenizer.json`, `vocab.json` (a list, or a dict from token to id), `meta.pkl` of nanoGPT (read
   without running anything). Where there is none the tokens are called 0, 1, 2, ...
"""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import UsageError
from .layouts import layout_of
from .model import Model
from .own_model import from_model
from .target import Target
from .transformer import Shape, Transformer
from .weights import put, read_weights

_CONFIGS = ("model_args", "cfg", "config", "model_config")
_SIZES = ("d_model", "n_embd")
_VOCABULARIES = ("vocab", "vocabulary", "tokens", "itos", "stoi")


def is_bare(folder: Path) -> bool:
    """Whether a folder's `config.json` is of TransformerLens or nanoGPT, not Hugging Face's."""
    config = _json(folder / "config.json")
    if not isinstance(config, Mapping) or "model_type" in config or "architectures" in config:
        return False
    return any(key in config for key in _SIZES)


def from_weights(
    file: Path, *, folder: Path, name: str, dtype: torch.dtype | str, device: torch.device
) -> Target:
    """The target of a file.

    Args:
        file: A state dict of TransformerLens or nanoGPT.
        folder: Where configuration and vocabulary lie that the file does not hold.
        name: What the target is called.
        dtype: Of the weights; `auto` is 32 bits.
        device: Where the network goes.

    Raises:
        UsageError: if its layout is another, or it has no configuration.
    """
    weights = read_weights(file)
    if layout_of(weights.tensors) is None:
        raise UsageError(
            f"'{file}' holds the weights of a network whose code is elsewhere: give "
            f"path/to/file.py:factory --weights {file}, where the factory returns the network"
        )
    config = _config(weights.facts, file, folder)
    shape = Shape.of(config, name=str(file))
    network = Transformer(shape)
    notes = put(network, weights, file=str(file))
    network = network.to(device, torch.float32 if isinstance(dtype, str) else dtype)
    found, where = _vocabulary([weights.facts, config], folder, shape.tokens)
    kind = "causal" if shape.causal and shape.outputs == shape.tokens else None
    model = Model(
        network, found, kind=kind, context_length=shape.context, heads=shape.heads, blocks="blocks"
    )
    target = from_model(model, name=name)
    target.notes = (*notes, where)
    return target


def _config(facts: Mapping[str, Any], file: Path, folder: Path) -> Mapping[str, Any]:
    for key in _CONFIGS:
        found = facts.get(key)
        if isinstance(found, Mapping) and any(k in found for k in _SIZES):
            return found
    beside = _json(folder / "config.json")
    if isinstance(beside, Mapping):
        return beside
    raise UsageError(
        f"'{file}' has no configuration: save torch.save({{'state_dict': model.state_dict(), "
        f"'config': model.cfg.to_dict()}}, ...) without types, or put a config.json beside it"
    )


def _vocabulary(places: list[Mapping[str, Any]], folder: Path, tokens: int) -> tuple[Any, str]:
    """A tokenizer in any form, and where it was found."""
    for facts in places:
        for key in _VOCABULARIES:
            if isinstance(facts.get(key), list | dict):
                return _of_itos(facts[key]), f"tokens from its '{key}'"
    if (folder / "tokenizer.json").is_file():
        from transformers import PreTrainedTokenizerFast

        made = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        return made, "tokens from tokenizer.json"
    listed = _json(folder / "vocab.json")
    if isinstance(listed, list | dict):
        return _of_itos(listed), "tokens from vocab.json"
    if (folder / "meta.pkl").is_file():
        meta = _pickled(folder / "meta.pkl")
        for key in ("itos", "stoi"):
            if isinstance(meta, dict) and isinstance(meta.get(key), list | dict):
                return _of_itos(meta[key]), f"tokens from meta.pkl ({key})"
    return [str(i) for i in range(tokens)], (
        "no vocabulary was found (vocab.json, tokenizer.json, meta.pkl): tokens are called 0, 1, "
        "and so on"
    )


def _of_itos(given: Any) -> Any:
    """Ids of JSON are texts."""
    if isinstance(given, dict) and all(str(key).isdecimal() for key in given):
        values = list(given.values())
        if all(isinstance(value, str) for value in values):
            return {int(key): value for key, value in given.items()}
    return given


class _Plain(pickle.Unpickler):
    """Reads texts, numbers, lists and dicts; nothing can be called."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not read")


def _pickled(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            return _Plain(opened).load()
    except Exception as error:
        raise UsageError(f"'{file}' cannot be read as plain values: {error}") from error


def _json(file: Path) -> Any:
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"'{file}' is no JSON: {error}") from error
