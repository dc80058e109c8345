"""Reads how a transformer's blocks add up, from a probe run rather than from class names.

1. The probe run has recorded what every module takes and gives. The attention output projection
   and the down-projection of a block are known as sites.
2. A norm that takes exactly the output of a projection belongs to the sub-update (Gemma-2 and -3,
   OLMo-2): the sub-update is what that norm gives.
3. If input + attention + MLP is the block's output, the block is additive. The MLP then reads the
   input with the attention's sub-update (the usual order) or without it (parallel attention:
   GPT-NeoX, GPT-J, Phi), whichever its first linear map or the norm before it takes.
4. If the output is norm(norm(input + attention) + MLP), the block is post-norm (BERT).
5. Anything else is refused: nothing is assumed about what was not seen to add up.
"""

import weakref
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..models import Target
from ..models.probe import Seen, bare, is_leaf
from .norms import Norm, read_norm


@dataclass(frozen=True, eq=False)
class Write:
    """A projection that writes into the residual stream."""

    path: str
    module: nn.Module
    transposed: bool
    """Whether the weight is `[d, unit]` (Linear) and not `[unit, d]` (GPT-2's Conv1D)."""
    after: Norm | None
    """A norm that the projection's output passes before it is added."""
    silent: bool = False
    """All its weights are zero (a network of attention alone): it has no units to speak of."""

    def rows(self, units: Tensor | slice = slice(None)) -> Tensor:
        """`[unit, d]` float32: what each unit writes at activation 1, before `after`."""
        weight = self.module.get_parameter("weight")
        if self.silent:
            return weight.new_zeros(0, weight.shape[0 if self.transposed else 1]).float()
        rows = weight[:, units].T if self.transposed else weight[units]
        return rows.float()

    @property
    def bias(self) -> Tensor | None:
        """`[d]` float32."""
        bias = getattr(self.module, "bias", None)
        return bias.float() if isinstance(bias, Tensor) else None


@dataclass(frozen=True, eq=False)
class Block:
    """How one block adds up."""

    number: int
    attention: Write
    mlp: Write
    attention_reads: Norm | None
    """The norm between the layer input and the attention."""
    mlp_reads: Norm | None
    """The norm between the residual and the MLP."""
    parallel: bool
    """The MLP reads the layer input, not the residual behind the attention."""
    stream: tuple[Norm, Norm] | None
    """Post-norm: the norms of the stream after attention and after MLP."""
    inner: str
    """Path of the linear map that leads to the neurons; in a gated MLP the ungated one."""
    offset: int
    """The output of that map that leads to neuron 0: above 0 where gate and it are one map."""


@dataclass(frozen=True, eq=False)
class Architecture:
    """How a network adds up."""

    blocks: tuple[Block, ...]
    embeddings: str
    """The site of the first block's input."""
    final: Norm | None
    """The norm behind the last block."""
    width: int
    memo: dict[str, object] = field(default_factory=dict)
    """What was measured once on this network."""

    @property
    def post_norm(self) -> bool:
        """Whether norms stand in the stream itself, so that it is no plain sum."""
        return self.blocks[0].stream is not None


_READ: "weakref.WeakKeyDictionary[Target, Architecture]" = weakref.WeakKeyDictionary()


def read_architecture(target: Target) -> Architecture:
    """How a target adds up; measured once.

    Raises:
        UsageError: if it is no transformer of whose blocks that could be seen.
    """
    if target not in _READ:
        with target.lock:
            _READ[target] = _read(target)
    return _READ[target]


def _read(target: Target) -> Architecture:
    probe = target.probe
    if probe is None or not probe.blocks:
        raise UsageError(
            f"{target.name} has no exact trace: it is not a transformer with blocks; use trace"
        )
    try:
        blocks = []
        while f"{probe.blocks}.{len(blocks)}" in probe.seen:
            blocks.append(_Reader(target, len(blocks)).block())
        last = probe.seen[f"{probe.blocks}.{len(blocks) - 1}"]
        width = int(_flat(last.gave).shape[-1])
        final = _norm_of(_Reader.outside(target, _flat(last.gave)), width, target)
    finally:
        probe.forget()
    if len({block.stream is None for block in blocks}) > 1:
        raise _refused(target, "some of its blocks are post-norm and some are not")
    return Architecture(tuple(blocks), f"{probe.blocks}.0:in", final, width)


