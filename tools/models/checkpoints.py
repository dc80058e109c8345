"""Checkpoints of Hugging Face models: what a folder or the hub holds, and why not."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

from ..errors import UsageError, said

SECONDS = 5.0
"""How long the hub may take to say whether it knows a model."""
_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin*")


def cached_ids() -> list[str]:
    """Ids of the models in the local Hugging Face cache."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    result = folder.glob("models--*") if folder.is_dir() else []
    return sorted(item.name[len("models--") :].replace("--", "/") for item in result)


def check_folder(folder: Path, *, weights: bool = True) -> None:
    """Checks that a folder holds a model, with its weights where these are wanted.

    Raises:
        UsageError: if it does not.
    """
    if not (folder / "config.json").is_file():
        raise UsageError(f"folder '{folder}' holds no model: it has no config.json")
    if weights and not any(True for pattern in _WEIGHTS for _ in folder.glob(pattern)):
        raise UsageError(
            f"folder '{folder}' has no model.safetensors and no pytorch_model.bin with weights"
        )


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / name).is_file() for name in _TOKENIZERS)


def check_tokenizer(folder: Path) -> None:
    """Checks that a folder holds a tokenizer.

    Raises:
        UsageError: if it does not.
    """
    if not has_tokenizer(folder):
        raise UsageError(f"folder '{folder}' has no tokenizer: put a tokenizer.json into it")


def reachable(source: str, revision: str | None, known: str) -> bool:
    """Whether to ask the hub for files; False: everything needed lies in the cache.

    Raises:
        UsageError: if the hub does not know the id, or does not answer and nothing is cached.
    """
    import huggingface_hub
    from huggingface_hub import constants, errors

    hint = f"; nearest known: {known}" if known else ""
    if not _ID.fullmatch(source):
        raise UsageError(f"'{source}' is neither a folder nor a Hugging Face id{hint}")
    cached = source in cached_ids()
    if constants.HF_HUB_OFFLINE:
        if cached:
            return False
        raise UsageError(
            f"'{source}' is no folder and not in the local cache, and HF_HUB_OFFLINE is set{hint}"
        )
    api = huggingface_hub.HfApi()
    pool = ThreadPoolExecutor(1)
    try:
        asked = pool.submit(api.model_info, source, revision=revision, timeout=SECONDS)
        asked.result(timeout=SECONDS + 1)
    except errors.RevisionNotFoundError as error:
        raise UsageError(f"the hub has '{source}' but no revision '{revision}'") from error
    except errors.GatedRepoError as error:
        raise UsageError(
            f"'{source}' is gated: accept its licence on the hub and log in with 'hf auth login'"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UsageError(
            f"there is no folder '{source}', and the hub knows no such model{hint}"
        ) from error
    except (Exception, Late) as error:
        if cached:
            return False
        raise UsageError(
            f"there is no folder '{source}', and the Hugging Face hub cannot be reached to look "
            f"for it ({type(error).__name__}){hint}"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return True


def complete(info: dict[str, Any], name: str) -> None:
    """Checks that a checkpoint held all the weights.

    Raises:
        UsageError: if it did not.
    """
    missing = sorted(key for key in info["missing_keys"] if "pooler" not in key)
    if missing:
        raise UsageError(
            f"'{name}' lacks {len(missing)} weights of its architecture, such as {missing[0]}; "
            "the checkpoint is incomplete or of another model"
        )


def reason(name: str, error: Exception) -> str:
    """Why a model could not be read, in one line."""
    message = said(error, 300)
    if "trust_remote_code" in message or "custom code" in message:
        return (
            f"'{name}' brings its own Python code; read it, then pass --trust-remote-code to run it"
        )
    if "weights_only" in message or "Unpickl" in type(error).__name__:
        return (
            f"the weights of '{name}' are a pickle that holds more than tensors, which could run "
            "code and is refused; convert them to safetensors"
        )
    if "okenizer" in message:
        return f"the tokenizer of '{name}' cannot be read: {message}"
    return f"the model '{name}' cannot be read: {message}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no warnings from the libraries, and everything as before afterwards."""
    import huggingface_hub.utils as hub
    import transformers

    log: Any = transformers.utils.logging
    level, bars, hub_bars = (
        log.get_verbosity(),
        log.is_progress_bar_enabled(),
        not hub.are_progress_bars_disabled(),
    )
    log.set_verbosity_error()
    log.disable_progress_bar()
    hub.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
        if hub_bars:
            hub.enable_progress_bars()
