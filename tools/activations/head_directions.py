"""Heads read along what they write: `along.2/5` is head 5 of block 2 along one direction.

The norm of a head (`head.2/5`) says how much it writes, not what. Here a head is read along the
first principal direction of its output over explore (or one that is given): the scalar is the
projection of the output less its mean. The sign is that of the longer tail. A write changes the
head along that direction alone (see `Site.code`).
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows, batches
from ..errors import UsageError
from ..io.files import read_whole
from ..models import Target
from ..models.site import Site

PREFIX = "along."
_ROWS = 64
_MOST_BYTES = 1 << 24


class HeadDirections(NamedTuple):
    """One direction a head, as a dictionary over the input of the output projection."""

    directions: Tensor
    """`[head, channel]`, of length 1."""
    mean: Tensor
    """`[head, channel]`."""

    @property
    def fingerprint(self) -> str:
        """A hash of the directions and means."""
        parts = (self.directions, self.mean)
        whole = b"".join(part.float().cpu().numpy().tobytes() for part in parts)
        return hashlib.sha256(whole).hexdigest()[:16]

    def encode(self, raw: Tensor) -> Tensor:
        """`[..., d]` to `[..., head]`."""
        heads = raw.unflatten(-1, self.directions.shape) - self.mean.to(raw)
        return (heads * self.directions.to(raw)).sum(-1)

    def decode(self, values: Tensor) -> Tensor:
        """`[..., head]` to `[..., d]`."""
        return (values[..., None] * self.directions.to(values)).flatten(-2)


def offer_head_directions(target: Target, explore: TokenWindows, given: str | None = None) -> None:
    """From here on the target has `along.N`, each found on explore when it is first asked for.

    Args:
        target: Sites of this kind that it had of other data are gone.
        explore: Rows without tokens offer nothing.
        given: Directions instead of those that are found, as `read_directions` reads them.

    Raises:
        UsageError: if a direction cannot be read, or is of no head of the target.
    """
    for name in along_sites(list(target.sites)):
        del target.sites[name]
    target.derive = None
    directions = read_directions(given)
    for head in directions:
        target.unit(head)  # says what is near
    if not isinstance(explore, TokenWindows):
        return

    def derive(name: str) -> Site | None:
        if not name.startswith(PREFIX):
            return None
        add_head_directions(target, explore, [name], given=directions)
        return target.sites[name]

    target.derive = derive


def along_sites(names: Sequence[str]) -> list[str]:
    """The sites of this kind among the sites of units, each once."""
    return list(dict.fromkeys(name for name in names if name.startswith(PREFIX)))


def read_directions(text: str | None) -> dict[str, Tensor]:
    """Reads `head.2/5=FILE,head.2/6=FILE`: a .npy or .safetensors of one vector `[channel]` each.

    Raises:
        UsageError: if it is no such list, or a file holds anything else.
    """
    result = {}
    for part in filter(None, (text or "").split(",")):
        head, equals, name = (one.strip() for one in part.partition("="))
        if not (head.startswith("head.") and equals and name):
            raise UsageError(f"--direction '{part}' is not HEAD=FILE, such as head.2/5=probe.npy")
        try:
            vector = _vector(Path(name).expanduser())
        except Exception as error:  # a file that anybody made
            raise UsageError(
                f"--direction {name} is no .npy or .safetensors file of one vector: {error}"
            ) from error
        if not (bool(vector.isfinite().all()) and float(vector.norm()) > 0):
            raise UsageError(f"--direction {name}: the vector is zero or not finite")
        result[head] = vector
    return result


def _vector(path: Path) -> Tensor:
    content = read_whole(path, _MOST_BYTES)
    if path.suffix == ".safetensors":
        from safetensors.torch import load

        tensors = list(load(content).values())
    else:
        tensors = [torch.as_tensor(np.load(io.BytesIO(content), allow_pickle=False))]
    if len(tensors) != 1 or tensors[0].ndim != 1:
        raise ValueError(f"it holds {', '.join(str(list(t.shape)) for t in tensors) or 'nothing'}")
    return tensors[0].float()


def add_head_directions(
    target: Target,
    windows: TokenWindows,
    sites: Sequence[str],
    *,
    given: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Adds sites of heads read along a direction.

    Args:
        target: Gets the sites.
        windows: Explore: where the directions are found.
        sites: Such as `along.2`.
        given: Directions `[channel]` by head, `head.2/5`, instead of those that are found.

    Returns:
        By site, the share of each head's variance that lies along its direction, `[head]`.

    Raises:
        UsageError: if there are no such heads, or a direction has another size.
    """
    shares = {}
    for name in sites:
        head = target.site(f"head.{name.removeprefix(PREFIX)}")
        if head.channels < 2:
            raise UsageError(f"{head.name} has one channel a head, which is its direction already")
        outputs = _outputs(target, windows, head.name)  # [place, head, channel]
        mean = outputs.mean(0)
        centred = outputs - mean
        squares = torch.einsum("phc,phd->hcd", centred, centred)
        directions = torch.linalg.eigh(squares).eigenvectors[..., -1]  # [head, channel]
        skew = torch.einsum("phc,hc->ph", centred, directions).pow(3).sum(0)
        directions = directions * torch.where(skew < 0, -1.0, 1.0)[:, None]
        for unit in range(head.units):
            one = (given or {}).get(f"{head.name}/{unit}")
            if one is not None and one.shape != directions[unit].shape:
                raise UsageError(
                    f"the direction of {head.name}/{unit} has the shape {list(one.shape)}; it has "
                    f"{head.channels} channels"
                )
            directions[unit] = directions[unit] if one is None else one / one.norm()
        along = torch.einsum("hc,hcd,hd->h", directions, squares, directions)
        shares[name] = along / squares.diagonal(dim1=-2, dim2=-1).sum(-1).clamp(min=1e-30)
        code = HeadDirections(directions.to(target.device), mean.to(target.device))
        target.add_site(replace(head, name=name, channels=1, readout="coordinate", code=code))
    return shares


def _outputs(target: Target, windows: TokenWindows, site: str) -> Tensor:
    """Outputs of the heads at all counted places, float32 `[place, head, channel]`."""
    parts: list[Tensor] = []
    for _, rows in batches(windows, _ROWS):
        short = rows.trimmed()
        values = target.trace(short, [site], output=False).values[site].float().cpu()
        parts.append(values[torch.as_tensor(short.counted)])
    return torch.cat(parts)
