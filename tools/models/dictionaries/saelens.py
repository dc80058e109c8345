"""Folders of SAELens: `cfg.json` and `sae_weights.safetensors`, of version 6 and before.

Before version 6 a configuration is flat and calls some things otherwise (`hook_point`,
`activation_fn_str`, `activation_fn_kwargs`); since then where a dictionary belongs stands under
`metadata`. Written is what was read, or for dictionaries trained here the form of version 6.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import UsageError
from ...io.files import read_whole
from .dictionary import Card, Dictionary
from .safe import checked, read_tensors, shapes_fit, write_folder

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_KINDS = {
    "standard": "standard",
    "topk": "topk",
    "abstopk": "abstopk",
    "jumprelu": "jumprelu",
    "gated": "gated",
    "matching_pursuit": "matching_pursuit",
    "transcoder": "standard",
    "skip_transcoder": "standard",
    "jumprelu_transcoder": "jumprelu",
    "jumprelu_skip_transcoder": "jumprelu",
}
_NORMS = {
    "none": "none",
    "expected_average_only_in": "none",  # folded into the weights, or of training alone
    "constant_norm_rescale": "constant_norm",
    "layer_norm": "layer_norm",
}


def card_of(config: Mapping[str, Any], where: Path | str = "the configuration") -> Card:
    """The card of a configuration.

    Raises:
        UsageError: if it is damaged, or of an architecture that is not read.
    """
    flat = {**_metadata(config), **config}
    named = _architecture(flat)
    function = flat.get("activation_fn_str", flat.get("activation_fn", "relu"))
    if named not in _KINDS:
        raise UsageError(
            f"{where}: architecture '{named}' is not read; known are {', '.join(_KINDS)}"
        )
    if named in ("standard", "gated") and function not in ("relu", None):
        raise UsageError(f"{where}: the activation function '{function}' is not read, relu is")
    norm = flat.get("normalize_activations")
    norm = {True: "expected_average_only_in", False: "none", None: "none"}.get(norm, norm)
    if norm not in _NORMS:
        raise UsageError(f"{where}: normalize_activations '{norm}' is not read")
    given = flat.get("activation_fn_kwargs")
    k = flat.get("k") or (given.get("k") if isinstance(given, dict) else None)
    transcodes = "transcoder" in named
    width = checked(where, flat, "d_in")
    return Card(
        architecture=_KINDS[named],
        width=width,
        latents=checked(where, flat, "d_sae"),
        out=checked(where, flat, "d_out") if transcodes else width,
        k=checked(where, {"k": k}, "k")
        if "topk" in named
        else int(flat.get("max_iterations") or 0),
        minus_bias=bool(flat.get("apply_b_dec_to_input", True)) and not transcodes,
        normalise=_NORMS[norm],  # pyright: ignore[reportArgumentType]
        by_norm=bool(flat.get("rescale_acts_by_decoder_norm", False)),
        transcodes=transcodes,
        tolerance=float(flat.get("residual_threshold") or 0.0),
        revisits=not flat.get("stop_on_duplicate_support", True),
        hook=str(flat.get("hook_name") or flat.get("hook_point") or ""),
        model=str(flat.get("model_name") or ""),
        config=config,
    )


def read_saelens(folder: Path, config: Mapping[str, Any]) -> Dictionary:
    """The dictionary of a folder.

    Args:
        folder: With `sae_weights.safetensors`.
        config: What its `cfg.json` holds.

    Raises:
        UsageError: if it is damaged, or of an architecture that is not read.
    """
    card = card_of(config, folder / CONFIG)
    tensors = read_tensors(folder / WEIGHTS)
    needed = _shapes(card, skips="skip" in _architecture(config))
    if config.get("finetuning_scaling_factor") and "scaling_factor" in tensors:
        needed["scaling_factor"] = (card.latents,)
    weights = shapes_fit(folder / WEIGHTS, tensors, needed)
    extra = {name: tensor for name, tensor in tensors.items() if name not in needed}
    return Dictionary(card, weights, extra)


def _architecture(config: Mapping[str, Any]) -> str:
    """What SAELens calls it; before version 6 a `standard` one may be a `topk` in truth."""
    named = str(config.get("architecture") or "standard")
    topk = config.get("activation_fn_str", config.get("activation_fn")) == "topk"
    return "topk" if named == "standard" and topk else named


def write_saelens(dictionary: Dictionary, folder: Path) -> None:
    """Writes a folder that SAELens and `read_saelens` read.

    Raises:
        UsageError: if it cannot be written.
    """
    tensors: dict[str, Tensor] = {**dictionary.weights, **dictionary.extra}
    config = json.dumps(dictionary.card.config, indent=2, ensure_ascii=True)
    write_folder(folder, {CONFIG: config.encode()}, WEIGHTS, tensors)


def config_of(folder: Path) -> Mapping[str, Any]:
    """What a folder's `cfg.json` holds.

    Raises:
        UsageError: if it is not there or no JSON object.
    """
    try:
        config = json.loads(read_whole(folder / CONFIG, 1 << 22))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{folder / CONFIG} cannot be read as JSON: {error}") from error
    if not isinstance(config, dict):
        raise UsageError(f"{folder / CONFIG} holds no JSON object")
    return config


def _metadata(config: Mapping[str, Any]) -> Mapping[str, Any]:
    given = config.get("metadata")
    return given if isinstance(given, dict) else {}


def _shapes(card: Card, *, skips: bool) -> dict[str, tuple[int, ...]]:
    """The weights of an architecture."""
    shapes: dict[str, tuple[int, ...]] = {
        "W_dec": (card.latents, card.out),
        "b_dec": (card.out,),
    }
    if card.architecture != "matching_pursuit":
        shapes["W_enc"] = (card.width, card.latents)
    if card.architecture == "gated":
        shapes |= dict.fromkeys(("b_gate", "b_mag", "r_mag"), (card.latents,))
    elif card.architecture != "matching_pursuit":
        shapes["b_enc"] = (card.latents,)
    if card.architecture == "jumprelu":
        shapes["threshold"] = (card.latents,)
    if skips:
        shapes["W_skip"] = (card.out, card.width)
    return shapes
