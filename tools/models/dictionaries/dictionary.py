"""A dictionary: a learnt sparse code over one tensor of a network.

    a = f(W_enc (norm(x) - b_dec) + b_enc)          x^ = norm^-1(W_dec a + b_dec) (+ W_skip x)

f is named by the architecture:

    standard           max(p, 0)
    topk               the k largest of p, or of p times the norms of W_dec (`by_norm`), if above 0
    abstopk            the k of largest size, with their sign
    groupmax           the largest of each of k equal groups, if above 0
    jumprelu           p where p > threshold and p > 0
    gated              max(e^r_mag (W_enc z) + b_mag, 0) where W_enc z + b_gate > 0
    matching_pursuit   the atom of largest projection is taken from what is left, again and again

A transcoder's decoder gives another tensor than the encoder reads: a module's input is encoded,
its output is decoded. Weights have the names and shapes that SAELens gives them (W_enc
`[width, latent]`, W_dec `[latent, out]`), computations are those of its version 6.54 and of
sparsify, checked against both.

Pre-activations are computed for some places at a time, so that what is in memory beyond the
weights are the active entries.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from ..site import Entries

Normalise = Literal["none", "constant_norm", "layer_norm"]
ARCHITECTURES = (
    "standard",
    "topk",
    "abstopk",
    "groupmax",
    "jumprelu",
    "gated",
    "matching_pursuit",
)
_ROOM = 1 << 22  # pre-activations in memory at a time: 16 MB
_EPS = 1e-5  # of the layer norm, as SAELens has it


@dataclass(frozen=True)
class Card:
    """What a dictionary is, beside its weights."""

    architecture: str
    """One of `ARCHITECTURES`."""
    width: int
    """Of the tensor that is encoded."""
    latents: int
    out: int
    """Width of the tensor that is decoded; `width` but for transcoders."""
    k: int = 0
    """Latents of a place: `topk`, `abstopk`, `groupmax`; at most, of `matching_pursuit`."""
    minus_bias: bool = True
    """b_dec is taken from the input before it is encoded."""
    normalise: Normalise = "none"
    """What is done to the input, and undone behind the decoder."""
    by_norm: bool = False
    """Pre-activations are multiplied by the norms of the decoder's rows."""
    transcodes: bool = False
    tolerance: float = 0.0
    """Length of what is left at which `matching_pursuit` stops."""
    revisits: bool = False
    """`matching_pursuit` goes on where it takes an atom that it has taken."""
    hook: str = ""
    """Where it belongs, as whoever trained it wrote it: `blocks.5.hook_resid_post`, `layers.5`."""
    model: str = ""
    """The network it was trained on, as whoever trained it wrote it."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The configuration as its file has it, so that writing gives the same file."""
    kind: Literal["saelens", "sparsify"] = "saelens"
    """The format of its folder."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A card with its weights."""

    card: Card
    weights: Mapping[str, Tensor]
    """By SAELens's names; W_enc `[width, latent]`, W_dec `[latent, out]`, biases `[latent]` or
    `[out]`; W_skip `[out, width]`."""
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    """Further tensors of its file, which are written back."""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the card and every weight; 16 hex digits."""
        card = self.card
        digest = hashlib.sha256(
            f"{card.architecture}{card.k}{card.minus_bias}{card.normalise}{card.by_norm}".encode()
        )
        for name, tensor in sorted(self.weights.items()):
            digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()[:16]

    def to(self, where: torch.device | torch.dtype) -> "Dictionary":
        """The same on a device, or in a number type."""
        moved = {name: tensor.to(where) for name, tensor in self.weights.items()}
        return Dictionary(self.card, moved, self.extra)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.weights["W_dec"].dtype

    @property
    def signed(self) -> bool:
        """Whether latents can be negative."""
        return self.card.architecture == "abstopk"

    def encode(self, raw: Tensor) -> Tensor:
        """All latents, zeros among them: `[..., width]` to `[..., latent]`."""
        flat = self.input_of(raw).reshape(-1, self.card.width)
        out = flat.new_zeros(len(flat), self.card.latents, dtype=self.dtype)
        for start, part in self._parts(flat):
            out[start : start + len(part)] = self._active(part)
        return out.reshape(*raw.shape[:-1], self.card.latents)

    def columns(self, raw: Tensor, chosen: Tensor) -> Tensor:
        """Some latents: `[..., width]` to `[..., chosen]`."""
        flat = self.input_of(raw).reshape(-1, self.card.width)
        parts = [self._active(part)[:, chosen] for _, part in self._parts(flat)]
        return torch.cat(parts).reshape(*raw.shape[:-1], len(chosen))

    def entries(self, raw: Tensor) -> Entries:
        """The active latents of `[place, width]`, by place."""
        flat = self.input_of(raw)
        places, latents, values = [], [], []
        for start, part in self._parts(flat):
            if self.card.architecture in ("topk", "abstopk"):
                kept, best = self._largest(part)  # [place, k]
                place, which = kept.nonzero(as_tuple=True)
                latent, value = best[place, which], kept[place, which]
            else:
                active = self._active(part)
                place, latent = active.nonzero(as_tuple=True)
                value = active[place, latent]
            places.append(place + start)
            latents.append(latent)
            values.append(value)
        return Entries(torch.cat(places), torch.cat(latents), torch.cat(values))

    def decode(self, values: Tensor) -> Tensor:
        """`[..., latent]` to `[..., out]`, without what undoes the norm."""
        return self._summed(values.to(self.dtype)) + self._shift

    def reconstruct(self, raw: Tensor) -> Tensor:
        """What the dictionary makes of a tensor: `[..., width]` to `[..., out]`.

        Of transcoders `raw` is what is encoded alone, or with what is decoded behind it.
        """
        given = self.input_of(raw)
        flat = given.reshape(-1, self.card.width)
        parts = [self._summed(self._active(part)) + self._shift for _, part in self._parts(flat)]
        out = torch.cat(parts).reshape(*raw.shape[:-1], self.card.out)
        if "W_skip" in self.weights:
            out = out + given.to(self.dtype) @ self.weights["W_skip"].T
        return out if self.card.transcodes else self._undone(out, given)

    def change(self, raw: Tensor, values: Tensor) -> Tensor:
        """What new values of the latents add to what is decoded: `[..., out]`.

        Args:
            raw: `[..., width]`; of transcoders with what is decoded behind it, which gets the
                change.
            values: `[..., latent]`.
        """
        given = self.input_of(raw)
        moved = self._summed(values.to(self.dtype) - self.encode(raw))
        if self.card.transcodes:
            return torch.cat([torch.zeros_like(given), moved.to(given.dtype)], -1)
        return moved * self._scale(given.to(self.dtype))

    @cached_property
    def rows(self) -> Tensor:
        """What one of each latent adds, `[latent, out]`, before the norm of the input is undone."""
        rows = self.weights["W_dec"]
        if self.card.by_norm:
            rows = rows * self._norms.reciprocal()[:, None]
        if "scaling_factor" in self.weights:  # learnt after training, for the decoder alone
            rows = rows * self.weights["scaling_factor"][:, None]
        return rows

    def input_of(self, raw: Tensor) -> Tensor:
        """What is encoded of a tensor that may hold what is decoded behind it."""
        return raw[..., : self.card.width] if self.card.transcodes else raw

    def _parts(self, flat: Tensor) -> Iterator[tuple[int, Tensor]]:
        step = max(1, _ROOM // self.card.latents)
        for start in range(0, max(1, len(flat)), step):
            yield start, self._prepared(flat[start : start + step].to(self.dtype))

    def _prepared(self, x: Tensor) -> Tensor:
        if self.card.normalise == "constant_norm":
            x = x / self._scale(x)
        elif self.card.normalise == "layer_norm":
            x = (x - x.mean(-1, keepdim=True)) / (self._scale(x) + _EPS)
        return x - self.weights["b_dec"] if self.card.minus_bias else x

    def _scale(self, x: Tensor) -> Tensor | float:
        """What the decoded is multiplied with to undo the norm of the input, `[..., 1]`."""
        if self.card.normalise == "constant_norm":
            return x.norm(dim=-1, keepdim=True) / self.card.width**0.5
        if self.card.normalise == "layer_norm":
            return x.std(dim=-1, keepdim=True)
        return 1.0

    def _undone(self, out: Tensor, raw: Tensor) -> Tensor:
        x = raw.to(self.dtype)
        out = out * self._scale(x)
        return out + x.mean(-1, keepdim=True) if self.card.normalise == "layer_norm" else out

    @property
    def _shift(self) -> Tensor | float:
        """The decoder's bias; a pursuit that took none away gives none back."""
        pursues = self.card.architecture == "matching_pursuit"
        return 0.0 if pursues and not self.card.minus_bias else self.weights["b_dec"]

    @cached_property
    def _norms(self) -> Tensor:
        return self.weights["W_dec"].norm(dim=-1)  # [latent]

    def _summed(self, values: Tensor) -> Tensor:
        """The decoder's sum without its bias, `[..., out]`."""
        return values @ self.rows

    def _active(self, z: Tensor) -> Tensor:
        """Activations of prepared inputs, `[place, latent]`."""
        weights, kind, k = self.weights, self.card.architecture, self.card.k
        if kind == "matching_pursuit":
            return _pursuit(z, weights["W_dec"], self.card)
        if kind == "gated":
            linear = z @ weights["W_enc"]
            size = linear * weights["r_mag"].exp() + weights["b_mag"]
            return size.relu() * (linear + weights["b_gate"] > 0)
        if kind in ("topk", "abstopk"):
            kept, best = self._largest(z)
            return kept.new_zeros(len(z), self.card.latents).scatter_(-1, best, kept)
        pre = z @ weights["W_enc"] + weights["b_enc"]
        if kind == "standard":
            return pre.relu()
        if kind == "jumprelu":
            return pre.relu() * (pre > weights["threshold"])
        if kind == "groupmax":
            grouped = pre.relu().unflatten(-1, (k, -1))  # [place, k, latent of a group]
            best = grouped.argmax(-1, keepdim=True)
            return torch.zeros_like(grouped).scatter_(-1, best, grouped.gather(-1, best)).flatten(1)
        raise AssertionError(kind)

    def _largest(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Of `topk` and `abstopk`: the k largest and which they are, `[place, k]`."""
        pre = torch.addmm(self.weights["b_enc"], z, self.weights["W_enc"])
        if self.card.by_norm:
            pre *= self._norms
        if self.card.architecture == "topk":
            kept, best = pre.topk(self.card.k, -1, sorted=False)
            return kept.relu(), best
        best = pre.abs().topk(self.card.k, -1, sorted=False).indices
        return pre.gather(-1, best), best


def _pursuit(z: Tensor, atoms: Tensor, card: Card) -> Tensor:
    """Codes by matching pursuit (Mallat and Zhang 1993), `[place, latent]`.

    1. Of each place, the atom with the largest projection on what is left joins the code with it.
    2. A place is done when what is left is shorter than the tolerance, when an atom that is in its
       code comes again (unless `revisits`), or after `k` steps.
    """
    codes = z.new_zeros(len(z), len(atoms))
    left, running = z.clone(), torch.arange(len(z), device=z.device)
    for _ in range(card.k or card.width):
        if not len(running):
            break
        projections = (left[running] @ atoms.T).relu()
        value, atom = projections.max(-1)
        again = codes[running, atom] != 0
        codes[running, atom] += value
        left[running] -= value[:, None] * atoms[atom]
        on = left[running].norm(dim=-1) > card.tolerance
        running = running[on if card.revisits else on & ~again & (value > 0)]
    return codes
