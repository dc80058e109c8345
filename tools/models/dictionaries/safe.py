"""Reading and writing the files of a dictionary, which others may have made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import UsageError, said
from ...io.files import write_whole

_MOST = 1 << 24  # latents, or numbers of a width


def checked(where: Path | str, config: Mapping[str, Any], key: str) -> int:
    """A whole number above 0 of a configuration.

    Raises:
        UsageError: if it is anything else.
    """
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST:
        raise UsageError(f"{where}: {key} is {value!r}, and should be a whole number above 0")
    return value


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        UsageError: if it is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path.parent} has no {path.name}, the weights of a dictionary"
        ) from error
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise UsageError(f"{path} is damaged: {said(error)}") from error


def shapes_fit(
    path: Path, tensors: Mapping[str, Tensor], needed: Mapping[str, tuple[int, ...]]
) -> dict[str, Tensor]:
    """The needed tensors.

    Raises:
        UsageError: names the first that is missing, has another shape, or is not finite.
    """
    for name, shape in needed.items():
        if name not in tensors:
            raise UsageError(f"{path} has no tensor '{name}'")
        if tuple(tensors[name].shape) != shape:
            raise UsageError(
                f"{path}: '{name}' has the shape {list(tensors[name].shape)}; by its cfg.json it "
                f"is {list(shape)}"
            )
        if not bool(tensors[name].isfinite().all()):
            raise UsageError(f"{path}: '{name}' holds NaN or infinity")
    return {name: tensors[name] for name in needed}


def write_folder(
    folder: Path, files: Mapping[str, bytes], weights: str, tensors: Mapping[str, Tensor]
) -> None:
    """Writes small files and the tensors, each whole or not at all.

    Raises:
        UsageError: if it cannot be written.
    """
    from safetensors.torch import save

    try:
        folder.mkdir(parents=True, exist_ok=True)
        given = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_whole(folder / weights, save(given))
        for name, content in files.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise UsageError(f"cannot write the dictionary to {folder}: {error}") from error
