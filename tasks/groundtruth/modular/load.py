"""Loads the modular-addition transformer (Nanda et al. 2023, Progress Measures for Grokking).

A one-layer ReLU transformer without layer norms that was trained on `a + b mod p`. It reads the
three tokens `a b =` and is read at the last. Weights are named as in the paper's code: `W_E`
[d, vocabulary], `W_K`, `W_Q`, `W_V` [head, channel, d], `W_O` [d, head * channel], `W_in`, `W_out`
[out, in], `W_U` [d, vocabulary].

Here the network takes pairs `[input, 2]` and puts `=` behind them, so that its inputs are what its
function is about. Sites: `mlp.0` (the neurons), `head.0`, `attn_out.0`, `mlp_out.0`, `resid.0`,
`logit`; each has three places, of which the last counts.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from ....tools.errors import UsageError
from ....tools.models import Target
from ....tools.models.probe import Probe, verify
from ....tools.models.site import Site
from ....tools.models.transformer import Block, Shape
from ....tools.models.weights import read_weights

LAST = 2
"""The place at which the network is read."""


class ModularAddition(nn.Module):
    """The network, from pairs to logits at the last place."""

    def __init__(
        self, modulus: int, *, heads: int, channels: int, width: int, neurons: int
    ) -> None:
        super().__init__()
        self.modulus = modulus
        tokens = modulus + 1
        sizes = (1, width, heads, channels, neurons, tokens, tokens, LAST + 1)
        self.embed = nn.Embedding(tokens, width)
        self.position = nn.Embedding(LAST + 1, width)
        self.block = Block(Shape(*sizes, act="relu", norm=None, scale=math.sqrt(channels)))
        attention = self.block.attention
        for part in (attention.q, attention.k, attention.v, attention.o):
            part.bias = None  # type: ignore[assignment]
        self.unembed = nn.Linear(width, tokens, bias=False)

    def forward(self, pairs: Tensor) -> Tensor:
        """`[input, 2]` to logits `[input, token]`."""
        equals = pairs.new_full((len(pairs), 1), self.modulus)
        tokens = torch.cat([pairs, equals], dim=1)  # [input, place]
        x = self.embed(tokens) + self.position.weight
        return self.unembed(self.block(x)[:, LAST])


_RENAMED = {
    "embed.weight": "embed.W_E",
    "position.weight": "pos_embed.W_pos",
    "block.attention.q.weight": "blocks.0.attn.W_Q",
    "block.attention.k.weight": "blocks.0.attn.W_K",
    "block.attention.v.weight": "blocks.0.attn.W_V",
    "block.attention.o.weight": "blocks.0.attn.W_O",
    "block.mlp.up.weight": "blocks.0.mlp.W_in",
    "block.mlp.up.bias": "blocks.0.mlp.b_in",
    "block.mlp.down.weight": "blocks.0.mlp.W_out",
    "block.mlp.down.bias": "blocks.0.mlp.b_out",
    "unembed.weight": "unembed.W_U",
}
_TURNED = ("embed.weight", "unembed.weight")  # stored as [d, token]
_BY_HEAD = ("q", "k", "v")  # stored as [head, channel, d]


def load_modular(folder: Path | str) -> Target:
    """The target in a folder with `model.safetensors`.

    Raises:
        UsageError: if the file is not there, or its weights are not those of such a network.
    """
    path = Path(folder).expanduser()
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"there is no {file}; give the folder that holds model.safetensors")
    stored = read_weights(file).tensors
    missing = sorted(name for name in _RENAMED.values() if name not in stored)
    if missing:
        raise UsageError(f"{file} is no modular-addition model: it lacks {', '.join(missing[:3])}")
    try:
        network = _filled({name: tensor.float() for name, tensor in stored.items()})
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"{file} has weights of other shapes: {error}") from error
    return modular_target(network, name=str(folder))


def modular_target(network: ModularAddition, *, name: str) -> Target:
    """The network with its sites, each checked by a probe run."""
    shape = network.block.attention.shape
    sites = {
        "head.0": Site(
            *("head.0", "block.attention.o", "input", shape.heads),
            channels=shape.head_size,
            readout="norm",
        ),
        "attn_out.0": Site("attn_out.0", "block.attention", "output", shape.d),
        "mlp.0": Site("mlp.0", "block.mlp.act", "output", shape.neurons, floor=0.0),
        "mlp_out.0": Site("mlp_out.0", "block.mlp", "output", shape.d),
        "resid.0": Site("resid.0", "block", "output", shape.d),
        "logit": Site("logit", "unembed", "output", network.modulus + 1, layout="flat"),
    }
    first = torch.tensor([[1, 2]])
    probe = Probe(network, lambda inner, rows: inner(first.expand(rows, 2)), None)
    good, refused = verify(probe, sites)
    probe.forget()
    return Target(network, name=name, kind="module", sites=good, refused=refused, probe=probe)


def _filled(stored: dict[str, Tensor]) -> ModularAddition:
    """The network with the stored weights."""
    heads, channels, width = stored["blocks.0.attn.W_K"].shape
    network = ModularAddition(
        stored["embed.W_E"].shape[1] - 1,
        heads=heads,
        channels=channels,
        width=width,
        neurons=len(stored["blocks.0.mlp.b_in"]),
    )
    weights = {}
    for name, source in _RENAMED.items():
        tensor = stored[source]
        if name in _TURNED:
            tensor = tensor.T
        if name.split(".")[-2] in _BY_HEAD:
            tensor = tensor.flatten(0, 1)
        weights[name] = tensor.contiguous()
    network.load_state_dict(weights)
    return network
