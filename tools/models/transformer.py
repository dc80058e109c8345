"""A transformer as TransformerLens' `HookedTransformer` and nanoGPT define it, in linear maps.

Both are pre-norm decoders (Radford et al., 2019) that come as a state dict and a configuration
without code that could be loaded safely: this is the network that their weights are put into.
`Shape.of` reads the configuration of either, and refuses by name what is not computed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError

_ACTIVATIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "gelu_new": lambda: nn.GELU("tanh"),
    "gelu_fast": lambda: nn.GELU("tanh"),
    "gelu_pytorch_tanh": lambda: nn.GELU("tanh"),
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
_UNREAD = {
    "use_local_attn": False,
    "num_experts": None,
    "use_hook_tokens": False,
    "attn_scores_soft_cap": -1.0,
    "output_logits_soft_cap": -1.0,
    "use_normalization_before_and_after": False,
    "use_NTK_by_parts_rope": False,
    "post_embedding_ln": False,
    "use_qk_norm": False,
    "use_attn_sinks": False,
}
"""Of a configuration of TransformerLens: what would change the result, and where it does not."""


class SoLU(nn.Module):
    """`x * softmax(x)` over neurons (Elhage et al., 2022)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return x * x.softmax(-1)


@dataclass(frozen=True)
class Shape:
    """What a configuration says of a network."""

    layers: int
    d: int
    heads: int
    head_size: int
    neurons: int
    """Of a block; 0: attention only."""
    tokens: int
    outputs: int
    context: int
    act: str = "gelu"
    norm: str | None = "LN"
    """LN, LNPre (without weights), RMS, RMSPre or None, as TransformerLens names them."""
    eps: float = 1e-5
    positional: str = "standard"
    """standard, shortformer (queries and keys alone see the place) or rotary."""
    rotary: tuple[int, float, bool] = (0, 1e4, False)
    """Channels that turn, the base, and whether pairs stand side by side."""
    scale: float = 1.0
    """Attention scores are divided by it."""
    causal: bool = True
    parallel: bool = False
    """Attention and MLP read the same residual."""
    gated: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any], *, name: str) -> "Shape":
        """Reads `cfg.to_dict()` of TransformerLens or `model_args` of nanoGPT.

        Raises:
            UsageError: if something is missing, or is not computed here.
        """
        try:
            return cls._nanogpt(config) if "n_embd" in config else cls._lens(config, name)
        except KeyError as error:
            raise UsageError(
                f"{name}: its configuration lacks {error}; it should be cfg.to_dict() of "
                "TransformerLens or model_args of nanoGPT"
            ) from error
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name}: its configuration cannot be read: {error}") from error

    @classmethod
    def _nanogpt(cls, config: Mapping[str, Any]) -> "Shape":
        d, heads, tokens = (int(config[key]) for key in ("n_embd", "n_head", "vocab_size"))
        sizes = (int(config["n_layer"]), d, heads, d // heads, 4 * d, tokens, tokens)
        return cls(*sizes, int(config["block_size"]), scale=(d // heads) ** 0.5)

    @classmethod
    def _lens(cls, config: Mapping[str, Any], name: str) -> "Shape":
        odd = [key for key, usual in _UNREAD.items() if config.get(key, usual) not in (usual, None)]
        if odd:
            raise UsageError(
                f"{name}: {odd[0]}={config[odd[0]]} is not supported; give the network itself "
                "through path/to/file.py:factory"
            )
        d, size, tokens = (int(config[key]) for key in ("d_model", "d_head", "d_vocab"))
        heads = int(config.get("n_heads") or -1)
        more = int(config.get("d_vocab_out") or -1)
        only = bool(config.get("attn_only"))
        scaled = config.get("use_attn_scale", True)
        scale = float(config.get("attn_scale") or -1)
        turned = int(config.get("rotary_dim") or size)
        pairs = bool(config.get("rotary_adjacent_pairs"))
        return cls(
            int(config["n_layers"]),
            d,
            heads if heads > 0 else d // size,
            size,
            0 if only else int(config.get("d_mlp") or 4 * d),
            tokens,
            more if more > 0 else tokens,
            int(config["n_ctx"]),
            act=str(config.get("act_fn") or "relu"),
            norm=config.get("normalization_type", "LN"),
            eps=float(config.get("eps") or 1e-5),
            positional=str(config.get("positional_embedding_type") or "standard"),
            rotary=(turned, float(config.get("rotary_base") or 1e4), pairs),
            scale=(scale if scale > 0 else size**0.5) if scaled else 1.0,
            causal=config.get("attention_dir", "causal") == "causal",
            parallel=bool(config.get("parallel_attn_mlp")),
            gated=bool(config.get("gated_mlp")),
        )


class Attention(nn.Module):
    """Heads side by side."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, self.n_heads = shape, shape.heads
        inner = shape.heads * shape.head_size
        self.q, self.k, self.v = (nn.Linear(shape.d, inner) for _ in range(3))
        self.o = nn.Linear(inner, shape.d)

    def forward(self, x: Tensor, where: Tensor | None) -> Tensor:
        """`[row, place, d]`; `where` is added to what queries and keys read."""
        asked = x if where is None else x + where
        given = (self.q(asked), self.k(asked), self.v(x))
        q, k, v = (part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in given)
        if self.shape.positional == "rotary":
            q, k = self._turned(q), self._turned(k)
        scores = q @ k.transpose(-1, -2) / self.shape.scale  # [row, head, place, place]
        if self.shape.causal:
            ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(ahead, -torch.inf)
        return self.o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))

    def _turned(self, x: Tensor) -> Tensor:
        """Rotary embedding (Su et al., 2021) of `[row, head, place, channel]`."""
        size, base, adjacent = self.shape.rotary
        speed = base ** (-torch.arange(0, size, 2, device=x.device, dtype=torch.float32) / size)
        angle = torch.arange(x.shape[2], device=x.device)[:, None] * speed  # [place, pair]
        sin, cos = angle.sin().to(x.dtype), angle.cos().to(x.dtype)
        turning, rest = x[..., :size], x[..., size:]
        if adjacent:
            one, two = turning[..., ::2], turning[..., 1::2]
            turned = torch.stack([one * cos - two * sin, two * cos + one * sin], -1).flatten(-2)
        else:
            one, two = turning.chunk(2, -1)
            turned = torch.cat([one * cos - two * sin, two * cos + one * sin], -1)
        return torch.cat([turned, rest], -1)


class MLP(nn.Module):
    """Neurons, gated or not, with a norm behind them where the activation is `solu_ln`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        act = shape.act.removesuffix("_ln")
        if act != "solu" and act not in _ACTIVATIONS:
            raise UsageError(f"the activation '{shape.act}' is not supported")
        self.up = nn.Linear(shape.d, shape.neurons, bias=not shape.gated)
        self.down = nn.Linear(shape.neurons, shape.d)
        self.gate = None
        if shape.gated:
            self.gate = nn.Linear(shape.d, shape.neurons, bias=False)
            self.shift = nn.Parameter(torch.zeros(shape.neurons))
        self.act = SoLU() if act == "solu" else _ACTIVATIONS[act]()
        self.norm = nn.Identity()
        if shape.act.endswith("_ln"):
            self.norm = _norm(shape, shape.neurons)

    def forward(self, x: Tensor) -> Tensor:
        """`[row, place, d]`."""
        if self.gate is not None:
            return self.down(self.norm(self.act(self.gate(x)) * self.up(x) + self.shift))
        return self.down(self.norm(self.act(self.up(x))))


class Block(nn.Module):
    """Attention and an MLP, or attention alone."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.parallel = shape.parallel
        self.norm1, self.attention = _norm(shape, shape.d), Attention(shape)
        self.norm2 = self.mlp = None
        if shape.neurons:
            self.norm2, self.mlp = _norm(shape, shape.d), MLP(shape)

    def forward(self, x: Tensor, where: Tensor | None = None) -> Tensor:
        """`[row, place, d]`."""
        middle = x + self.attention(self.norm1(x), where)
        if self.mlp is None or self.norm2 is None:
            return middle
        return middle + self.mlp(self.norm2(x if self.parallel else middle))


class Transformer(nn.Module):
    """Token ids `[row, place]` to logits `[row, place, output]`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.tokens, shape.d)
        if shape.positional != "rotary":
            self.positions = nn.Embedding(shape.context, shape.d)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = _norm(shape, shape.d)
        self.unembed = nn.Linear(shape.d, shape.outputs)

    def forward(self, ids: Tensor) -> Tensor:
        """No more places than the context has."""
        x = self.embed(ids)
        where = None
        if self.shape.positional != "rotary":
            where = self.positions(torch.arange(ids.shape[1], device=ids.device))
        if self.shape.positional == "standard" and where is not None:
            x, where = x + where, None
        for block in self.blocks:
            x = block(x, where)
        return self.unembed(self.norm(x))


def _norm(shape: Shape, size: int) -> nn.Module:
    """The norm of that name."""
    weighted = shape.norm in ("LN", "RMS")
    if shape.norm in ("LN", "LNPre"):
        return nn.LayerNorm(size, shape.eps, elementwise_affine=weighted)
    if shape.norm in ("RMS", "RMSPre"):
        return nn.RMSNorm(size, shape.eps, elementwise_affine=weighted)
    if shape.norm is None:
        return nn.Identity()
    raise UsageError(f"the normalization '{shape.norm}' is not supported; use LN, LNPre or RMS")
