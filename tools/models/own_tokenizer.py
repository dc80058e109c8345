"""Tokenizers of your own, seen as Hugging Face's are.

A small model is often trained on characters, symbols or squares of a board, with a tokenizer of a
few lines. It is enough here that it is

- a list of tokens (its order gives the ids) or a dict from token to id: a text is cut into the
  longest tokens that fit, white space that is no token parts them, and other characters become the
  unknown token or are left out;
- or an object with `encode(text) -> ids` and `decode(ids) -> text`.

Names in angle or square brackets, such as `<pad>` and `[CLS]`, are special tokens.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UsageError

_SPECIAL = re.compile(r"<\|?[A-Za-z_]+\|?>|\[[A-Z_]+\]")
_ROLES = {
    "pad": ("pad",),
    "unk": ("unk", "unknown"),
    "bos": ("bos", "s", "start", "cls", "startoftext"),
    "eos": ("eos", "/s", "end", "sep", "endoftext", "stop"),
}
_MOST = 300_000  # tokens of a vocabulary that is counted by decoding


class OwnTokenizer:
    """The part of Hugging Face's interface that is used here, over a tokenizer of one's own.

    Args:
        vocabulary: Text by id.
        given: The object that encodes; None: texts are cut by the vocabulary.

    Raises:
        UsageError: if the vocabulary is empty or has a token twice.
    """

    is_fast = True
    pieces_are_text = True
    """A token's name is the text that it stands for."""

    def __init__(self, vocabulary: Mapping[int, str], given: Any = None) -> None:
        self._names = dict(sorted(vocabulary.items()))
        self._ids: dict[str, int] = {}
        for number, name in self._names.items():
            self._ids.setdefault(name, number)
        if not self._names:
            raise UsageError("the tokenizer has no token")
        self._given = given
        special = {name: i for i, name in self._names.items() if _SPECIAL.fullmatch(name)}
        for role, words in _ROLES.items():
            known = [i for name, i in special.items() if name.strip("<>[]|").lower() in words]
            setattr(self, f"{role}_token_id", known[0] if known else None)
        self.all_special_ids = sorted(special.values())
        plain = sorted((name for name in self._ids if name not in special), key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(name) for name in plain if name) or "(?!)")

    unk_token_id: int | None
    pad_token_id: int | None
    bos_token_id: int | None
    eos_token_id: int | None

    def __len__(self) -> int:
        return max(self._names) + 1

    def get_vocab(self) -> dict[str, int]:
        """Id by token."""
        return dict(self._ids)

    def get_added_vocab(self) -> dict[str, int]:
        """Special tokens."""
        return {self._names[i]: i for i in self.all_special_ids}

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str | None]:
        """Their texts; None for a number that is no token."""
        return [self._names.get(int(i)) for i in ids]

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens hold their spaces themselves."""
        return "".join(tokens)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text."""
        return [self._names[i] for i, _ in self._cut(text)]

    def decode(self, ids: Any, skip_special_tokens: bool = False) -> str:
        """The text of tokens, as the given decoder writes it."""
        ids = [int(i) for i in (ids if isinstance(ids, Sequence) else list(ids))]
        if skip_special_tokens:
            ids = [i for i in ids if i not in self.all_special_ids]
        if self._given is not None:
            return str(self._given.decode(ids))
        return "".join(self._names.get(i, "") for i in ids)

    def __call__(
        self,
        text: str | Sequence[str],
        add_special_tokens: bool = True,
        return_offsets_mapping: bool = False,
        truncation: bool = False,
        max_length: int | None = None,
        **ignored: Any,
    ) -> dict[str, Any]:
        texts = [text] if isinstance(text, str) else list(text)
        cut = [self._cut(one)[: max_length if truncation else None] for one in texts]
        out: dict[str, Any] = {"input_ids": [[i for i, _ in row] for row in cut]}
        out["attention_mask"] = [[1] * len(row) for row in cut]
        if return_offsets_mapping:
            out["offset_mapping"] = [[span for _, span in row] for row in cut]
        return {key: value[0] for key, value in out.items()} if isinstance(text, str) else out

    def unknown(self, text: str) -> list[str]:
        """The different characters of a text, but for white space, that no token stands for."""
        return list(dict.fromkeys(self.missed(text)))

    def missed(self, text: str) -> list[str]:
        """The same, each as often as it stands there."""
        known = np.zeros(len(text), bool)
        for match in self._pattern.finditer(text):
            known[match.start() : match.end()] = True
        left = (char for char, held in zip(text, known, strict=True) if not held)
        return [char for char in left if not char.isspace()]

    def _cut(self, text: str) -> list[tuple[int, tuple[int, int]]]:
        """Ids with the characters that each stands for."""
        if self._given is not None:
            try:
                ids = [int(i) for i in self._given.encode(text)]
            except Exception:  # it has no token for something in the text
                ids = None
            if ids is not None:
                other = next((i for i in ids if i not in self._names), None)
                if other is not None:
                    raise UsageError(f"the tokenizer's encode gives {other}, no id of a token")
                return self._found(text, ids)
        out: list[tuple[int, tuple[int, int]]] = []
        at = 0
        for match in [*self._pattern.finditer(text), None]:
            start, end = match.span() if match else (len(text), len(text))
            if self.unk_token_id is not None:
                gaps = re.finditer(r"\S", text[at:start])
                out += [(self.unk_token_id, (at + g.start(), at + g.end())) for g in gaps]
            if match:
                out.append((self._ids[match.group()], (start, end)))
            at = end
        return out

    def _found(self, text: str, ids: list[int]) -> list[tuple[int, tuple[int, int]]]:
        """Each token where its text comes next; empty, where the last ended, if it does not."""
        out, at = [], 0
        for number in ids:
            name = self._names.get(number, "")
            start = text.find(name, at, at + len(name) + 64) if name else -1
            if start < 0 and name.strip():
                name = name.strip()
                start = text.find(name, at, at + len(name) + 64)
            begin, end = (at, at) if start < 0 else (start, start + len(name))
            out.append((number, (begin, end)))
            at = end
        return out


