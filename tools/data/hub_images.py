"""`hf:dataset[:config][:split][:field]` for a vision model: an image dataset, streamed.

The field is the first column of pictures unless the spec names one. A column of class labels gives
the pictures' labels.
"""

import os
from typing import Any

from ..errors import UsageError
from .hub import datasets_library, reading, spec_parts
from .image_files import collected, look_through
from .pictures import ImageCorpus

_PICTURES = 2000  # pictures taken
_BYTES = 2**30  # bytes kept in memory
_SHUFFLED = 500  # pictures that are shuffled among each other while streaming


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
        rows = stream.shuffle(seed=seed, buffer_size=_SHUFFLED)
        files = _files(rows, name, column, classes, features)
    corpus = collected(f"hf:{spec}", look_through(files))
    if not corpus.pictures:
        raise UsageError(f"dataset '{name}' holds no picture that can be used")
    return corpus


def _column(features: Any, kind: type) -> str:
    """The first column of that kind; empty where there is none."""
    return next((key for key, feature in features.items() if isinstance(feature, kind)), "")


def _files(
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
        if len(files) >= _PICTURES or size >= _BYTES:
            break
    return files
