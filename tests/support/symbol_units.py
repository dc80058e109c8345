"""A network whose units are known functions of symbols, for planners to find out."""

import random

import torch
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.own_model import from_model
from torch import Tensor, nn

SYMBOLS = list("()[]abcd0123")


def _at(ids: Tensor, symbols: str) -> Tensor:
    return torch.isin(ids, torch.tensor([SYMBOLS.index(one) for one in symbols])).float()


def _back(values: Tensor, step: int = 1) -> Tensor:
    """What stood so many places before."""
    return torch.nn.functional.pad(values, (step, 0))[:, : values.shape[1]]


def _same(ids: Tensor, step: int) -> Tensor:
    return (ids + 1 == _back(ids + 1, step)).float()


def _between(ids: Tensor, start: int, stop: int) -> Tensor:
    place = torch.arange(ids.shape[1])
    return ((place >= start) & (place < stop)).float().expand(ids.shape)


UNITS = {
    "'a' or 'b'": lambda ids: _at(ids, "ab"),
    "'('": lambda ids: _at(ids, "("),
    "digits": lambda ids: _at(ids, "0123"),
    "'(' after ')'": lambda ids: _at(ids, "(") * _back(_at(ids, ")")),
    "any token after '['": lambda ids: _back(_at(ids, "[")),
    "any token two tokens after 'a'": lambda ids: _back(_at(ids, "a"), 2),
    "any token three tokens after 'c' or 'd'": lambda ids: _back(_at(ids, "cd"), 3),
    "any token five tokens after '('": lambda ids: _back(_at(ids, "("), 5),
    "digits after digits": lambda ids: _at(ids, "0123") * _back(_at(ids, "0123")),
    "tokens that occurred 2 tokens before": lambda ids: _same(ids, 2),
    "the tokens 3 to 5": lambda ids: _between(ids, 2, 5),
    "'(' after 'a' earlier in the text": lambda ids: (
        _at(ids, "(") * (_back(_at(ids, "a")).cumsum(1) > 0)
    ),
}
"""By the label that a planner should give them."""


class Units(nn.Module):
    """Each unit is one function of the tokens, and some of the place that means nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Identity()
        self.out = nn.Linear(len(UNITS), len(SYMBOLS))
        self.embed = nn.Embedding(len(SYMBOLS), len(SYMBOLS))

    def forward(self, ids: Tensor) -> Tensor:
        values = torch.stack([unit(ids).float() for unit in UNITS.values()], -1)
        phase = ids[..., None] + torch.arange(len(UNITS)) + torch.arange(ids.shape[1])[:, None]
        return self.out(self.units(values + 0.02 * torch.sin(37.0 * phase))) + self.embed(ids)


def symbol_units() -> Target:
    """Units `mlp.0/I` in the order of `UNITS`."""
    torch.manual_seed(0)
    given = {"tokenizer": SYMBOLS, "context_length": 64, "sites": {"mlp.0": "units"}}
    return from_model(Model(Units(), **given), name="symbols")


def symbol_texts(n: int, seed: int) -> list[str]:
    """Random texts of 12 to 30 symbols."""
    rng = random.Random(seed)
    return ["".join(rng.choices(SYMBOLS, k=rng.randint(12, 30))) for _ in range(n)]
