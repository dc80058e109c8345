"""Vision models: Hugging Face transformers and convolutional networks, and any module that sees.

A transformer has the sites of `discover`: `mlp.N`, `head.N`, `attn_out.N`, `mlp_out.N`, `resid.N`.
Their places are the class token and registers, then the patches, row by row. A unit's activation
on a picture is its maximum over the patches; the class token and registers are no part of the
picture and do not count in it, as the special tokens of a text do not. (Interventions without
places change them too.) A network without such blocks has the channels of its convolutions,
`conv.N` (see `convolutions.py`), and every module path. The outputs of a classifier are the units
of the site `logit`.

Of a model of pictures and texts (CLIP) the target is the half that sees, and the whole lies in
`target.clip`.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError, said
from .checkpoints import has_tokenizer
from .convolutions import convolutions
from .discover import discover
from .forward import picture_output
from .image_input import ImageInput, processor_input
from .probe import ROWS, Probe, grid_of, is_leaf, paths, verify
from .site import Site
from .target import Target


def is_vision(config: Any) -> bool:
    """Whether a Hugging Face configuration is of a model that takes pictures and nothing else."""
    return is_pair(config) or _class_of(config) is not None


def is_pair(config: Any) -> bool:
    """Whether it is of a model that embeds pictures and texts alike (CLIP)."""
    parts = hasattr(config, "vision_config") and hasattr(config, "text_config")
    return parts and hasattr(config, "projection_dim") | ("siglip" in config.model_type)


def load_vision(
    source: str, config: Any, *, name: str, dtype: Any, device_map: str | None, **options: Any
) -> tuple[nn.Module, dict[str, Any], Any, Any]:
    """Network, loading report, tokenizer (of a pair, where it has one) and image processor.

    Raises:
        UsageError: if there is no image processor that works without torchvision.
    """
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    kind: Any = AutoModel if is_pair(config) else _class_of(config)
    try:
        processor = AutoImageProcessor.from_pretrained(source, backend="pil", **options)
    except (OSError, ValueError, ImportError) as error:
        message = said(error)
        raise UsageError(
            f"'{name}' has no image processor that works with Pillow ({message}); "
            "put its preprocessor_config.json beside the model"
        ) from error
    network, info = kind.from_pretrained(
        source,
        dtype=dtype,
        device_map=device_map,
        weights_only=True,
        output_loading_info=True,
        **options,
    )
    if any("pooler" in key for key in info["missing_keys"]) and hasattr(network, "pooler"):
        network.pooler = None  # drawn at random: the checkpoint has none
    tokenizer = None
    if is_pair(config) and (has_tokenizer(Path(source)) or not Path(source).is_dir()):
        with contextlib.suppress(OSError, ValueError, ImportError):
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
    return network, info, tokenizer, processor


def wrap_vision(network: nn.Module, processor: Any, tokenizer: Any = None, *, name: str) -> Target:
    """A target over a Hugging Face vision model that is already in memory."""
    image = (
        processor if isinstance(processor, ImageInput) else processor_input(processor, name=name)
    )
    whole: Any = network
    if is_pair(whole.config):
        from .clip import Clip

        seeing = wrap_vision(whole.vision_model, image, name=name)
        seeing.clip = Clip(whole, tokenizer, image)
        return seeing
    classifies = type(network).__name__.endswith("ForImageClassification")
    labels = (getattr(whole.config, "id2label", None) or {}) if classifies else {}
    return seeing_target(network, image, name=name, labels=[labels[key] for key in sorted(labels)])


def seeing_target(
    network: nn.Module,
    image: ImageInput,
    *,
    name: str,
    example: Tensor | None = None,
    labels: Sequence[str] = (),
    verified: bool = False,
) -> Target:
    """A target over any module that takes pictures.

    Args:
        network: The module.
        image: How pictures become its input.
        name: What the target is called.
        example: One input, `[1, 3, height, width]`; None: a picture of random pixels.
        labels: Names of its outputs, where it is a classifier.
        verified: Its sites are known to work: a test verifies them, and loading it does not.

    Raises:
        UsageError: if the module does not take its input, or the labels are not as many as the
            outputs.
    """
    network.eval()
    weight = next(network.parameters(), None)
    kind = torch.float32 if weight is None else weight.dtype
    if example is None:
        draw = torch.Generator().manual_seed(0)
        example = image.normalise(
            torch.randint(0, 256, (1, *image.size, 3), generator=draw).to(torch.uint8)
        )
    first = example[:1].to("cpu" if weight is None else weight.device, kind)

    def run(inner: nn.Module, rows: int) -> Any:
        return picture_output(inner(first.expand(rows, *first.shape[1:])))

    probe = Probe(network, run, None, together=8)
    try:
        output = probe.output(ROWS)
        seen = probe.seen
    except Exception as error:
        raise UsageError(
            f"{name}: the network does not take a picture as {list(first.shape)}: {error}"
        ) from error
    sites, refused, blocks = _transformer(probe, network)
    channels, lost = ({}, {}) if sites else convolutions(probe)
    if labels or not hasattr(network, "config"):
        head = _logit(probe, output)
        if labels and (head is None or len(labels) != head.units):
            raise UsageError(
                f"{name}: {len(labels)} labels for an output of shape {list(output.shape[1:])}; "
                "give one label an output"
            )
        channels |= {} if head is None else {"logit": head}
    result, bad = (channels, {}) if verified else verify(probe, channels)
    refused |= lost | bad
    probe.blocks = blocks
    named = {**sites, **result}
    dots = {} if sites else {key: site for key, site in paths(probe).items() if key not in named}
    del seen
    probe.forget()
    target = Target(
        network,
        name=name,
        kind="image",
        sites={**named, **dots},
        refused=refused,
        probe=probe,
        image=image,
        labels=labels,
    )
    target.unverified = set(dots)
    return target


def _transformer(probe: Probe, network: nn.Module) -> tuple[dict[str, Site], dict[str, str], str]:
    """The sites of a transformer; none where the network is not built as one."""
    config: Any = getattr(network, "config", None)
    if not isinstance(getattr(config, "num_attention_heads", None), int):
        return {}, {}, ""
    try:
        result = discover(probe, config)
    except (LookupError, AttributeError, TypeError):
        return {}, {}, ""
    if not any(key.startswith("mlp.") for key in result.sites):
        return {}, {}, ""
    grid = _patches(probe)
    sites = {}
    for key, site in result.sites.items():
        seen = probe.seen[site.module]
        raw = seen.given if site.port == "input" else seen.gave
        places = 0 if raw is None or raw.ndim != 3 else raw.shape[1]
        if grid is not None and places >= grid[0] * grid[1]:
            site = replace(site, grid=grid, outside=places - grid[0] * grid[1])
        sites[key] = site
    return sites, result.refused, result.blocks


def _patches(probe: Probe) -> tuple[int, int] | None:
    """Height and width of the grid of patches: of the first convolution's output."""
    convs = [s for s in probe.seen.values() if isinstance(s.module, nn.Conv2d)]
    if not convs:
        return None
    first = min(convs, key=lambda item: item.order).gave
    return None if first is None else grid_of(first, "channels_first")


def _logit(probe: Probe, output: Tensor) -> Site | None:
    """The classes: the last module that gives the network's output, or the network itself."""
    if output.ndim != 2:
        return None
    for seen in sorted(probe.seen.values(), key=lambda item: -item.order):
        gave = seen.gave
        if gave is None or not is_leaf(seen.module):
            continue
        if gave.shape == output.shape and torch.equal(gave, output):
            return Site("logit", seen.path, "output", output.shape[1], layout="flat")
    whole = probe.seen[""].gave
    if whole is not None and whole.shape == output.shape:
        return Site("logit", "", "output", output.shape[1], layout="flat")
    return None


def _class_of(config: Any) -> Any:
    """The class of a vision model: with its head where it classifies or projects."""
    import transformers

    base = transformers.MODEL_MAPPING.get(type(config), None)
    if base is None or getattr(base, "main_input_name", "") != "pixel_values":
        return None
    for name in getattr(config, "architectures", None) or []:
        kind = getattr(transformers, name, None)
        fits = name.endswith(("ForImageClassification", "Model", "WithProjection"))
        if kind is not None and fits and isinstance(kind, type):
            return kind
    return base
