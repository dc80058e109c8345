"""A target: the network under study, its tokenizer and its sites."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError, nearest
from .intervention import Intervention
from .site import Site
from .trace import Trace, hooked
from .unit import Unit

Kind = Literal["causal", "encoder", "module"]


class Inputs(Protocol):
    """What a target reads: rows of token ids, right-padded."""

    @property
    def ids(self) -> np.ndarray:
        """`[input, place]` int32."""
        ...

    @property
    def attended(self) -> np.ndarray:
        """`[input, place]` bool: not padding."""
        ...


class Target:
    """A network with named sites, read and changed through plain PyTorch hooks.

    One forward at a time: a lock makes it safe to share a target between threads.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        kind: Kind,
        sites: Mapping[str, Site],
        tokenizer: Any = None,
        body: nn.Module | None = None,
        context_length: int = 512,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.name = name
        self.kind: Kind = kind
        self.tokenizer = tokenizer
        self.sites: dict[str, Site] = dict(sites)
        self.body = body if body is not None else network
        """The network without its vocabulary head: enough where only activations are wanted."""
        self.context_length = context_length
        self.refused = dict(refused or {})
        """Sites that this network ought to have and cannot give, with the reason."""
        self._lock = threading.RLock()

    @staticmethod
    def load(name: str, **options: Any) -> "Target":
        """Loads a target by name, folder, Hugging Face id or `path/to/file.py:factory`."""
        from .load import load

        return load(name, **options)

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        return next(self.network.parameters()).device

    @property
    def fingerprint(self) -> str:
        """A hash of the weights: the same for the same model, wherever it lies."""
        digest = hashlib.sha256()
        for key, weight in sorted(self.network.state_dict().items()):
            digest.update(f"{key}{tuple(weight.shape)}{weight.dtype}".encode())
            step = max(1, weight.numel() // 64)
            sample = weight.detach().flatten()[::step][:64].float().cpu().numpy()
            digest.update(np.ascontiguousarray(sample).tobytes())
        return digest.hexdigest()[:16]

    def site(self, name: str) -> Site:
        """The site of that name.

        Raises:
            UsageError: if there is none; names the nearest ones, or why it cannot be reached.
        """
        if name in self.sites:
            return self.sites[name]
        if name in self.refused:
            raise UsageError(f"{self.name} has no usable site '{name}': {self.refused[name]}")
        raise UsageError(f"{self.name} has no site '{name}'; nearest: {nearest(name, self.sites)}")

    def unit(self, text: str | Unit) -> Unit:
        """Parses a unit and checks that this target has it."""
        unit = Unit.parse(text) if isinstance(text, str) else text
        site = self.site(unit.site)
        if not 0 <= unit.index < site.units:
            raise UsageError(
                f"{unit}: site {site.name} of {self.name} has units 0 to {site.units - 1}"
            )
        return unit

    def trace(
        self,
        inputs: Inputs,
        sites: Sequence[str] = (),
        *,
        interventions: Sequence[Intervention] = (),
        output: bool = True,
    ) -> Trace:
        """One forward pass.

        Args:
            inputs: Token rows.
            sites: Names of the sites to return.
            interventions: Changes to carry, in order.
            output: Whether to compute the output too; without it the vocabulary head is skipped.
        """
        for name in [*sites, *(intervention.site for intervention in interventions)]:
            self.site(name)
        with (
            self._lock,
            torch.no_grad(),
            hooked(self.network, self.sites, sites, interventions) as values,
        ):
            raw = self._forward(inputs, output=output)
        return Trace(values, raw)

    def activations(self, inputs: Inputs, units: Sequence[Unit]) -> Tensor:
        """The units' scalars, signed: `[unit, input, place]`."""
        names = list(dict.fromkeys(unit.site for unit in units))
        values = self.trace(inputs, names, output=False).values
        return torch.stack(
            [
                unit.sign * self.sites[unit.site].scalar(values[unit.site][:, :, unit.index])
                if self.sites[unit.site].channels == 1
                else unit.sign
                * torch.linalg.vector_norm(values[unit.site][:, :, unit.index], dim=-1)
                for unit in units
            ]
        )

    def _forward(self, inputs: Inputs, *, output: bool) -> Tensor | None:
        ids = torch.as_tensor(np.asarray(inputs.ids), dtype=torch.long, device=self.device)
        attended = torch.as_tensor(np.asarray(inputs.attended), device=self.device)
        full = bool(attended.all())
        options: dict[str, Any] = {} if full else {"attention_mask": attended.long()}
        if self.kind == "causal":
            network = self.network if output else self.body
            result = network(input_ids=ids, use_cache=False, **options)
            return result.logits if output else None
        result = self.network(input_ids=ids, **options)
        if not output:
            return None
        if self.kind == "encoder":
            hidden = result.last_hidden_state  # [input, place, d]
            weight = attended[..., None].to(hidden)
            return (hidden * weight).sum(1) / weight.sum(1)
        return result
