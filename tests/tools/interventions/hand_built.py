"""A causal GPT-2 built by hand, so that what every part does is known.

Width 32, LayerNorms whose scale is 1 but on vectors that have mean 0 and norm sqrt(d): every stream
is near that, so that norms do next to nothing. Heads and neurons are set to 0 but for those named.
"""

import numpy as np
import torch
from neuroscribe.tools.interventions import Prompt
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.huggingface import wrap

WIDTH, HEADS, SIZE, VOCABULARY = 32, 4, 128, 40


def row(*ids: int) -> Prompt:
    """A prompt of these tokens."""
    return Prompt(np.array([ids], np.int32))


def silent(layers: int = 3) -> torch.nn.Module:
    """All sub-layers write next to nothing; embeddings and unembedding are random and untied."""
    import transformers as hf

    torch.manual_seed(3)
    config = hf.GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=WIDTH,
        n_layer=layers,
        n_head=HEADS,
        n_positions=32,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    network = hf.GPT2LMHeadModel(config)
    for block in network.transformer.h:
        for part in (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj):
            part.weight.data.normal_(std=1e-3)
            part.bias.data.zero_()
    network.transformer.wpe.weight.data.zero_()
    table, head = torch.randn(VOCABULARY, WIDTH), torch.randn(VOCABULARY, WIDTH)
    table[:16], (head[7], head[9]) = basis()[:16], basis()[16:18]
    for weight in (table, head):
        weight -= weight.mean(1, keepdim=True)
        weight /= weight.norm(dim=1, keepdim=True)
    head -= torch.outer(head @ basis()[18], basis()[18])
    network.transformer.wte.weight.data = table * WIDTH**0.5
    network.lm_head.weight.data = head
    return network


def basis() -> torch.Tensor:
    """`[19, d]`: orthonormal, with mean 0: tokens 0 to 15, what says 7, what says 9, and a line
    that nothing else uses."""
    drawn = torch.randn(WIDTH, 19, generator=torch.Generator().manual_seed(4))
    return torch.linalg.qr(drawn - drawn.mean(0)).Q.T


def neuron(network, layer: int, index: int, reads: torch.Tensor, writes: torch.Tensor) -> None:
    """A neuron that is on where the stream points along `reads`, and writes along `writes`."""
    mlp = network.transformer.h[layer].mlp
    mlp.c_fc.weight.data[:, index] = reads
    mlp.c_proj.weight.data[index] = writes


def head(network, layer: int, index: int, values: torch.Tensor, writes: torch.Tensor) -> None:
    """A head that attends evenly, reads `values` `[d]` into its first channel, writes `writes`."""
    size = WIDTH // HEADS
    attention = network.transformer.h[layer].attn
    attention.c_attn.weight.data[:, : 2 * WIDTH] = 0  # even attention
    attention.c_attn.weight.data[:, 2 * WIDTH + index * size] = values
    attention.c_proj.weight.data[index * size] = writes


def answer_neuron() -> Target:
    """`mlp.1/17` alone says token 7 behind token 5; 40 others write at random, nobody more."""
    network = silent()
    table, out = network.transformer.wte.weight.data, network.lm_head.weight.data
    toward = out[7] / out[7].norm()
    neuron(network, 1, 17, table[5] / WIDTH, 4 * toward)
    draw = torch.Generator().manual_seed(5)
    for index in range(40, 128):
        reads = torch.randn(WIDTH, generator=draw)
        writes = torch.randn(WIDTH, generator=draw)
        writes = writes - writes @ toward * toward  # nothing toward the answer by itself
        neuron(network, 1, index, 0.3 * reads / reads.norm(), 0.2 * writes / writes.norm())
    return wrap(network, None, name="answer neuron")


def null_neurons() -> Target:
    """All neurons of layer 1 read and write along random directions; none is special."""
    network = silent()
    draw = torch.Generator().manual_seed(6)
    for index in range(SIZE):
        reads = torch.randn(WIDTH, generator=draw)
        writes = torch.randn(WIDTH, generator=draw)
        neuron(network, 1, index, 0.3 * reads / reads.norm(), 0.2 * writes / writes.norm())
    return wrap(network, None, name="null neurons")


def chain() -> Target:
    """head.0/1 sees whether token 5 came, mlp.1/17 hears it, and token 7 is said; beside it
    head.0/2 sees the same and writes where nobody listens but the unembedding of token 9."""
    network = silent()
    table, out = network.transformer.wte.weight.data, network.lm_head.weight.data
    line = basis()[18]
    head(network, 0, 1, table[5] / 4, 1.5 * line)
    head(network, 0, 2, table[5] / 4, 0.5 * out[9] / out[9].norm())
    neuron(network, 1, 17, line, 3 * out[7] / out[7].norm())
    return wrap(network, None, name="chain")
