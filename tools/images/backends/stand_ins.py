"""Stand-ins for image models in a replay: they give the files that were kept, and draw nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ...errors import UsageError
from ...lab import Backend
from ..kept import opened


@dataclass(frozen=True)
class Recorded:
    """One model's kept pictures."""

    name: str
    folder: Path
    files: Mapping[tuple[str, int], Mapping[str, Any]]
    """Recipes by words and seed."""
    price: float = 0.0

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        """The picture that was made of these words then."""
        return self._kept(prompt, seed)

    def edit(
        self, picture: Image.Image, instruction: str, *, seed: int, seconds: float | None = None
    ) -> Image.Image:
        """The picture that was made by this instruction then."""
        return self._kept(instruction, seed)

    def _kept(self, words: str, seed: int) -> Image.Image:
        recipe = self.files.get((words, seed))
        if recipe is None:
            raise UsageError(f"{self.name} made no picture of '{words[:60]}' then")
        return opened(self.folder, str(recipe["file"]), recipe["sha256"])


def stand_ins(folder: Path, payloads: Sequence[Any]) -> dict[str, Backend]:
    """One stand-in for each model that is named in recorded payloads."""
    files: dict[str, dict[tuple[str, int], Mapping[str, Any]]] = {}
    for recipe in _recipes(payloads):
        key = (str(recipe["prompt"]), int(recipe["seed"]))
        files.setdefault(str(recipe["by"]), {})[key] = recipe
    return {name: Recorded(name, folder, found) for name, found in files.items()}


def _recipes(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if {"file", "sha256", "by", "prompt", "seed"} <= set(value):
            yield value
        for inner in value.values():
            yield from _recipes(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _recipes(inner)
