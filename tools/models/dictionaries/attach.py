"""Dictionaries of a target: each becomes a site `sae.NAME`, whose units are its latents.

1. A folder is read by what lies in it: SAELens, sparsify (a hook point, or a folder of them).
2. Where it belongs is what the caller names, what a dictionary that was trained here says, or its
   hook: TransformerLens's names (`blocks.5.hook_resid_post`) and module paths (`layers.5.mlp`).
3. The site is read as `encode` of that tensor; a change of a latent adds its decoder's row to it,
   so that what the dictionary leaves unexplained stays. A transcoder's latents are read from a
   module's input and add to its output.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import UsageError, nearest
from ..site import Site
from ..target import Target
from .dictionary import Card, Dictionary
from .saelens import CONFIG, WEIGHTS, config_of, read_saelens
from .sparsify import WEIGHTS as SPARSIFY_WEIGHTS
from .sparsify import read_sparsify

PREFIX = "sae."
OWN = "neuroscribe"
"""Under this name in a configuration stands what a dictionary trained here knows of itself."""
_LAYER = re.compile(r"blocks\.(\d+)\.(?:attn\.|mlp\.|ln2\.)?hook_(\w+)")
_SITES = {  # by hooks of TransformerLens
    "resid_post": "resid",
    "mlp_out": "mlp_out",
    "attn_out": "attn_out",
    "z": "head",
    "post": "mlp",
}


def read_dictionary(folder: Path | str) -> Dictionary:
    """The dictionary of one folder.

    Raises:
        UsageError: if there is none, or it cannot be read.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise UsageError(f"there is no folder '{folder}' with a dictionary")
    config = config_of(folder)
    if (folder / SPARSIFY_WEIGHTS).exists() and not (folder / WEIGHTS).exists():
        return read_sparsify(folder, config)
    return read_saelens(folder, config)


def is_dictionary(folder: Path) -> bool:
    """Whether a folder holds a dictionary, or folders that do."""
    return next(_folders(folder), None) is not None


def add_dictionaries(target: Target, given: Sequence[str]) -> None:
    """Adds a site for every dictionary.

    Args:
        target: Gets the sites.
        given: Folders, or `SITE=FOLDER`.

    Raises:
        UsageError: if one cannot be read, does not fit, or belongs nowhere in the target.
    """
    for one in given:
        site, equals, path = one.rpartition("=")
        folders = list(_folders(Path(path).expanduser()))
        if not folders:
            raise UsageError(
                f"'{path}' holds no dictionary: give a folder with {CONFIG} and {WEIGHTS} "
                f"(SAELens) or {SPARSIFY_WEIGHTS} (sparsify)"
            )
        if equals and len(folders) > 1:
            raise UsageError(f"'{path}' holds {len(folders)} dictionaries; name one for {site}")
        for folder in folders:
            add_dictionary(target, read_dictionary(folder), site or None, named=folder.name)


def add_dictionary(
    target: Target, dictionary: Dictionary, site: str | None = None, *, named: str = "dictionary"
) -> Site:
    """Adds the site of a dictionary.

    Args:
        target: Gets it.
        dictionary: Moved to the target's device.
        site: The site whose tensor is encoded; None: what the dictionary says.
        named: What it is called in messages.

    Returns:
        The site `sae.NAME`, NAME the site that it lies over.

    Raises:
        UsageError: as `add_dictionaries`.
    """
    card = dictionary.card
    _same_model(target, card, named)
    place = _place(target, card, site, named)
    width = place.units * place.channels
    if place.code is not None:
        raise UsageError(f"{place.name} is a code already; a dictionary lies over a tensor")
    if width != (card.out if card.transcodes else card.width):
        raise UsageError(
            f"the dictionary {named} was trained on {card.width} coordinates of "
            f"{card.model or 'its model'} ({card.hook or 'no hook named'}), and {place.name} of "
            f"{target.name} has {width}"
        )
    name = f"{PREFIX}{place.name}"
    if name in target.sites:
        name = f"{name}.{named}"
    made = replace(
        place,
        name=name,
        units=card.latents,
        channels=1,
        readout="max" if place.grid is not None else "coordinate",
        floor=None if dictionary.signed else 0.0,
        gated=False,
        port="through" if card.transcodes else place.port,
        code=dictionary.to(target.device),
    )
    return target.add_site(made)


def _folders(folder: Path) -> Iterator[Path]:
    """The folders with dictionaries: this one, or those in it."""
    for one in [folder, *(sorted(folder.iterdir()) if folder.is_dir() else [])]:
        if (one / CONFIG).is_file() and any(
            (one / name).is_file() for name in (WEIGHTS, SPARSIFY_WEIGHTS)
        ):
            yield one
            if one == folder:
                return


def own_facts(card: Card) -> Mapping[str, Any]:
    """What a dictionary that was trained here says of itself; empty for others."""
    metadata = card.config.get("metadata")
    facts = metadata.get(OWN) if isinstance(metadata, dict) else None
    return facts if isinstance(facts, dict) else {}


def _same_model(target: Target, card: Card, named: str) -> None:
    facts = own_facts(card)
    there = facts.get("fingerprint")
    if isinstance(there, str) and not target.is_known_as(there):
        raise UsageError(
            f"the dictionary {named} was trained on {facts.get('target')} ({there[:16]}), not on "
            f"{target.name} ({target.fingerprint})"
        )


def _place(target: Target, card: Card, given: str | None, named: str) -> Site:
    """The site over whose tensor a dictionary lies."""
    own = own_facts(card).get("site")
    if given or isinstance(own, str):
        return target.site(given or str(own))
    hook = card.hook
    if not hook:
        raise UsageError(
            f"the dictionary {named} does not say where it belongs: write SITE={named}, with one "
            f"of {', '.join(list(target.sites)[:4])}, ..."
        )
    match = _LAYER.fullmatch(hook)
    if match and match[2] == "resid_pre":
        return target.site(f"{target.site(f'resid.{match[1]}').module}:in")
    if match and card.transcodes and (site := target.site(f"mlp_out.{match[1]}")):
        return target.site(site.module.rpartition(".")[0])
    if match and match[2] in _SITES:
        return target.site(f"{_SITES[match[2]]}.{match[1]}")
    paths = [path for path, _ in target.network.named_modules()]
    fits = [path for path in paths if path == hook or path.endswith(f".{hook}")]
    if not fits:
        raise UsageError(
            f"the dictionary {named} belongs at '{hook}', and {target.name} has no such place; "
            f"nearest: {nearest(hook, [path for path in paths if path])}; or write SITE={named}"
        )
    path = min(fits, key=len)
    same = [site for site in target.sites.values() if site.module == path and site.code is None]
    whole = [site for site in same if site.port == "output" and site.channels == 1]
    return whole[0] if whole else target.site(path)
