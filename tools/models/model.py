"""What a factory may return to say of a network what cannot be seen from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from ..data.special import Special


@dataclass(frozen=True)
class Model:
    """A network of your own, described. Only the network is needed: the rest is found by probing,
    and `neuroscribe doctor` shows what was found.

        def load():
            network = MyTransformer()
            network.load_state_dict(torch.load("weights.pt", weights_only=True))
            return Model(network, tokenizer=list("()"), heads=4)
    """

    network: nn.Module
    """Takes token ids `[row, place]` (with a tokenizer), pictures or numbers; gives a tensor, or a
    tuple, dict or object with one in it."""
    tokenizer: Any = None
    """A Hugging Face tokenizer, a list of tokens, a dict from token to id, or an object with
    `encode(text)` and `decode(ids)`."""
    kind: Literal["causal", "module"] | None = None
    """`causal`: the output is `[row, place, token]`, logits of the next token. None: tried."""
    context_length: int | None = None
    """Tokens of the longest row; None: tried, up to 512."""
    heads: int | None = None
    """Attention heads of a block; None: read from an attribute such as `n_head`."""
    blocks: str | None = None
    """Path of the list of blocks, `transformer.h`; None: the longest list of equal modules."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """More sites, or better ones: `{"mlp.0": "net.2:in"}`; a module path, `:in` for its input."""
    example: Any = None
    """A tensor that the network takes (or a shape), where it reads no tokens."""
    tokens: Literal["words", "letters", "symbols"] | None = None
    """What a token is: a (piece of a) word, a letter of words, or a symbol; None: told by their
    texts."""
    labels: Sequence[str] = ()
    """Names of the classes of its output."""
    special: Special | None = None
    """Whether special tokens, such as one that a text begins with, are places like others
    (`count`), are left out (`skip`) or are with the first token of every row (`skip-first`);
    `last`: of each text its last token counts alone. None: see `Target.special_tokens`."""
    image: Any = None
    """How pictures become input, where it sees: an `ImageInput`, or a dict for one."""