class _Reader:
    """One block of the probe run."""

    def __init__(self, target: Target, number: int) -> None:
        assert target.probe is not None
        self.target, self.number = target, number
        self.seen = target.probe.seen
        self.path = f"{target.probe.blocks}.{number}"
        whole = self.seen[self.path]
        self.given, self.gave = _flat(whole.given), _flat(whole.gave)
        assert whole.gave is not None
        self.step = 1e-4 if torch.finfo(whole.gave.dtype).eps < 1e-6 else 2e-2
        self.width = self.gave.shape[-1]
        inside = [s for s in self.seen.values() if s.path.startswith(self.path + ".")]
        self.inside = sorted(inside, key=lambda s: s.order)
        self.norms = [s for s in self.inside if _is_norm(s, self.width)]

    @staticmethod
    def outside(target: Target, final: Tensor) -> Seen | None:
        """The norm behind the last block: the one outside the blocks that takes its output."""
        assert target.probe is not None
        for seen in target.probe.seen.values():
            inner = seen.path.startswith(target.probe.blocks + ".")
            if not inner and _is_norm(seen, final.shape[-1]) and _equal(seen.given, final):
                return seen
        return None

    def block(self) -> Block:
        given = self.given
        attention, attended = self._write("attn_out")
        mlp, written = self._write("mlp_out")
        if not given.shape == self.gave.shape == attended.shape == written.shape:
            raise self._no("it does not carry one residual stream")
        inner, offset = self._inner(mlp.path)
        reads = self._before(_flat(inner.given))
        source = _flat(inner.given if reads is None else reads.given)
        stream: tuple[Norm, Norm] | None = None
        parallel = False
        if _close(given + attended + written, self.gave, self.step):
            parallel = _apart(source, given) < _apart(source, given + attended)
            if not _close(source, given if parallel else given + attended, self.step):
                raise self._no("its MLP reads neither the residual nor the layer input")
        else:
            stream = self._stream(given + attended, written)
            if stream is None:
                raise self._no("it does not add up: output is not input + attention + MLP")
        entry = self._entry()
        return Block(
            self.number,
            attention,
            mlp,
            self._norm(entry),
            None if stream is not None else self._norm(reads),
            parallel,
            stream,
            inner.path,
            offset,
        )

    def _write(self, kind: str) -> tuple[Write, Tensor]:
        """A projection, and its sub-update in the probe run."""
        site = self.target.sites.get(f"{kind}.{self.number}")
        if site is None or site.code is not None:
            why = self.target.refused.get(f"{kind}.{self.number}", "it has no such site")
            raise self._no(f"{kind}: {why}")
        seen = self.seen[site.module]
        weight = getattr(seen.module, "weight", None)
        if not isinstance(weight, Tensor) or weight.ndim != 2 or not weight.is_floating_point():
            raise self._no(f"'{site.module}' has no plain matrix of weights")
        given, gave = _flat(seen.given), _flat(seen.gave)
        own = weight.detach().float().cpu()
        bias = getattr(seen.module, "bias", None)
        shift = bias.detach().float().cpu() if isinstance(bias, Tensor) else 0.0
        fits = [
            turned
            for turned in (True, False)
            if own.shape[1 if turned else 0] == given.shape[1]
            and own.shape[0 if turned else 1] == gave.shape[1]
            and _close(given @ (own.T if turned else own) + shift, gave, self.step)
        ]
        if not fits:
            raise self._no(f"'{site.module}' is not a plain linear map")
        after = next((s for s in self.norms if _equal(s.given, gave)), None)
        out = gave if after is None else _flat(after.gave)
        units = f"mlp.{self.number}"
        silent = kind == "mlp_out" and units not in self.target.sites
        if silent and bool(own.any()):
            raise self._no(f"{units}: {self.target.refused.get(units, 'it has no such site')}")
        return Write(site.module, seen.module, fits[0], self._norm(after), silent), out

    def _inner(self, down: str) -> tuple[Seen, int]:
        """The linear map that leads to the neurons, and its output for neuron 0."""
        attention = self._attention()
        order = self.seen[down].order
        size = _flat(self.seen[down].given).shape[-1]
        result = [
            seen
            for seen in self.inside
            if seen.order < order
            and not seen.path.startswith(attention)
            and _matrix(seen)
            and seen.gave is not None
            and seen.gave.shape[-1] in (size, 2 * size)
        ]
        if not result:
            raise self._no("no linear map leads to its neurons")
        bent = [_flat(s.given) for s in self.inside if s.given is not None and bare(s.module)]
        for seen in result:
            gave = _flat(seen.gave)
            if gave.shape[1] == 2 * size:
                first = any(torch.equal(gave[:, :size], g) for g in bent if g.shape[1] == size)
                return seen, size if first else 0
        free = [s for s in result if not any(_equal(s.gave, given) for given in bent)]
        return (free or result)[0], 0

    def _attention(self) -> str:
        """Path of the attention part, with a dot behind it."""
        out = self.target.sites[f"attn_out.{self.number}"].module
        parts = out.removeprefix(self.path + ".").split(".")
        return f"{self.path}.{parts[0]}." if len(parts) > 1 else f"{out}."

    def _entry(self) -> Seen | None:
        """The norm between the layer input and the attention."""
        attention = self._attention()
        inside = [s for s in self.inside if s.path.startswith(attention)]
        for seen in inside:
            if _matrix(seen):
                return self._before(_flat(seen.given))
        return None

    def _before(self, given: Tensor) -> Seen | None:
        """The norm whose output is this tensor."""
        return next((s for s in self.norms if _equal(s.gave, given)), None)

    def _stream(self, first: Tensor, written: Tensor) -> tuple[Norm, Norm] | None:
        """The two norms of a post-norm block."""
        one = next((s for s in self.norms if _close(_flat(s.given), first, self.step)), None)
        if one is None:
            return None
        second = _flat(one.gave) + written
        two = next((s for s in self.norms if _close(_flat(s.given), second, self.step)), None)
        if two is None or not _close(_flat(two.gave), self.gave, self.step):
            return None
        norms = self._norm(one), self._norm(two)
        assert norms[0] is not None
        assert norms[1] is not None
        return norms[0], norms[1]

    def _norm(self, seen: Seen | None) -> Norm | None:
        return _norm_of(seen, self.width, self.target)

    def _no(self, why: str) -> UsageError:
        return _refused(self.target, f"block {self.number}: {why}")


