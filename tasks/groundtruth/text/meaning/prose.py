"""Readings on real prose: sentences that were labelled by hand, and what the network says of them.

    python -m neuroscribe.tasks.groundtruth.text.meaning.prose

`prose.jsonl` has ten sentences a kind, from WikiText-2 (CC BY-SA) and the plays of Shakespeare,
each with one marked word. One labeller chose and labelled them, a second one labelled them who saw
neither these labels nor the network; `none` where no side fits. Agreement of the two is Cohen's
kappa; where they agree, the side with the largest logit is right or wrong.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from .....tools.models.target import Target
from .passages import KINDS, Passage, Span
from .placed import placed
from .reading import ENCODER, ReadingNetwork, reading_network, readings
from .train import states


class Sentence(NamedTuple):
    """A sentence of real prose with one word that was labelled twice."""

    kind: str
    source: str
    text: str
    start: int
    end: int
    first: str
    second: str


class Agreement(NamedTuple):
    """How labels and network agree."""

    kappa: float
    n: int
    """Sentences whose labels agree."""
    right: dict[str, tuple[int, int]]
    """By kind: sentences that the network says rightly, of so many."""


def sentences() -> list[Sentence]:
    """The sentences, in the order of their kinds."""
    text = Path(__file__).with_suffix(".jsonl").read_text(encoding="utf-8")
    return [Sentence(**json.loads(line)) for line in text.splitlines()]


def said(network: ReadingNetwork, encoder: Target, given: Sequence[Sentence]) -> list[str]:
    """The side with the largest logit at each marked word."""
    texts = [[Passage(s.kind, s.text, (), (), (), (), 0)] for s in given]
    data = placed(encoder, texts)
    attended = torch.from_numpy(data.windows.attended)
    with torch.no_grad():
        logits = network(states(encoder, data.windows).float(), attended).numpy()
    result = []
    for window, sentence in enumerate(given):
        here = data.tokens(window, 0, [Span(sentence.start, sentence.end, "")])
        known = {
            reading.side: float(logits[window, here, j].mean())
            for j, reading in enumerate(readings())
            if reading.kind == sentence.kind and reading.variant == reading.side
        }
        result.append(max(known, key=lambda side: known[side]))
    return result


def agreement(network: ReadingNetwork, encoder: Target) -> Agreement:
    """Of the two labels, and of the network with them."""
    from sklearn.metrics import cohen_kappa_score

    given = sentences()
    kappa = cohen_kappa_score([s.first for s in given], [s.second for s in given])
    agreed = [s for s in given if s.first == s.second]
    right: dict[str, Any] = {}
    for kind in KINDS:
        some = [s for s in agreed if s.kind == kind]
        hits = np.array(said(network, encoder, some)) == [s.first for s in some]
        right[kind] = (int(hits.sum()), len(some))
    return Agreement(float(kappa), len(agreed), right)


def main() -> None:
    """The command."""
    found = agreement(reading_network(), Target.load(ENCODER))
    print(f"labels agree on {found.n} of {len(sentences())}, kappa {found.kappa:.2f}")
    for kind, (right, n) in found.right.items():
        print(f"{kind}  {right} of {n}")
    hits, n = (sum(column) for column in zip(*found.right.values(), strict=True))
    print(f"all  {hits} of {n}")


if __name__ == "__main__":
    main()
