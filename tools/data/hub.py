"""`hf:dataset[:config][:split][:field]`: a dataset from the Hugging Face hub, streamed: texts, or
pictures for a vision model.

The field of pictures is their first column unless the spec names one. A column of class labels
gives the pictures' labels.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import UsageError, said
from .corpus import Document
from .image_files import collected, look_through
from .lines import text_of
from .pictures import ImageCorpus

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
        offline = " (offline mode is on)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise UsageError(
            f"cannot read dataset '{name}'{offline}: {said(error, 300)}; "
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
        words = [str(key) for key, value in row.items() if isinstance(value, str)]
        field = field or ("text" if "text" in row or not words else words[0])
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


_MOST_PICTURES = 2000  # pictures taken
_MOST_BYTES = 2**30  # bytes kept in memory
_PICTURES_SHUFFLED = 500  # pictures that are shuffled among each other while streaming


def read_hub_images(spec: str, *, field: str | None = None, seed: int = 0) -> ImageCorpus:
    """Pictures of a hub dataset, or of a folder of one.

    Args:
        spec: What follows `hf:`; parts may be empty (`user/data::test`).
        field: The column of pictures, where the spec names none.
        seed: For the shuffling while streaming.

    Raises:
        UsageError: without the `hub` extra, when offline, or when it has no pictures.
    """
    name, config, split, named = spec_parts(spec)
    datasets = datasets_library(spec)
    with reading(name, "a folder of pictures"):
        stream: Any = datasets.load_dataset(name, config, split=split, streaming=True)
        features = stream.features or {}
        column = named or field or _column(features, datasets.Image)
        if column not in features:
            there = ", ".join(features) or "none"
            raise UsageError(f"dataset '{name}' has no column '{column}'; it has: {there}")
        if not isinstance(features[column], datasets.Image):
            raise UsageError(f"column '{column}' of dataset '{name}' holds no pictures")
        classes = _column(features, datasets.ClassLabel)
        stream = stream.cast_column(column, datasets.Image(decode=False))
        rows = stream.shuffle(seed=seed, buffer_size=_PICTURES_SHUFFLED)
        files = _picture_files(rows, name, column, classes, features)
    corpus = collected(f"hf:{spec}", look_through(files))
    if not corpus.pictures:
        raise UsageError(f"dataset '{name}' holds no picture that can be used")
    return corpus


def _column(features: Any, kind: type) -> str:
    """The first column of that kind; empty where there is none."""
    return next((key for key, feature in features.items() if isinstance(feature, kind)), "")


def _picture_files(
    rows: Any, name: str, column: str, classes: str, features: Any
) -> list[tuple[str, Any, str | None]]:
    files: list[tuple[str, Any, str | None]] = []
    size = 0
    for row in rows:
        raw = (row[column] or {}).get("bytes") or b""
        if not raw and (path := (row[column] or {}).get("path")) and os.path.isfile(path):
            with open(path, "rb") as file:
                raw = file.read()
        label = None
        if classes and isinstance(row[classes], int) and row[classes] >= 0:
            label = features[classes].int2str(row[classes])
        files.append((f"{name}/{len(files)}", raw, label))
        size += len(raw)
        if len(files) >= _MOST_PICTURES or size >= _MOST_BYTES:
            break
    return files