def _norm_of(seen: Seen | None, width: int, target: Target) -> Norm | None:
    if seen is None:
        return None
    made = read_norm(seen.path, seen.module, int(width))
    if made is None:
        raise _refused(target, f"'{seen.path}' is neither a LayerNorm nor an RMSNorm")
    return made


def _refused(target: Target, why: str) -> UsageError:
    return UsageError(f"{target.name} has no exact trace: {why}; use trace and interventions")


def _is_norm(seen: Seen, width: int) -> bool:
    return (
        "norm" in type(seen.module).__name__.lower()
        and is_leaf(seen.module)
        and seen.given is not None
        and seen.gave is not None
        and seen.given.shape == seen.gave.shape
        and seen.given.shape[-1] == width
    )


def _matrix(seen: Seen) -> bool:
    weight = getattr(seen.module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2 and seen.given is not None


def _flat(raw: Tensor | None) -> Tensor:
    """`[input * place, d]` float32 on the CPU."""
    assert raw is not None
    return raw.detach().float().cpu().reshape(-1, raw.shape[-1])


def _equal(raw: Tensor | None, flat: Tensor) -> bool:
    if raw is None:
        return False
    mine = _flat(raw)
    return mine.shape == flat.shape and torch.equal(mine, flat)


def _apart(one: Tensor, other: Tensor) -> float:
    """Distance relative to the second."""
    return float((one - other).norm() / other.norm().clamp(min=1e-30))


def _close(one: Tensor, other: Tensor, step: float) -> bool:
    """Equal up to rounding; a part left out is far outside."""
    return one.shape == other.shape and _apart(one, other) <= step
