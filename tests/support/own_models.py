"""Two small models of one's own, as a researcher brings them: a file with factories.

decoder      a language model over letters, trained on stories; `h` behind `And t` is likeliest
classifier   tells balanced brackets from others; no Hugging Face model, no words

Target.load("tests/support/own_models.py:decoder")
"""

import torch
from torch import Tensor, nn

SYMBOLS = "()[]"
_STEPS = 250


def tokenizer(letters: str):
    """One token a character."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {letter: at for at, letter in enumerate(["<unk>", *letters])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>")


def decoder():
    """A GPT-2 of two blocks over the letters of `builtin:stories`."""
    from neuroscribe.tools.data.sources import load_corpus
    from transformers import GPT2Config, GPT2LMHeadModel

    text = "\n".join(one.text for one in load_corpus("builtin:stories:200").documents)
    coder = tokenizer("".join(sorted(set(text))))
    ids = torch.tensor(coder(text, verbose=False)["input_ids"])
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        shape = GPT2Config(
            vocab_size=len(coder), n_positions=64, n_embd=48, n_layer=2, n_head=3, n_inner=96,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        model = GPT2LMHeadModel(shape)
        draw = torch.Generator().manual_seed(0)

        def batch() -> Tensor:
            at = torch.randint(len(ids) - 32, (24, 1), generator=draw)
            return ids[at + torch.arange(32)]

        _train(model, lambda: (x := batch(), model(input_ids=x, labels=x).loss)[1])
    return model.eval(), coder


class Brackets(nn.Module):
    """One layer of attention and an MLP over brackets: is the string balanced? `[n, 2]` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(1 + len(SYMBOLS), 24)
        self.place = nn.Parameter(torch.zeros(16, 24))
        self.block = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0, batch_first=True)
        self.out = nn.Linear(24, 2)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids `[n, place]`."""
        return self.out(self.block(self.embed(ids) + self.place[: ids.shape[1]]).mean(1))


def strings(n: int, seed: int, length: int = 10) -> list[str]:
    """Bracket strings, half of them balanced."""
    draw = torch.Generator().manual_seed(seed)
    made = []
    for at in range(n):
        if at % 2:
            made.append(
                "".join(SYMBOLS[int(i)] for i in torch.randint(4, (length,), generator=draw))
            )
            continue
        text, open_ = "", []
        while len(text) < length:
            left = length - len(text)
            if open_ and (len(open_) == left or float(torch.rand(1, generator=draw)) < 0.5):
                text += {"(": ")", "[": "]"}[open_.pop()]
            else:
                open_.append("(["[int(torch.randint(2, (1,), generator=draw))])
                text += open_[-1]
        made.append(text)
    return made


def balanced(text: str) -> bool:
    """Whether all brackets close."""
    while (shorter := text.replace("()", "").replace("[]", "")) != text:
        text = shorter
    return not text


def classifier():
    """A module with a tokenizer over brackets."""
    coder = tokenizer(SYMBOLS)
    texts = strings(600, seed=0)
    ids = torch.tensor(coder(texts)["input_ids"])
    truth = torch.tensor([int(balanced(text)) for text in texts])
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        model = Brackets()
        _train(model, lambda: nn.functional.cross_entropy(model(ids), truth), steps=80)
    return model.eval(), coder


classifier.example = torch.ones(1, 10, dtype=torch.long)  # type: ignore[attr-defined]


def _train(model: nn.Module, loss, steps: int = _STEPS) -> None:
    """AdamW with a rate that falls to zero."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    fall = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(steps):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        fall.step()
