"""Loads Hugging Face language models, encoders and vision models, from folders and from the hub.

Weights come from safetensors, or from a pickle that holds nothing but tensors. Code that comes
with a model runs only when it is asked for. Nothing is printed.
"""

import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import UsageError
from .checkpoints import check_folder, check_tokenizer, complete, quiet, reachable, reason
from .discover import discover
from .probe import ROWS, Probe, probe_ids
from .target import Target
from .vision import is_vision, load_vision, wrap_vision
from .weights import put, read_weights

_PLACES = 5  # places of a probe row


def from_hugging_face(
    source: str,
    *,
    name: str,
    weights: str | None = None,
    dtype: torch.dtype | str,
    device: torch.device,
    device_map: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    known: str = "",
) -> Target:
    """A causal language model, an encoder or a vision model.

    Args:
        source: A folder or an id.
        name: What the target is called.
        weights: A file with a state dict in the place of the source's own weights.
        dtype: Of the weights; `auto` as they are stored.
        device: Where the model goes, without a `device_map`.
        device_map: Spreads the model over devices, as `accelerate` does.
        revision: Branch, tag or commit on the hub.
        trust_remote_code: Runs Python code that comes with the model.
        known: For an error message: the nearest known targets.

    Raises:
        UsageError: if it cannot be found or read.
    """
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if Path(source).is_dir():
        check_folder(Path(source), weights=weights is None)
    else:
        options["local_files_only"] = not reachable(source, revision, known)
    if device_map is not None and importlib.util.find_spec("accelerate") is None:
        raise UsageError("--device-map needs the package accelerate: pip install accelerate")
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # what a checkpoint lacks (a pooler) is the same in every load
        try:
            config = AutoConfig.from_pretrained(source, **options)
            if getattr(config, "is_encoder_decoder", False):
                raise UsageError(
                    f"'{name}' is an encoder-decoder model ({config.model_type}), which is not "
                    "supported; load its encoder alone through path/to/file.py:factory"
                )
            if is_vision(config):
                if weights is not None:
                    raise UsageError(
                        f"'{name}' sees pictures: give its weights through path/to/file.py:factory"
                    )
                network, info, tokenizer, processor = load_vision(
                    source, config, name=name, dtype=dtype, device_map=device_map, **options
                )
                complete(info, name)
                network = network.to(device) if device_map is None else network
                return wrap_vision(network, processor, tokenizer, name=name)
            if Path(source).is_dir():
                check_tokenizer(Path(source))
            kind: Any = AutoModelForCausalLM if _causal(config.architectures) else AutoModel
            network, notes = _network(kind, source, config, weights, dtype, device_map, options)
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(reason(name, error)) from error
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"the tokenizer of '{name}' gives no character offsets; save it with a tokenizer.json"
        )
    if device_map is None:
        network = network.to(device)
    target = wrap(network, tokenizer, name=name)
    target.notes = notes
    headed = _headed(config.architectures)
    if headed is not None and target.kind == "encoder" and weights is None:
        target.head = partial(_with_head, headed, source, network.dtype, options)
    return target


def _headed(architectures: list[str] | None) -> str | None:
    """The auto class of an encoder's head."""
    for kind in ("MaskedLM", "SequenceClassification", "TokenClassification"):
        if any(name.endswith(f"For{kind}") for name in architectures or []):
            return f"AutoModelFor{kind}"
    return None


def _with_head(kind: str, source: str, dtype: torch.dtype, options: dict[str, Any]) -> nn.Module:
    """The network with its head, whose weights are read when they are first asked for."""
    import transformers

    auto = getattr(transformers, kind)
    with quiet():
        return auto.from_pretrained(source, dtype=dtype, weights_only=True, **options)


def _network(
    kind: Any,
    source: str,
    config: Any,
    weights: str | None,
    dtype: torch.dtype | str,
    device_map: str | None,
    options: dict[str, Any],
) -> tuple[Any, tuple[str, ...]]:
    """The model with its own weights or a file's, and what was done to these."""
    if weights is not None:
        if device_map is not None:
            raise UsageError("give --weights or --device-map, not both")
        given = {"trust_remote_code": options["trust_remote_code"]}
        network = kind.from_config(config, **given)
        notes = put(network, read_weights(weights), file=weights)
        return (network if isinstance(dtype, str) else network.to(dtype)), notes
    network, info = kind.from_pretrained(
        source,
        dtype=dtype,
        device_map=device_map,
        weights_only=True,
        output_loading_info=True,
        **options,
    )
    complete(info, source)
    return network, ()


def wrap(network: nn.Module, tokenizer: Any, *, name: str) -> Target:
    """A target over a Hugging Face model that is already in memory."""
    whole: Any = network
    causal = _causal([type(network).__name__])
    body: Any = getattr(whole, "base_model", whole)
    if not causal:
        network = body
    config = whole.config.get_text_config()
    network.eval()

    length = _context(body, config)
    places = min(_PLACES, length) if min(_PLACES, length) != ROWS else 2

    def run(inner: nn.Module, rows: int) -> Any:
        inner_body: Any = getattr(inner, "base_model", inner)
        device = next(p for p in inner.parameters() if p.device.type != "meta").device
        ids = probe_ids(int(config.vocab_size), places).to(device)
        options: dict[str, Any] = {"use_cache": False} if causal else {}
        ids = ids.expand(rows, -1)  # [row, place]
        return inner_body(input_ids=ids, attention_mask=torch.ones_like(ids), **options)[0]

    probe = Probe(network, run, places)
    try:
        result = discover(probe, config)
    except (LookupError, AttributeError) as error:
        raise UsageError(
            f"'{name}' ({type(network).__name__}) is not built as a transformer: {error}; load it "
            "through path/to/file.py:factory to use module paths as sites"
        ) from error
    probe.blocks = result.blocks
    probe.forget()
    target = Target(
        network,
        name=name,
        kind="causal" if causal else "encoder",
        sites=result.sites,
        tokenizer=tokenizer,
        body=body,
        context_length=length,
        refused=result.refused,
        probe=probe,
    )
    if not causal and _headed([type(whole).__name__]) is not None:
        target.head = lambda: whole
    return target


def _causal(architectures: list[str] | None) -> bool:
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures or [])


def _context(body: nn.Module, config: Any) -> int:
    """Places that fit: some families start counting positions behind the padding index."""
    for path, module in body.named_modules():
        if path.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            used = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - used
    return int(getattr(config, "max_position_embeddings", None) or 2048)
