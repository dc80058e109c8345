"""Text as the tokens of a target, and what these are called (`data/vocabularies.py`)."""

from typing import Any

from ..data.surfaces import surfaces
from ..data.vocabularies import piece_of
from ..models import Target
from . import Predicate, parse
from .phrases import quoted

_ESCAPES = {"\\n": "\n", "\\t": "\t"}


def token_of(target: Target, text: str) -> str | None:
    """The token that a quoted text is, perhaps without the spaces around it; None: it is none."""
    known = set(surfaces(target))
    for one in (text, _ESCAPES.get(text, text), text.strip()):
        if one and one in known:
            return one
    return None


def run_of(target: Target, text: str) -> Predicate | None:
    """Places of the last token of a text, where its other tokens stand before; None: it has none.

    Nothing behind the place is looked at, so that a causal model can compute it.
    """
    tokenizer: Any = target.tokenizer
    ids = [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    names = surfaces(target)
    if not ids or tokenizer.unk_token_id in ids:
        return None
    *before, last = ({"kind": "tokens", "tokens": [names[token]]} for token in ids)
    steps = [
        {"kind": "previous", "of": one, "distance": i} for i, one in enumerate(reversed(before), 1)
    ]
    return parse({"kind": "and", "of": [last, *steps]} if steps else last)


def named(target: Target, texts: list[str]) -> str:
    """What quoted texts are called: `the letter 'A'`, `the end of 'And'`."""
    piece = piece_of(target)
    single = [text for text in texts if token_of(target, text) is not None]
    longer = [text for text in texts if text not in single]
    noun = piece if all(text.isalpha() for text in single) else "token"
    parts = []
    if single:
        parts.append(f"the {noun}{'s' * (len(single) > 1)} {' or '.join(map(quoted, single))}")
    if longer:
        parts.append(f"the end of {' or '.join(map(quoted, longer))}")
    return " or ".join(parts)
