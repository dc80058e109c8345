"""How libraries lay out the weights of one and the same transformer, translated.

1. A state dict of TransformerLens (`blocks.N.attn.W_Q` `[head, d, channel]`) or of GPT-2 and
   nanoGPT (`h.N.attn.c_attn.weight`, queries, keys and values in one, `[3d, d]` in `nn.Linear` and
   `[d, 3d]` in Hugging Face's `Conv1D`) is read into the names of `transformer.py`.
2. From these the tensors of a network are made: one with those names, one of GPT-2's names, or
   one of layers of `torch.nn` (`layers.N.self_attn.in_proj_weight`), whose tensors outside the
   layers are told by their shape where only one fits.
3. A norm that the source folded away is given as ones and zeros, a bias that it lacks as zeros. A
   bias that the network lacks must be zero.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import UsageError

_LENS = {
    "embed.W_E": "embed.weight",
    "pos_embed.W_pos": "positions.weight",
    "unembed.W_U": "unembed.weight",
    "unembed.b_U": "unembed.bias",
    "ln_final.w": "norm.weight",
    "ln_final.b": "norm.bias",
    "ln1.w": "norm1.weight",
    "ln1.b": "norm1.bias",
    "ln2.w": "norm2.weight",
    "ln2.b": "norm2.bias",
    "mlp.W_in": "mlp.up.weight",
    "mlp.b_in": "mlp.up.bias",
    "mlp.W_gate": "mlp.gate.weight",
    "mlp.W_out": "mlp.down.weight",
    "mlp.b_out": "mlp.down.bias",
    "mlp.ln.w": "mlp.norm.weight",
    "mlp.ln.b": "mlp.norm.bias",
    "attn.b_O": "attention.o.bias",
}
_PARTS = {
    "wte": "embed",
    "wpe": "positions",
    "lm_head": "unembed",
    "ln_f": "norm",
    "ln_1": "norm1",
    "ln_2": "norm2",
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.o",
    "mlp.c_fc": "mlp.up",
    "mlp.c_proj": "mlp.down",
    "self_attn.in_proj": "attention.qkv",
    "self_attn.out_proj": "attention.o",
    "linear1": "mlp.up",
    "linear2": "mlp.down",
    "norm1": "norm1",
    "norm2": "norm2",
}
"""Of GPT-2 and of `torch.nn`."""
_BLOCK = re.compile(r"(?:^|.*\.)(?:h|layers|blocks)\.(\d+)\.(.+)$")


def layout_of(names: Mapping[str, Tensor]) -> str | None:
    """`TransformerLens` or `GPT-2`; None: neither."""
    if any(name.endswith((".attn.W_Q", ".attn.W_O")) for name in names):
        return "TransformerLens"
    return "GPT-2" if any(name.endswith(".attn.c_attn.weight") for name in names) else None


def plain(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of either layout under the names of `transformer.py`."""
    return _from_lens(given) if layout_of(given) == "TransformerLens" else _from_gpt2(given)


