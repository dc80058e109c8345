"""The checks of a target: run, not assumed.

A second call gives what the first gave; a forward with hooks gives what one without gives; rows
padded to one length give what each gives alone; the parts of the residual stream add up; the heads
of sites are the heads of the network; a restart gives what a whole run gives. What fails says what
to write.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ...tools.data.windows import TokenRows, specials
from ...tools.errors import UsageError
from ...tools.models import Target
from ...tools.models.attention import heads_seen
from ...tools.models.probe import probe_ids
from ...tools.models.spec import split
from ...tools.models.trace import hooked
from ...tools.residual.exact import exact_trace

Status = Literal["ok", "note", "wrong"]
_PLACES = 8
_CLOSE = 1e-4


class Check(NamedTuple):
    """One thing that was tried."""

    name: str
    status: Status
    said: str
    """What was seen, and what to do where it is not as it should be."""


def rows_of(target: Target) -> Any:
    """Two rows of another length for a reader of text, else what the probe runs on."""
    if target.tokenizer is None or target.image is not None:
        return None
    plain = sorted(
        set(target.tokenizer.get_vocab().values()) - set(target.tokenizer.all_special_ids)
    )
    if not plain:
        raise UsageError(f"{target.name}: its tokenizer has special tokens only")
    before, after = specials(target.tokenizer)
    room = max(1, min(_PLACES, target.context_length) - len(before) - len(after))
    chosen = np.array(plain)[probe_ids(len(plain), room).numpy() % len(plain)]
    short = max(1, room // 2)
    ids = np.zeros((2, room + len(before) + len(after)), np.int32)
    attended = np.zeros(ids.shape, bool)
    for row, n in enumerate((room, short)):
        full = [*before, *chosen[:n].tolist(), *after]
        ids[row, : len(full)] = full
        attended[row, : len(full)] = True
    return TokenRows(ids, attended, attended)


def output_of(target: Target, rows: Any, sites: tuple[str, ...] = ()) -> torch.Tensor:
    """The output of a forward, `[row, ...]`; `sites` are read beside it."""
    if rows is None:
        assert target.probe is not None
        if not sites:
            return target.probe.output(2).float()
        with hooked(target.network, target.sites, list(sites), (), inputs=2):
            return target.probe.output(2).float()
    output = target.trace(rows, sites).output
    if output is None:
        raise UsageError(f"{target.name} gives no output")
    return output.float()


def checks_of(target: Target, rows: Any, first: torch.Tensor) -> Iterator[Check]:
    yield _finite(target, first)
    yield _compared(
        "a second call",
        lambda: output_of(target, rows),
        first,
        "the network changes between calls, or draws at random: no effect can be told from that; "
        "make forward a function of its input (and call .eval())",
    )
    if split(target.name).factory:
        yield _loaded_again(target)
    bad = [name for name in target.sites if not _readable(target, name)]
    names = tuple(name for name in target.sites if name not in bad)
    yield _compared(
        "a forward with hooks",
        lambda: output_of(target, rows, names),
        first,
        "reading sites changes the output: the network takes another way when it is hooked",
    )
    yield Check(
        "sites are read and written",
        "note" if bad else "ok",
        f"{len(names)} of {len(names) + len(bad)}"
        + (f"; not: {', '.join(bad[:5])}: {target.refused.get(bad[0], '')}" if bad else ""),
    )
    if rows is not None:
        yield _padding(target, rows, first)
        yield _adds_up(target, rows)
        if any(name.startswith("head.") for name in target.sites):
            yield _heads(target, rows)
        if target.kind == "causal":
            yield _restarts(target, rows)


def _finite(target: Target, output: torch.Tensor) -> Check:
    kind = torch.float32 if target.probe is None else target.probe.output(2).dtype
    if not kind.is_floating_point:
        said = f"it is {kind}, a choice: return the logits before it, or measure units alone"
        return Check("the output is finite", "wrong", said)
    wrong = int((~torch.isfinite(output)).sum())
    said = f"{wrong:,} of {output.numel():,} values are NaN or infinite" if wrong else "all values"
    return Check("the output is finite", "wrong" if wrong else "ok", said)


def _compared(name: str, run: Callable[[], torch.Tensor], to: torch.Tensor, advice: str) -> Check:
    error = _difference(run(), to)
    if error <= _CLOSE:
        return Check(name, "ok", f"gives the same (largest difference {error:.1g})")
    return Check(name, "wrong", f"differs by {error:.2g} of the output's size: {advice}")


def _loaded_again(target: Target) -> Check:
    """Whether the factory gives the same network each time it is called."""
    name = "loading it again"
    if Target.load(target.name, **target.options).fingerprint == target.fingerprint:
        return Check(name, "ok", "gives the same weights")
    return Check(
        name,
        "wrong",
        "gives other weights: no run could be gone on with; load trained ones (--weights FILE), or "
        "draw them under a seed (torch.manual_seed(0))",
    )


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference, relative to the largest value."""
    if one.shape != other.shape:
        return float("inf")
    scale = max(float(other.abs().nan_to_num().max()), 1e-12)
    return float((one - other).abs().nan_to_num(nan=0.0).max()) / scale


