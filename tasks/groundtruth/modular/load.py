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

LAST = 2
"""The place at which the network is read."""


class Attention(nn.Module):
    """Causal attention, all heads; `out` takes their outputs side by side."""

    def __init__(self, heads: int, channels: int, width: int) -> None:
        super().__init__()
        self.heads, self.channels = heads, channels
        self.query = nn.Linear(width, heads * channels, bias=False)
        self.key = nn.Linear(width, heads * channels, bias=False)
        self.value = nn.Linear(width, heads * channels, bias=False)
        self.out = nn.Linear(heads * channels, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[input, place, d]` to the same."""
        q, k, v = (
            part(x).unflatten(-1, (self.heads, self.channels)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )  # [input, head, place, channel]
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.channels)
        later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
        pattern = scores.masked_fill(later, -torch.inf).softmax(-1)  # [input, head, to, from]
        return self.out((pattern @ v).transpose(1, 2).flatten(-2))


class MLP(nn.Module):
    """One hidden layer; the neurons are what `act` gives."""

    def __init__(self, width: int, neurons: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, neurons)
        self.act = nn.ReLU()
        self.down = nn.Linear(neurons, width)

    def forward(self, x: Tensor) -> Tensor:
        """`[input, place, d]` to the same."""
        return self.down(self.act(self.up(x)))


class Block(nn.Module):
    """Attention, then the MLP, each added to the stream."""

    def __init__(self, heads: int, channels: int, width: int, neurons: int) -> None:
        super().__init__()
        self.attention = Attention(heads, channels, width)
        self.mlp = MLP(width, neurons)

    def forward(self, x: Tensor) -> Tensor:
        """`[input, place, d]` to the same."""
        x = x + self.attention(x)
        return x + self.mlp(x)


class ModularAddition(nn.Module):
    """The network, from pairs to logits at the last place."""

    def __init__(
        self, modulus: int, *, heads: int, channels: int, width: int, neurons: int
    ) -> None:
        super().__init__()
        self.modulus = modulus
        self.embed = nn.Embedding(modulus + 1, width)
        self.position = nn.Embedding(LAST + 1, width)
        self.block = Block(heads, channels, width, neurons)
        self.unembed = nn.Linear(width, modulus + 1, bias=False)

    def forward(self, pairs: Tensor) -> Tensor:
        """`[input, 2]` to logits `[input, token]`."""
        equals = pairs.new_full((len(pairs), 1), self.modulus)
        tokens = torch.cat([pairs, equals], dim=1)  # [input, place]
        x = self.embed(tokens) + self.position.weight
        return self.unembed(self.block(x)[:, LAST])


_RENAMED = {
    "embed.weight": "embed.W_E",
    "position.weight": "pos_embed.W_pos",
    "block.attention.query.weight": "blocks.0.attn.W_Q",
    "block.attention.key.weight": "blocks.0.attn.W_K",
    "block.attention.value.weight": "blocks.0.attn.W_V",
    "block.attention.out.weight": "blocks.0.attn.W_O",
    "block.mlp.up.weight": "blocks.0.mlp.W_in",
    "block.mlp.up.bias": "blocks.0.mlp.b_in",
    "block.mlp.down.weight": "blocks.0.mlp.W_out",
    "block.mlp.down.bias": "blocks.0.mlp.b_out",
    "unembed.weight": "unembed.W_U",
}
_TURNED = ("embed.weight", "unembed.weight")  # stored as [d, token]
_BY_HEAD = ("query", "key", "value")  # stored as [head, channel, d]


def load_modular(folder: Path | str) -> Target:
    """The target in a folder with `model.safetensors`.

    Raises:
        UsageError: if the file is not there, or its weights are not those of such a network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(folder).expanduser()
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"there is no {file}; give the folder that holds model.safetensors")
    try:
        stored = load_file(file)
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{file} cannot be read as safetensors: {error}") from error
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
    attention, mlp = network.block.attention, network.block.mlp
    width, neurons = mlp.up.in_features, mlp.up.out_features
    sites = {
        "head.0": Site(
            "head.0",
            "block.attention.out",
            "input",
            attention.heads,
            channels=attention.channels,
            readout="norm",
        ),
        "attn_out.0": Site("attn_out.0", "block.attention", "output", width),
        "mlp.0": Site("mlp.0", "block.mlp.act", "output", neurons, floor=0.0),
        "mlp_out.0": Site("mlp_out.0", "block.mlp", "output", width),
        "resid.0": Site("resid.0", "block", "output", width),
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
