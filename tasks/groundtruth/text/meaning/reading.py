"""The network that reads what a text says: two small layers of attention over an encoder's states.

It is planted in the encoder (`suite.py`): its outputs are what the units of tier M do. Trained on
the passages of the split `train` by `python -m neuroscribe.tasks.groundtruth.text.meaning.train`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file
from torch import Tensor, nn

from .passages import KINDS, Passage, Span, main_word, sides

ENCODER = "minilm"
"""The network whose states are read, and in which units are planted."""
BLOCK = 2
"""The block whose output is read: of blocks 2 to 5, linear readouts there told most sides apart."""
_STATES, _WIDTH, _HEADS, _LAYERS = 384, 64, 4, 2
_WEIGHTS = Path(__file__).with_name("reading.safetensors")


class Reading(NamedTuple):
    """What one output reads."""

    kind: str
    variant: str
    """A side; `main word`: the first side, at the main word of its items only; `again`: the first
    side, learnt from half of the templates."""
    side: str
    truth: str
    """The true description of a unit that does what it is trained to do."""


def readings() -> tuple[Reading, ...]:
    """What the outputs of the network read, in their order: three a kind."""
    return tuple(reading for kind in KINDS for reading in readings_of(kind))


def readings_of(kind: str) -> list[Reading]:
    """The three readings of a kind."""
    truths = sides(kind)
    result = [Reading(kind, side, side, truth) for side, truth in truths.items()]
    if len(result) < 3:
        first = result[0]
        main = main_word(kind)
        variant, truth = ("main word", main) if main else ("again", first.truth)
        result.append(Reading(kind, variant, first.side, truth))
    return result


def intended(reading: Reading, passage: Passage) -> list[Span]:
    """Where in a passage the true description of a reading says that a unit is active."""
    if passage.kind != reading.kind:
        return []
    inside = passage.core if reading.variant == "main word" else passage.items
    return [span for span in inside if span.side == reading.side]


def judged(reading: Reading, passage: Passage) -> Sequence[Span]:
    """The words of a passage that a reading is judged at; none in those of other kinds."""
    if passage.kind != reading.kind:
        return ()
    return passage.core if reading.variant == "main word" else passage.marks


class ReadingNetwork(nn.Module):
    """States of an encoder to a logit for each reading."""

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, 2 * _WIDTH, dropout, batch_first=True, norm_first=True
        )
        self.drop = nn.Dropout(dropout)
        self.read = nn.Linear(_STATES, _WIDTH)
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(_WIDTH)
        self.out = nn.Linear(_WIDTH, len(readings()))

    def forward(self, states: Tensor, attended: Tensor) -> Tensor:
        """Logits of the readings at every place.

        Args:
            states: `[input, place, d]`.
            attended: bool `[input, place]`.
        """
        x = self.read(self.drop(states))  # [input, place, width]
        return self.out(self.norm(self.layers(x, src_key_padding_mask=~attended)))


@cache
def reading_network() -> ReadingNetwork:
    """The network that ships."""
    network = ReadingNetwork()
    weights = {name: value.float() for name, value in load_file(_WEIGHTS).items()}
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)
