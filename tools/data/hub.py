"""`hf:dataset[:config][:split][:field]`: a text dataset from the Hugging Face hub, streamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import UsageError
from .corpus import Document
from .files import text_of

_SPLITS = ("train", "validation", "test")
_DOCUMENTS = 20_000  # documents taken where no number of tokens is given
_SHUFFLED = 1000  # documents that are shuffled among each other while streaming


def read_hub(
    spec: str, *, field: str | None = None, most_tokens: int | None = None, seed: int = 0
) -> list[Document]:
    """Documents of a hub dataset; the split is `train` and the field `text` unless it says so.

    Args:
        spec: What follows `hf:`; parts may be empty (`user/data::test`).
        field: The text field, where the spec names none.
        most_tokens: Stops when about this many tokens (four characters each) have been read.
        seed: For the shuffling while streaming.

    Raises:
        UsageError: without the `hub` extra, when offline, or when the dataset does not have it.
    """
    name, config, split, named = spec_parts(spec)
    datasets = datasets_library(spec)
    with reading(name, "a .txt or .jsonl file"):
        stream = datasets.load_dataset(name, config, split=split, streaming=True)
        rows: Any = stream.shuffle(seed=seed, buffer_size=_SHUFFLED)
        return _documents(rows, name, named or field, most_tokens)


@contextmanager
def reading(name: str, instead: str) -> Iterator[None]:
    """Inside, whatever the library raises about a dataset becomes one clear line.

    Raises:
        UsageError: then.
    """
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        message = " ".join(str(error).split())[:300] or type(error).__name__
        offline = " (offline mode is on)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise UsageError(
            f"cannot read dataset '{name}'{offline}: {message}; "
            f"check the name and the connection, or give {instead}"
        ) from error


def datasets_library(spec: str) -> Any:
    """The package `datasets`, without its progress bars.

    Raises:
        UsageError: if the `hub` extra is not installed.
    """
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UsageError(
            f"data 'hf:{spec}' needs the hub extra: pip install 'neuroscribe[hub]'"
        ) from error
    datasets.disable_progress_bars()
    return datasets


def spec_parts(spec: str) -> tuple[str, str | None, str, str | None]:
    """Dataset, configuration, split and field of what follows `hf:`.

    Raises:
        UsageError: if it has another form.
    """
    parts = spec.split(":")
    if not parts[0] or len(parts) > 4:
        raise UsageError(f"'hf:{spec}' is not hf:dataset[:config][:split][:field]")
    if len(parts) == 2 and parts[1] in _SPLITS:
        parts.insert(1, "")
    name, config, split, field = [*parts, "", "", ""][:4]
    return name, config or None, split or "train", field or None


def _documents(rows: Any, name: str, field: str | None, most_tokens: int | None) -> list[Document]:
    documents: list[Document] = []
    characters = 0
    for row in rows:
        field = field or _text_field(row)
        text = text_of(row, field, f"dataset '{name}'")
        if text.strip():
            documents.append(Document(f"{name}/{len(documents)}", text))
            characters += len(text)
        enough = characters >= 4 * most_tokens if most_tokens else len(documents) >= _DOCUMENTS
        if enough:
            break
    if not documents:
        raise UsageError(f"dataset '{name}' holds no text")
    return documents


def _text_field(row: Any) -> str:
    texts = [str(key) for key, value in row.items() if isinstance(value, str)]
    return "text" if "text" in row or not texts else texts[0]
