"""How a target is written: a model, behind `@` a file with its weights, behind `+` dictionaries.

`my_model.py:load@runs/gpt.pt` is what `--target my_model.py:load --weights runs/gpt.pt` comes to;
`smollm2+runs/sae` is smollm2 with the sparse autoencoder of that folder, and `+resid.5=runs/sae`
says over which site it lies. Runs, conversations and transcripts keep that one text, and load the
same again from it.
"""

import re
from os import PathLike, fspath
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")
"""Of files with weights."""
INDICES = (".safetensors.index.json", ".bin.index.json")
"""Of files that say in which files beside them weights lie."""
_FACTORY = re.compile(r"\.py:\w+$")


class Spec(NamedTuple):
    """A target's name in its parts."""

    model: str
    weights: str | None = None
    """The file; None: the model brings its own."""
    dictionaries: tuple[str, ...] = ()
    """Folders, or `SITE=FOLDER`."""

    def __str__(self) -> str:
        bare = self.model if self.weights is None else f"{self.model}@{self.weights}"
        return "+".join([bare, *self.dictionaries])

    @property
    def factory(self) -> bool:
        """Whether the model is `path/to/file.py:function`, which runs code."""
        return _FACTORY.search(self.model) is not None


def split(name: str) -> Spec:
    """The parts of a target's name; an `@` or `+` that belongs to a path stays in it."""
    if "+" in name and not Path(name).expanduser().exists():
        bare, *dictionaries = name.split("+")
        if bare and all(dictionaries):
            return split(bare)._replace(dictionaries=tuple(dictionaries))
    if not is_weights(name) or Path(name).expanduser().exists():
        return Spec(name)
    cuts = [Spec(name[: m.start()], name[m.end() :]) for m in re.finditer("@", name)]
    cuts = [cut for cut in cuts if cut.model and cut.weights]
    there = [cut for cut in cuts if Path(cut.weights or "").expanduser().is_file()]
    return next(iter([*there, *cuts[-1:]]), Spec(name))


def joined(name: str, weights: str | PathLike[str] | None) -> str:
    """The name of a target with weights from a file, or from the one that a folder holds.

    Raises:
        UsageError: if there is no such file, it is of no known kind, or the name has weights.
    """
    if weights is None:
        return name
    file = fspath(weights)
    if Path(file).expanduser().is_dir():
        file = str(weights_in(Path(file)))
    if file.lower().endswith(".gguf"):
        raise UsageError(f"'{file}' holds a whole model: give it as the target, without --weights")
    if not is_weights(file):
        known = ", ".join((*SUFFIXES, *INDICES[:1]))
        raise UsageError(f"--weights is '{file}'; give a folder, or a file that ends in {known}")
    if not Path(file).expanduser().is_file():
        raise UsageError(f"--weights: there is no file '{file}'")
    spec = split(name)
    if spec.weights is not None:
        raise UsageError(f"'{name}' names weights already; drop --weights")
    return str(spec._replace(weights=file))


def is_weights(name: str) -> bool:
    """Whether a name ends as files with weights do."""
    return name.lower().endswith((*SUFFIXES, *INDICES))


def weights_in(folder: Path) -> Path:
    """The one file with weights in a folder; of weights in parts, their index.

    Raises:
        UsageError: if there is none, or several.
    """
    names = sorted(item for item in folder.expanduser().iterdir() if is_weights(item.name))
    files = [item for item in names if item.name.endswith(INDICES)] or names
    if len(files) != 1:
        found = ", ".join(item.name for item in files[:4]) or "none"
        raise UsageError(
            f"'{folder}' should hold one file with weights, and has {found}; name it with --weights"
        )
    return files[0]
