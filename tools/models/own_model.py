"""A target over any module, found out by running it.

A module reads pictures (`vision.py`), rows of tokens, or anything else that an example shows. All
have every module path as a site. One that reads tokens also has `mlp.N`, `head.N` and `resid.N`
where it is built of blocks (`own_blocks.py`), and is a language model where it predicts the next
token (`causal.py`). How long a row may be is found out by trying.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import torch
from torch import Tensor, nn

from ..data.special import Special
from ..errors import UsageError
from .causal import Spoken, at_every_place, speaks, spoken
from .image_input import ImageInput, crop_and_normalise
from .model import Model
from .own_blocks import logit_site, opened, own_sites
from .own_tokenizer import as_tokenizer
from .probe import ROWS, Probe, paths, probe_ids
from .site import Site
from .target import Piece, Target
from .vision import seeing_target

_PIECES: dict[str, Piece] = {"words": "word", "letters": "letter", "symbols": "token"}
_PLACES = 5
_MOST_PLACES = 512  # of a row; longer ones are not tried, windows are shorter


def from_model(model: Model, *, name: str) -> Target:
    """A target over any module.

    Args:
        model: The module, described.
        name: What the target is called.

    Raises:
        UsageError: if there is no example, the module does not take it, or its output is no tensor
            of numbers with the row first.
    """
    _check(model, name)
    network = model.network.eval()
    opened(network)
    tokenizer = as_tokenizer(model.tokenizer, name)
    example = None if model.example is None else _tensor(model.example)
    image = _image(model, example, name)
    if image is not None:
        given = {"example": example, "labels": list(model.labels)}
        return seeing_target(network, image, name=name, **given)
    if example is None and tokenizer is None:
        raise UsageError(
            f"{name}: what does the module take? Return (module, tokenizer) for one that reads "
            "tokens, else Model(module, example=...) with a tensor, or a shape with the batch "
            "first, such as (1, 3, 32, 32)"
        )
    if example is None:
        example = _ordinary(network, tokenizer, name)
        at_every_place(network, example)
    first = example[:1].to(_device(network))
    probe, sites = _probed(network, first, name)
    if probe.places is not None and tokenizer is not None:
        target = _of_tokens(model, tokenizer, probe, sites, first, name)
    else:
        more = {"tokenizer": tokenizer, "labels": tuple(model.labels)}
        length = model.context_length or _MOST_PLACES
        rows = tokenizer is None and first.is_floating_point() and first.ndim == 2
        more["numbers"] = int(first.shape[1]) if rows else 0
        given = {"name": name, "kind": "module", "context_length": length, **more}
        target = Target(network, sites=sites, probe=probe, **given)
    target.piece = None if model.tokens is None else _PIECES[model.tokens]
    target.special = model.special
    target.unverified = set(sites)
    probe.forget()
    for key, path in model.sites.items():
        target.add_site(_named(target.site(path), key, model, name))
    return target


def _check(model: Model, name: str) -> None:
    """Raises `UsageError` for a field of a `Model` that can never be right."""
    if model.kind not in (None, "causal", "module"):
        raise UsageError(f"{name}: Model.kind is {model.kind!r}; use 'causal', 'module' or None")
    if model.tokens is not None and model.tokens not in _PIECES:
        known = ", ".join(map(repr, _PIECES))
        raise UsageError(f"{name}: Model.tokens is {model.tokens!r}; use {known} or None")
    if model.special not in (None, *get_args(Special)):
        known = ", ".join(map(repr, get_args(Special)))
        raise UsageError(f"{name}: Model.special is {model.special!r}; use {known} or None")
    for field in ("heads", "context_length"):
        value = getattr(model, field)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise UsageError(
                f"{name}: Model.{field} is {value!r}; it is a number from 1 on, or None"
            )


def _named(site: Site, key: str, model: Model, name: str) -> Site:
    """A site under another name; one called `head.N` is cut into heads."""
    if not key.startswith("head.") or not model.heads:
        return replace(site, name=key)
    if site.units % model.heads:
        raise UsageError(
            f"{name}: the {site.units} units of '{site.name}' do not divide into Model.heads = "
            f"{model.heads} heads; name the input of the output projection, such as 'attn.out:in'"
        )
    channels = site.units // model.heads
    cut = {"units": model.heads, "channels": channels, "readout": "norm"} if channels > 1 else {}
    return replace(site, name=key, **cut)


def picture_input(name: str, image: Any) -> ImageInput:
    """`Model.image`, whichever form it has.

    Raises:
        UsageError: if it is neither an `ImageInput` nor the arguments of `crop_and_normalise`.
    """
    if isinstance(image, ImageInput):
        return image
    if not isinstance(image, Mapping):
        raise UsageError(
            f"{name}: factory.image is a {type(image).__name__}; make it an ImageInput, or a dict "
            "of arguments of crop_and_normalise, such as {'size': 224, 'resize': 256}"
        )
    try:
        return crop_and_normalise(**image)
    except TypeError as error:
        raise UsageError(f"{name}: factory.image: {error}") from error


def _image(model: Model, example: Tensor | None, name: str) -> ImageInput | None:
    """How pictures become input; None where the module takes none."""
    if model.image is not None:
        return picture_input(name, model.image)
    if example is None or not example.is_floating_point():
        return None
    if example.ndim != 4 or example.shape[1] != 3:
        return None
    high, wide = int(example.shape[2]), int(example.shape[3])
    return crop_and_normalise((high, wide), resize=round(min(high, wide) * 256 / 224))


def _probed(network: nn.Module, first: Tensor, name: str) -> tuple[Probe, dict[str, Site]]:
    """The probe run on one input `[1, ...]`, and the sites of all modules."""
    weight = next(network.parameters(), None)
    if weight is not None and first.is_floating_point():
        first = first.to(weight.dtype)
    text = not first.is_floating_point() and first.ndim == 2
    places = int(first.shape[1]) if text else None
    if places == ROWS:
        raise UsageError(f"{name}: give an example with another number of places than {ROWS}")

    def run(inner: nn.Module, rows: int) -> Any:
        out = inner(first.expand(rows, *first.shape[1:]))
        return out.logits if isinstance(inner, Spoken) else out

    probe = Probe(network, run, places, together=8)
    try:
        sites = paths(probe)
        output = probe.output(ROWS)
    except Exception as error:
        raise UsageError(
            f"{name}: the module does not take its example of shape {list(first.shape)}: "
            f"{_said(error)}"
        ) from error
    shape = list(output.shape)
    if not shape or shape[0] != ROWS:
        raise UsageError(
            f"{name}: its output has the shape {shape} for {ROWS} rows; return the row first"
        )
    return probe, sites


def _of_tokens(
    model: Model, tokenizer: Any, probe: Probe, sites: dict[str, Site], first: Tensor, name: str
) -> Target:
    """A module that reads rows of tokens: its blocks, its context, whether it is causal."""
    network, tokens = model.network, len(tokenizer)
    sites, refused = _with_blocks(probe, model, sites, tokens, name)
    causal = model.kind == "causal"
    shape = list(probe.output(ROWS).shape)
    if causal and shape[:-1] != [ROWS, probe.places]:
        raise UsageError(
            f"{name}: Model.kind is 'causal', and its output is {shape} for rows of {probe.places} "
            "tokens; a causal model gives [row, place, token]"
        )
    if model.labels and len(model.labels) != shape[-1]:
        raise UsageError(
            f"{name}: Model.labels has {len(model.labels)} names for an output of {shape[-1]} "
            "classes; give each its name"
        )
    if causal or (model.kind is None and speaks(network, first, tokens)):
        causal = True
        spoken(network)
    return Target(
        network,
        name=name,
        kind="causal" if causal else "module",
        sites=sites,
        refused=refused,
        tokenizer=tokenizer,
        probe=probe,
        labels=tuple(model.labels),
        context_length=model.context_length or _longest(network, first),
    )


def _with_blocks(
    probe: Probe, model: Model, sites: dict[str, Site], tokens: int, name: str
) -> tuple[dict[str, Site], dict[str, str]]:
    """Sites of blocks before those of modules, and what blocks ought to have and lack."""
    try:
        found = own_sites(probe, heads=model.heads, blocks=model.blocks)
    except LookupError as error:
        raise UsageError(f"{name}: {error}; set Model.blocks to another path") from error
    names = [*model.sites, *(found.sites if found else ())]
    if model.heads and not any(name.startswith("head.") for name in names):
        why = next(iter(found.refused.values()), "") if found else "it has no list of blocks"
        raise UsageError(f"{name}: Model.heads is {model.heads}, and no heads were found: {why}")
    head = logit_site(probe, tokens)
    more = {} if head is None else {"logit": head}
    if found is None:
        return {**more, **sites}, {}
    probe.blocks = found.blocks
    return {**found.sites, **more, **sites}, found.refused


def _ordinary(network: nn.Module, tokenizer: Any, name: str) -> Tensor:
    """A row of tokens of text, `[1, place]`, as short as the module needs it.

    Raises:
        UsageError: if the module takes no row, or not the last token of its tokenizer.
    """
    vocabulary = tokenizer.get_vocab().values()
    special = set(tokenizer.all_special_ids)
    ids = [i for i in sorted(vocabulary) if i not in special] or [0]
    row = torch.tensor([ids[int(at)] for at in probe_ids(len(ids), _PLACES)])[None]
    if _device(network).type != "cpu":  # a GPU does not survive an id or a place that is not there
        return row
    for places in (_PLACES, 4, 2):
        least = _failure(network, torch.full((1, places), ids[0]))
        if least is None:
            break
    else:
        raise UsageError(
            f"{name}: the module does not take token ids [row, place]: {_said(least)}; where it "
            "reads something else, give Model(example=...) and no tokenizer"
        )
    last = max(vocabulary)
    error = _failure(network, torch.full((1, places), last)) or _failure(network, row[:, :places])
    if error is not None:
        raise UsageError(
            f"{name}: the module does not take token {last}, the last of its tokenizer "
            f"({_said(error)}); is its embedding smaller than the vocabulary?"
        )
    return row[:, :places]


def _failure(network: nn.Module, row: Tensor) -> Exception | None:
    """What a module raises on a row; None: it takes it."""
    try:
        with torch.no_grad():
            network(row)
    except Exception as error:  # whatever a module of one's own raises
        return error
    return None


def _said(error: Exception | None) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")


def _longest(network: nn.Module, example: Tensor) -> int:
    """The longest row, at most `_MOST_PLACES`, that a module of token ids takes.

    Rows are made longer until one fails, on the CPU: a GPU does not survive an id or a place that
    a table lacks.
    """
    device = example.device
    row = example.cpu().repeat(1, 1 + _MOST_PLACES // example.shape[1])
    network.to("cpu")
    good, bad = int(example.shape[1]), _MOST_PLACES + 1
    while good < _MOST_PLACES:
        longer = min(2 * good, _MOST_PLACES)
        if _failure(network, row[:, :longer]) is not None:
            break
        good = longer
    bad = min(bad, 2 * good)
    while bad - good > 1:
        middle = (good + bad) // 2
        takes = _failure(network, row[:, :middle]) is None
        good, bad = (middle, bad) if takes else (good, middle)
    network.to(device)
    return good


def _device(network: nn.Module) -> torch.device:
    weight = next(network.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def _tensor(example: Any) -> Tensor:
    if isinstance(example, Tensor):
        return example
    return torch.randn(tuple(example), generator=torch.Generator().manual_seed(0))
