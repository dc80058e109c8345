"""Folders of sparsify: one for each hook point, with `cfg.json` and `sae.safetensors`.

    a = top-k(max((x - b_dec) E + b, 0))          without "- b_dec" in transcoders
    out = a W_dec + b_dec (+ W_skip x)

They are read by our own hand: SAELens's reader of them gives W_dec another shape, drops "- b_dec"
and knows no transcoders, skip connections or groups.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import UsageError
from .dictionary import Card, Dictionary
from .safe import checked, read_tensors, shapes_fit, write_folder

CONFIG, WEIGHTS = "cfg.json", "sae.safetensors"
_BEYOND = ("embed_skip", "gram_lookup")  # read more of the input than the module's own
_DEFAULT_EXPANSION, _DEFAULT_K = 32, 32


def read_sparsify(folder: Path, config: Mapping[str, Any]) -> Dictionary:
    """The dictionary of a hook point's folder, whose name is the hook.

    Raises:
        UsageError: if it is damaged, or needs more than the tensor at its hook.
    """
    where = folder / CONFIG
    beyond = next((name for name in _BEYOND if config.get(name)), None)
    if beyond is not None:
        raise UsageError(f"{where}: '{beyond}' needs more than the tensor at its hook; not read")
    activation = config.get("activation", "topk")
    if activation not in ("topk", "groupmax"):
        raise UsageError(f"{where}: the activation '{activation}' is not read; topk, groupmax are")
    width = checked(where, config, "d_in")
    expansion = {"expansion_factor": _DEFAULT_EXPANSION, **config}
    latents = config.get("num_latents") or width * checked(where, expansion, "expansion_factor")
    latents = checked(where, {"num_latents": latents}, "num_latents")
    k = checked(where, {"k": _DEFAULT_K, **config}, "k")
    if k > latents or (activation == "groupmax" and latents % k):
        raise UsageError(f"{where}: k {k} does not fit {latents} latents")
    transcodes = bool(config.get("transcode"))
    card = Card(
        architecture=activation,
        width=width,
        latents=latents,
        out=width,
        k=k,
        minus_bias=not transcodes,
        transcodes=transcodes,
        hook=folder.name,
        config=config,
        kind="sparsify",
    )
    tensors = read_tensors(folder / WEIGHTS)
    shapes = {
        "encoder.weight": (latents, width),
        "encoder.bias": (latents,),
        "W_dec": (latents, width),
        "b_dec": (width,),
    }
    if config.get("skip_connection"):
        shapes["W_skip"] = (width, width)
    given = shapes_fit(folder / WEIGHTS, tensors, shapes)
    weights = {
        "W_enc": given.pop("encoder.weight").T,
        "b_enc": given.pop("encoder.bias"),
        **given,
    }
    extra = {name: tensor for name, tensor in tensors.items() if name not in shapes}
    return Dictionary(card, weights, extra)


def write_sparsify(dictionary: Dictionary, folder: Path) -> None:
    """Writes a hook point's folder, as it was read.

    Raises:
        UsageError: if it cannot be written, or the dictionary is of no architecture of sparsify.
    """
    card, weights = dictionary.card, dict(dictionary.weights)
    if card.kind != "sparsify":
        raise UsageError(f"a dictionary of {card.architecture} in SAELens's form stays in it")
    tensors = {
        "encoder.weight": weights.pop("W_enc").T,
        "encoder.bias": weights.pop("b_enc"),
        **weights,
        **dictionary.extra,
    }
    config = json.dumps(card.config, ensure_ascii=True)
    write_folder(folder, {CONFIG: config.encode()}, WEIGHTS, tensors)
