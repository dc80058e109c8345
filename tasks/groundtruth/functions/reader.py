"""Judges words: a reader that sees nothing but the description says what the function gives.

This is simulation (Bills et al. 2023) for functions: the reader's outputs on hidden inputs are
scored as code is, by exact match and NMSE. The reader is a language model, and what it gets wrong
by itself counts against the words; the truth's own words, read by the same reader on the same
inputs, show how much that is.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....tools.io.strict_json import read_json
from ....tools.llm.client import LLM, LLMError
from ....tools.sandbox.functions import Value
from .blackbox import Arguments, BlackBox
from .scores import Score, scored, unseen

PROMPT = (Path(__file__).parent / "reader.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Reader:
    """Reads descriptions through one client."""

    llm: LLM
    inputs: int = 20
    """Hidden inputs a function, equally many from each domain and cell."""

    def __call__(
        self, box: BlackBox, words: str, called: Sequence[tuple[Arguments, Value]]
    ) -> Score:
        """The score of a description.

        Args:
            box: The truth.
            words: The description.
            called: Calls that the investigator made; their inputs do not count.
        """
        chosen = self._chosen(box, called)
        inputs = [box.cases[i].arguments for i in chosen]
        if not words.strip():
            return scored(box, chosen, [None] * len(chosen), failed="no words")
        try:
            outputs = self._read(box.takes, words, inputs)
        except LLMError as error:
            return scored(box, chosen, [None] * len(chosen), failed=f"{error.kind}: {error}")
        if isinstance(outputs, str):
            return scored(box, chosen, [None] * len(chosen), failed=outputs)
        return scored(box, chosen, outputs)

    def _chosen(self, box: BlackBox, called: Sequence[tuple[Arguments, Value]]) -> list[int]:
        held: dict[tuple[str, str], list[int]] = {}
        for i in unseen(box, called):
            held.setdefault((box.cases[i].domain, box.cases[i].cell), []).append(i)
        each = -(-self.inputs // max(1, len(held)))
        rng = np.random.default_rng(0)
        return [int(i) for part in held.values() for i in rng.permutation(part)[:each]]

    def _read(self, takes: str, words: str, inputs: Sequence[Arguments]) -> list[Any] | str:
        """The outputs, or what is wrong with the reader's answer."""
        shown = [_short(item) for item in inputs]
        task = f"f takes {takes}.\nDescription: {words}\nInputs ({len(shown)}): {json.dumps(shown)}"
        reply = self.llm.complete(
            [{"role": "system", "content": PROMPT}, {"role": "user", "content": task}]
        )
        found = re.search(r"\{.*\}", reply.text, re.DOTALL)
        try:
            outputs = read_json(found.group(0))["outputs"] if found else None
        except (ValueError, KeyError, TypeError):
            outputs = None
        if not isinstance(outputs, list):
            return "the reader gave no list of outputs"
        if len(outputs) != len(inputs):
            return f"the reader gave {len(outputs)} outputs for {len(inputs)} inputs"
        return outputs


def _short(item: Arguments) -> Any:
    """An input as it is shown: one argument by itself, numbers rounded to three places."""
    parts = [round(part, 3) if isinstance(part, float) else part for part in item]
    return parts[0] if len(parts) == 1 else parts