def _readable(target: Target, name: str) -> bool:
    try:
        target.site(name)
    except UsageError as error:
        target.refused[name] = str(error)
        return False
    return True


def _padding(target: Target, rows: Any, together: torch.Tensor) -> Check:
    """Whether the shorter row gives alone what it gives beside a longer one."""
    size = int(rows.attended[1].sum())
    if size == rows.ids.shape[1]:
        return Check("padding", "note", "rows have one length only: not tried")
    one = TokenRows(rows.ids[1:, :size], rows.attended[1:, :size], rows.counted[1:, :size])
    alone, beside = output_of(target, one), together[1:]
    if alone.ndim > 1 and alone.shape[1] == size != beside.shape[1]:
        beside = beside[:, :size]
    error = _difference(beside, alone)
    if error <= 10 * _CLOSE:
        return Check("padding", "ok", f"changes nothing (largest difference {error:.1g})")
    return Check(
        "padding",
        "wrong",
        f"a shorter row changes by {error:.2g} when a longer one stands beside it: what pads it is "
        "read; use texts of one length, or let forward take attention_mask",
    )


def _adds_up(target: Target, rows: Any) -> Check:
    name = "the residual stream adds up"
    if any(site.startswith(("mlp.", "head.")) for site in target.refused):
        return Check(name, "note", "sites of its blocks were refused, for the reasons above")
    if not any(site.startswith(("mlp.", "head.")) for site in target.sites):
        return Check(
            name,
            "note",
            "no blocks with mlp.N and head.N were found: name them with Model(blocks=..., "
            "sites=...); gradients and patching work without",
        )
    try:
        trace = exact_trace(target, rows)
    except UsageError as error:
        said = str(error).removeprefix(f"{target.name} ")
        return Check(name, "note", f"{said}; gradients and patching work without")
    if trace.architecture.post_norm:
        said = "carried through the norms behind them, with what these divided by kept (post-norm)"
        return Check(name, "ok", f"embeddings and all sub-updates, {said}")
    return Check(name, "ok", "embeddings and all sub-updates are the final residual")


def _heads(target: Target, rows: Any) -> Check:
    """Whether the heads of sites are those that the network's attention has."""
    name = "heads"
    size = int(rows.attended[0].sum())
    one = TokenRows(rows.ids[:1, :size], rows.attended[:1, :size], rows.counted[:1, :size])
    sites = [site for site in target.sites if site.startswith("head.")]
    seen = {site: heads_seen(target, one, site) for site in sites}
    for site, found in seen.items():
        if found is None or found.order is None:
            said = f"the attention of {site} is not seen: that its heads are so is taken on trust"
            return Check(name, "note", f"{said}; patterns of attention cannot be told")
        declared = target.sites[site].units
        if found.heads != declared:
            said = f"{site} is cut into {declared} heads, but its attention has {found.heads}: "
            return Check(name, "wrong", f"{said}write Model(heads={found.heads})")
        if found.order == "channel" and declared > 1:
            said = f"{site} reads the channels of its {declared} heads mixed: of each channel all "
            advice = "heads, so that one unit is a bit of every head; let forward put the channels "
            return Check(name, "wrong", f"{said}{advice}of a head side by side")
    error = max(_parts_apart(target, one, site) for site in sites)
    if error > _CLOSE:
        said = f"what the heads write misses what the attention writes by {error:.2g} of its size"
        return Check(name, "wrong", f"{said}: ablating a head would not take out what it adds")
    each = ", ".join(sorted({str(found.heads) for found in seen.values() if found is not None}))
    said = f"{each} a block, as its attention has; what they write adds up to its output"
    return Check(name, "ok", f"{said} (off by {error:.1g})")


def _parts_apart(target: Target, rows: Any, site: str) -> float:
    """How far what single heads write is from what the output projection gives, relative: it is run
    on each head alone, and on none, whose output is the bias."""
    there, out = target.sites[site], f"attn_out.{site.partition('.')[2]}"
    if out not in target.sites:
        return 0.0
    with torch.no_grad():
        values = target.trace(rows, [site, out], output=False).values
        z = values[site].reshape(*values[site].shape[:2], there.units, -1)
        project = target.network.get_submodule(there.module)
        bias = project(torch.zeros_like(z.flatten(2)))
        total = bias.clone()
        for head in range(there.units):
            alone = torch.zeros_like(z)
            alone[:, :, head] = z[:, :, head]
            total += project(alone.flatten(2)) - bias
    return _difference(total.float(), values[out].float())


def _restarts(target: Target, rows: Any) -> Check:
    name = "a run that starts in the middle"
    one = TokenRows(rows.ids[:1], rows.attended[:1], rows.counted[:1])
    try:
        target.cache(one)  # checks itself
    except UsageError as error:
        said = str(error).removeprefix(f"{target.name} ")
        return Check(name, "note", f"{said}; whole runs take longer")
    return Check(name, "ok", "gives what a whole run gives")