def as_tokenizer(given: Any, name: str) -> Any:
    """A tokenizer as the rest of the house uses it.

    Args:
        given: One of Hugging Face's, as it is; a vocabulary; an object that encodes and decodes.
        name: The target, for a message.

    Raises:
        UsageError: if it is none of these.
    """
    if given is None or (hasattr(given, "all_special_ids") and callable(given)):
        return given
    if isinstance(given, Mapping):
        if given and all(isinstance(token, str) for token in given.values()):
            given = {token: i for i, token in given.items()}  # it goes from id to token
        pairs = {int(i): str(token) for token, i in given.items()}
        if len(pairs) != len(given):
            raise UsageError(f"{name}: two tokens of the vocabulary have one id")
        return OwnTokenizer(pairs)
    if isinstance(given, Sequence) and all(isinstance(token, str) for token in given):
        if len(set(given)) != len(given):
            twice = next(token for token in given if list(given).count(token) > 1)
            raise UsageError(f"{name}: the token {twice!r} stands twice in the vocabulary")
        return OwnTokenizer(dict(enumerate(given)))
    if callable(getattr(given, "encode", None)) and callable(getattr(given, "decode", None)):
        return OwnTokenizer(_vocabulary(given, name), given)
    raise UsageError(
        f"{name}: its tokenizer is a {type(given).__name__}; give a Hugging Face tokenizer, a list "
        "of tokens, a dict from token to id, or an object with encode(text) and decode(ids)"
    )


def _vocabulary(given: Any, name: str) -> dict[int, str]:
    """Text by id of an object that decodes: by its size, or until it fails."""
    size = next(
        (
            int(value)
            for key in ("vocab_size", "n_vocab", "vocabulary_size")
            if isinstance(value := getattr(given, key, None), int)
        ),
        len(given) if hasattr(given, "__len__") else None,
    )
    out: dict[int, str] = {}
    for number in range(_MOST if size is None else size):
        try:
            out[number] = str(given.decode([number]))
        except Exception as error:  # whatever a tokenizer of one's own raises
            if size is None:
                break
            raise UsageError(
                f"{name}: its tokenizer cannot decode the id {number}: "
                f"{type(error).__name__}: {error}"
            ) from error
    return out