def laid_out(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors for a network's names.

    Args:
        state: What `plain` gave.
        own: The network's tensors by name.

    Raises:
        UsageError: if the network lacks what `state` has, and it is not zero.
    """
    turned = _conv1d(own)
    out: dict[str, Tensor] = {}
    used: set[str] = set()
    rest: list[str] = []
    for name in own:
        sources = [name] if name in state else _sources(name, state)
        if sources:
            part = torch.cat([state[source] for source in sources])
            inner = sources[0].startswith("blocks.") and part.ndim == 2
            out[name] = part.T if turned and inner else part
            used.update(sources)
        else:
            rest.append(name)
    for name in rest:
        leaf = name.rpartition(".")[2]
        left = [key for key in state if key not in used and key.endswith(leaf)]
        fit = [key for key in left if state[key].shape == own[name].shape]
        filled = _filled(name, own[name], state)
        if len(fit) == 1:
            out[name] = state[fit[0]]
            used.add(fit[0])
        elif filled is not None:
            out[name] = filled
    _complete(state, used)
    return out


def _from_lens(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    gated = any(name.endswith("mlp.W_gate") for name in given)
    heads = next(value.shape[0] for name, value in given.items() if name.endswith(".W_Q"))
    out: dict[str, Tensor] = {}
    for name, value in given.items():
        block = re.match(r"blocks\.(\d+)\.(.+)", name)
        before, part = (f"blocks.{block[1]}.", block[2]) if block else ("", name)
        if (found := re.fullmatch(r"attn\._?([Wb])_([QKV])", part)) is not None:
            value = value.repeat_interleave(heads // value.shape[0], 0)  # grouped keys and values
            to = f"attention.{found[2].lower()}.{'weight' if found[1] == 'W' else 'bias'}"
            # [head, d, channel] and [head, channel]
            value = value.transpose(1, -1).flatten(0, 1) if value.ndim == 3 else value.flatten()
        elif part == "attn.W_O":  # [head, channel, d]
            to, value = "attention.o.weight", value.flatten(0, 1).T
        elif part in _LENS:
            to = "mlp.shift" if gated and part == "mlp.b_in" else _LENS[part]
            turns = part.startswith(("mlp.W", "unembed.W"))
            value = value.T if turns else value
        else:
            continue
        out[before + to] = value
    return out


def _from_gpt2(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    turned = _conv1d(given)
    out: dict[str, Tensor] = {}
    for name, value in given.items():
        to = _plain_name(name)
        if to is None:
            continue
        stem, _, leaf = to.rpartition(".")
        if turned and leaf == "weight" and stem.partition(".")[0] == "blocks" and value.ndim == 2:
            value = value.T
        if stem.endswith("qkv"):
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                out[f"{stem.removesuffix('qkv')}{letter}.{leaf}"] = part
        else:
            out[to] = value
    return out


def _plain_name(name: str) -> str | None:
    """A name of GPT-2's or `torch.nn`'s under those of `transformer.py`, with `qkv` in one."""
    block = _BLOCK.match(name)
    before, part = (f"blocks.{block[1]}.", block[2]) if block else ("", name)
    part = part.removeprefix("transformer.").replace("in_proj_", "in_proj.")
    stem, _, leaf = part.rpartition(".")
    if stem not in _PARTS and not block:
        stem = stem.rpartition(".")[2]
    return f"{before}{_PARTS[stem]}.{leaf}" if stem in _PARTS else None


def _sources(name: str, state: Mapping[str, Tensor]) -> list[str]:
    """The plain tensors that a tensor of the network is made of."""
    found = _plain_name(name)
    if found is None:
        return []
    parts = [found.replace(".qkv.", f".{one}.") for one in "qkv"] if ".qkv." in found else [found]
    return parts if all(part in state for part in parts) else []


def _conv1d(tensors: Mapping[str, Tensor]) -> bool:
    """Whether linear maps are stored as Hugging Face's `Conv1D`, `[in, out]`."""
    joined = next((t for name, t in tensors.items() if name.endswith("c_attn.weight")), None)
    return joined is not None and joined.shape[1] == 3 * joined.shape[0]


def _filled(name: str, tensor: Tensor, state: Mapping[str, Tensor]) -> Tensor | None:
    """What stands for a weight of a norm or a bias that no block of the source has; None: nothing
    may."""
    kind = _kind((_plain_name(name) or name).replace("qkv", "q"))
    if tensor.ndim != 1 or kind in map(_kind, state):
        return None
    if kind.endswith(("bias", "shift")):
        return torch.zeros_like(tensor)
    return torch.ones_like(tensor) if re.search(r"(norm|ln)", kind) else None


def _kind(name: str) -> str:
    """A plain name without the number of its block."""
    return re.sub(r"^blocks\.\d+\.", "", name)


def _complete(state: Mapping[str, Tensor], used: set[str]) -> None:
    left = [key for key in state if key not in used]
    lost = [key for key in left if not key.endswith("bias") or bool(state[key].any())]
    tied = {"unembed.weight"} if "embed.weight" in used else set()
    lost = [
        key for key in lost if key not in tied or not torch.equal(state[key], state["embed.weight"])
    ]
    if lost:
        raise UsageError(
            f"its '{lost[0]}' {list(state[lost[0]].shape)} has no place in the network"
        )
