"""Measures a unit on texts that another source writes.

grammar  sentences of the project's own grammar around given words
target   continuations that the target language model samples after a prompt
llm      texts that a language model writes to an instruction
"""

import re
from typing import Annotated, Literal

import numpy as np
import torch

from ..activations.measured import note_line, of_texts
from ..activations.records import reference
from ..data.carriers import sentences_with
from ..data.sampled import continued
from ..errors import UsageError
from ..evidence import Result
from ..io.strict_json import read_json
from ..lab import Lab
from ..llm.client import LLMError
from ..registry import UpTo, tool
from ..render.text import MARKS, marks_key

Source = Literal["grammar", "target", "llm"]


@tool(needs=("text",), rare=True)
def write_texts(
    lab: Lab,
    source: Source,
    *,
    unit: str | None = None,
    words: list[str] | None = None,
    together: bool = False,
    prompt: str | None = None,
    many: Annotated[int, UpTo(32)] = 8,
    length: Annotated[int, UpTo(128)] = 24,
) -> Result:
    """Measures the unit on texts that another source writes.

    Args:
        source: grammar: sentences around words. target: the target, if a language model, continues
            prompt. llm: an LLM writes to prompt.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        words: One to a sentence.
        together: All words in every sentence.
        prompt: For target and llm.
        many: How many texts.
        length: Tokens of a continuation.
    """
    chosen = lab.chosen(unit)
    if source == "grammar":
        texts = from_grammar(words, many, lab.rng(), together=together)
    elif source == "target":
        texts = from_target(lab, prompt, many, length)
    else:
        texts = from_llm(lab, prompt, many)
    measured = of_texts(lab, chosen, texts, source=source)
    known = f"{reference(lab, chosen)}{marks_key(lab, MARKS)}"
    head = f"{chosen} on texts by {source}; peak at «» ({known}):"
    return Result(
        "\n".join([head, *measured.lines(lab, chosen), note_line(measured.notes)]).rstrip(),
        {"unit": str(chosen), "source": source, "texts": texts, "measured": measured.items},
    )


def from_grammar(
    words: list[str] | None, n: int, rng: np.random.Generator, *, together: bool = False
) -> list[str]:
    """Sentences around each of the words in turn, or around all of them."""
    kept = [word.strip() for word in words or [] if isinstance(word, str) and word.strip()]
    if not kept:
        raise UsageError('source grammar needs words, such as ["cat", "dog"]')
    if together:
        return sentences_with(kept, n, rng)
    each = -(-n // len(kept))
    written = [sentences_with([word], each, rng) for word in kept[:n]]
    return [texts[turn] for turn in range(each) for texts in written][:n]


def from_target(lab: Lab, prompt: str | None, n: int, length: int) -> list[str]:
    """Continuations sampled at temperature 1, with the prompt before each."""
    target = lab.target
    if target.kind != "causal":
        raise UsageError(f"{target.name} is no language model: it cannot write; use grammar")
    if not prompt or not prompt.strip():
        raise UsageError("source target needs a prompt to continue")
    coded = target.tokenizer(prompt, truncation=True, max_length=target.context_length - 1)
    generator = torch.Generator().manual_seed(int(lab.rng().integers(2**31)))
    ids = torch.tensor([coded["input_ids"]] * n)  # [text, place]
    length = min(length, target.context_length - ids.shape[1])
    stopped = continued(target, ids, length, {target.tokenizer.eos_token_id} - {None}, generator)
    lab.meter.forward_tokens += n * (ids.shape[1] + length)
    tails = [target.tokenizer.decode(row, skip_special_tokens=True) for row in stopped]
    whole = [
        target.tokenizer.decode(coded["input_ids"] + row, skip_special_tokens=True)
        for row in stopped
    ]
    return [
        text if text.strip() else prompt + tail for text, tail in zip(whole, tails, strict=True)
    ]


def from_llm(lab: Lab, prompt: str | None, n: int) -> list[str]:
    """Texts that the lab's language model writes to an instruction."""
    if lab.llm is None:
        raise UsageError("source llm needs a language model, and this lab has none; use grammar")
    if not prompt or not prompt.strip():
        raise UsageError("source llm needs a prompt: what the texts should be")
    instruction = (
        f"Write {n} short, varied texts of one or two sentences each.\n"
        f"What they should be: {prompt}\n"
        "Reply with a JSON list of strings and nothing else."
    )
    try:
        reply = lab.llm.complete([{"role": "user", "content": instruction}], meter=lab.meter)
    except LLMError as error:
        raise UsageError(f"the language model wrote nothing: {error}; use grammar") from error
    text = reply.text
    texts = listed(text)
    if not texts:
        raise UsageError("the language model gave no texts; reword the prompt, or use activations")
    return texts[:n]


def listed(text: str) -> list[str]:
    """The texts in a reply: a JSON list, or else one a line."""
    match = re.search(r"\[.*\]", text, re.DOTALL)
    if match:
        try:
            texts = read_json(match[0])
            return [item for item in texts if isinstance(item, str) and item.strip()]
        except ValueError:
            pass
    lines = (re.sub(r"^\s*(?:\d+[.)]|[-*])\s*", "", line).strip() for line in text.splitlines())
    return [line.strip('"') for line in lines if line and not line.startswith("```")]
