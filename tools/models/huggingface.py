"""Loads Hugging Face language models, encoders and vision models, from folders and from the hub.

Weights come from safetensors, or from a pickle that holds nothing but tensors. Code that comes
with a model runs only when it is asked for. Nothing is printed.
"""

import contextlib
import importlib.util
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import UsageError
from .discover import discover
from .probe import ROWS, Probe, probe_ids
from .target import Target

SECONDS = 5.0
"""How long the hub may take to say whether it knows a model."""
_PLACES = 5  # places of a probe row
_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin*")


def from_hugging_face(
    source: str,
    *,
    name: str,
    dtype: torch.dtype | str,
    device: torch.device,
    device_map: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    known: str = "",
) -> Target:
    """A causal language model, an encoder or a vision model.

    Args:
        source: A folder or an id.
        name: What the target is called.
        dtype: Of the weights; `auto` as they are stored.
        device: Where the model goes, without a `device_map`.
        device_map: Spreads the model over devices, as `accelerate` does.
        revision: Branch, tag or commit on the hub.
        trust_remote_code: Runs Python code that comes with the model.
        known: For an error message: the nearest known targets.

    Raises:
        UsageError: if it cannot be found or read.
    """
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    from .vision import is_vision, load_vision, wrap_vision

    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if Path(source).is_dir():
        _check_folder(Path(source))
    else:
        options["local_files_only"] = not _reachable(source, revision, known)
    if device_map is not None and importlib.util.find_spec("accelerate") is None:
        raise UsageError("--device-map needs the package accelerate: pip install accelerate")
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # what a checkpoint lacks (a pooler) is the same in every load
        try:
            config = AutoConfig.from_pretrained(source, **options)
            if getattr(config, "is_encoder_decoder", False):
                raise UsageError(
                    f"'{name}' is an encoder-decoder model ({config.model_type}), which is not "
                    "supported; load its encoder alone through path/to/file.py:factory"
                )
            if is_vision(config):
                network, info, tokenizer, processor = load_vision(
                    source, config, name=name, dtype=dtype, device_map=device_map, **options
                )
                complete(info, name)
                network = network.to(device) if device_map is None else network
                return wrap_vision(network, processor, tokenizer, name=name)
            if Path(source).is_dir():
                _check_tokenizer(Path(source))
            kind: Any = AutoModelForCausalLM if _causal(config.architectures) else AutoModel
            network, info = kind.from_pretrained(
                source,
                dtype=dtype,
                device_map=device_map,
                weights_only=True,
                output_loading_info=True,
                **options,
            )
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(reason(name, error)) from error
    complete(info, name)
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"the tokenizer of '{name}' gives no character offsets; save it with a tokenizer.json"
        )
    if device_map is None:
        network = network.to(device)
    return wrap(network, tokenizer, name=name)


def wrap(network: nn.Module, tokenizer: Any, *, name: str) -> Target:
    """A target over a Hugging Face model that is already in memory."""
    whole: Any = network
    causal = _causal([type(network).__name__])
    body: Any = getattr(whole, "base_model", whole)
    if not causal:
        network = body
    config = whole.config.get_text_config()
    network.eval()

    length = _context(body, config)
    places = min(_PLACES, length) if min(_PLACES, length) != ROWS else 2

    def run(inner: nn.Module, rows: int) -> Any:
        inner_body: Any = getattr(inner, "base_model", inner)
        device = next(p for p in inner.parameters() if p.device.type != "meta").device
        ids = probe_ids(int(config.vocab_size), places).to(device)
        options: dict[str, Any] = {"use_cache": False} if causal else {}
        ids = ids.expand(rows, -1)  # [row, place]
        return inner_body(input_ids=ids, attention_mask=torch.ones_like(ids), **options)[0]

    probe = Probe(network, run, places)
    try:
        found = discover(probe, config)
    except (LookupError, AttributeError) as error:
        raise UsageError(
            f"'{name}' ({type(network).__name__}) is not built as a transformer: {error}; load it "
            "through path/to/file.py:factory to use module paths as sites"
        ) from error
    probe.blocks = found.blocks
    probe.forget()
    return Target(
        network,
        name=name,
        kind="causal" if causal else "encoder",
        sites=found.sites,
        tokenizer=tokenizer,
        body=body,
        context_length=length,
        refused=found.refused,
        probe=probe,
    )


def cached_ids() -> list[str]:
    """Ids of the models in the local Hugging Face cache."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    found = folder.glob("models--*") if folder.is_dir() else []
    return sorted(item.name[len("models--") :].replace("--", "/") for item in found)


def _causal(architectures: list[str] | None) -> bool:
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures or [])


def _context(body: nn.Module, config: Any) -> int:
    """Places that fit: some families start counting positions behind the padding index."""
    for path, module in body.named_modules():
        if path.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            used = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - used
    return int(getattr(config, "max_position_embeddings", None) or 2048)


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise UsageError(f"folder '{folder}' holds no model: it has no config.json")
    if not any(True for pattern in _WEIGHTS for _ in folder.glob(pattern)):
        raise UsageError(
            f"folder '{folder}' has no model.safetensors and no pytorch_model.bin with weights"
        )


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


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / name).is_file() for name in _TOKENIZERS)


def _check_tokenizer(folder: Path) -> None:
    if not has_tokenizer(folder):
        raise UsageError(f"folder '{folder}' has no tokenizer: put a tokenizer.json into it")


def _reachable(source: str, revision: str | None, known: str) -> bool:
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


def reason(name: str, error: Exception) -> str:
    """Why a model could not be read, in one line."""
    said = " ".join(str(error).split())[:300]
    if "trust_remote_code" in said or "custom code" in said:
        return (
            f"'{name}' brings its own Python code; read it, then pass --trust-remote-code to run it"
        )
    if "weights_only" in said or "Unpickl" in type(error).__name__:
        return (
            f"the weights of '{name}' are a pickle that holds more than tensors, which could run "
            "code and is refused; convert them to safetensors"
        )
    if "okenizer" in said:
        return f"the tokenizer of '{name}' cannot be read: {said}"
    return f"the model '{name}' cannot be read: {said}"


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
