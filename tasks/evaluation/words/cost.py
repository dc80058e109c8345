"""What requests to a judge will take, from their letters and the sizes of their pictures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ....tools.llm.pictures import PIXELS_A_TOKEN
from ....tools.render.contact_sheet import sheet_sizes
from ..scorers.judges import Question

LETTERS_A_TOKEN = 4
OUT_A_PLACE = 6
"""Tokens of `"12": 7, `."""


@dataclass(frozen=True)
class Cost:
    """What is going to be asked."""

    units: int
    requests: int
    tokens_in: int
    """From letters and pixels."""
    tokens_out: int

    @classmethod
    def of(cls, asked: Sequence[Question], units: int = 1) -> "Cost":
        """Of some questions."""
        letters = sum(one.letters for one in asked)
        pixels = sum(
            width * height for one in asked for width, height in sheet_sizes(len(one.pictures))
        )
        out = sum(OUT_A_PLACE * len(one.data.get("places", "1")) + 10 for one in asked)
        tokens_in = letters // LETTERS_A_TOKEN + pixels // PIXELS_A_TOKEN
        return cls(units, len(asked), tokens_in, out)

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.tokens_in + self.tokens_out

    def as_dict(self, prices: tuple[float, float] | None = None) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "cost": self.money(prices)}

    def money(self, prices: tuple[float, float] | None) -> float | None:
        """None where no prices are known."""
        if prices is None:
            return None
        return round((self.tokens_in * prices[0] + self.tokens_out * prices[1]) / 1e6, 4)

    def text(self, prices: tuple[float, float] | None = None) -> str:
        """For a person."""
        cost = self.money(prices)
        return (
            f"{self.units} units to judge: {self.requests:,} requests, about {self.tokens_in:,} "
            f"tokens in and {self.tokens_out:,} out"
            + ("" if cost is None else f", about {cost:.2f} money")
        )
