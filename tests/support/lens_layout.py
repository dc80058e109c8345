"""TransformerLens' layout of weights, and its forward pass written out from its documentation."""

import torch
from torch.nn import functional

CONFIG = {
    "n_layers": 2, "d_model": 12, "n_ctx": 10, "d_head": 4, "n_heads": 3, "d_mlp": 20,
    "d_vocab": 12, "act_fn": "gelu", "normalization_type": "LN", "eps": 1e-5,
}  # fmt: skip


def state_dict(config=CONFIG, seed=0):
    """Random weights under the names of TransformerLens."""
    draw = torch.Generator().manual_seed(seed)
    d, h, c, m = (config[key] for key in ("d_model", "n_heads", "d_head", "d_mlp"))
    tokens = config["d_vocab"]
    shapes = {
        "embed.W_E": (tokens, d), "pos_embed.W_pos": (config["n_ctx"], d),
        "unembed.W_U": (d, tokens), "unembed.b_U": (tokens,),
        "ln_final.w": (d,), "ln_final.b": (d,),
    }  # fmt: skip
    for n in range(config["n_layers"]):
        block = {
            "ln1.w": (d,), "ln1.b": (d,), "ln2.w": (d,), "ln2.b": (d,),
            "attn.W_Q": (h, d, c), "attn.W_K": (h, d, c), "attn.W_V": (h, d, c),
            "attn.W_O": (h, c, d), "attn.b_Q": (h, c), "attn.b_K": (h, c), "attn.b_V": (h, c),
            "attn.b_O": (d,), "mlp.W_in": (d, m), "mlp.b_in": (m,), "mlp.W_out": (m, d),
            "mlp.b_out": (d,),
        }  # fmt: skip
        shapes |= {f"blocks.{n}.{key}": shape for key, shape in block.items()}
    state = {key: torch.randn(shape, generator=draw) / 3 for key, shape in shapes.items()}
    masks = {f"blocks.{n}.attn.mask": torch.ones(10, 10).tril() for n in range(config["n_layers"])}
    return {**state, **masks, "blocks.0.attn.IGNORE": torch.tensor(-torch.inf)}


def logits(state, ids, config=CONFIG):
    """`[row, place, token]`."""
    d, depth = config["d_model"], config["n_layers"]

    def norm(x, name):
        return functional.layer_norm(x, (d,), state[f"{name}.w"], state[f"{name}.b"])

    x = state["embed.W_E"][ids] + state["pos_embed.W_pos"][: ids.shape[1]]
    for n in range(depth):
        part = {key: state[f"blocks.{n}.attn.{key}"] for key in _ATTENTION}
        read = norm(x, f"blocks.{n}.ln1")
        q, k, v = (
            torch.einsum("rpd,hdc->rhpc", read, part[f"W_{one}"]) + part[f"b_{one}"][:, None]
            for one in "QKV"
        )
        scores = torch.einsum("rhqc,rhkc->rhqk", q, k) / config["d_head"] ** 0.5
        ahead = torch.ones(scores.shape[-2:]).triu(1).bool()
        pattern = scores.masked_fill(ahead, -torch.inf).softmax(-1)
        z = torch.einsum("rhqk,rhkc->rhqc", pattern, v)
        x = x + torch.einsum("rhqc,hcd->rqd", z, part["W_O"]) + part["b_O"]
        mlp = {key: state[f"blocks.{n}.mlp.{key}"] for key in ("W_in", "b_in", "W_out", "b_out")}
        act = functional.gelu(norm(x, f"blocks.{n}.ln2") @ mlp["W_in"] + mlp["b_in"])
        x = x + act @ mlp["W_out"] + mlp["b_out"]
    return norm(x, "ln_final") @ state["unembed.W_U"] + state["unembed.b_U"]


_ATTENTION = [f"{kind}_{one}" for kind in "Wb" for one in "QKVO"]
