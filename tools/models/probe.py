"""The probe run: what passes through every module, and whether sites can be trusted.

1. One small forward of a few rows records, for every module, the shapes it takes and gives, how
   often it runs and in which order.
2. From the shapes, the layout of any module path follows, or the reason why it is no site.
3. Sites are verified: writing back what was read must leave the output as it was (all sites in
   one forward), and a random change, another at every place, must reach the output (one row a
   site, many in one forward).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .intervention import Intervention, add
from .site import Port, Site
from .trace import answer, first_tensor, hooked, output_tensor

ROWS = 3
"""Rows of the recording run; another number than the places of a text probe."""
_TOGETHER = 64  # rows of one verifying forward


def probe_ids(vocabulary: int, places: int) -> Tensor:
    """Token ids for a probe row, `[place]`: different ones, as far as the vocabulary goes."""
    return (torch.arange(places) * 3 + 5) % max(1, vocabulary)


@dataclass
class Seen:
    """One module, as the probe run met it."""

    path: str
    module: nn.Module
    calls: int = 0
    order: int = -1
    """Rank by the time its last call ended."""
    given: Tensor | None = None
    """Its input in the probe run."""
    gave: Tensor | None = None
    """Its output in the probe run."""
    taken: int = 0
    """How often its input had been changed in place when it took it."""
    left: int = 0
    """How often its output had been when it gave it."""
    runs: list["Seen"] = field(default_factory=list, repr=False)
    """Each of its runs, where it runs several times in the forward pass."""


@dataclass
class Probe:
    """Runs small forwards of a network."""

    network: nn.Module
    run: Callable[[nn.Module, int], Any]
    """Runs the network on this many equal rows; gives the output, a tensor with the row first."""
    places: int | None
    """Places of a text row; None where the input is not text."""
    together: int = _TOGETHER
    blocks: str = ""
    """Path of the list of blocks, where there is one."""
    _seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def seen(self) -> dict[str, Seen]:
        """Every module that ran, by path; the tensors are dropped by `forget`."""
        if not self._seen:
            self._seen = _record(self.network, lambda: self.output(ROWS))
        return self._seen

    def forget(self) -> None:
        """Frees the tensors of the recording."""
        self._seen = {}

    def output(self, rows: int) -> Tensor:
        """The output of a forward of equal rows."""
        with torch.no_grad():
            result = answer(self.run(self.network, rows))
        if result is None:
            raise TypeError("the network gives no tensor")
        return result


def dotted(probe: Probe, name: str) -> Site | str:
    """The site at a module path, or the reason why there is none.

    Args:
        probe: Runs the network.
        name: `encoder.layer.3.output.dense` for the module's output, with `:in` for its input.
    """
    path, port = _port(name)
    seen = probe.seen.get(path)
    if seen is None:
        return "this module does not run in a forward pass"
    return site_at(probe, seen, name, port)


def site_at(
    probe: Probe, seen: Seen, name: str, port: Port, *, call: tuple[int, int] | None = None
) -> Site | str:
    """The site at a port of a module, or the reason why there is none.

    Args:
        probe: Runs the network.
        seen: The module, or one of its runs.
        name: What the site is called.
        port: The module's input or output.
        call: Which of how many runs of the module it is, where it runs several times.
    """
    path = seen.path
    raw = seen.given if port == "input" else seen.gave
    layout = layout_of(raw, probe.places)
    if raw is None:
        return f"its {port} is no tensor"
    if layout is None:
        return f"its {port} has the shape {list(raw.shape)}, which is not [input, place, unit]"
    if seen.calls != 1 and call is None:
        return f"its module runs {seen.calls} times in one forward pass"
    if layout == "channels_first" and channels_last(probe, raw):
        layout = "channels_last"
    units = raw.shape[1] if layout == "channels_first" else raw.shape[-1]
    return Site(
        name,
        path,
        port,
        int(units),
        readout="max" if raw.ndim == 4 else "coordinate",
        block=_block(path, probe.blocks),
        layout=layout,
        floor=floor_of(seen.module) if port == "output" else None,
        grid=grid_of(raw, layout),
        call=call,
    )


def grid_of(raw: Tensor, layout: str) -> tuple[int, int] | None:
    """Height and width of a tensor over a picture."""
    if raw.ndim != 4:
        return None
    shape = raw.shape[2:] if layout == "channels_first" else raw.shape[1:3]
    return int(shape[0]), int(shape[1])


def channels_last(probe: "Probe", raw: Tensor) -> bool:
    """Whether a tensor of four dimensions ends with its channels.

    It does where a linear map or a layer norm over one dimension gave it, directly or through
    modules that keep the shape.
    """
    for seen in probe.seen.values():
        if not is_leaf(seen.module) or not same_tensor(seen.gave, raw):
            continue
        kind = seen.module
        if isinstance(kind, nn.Linear):
            return True
        if isinstance(kind, nn.LayerNorm):
            return getattr(kind, "data_format", "channels_last") == "channels_last"
        given = seen.given
        if given is None or given.shape != raw.shape or same_tensor(given, raw):
            continue
        if not isinstance(kind, nn.modules.conv._ConvNd):
            return channels_last(probe, given)
    return False


def is_leaf(module: nn.Module) -> bool:
    """Whether no module is inside."""
    return next(module.children(), None) is None


def bare(module: nn.Module) -> bool:
    """Neither parameters nor parts: an activation function, say."""
    return is_leaf(module) and next(module.parameters(), None) is None


def same_tensor(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether these are one and the same values in memory, seen in the same shape."""
    if one is None or other is None:
        return False
    return (
        one.data_ptr() == other.data_ptr()
        and one.shape == other.shape
        and one.stride() == other.stride()
    )


def paths(probe: Probe) -> dict[str, Site]:
    """Every module without children whose output is a site, in the order in which they run."""
    result: dict[str, Site] = {}
    for seen in sorted(probe.seen.values(), key=lambda item: item.order):
        if seen.path and is_leaf(seen.module):
            site = dotted(probe, seen.path)
            if isinstance(site, Site):
                result[seen.path] = site
    return result


def verify(probe: Probe, sites: Mapping[str, Site]) -> tuple[dict[str, Site], dict[str, str]]:
    """The sites that hold what they promise, and the reasons against the others."""
    good = dict(sites)
    refused: dict[str, str] = {}
    if not good:
        return good, refused
    try:
        clean, values, overwritten = _read(probe, good)
    except Exception:
        if len(good) == 1:
            raise
        kept: dict[str, Site] = {}
        for name, site in good.items():  # find out which one it is
            try:
                one, why = verify(probe, {name: site})
                kept.update(one)
                refused.update(why)
            except Exception as error:
                refused[name] = f"reading it in a probe run failed: {error}"
        return kept, refused
    if (why := fault_of(clean)) is not None:
        return {}, dict.fromkeys(good, why)
    for name in overwritten:
        good[name] = replace(good[name], overwritten=True)
    rewritten = _with(probe, good, [Intervention(name, None) for name in good], ROWS)
    if not _close(rewritten, clean):
        if (why := fault(probe)) is not None:
            return {}, dict.fromkeys(good, why)
        for name in list(good):
            if not _close(_with(probe, good, [Intervention(name, None)], ROWS), clean):
                refused[name] = "writing back what was read changes the output"
                del good[name]
    names = list(good)
    for start in range(0, len(names), probe.together):
        part = names[start : start + probe.together]
        changes = [_noise(good[name], values[name]).at(rows=[1 + i]) for i, name in enumerate(part)]
        out = _with(probe, good, changes, 1 + len(part)).flatten(1)
        for i, name in enumerate(part):
            moved = (out[1 + i] - out[0]).abs().max()
            if not moved > 1e-6 * (1e-6 + out[0].abs().max()):
                refused[name] = "a write to it does not change the output"
                del good[name]
    return good, refused


def fault(probe: Probe) -> str | None:
    """Why no effect on the output of a network can be measured, and what to do; None: it can."""
    first = probe.output(ROWS).clone()
    why = fault_of(first)
    if why is None and not _close(probe.output(ROWS), first):
        return (
            "a second call gives another output, so that no effect can be told from chance: let "
            "forward draw nothing and keep nothing between calls"
        )
    return why


def fault_of(output: Tensor) -> str | None:
    """The same of one output."""
    if not output.is_floating_point():
        kind = str(output.dtype).removeprefix("torch.")
        return f"its output is {kind}, a choice: let forward return the numbers behind it (logits)"
    if not torch.isfinite(output.float()).all():
        return (
            "the output of the network is NaN or infinite, so that no effect on it can be "
            "measured; check its weights, or load it with --dtype float32"
        )
    return None


def floor_of(module: nn.Module) -> float | None:
    """The least value of an activation function; None: unbounded below, or no such function."""
    if not bare(module):
        return None
    grid = torch.linspace(-20, 20, 40001)
    try:
        with torch.no_grad():
            whole = module(grid.clone())
            half = module(grid[:20000].clone())
            far = module(torch.tensor([-1e4, -100.0, 100.0, 1e4]))
    except Exception:  # not a function of one tensor
        return None
    if not (isinstance(whole, Tensor) and whole.shape == grid.shape):
        return None
    if not torch.equal(whole[:20000], half):  # places mix: not elementwise
        return None
    least = float(whole.min())
    return None if float(far.min()) < least - 1e-3 else round(least, 4) + 0.0


def _record(network: nn.Module, run: Callable[[], Any]) -> dict[str, Seen]:
    seen: dict[str, Seen] = {}
    clock = iter(range(10**9))

    def before(path: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        given = first_tensor(args, kwargs)
        seen.setdefault(path, Seen(path, module)).taken = _changes(given)

    def behind(path: str, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        here = seen.setdefault(path, Seen(path, module))
        here.calls += 1
        here.order = next(clock)
        here.given = first_tensor(args, kwargs)
        here.gave = output_tensor(output)
        here.left = _changes(here.gave)
        here.runs.append(replace(here, calls=1, runs=[]))

    with ExitStack() as hooks:
        for path, module in network.named_modules():
            pre = module.register_forward_pre_hook(partial(before, path), with_kwargs=True)
            post = module.register_forward_hook(partial(behind, path), with_kwargs=True)
            hooks.callback(pre.remove)
            hooks.callback(post.remove)
        run()
    return seen


def _changes(tensor: Tensor | None) -> int:
    return 0 if tensor is None or tensor.is_inference() else tensor._version


def _read(
    probe: Probe, sites: Mapping[str, Site]
) -> tuple[Tensor, dict[str, Tensor], Sequence[str]]:
    copying = {name: replace(site, overwritten=True) for name, site in sites.items()}
    with hooked(probe.network, copying, list(sites), (), inputs=ROWS) as values:
        clean = probe.output(ROWS).clone()
    with hooked(probe.network, sites, list(sites), (), inputs=ROWS) as bare:
        probe.output(ROWS)
    overwritten = [name for name in sites if not torch.equal(values[name], bare[name])]
    return clean, values, overwritten


def _with(
    probe: Probe, sites: Mapping[str, Site], changes: Sequence[Intervention], rows: int
) -> Tensor:
    with hooked(probe.network, sites, (), changes, inputs=rows):
        return probe.output(rows).float()


def _noise(site: Site, values: Tensor) -> Intervention:
    """A change that differs from place to place: one vector at all places is nothing to a softmax
    over places (keys of attention) or to a norm over them."""
    draw = torch.Generator().manual_seed(0)
    shape = values.shape[1:]  # [place, unit] or [place, unit, channel]
    size = 3 * float(values.float().square().mean().sqrt()) + 1.0
    return add(site.name, None, size * torch.randn(1, *shape, generator=draw))


def _close(one: Tensor, other: Tensor) -> bool:
    """Equal to the rounding of the type that the network computes in."""
    step = max(1e-5, 4 * torch.finfo(other.dtype).eps)
    other = other.float()
    return bool((one.float() - other).abs().max() <= step * (1 + other.abs().max()))


def _port(name: str) -> tuple[str, Port]:
    if name.endswith(":in"):
        return name[: -len(":in")], "input"
    return name.removesuffix(":out"), "output"


def layout_of(raw: Tensor | None, places: int | None) -> Any:
    """The layout of a tensor of the recording run; None if it is no row of places."""
    if raw is None or not raw.is_floating_point() or raw.ndim < 2:
        return None
    if raw.ndim == 2 and places is not None and raw.shape[0] == ROWS * places:
        return "joined"
    if raw.shape[0] != ROWS:
        return None
    if raw.ndim == 3:
        return "sequence" if places is None or raw.shape[1] == places else None
    if raw.ndim == 2:
        return "flat"
    return "channels_first" if raw.ndim == 4 and places is None else None


def _block(path: str, blocks: str) -> int | None:
    if not blocks or not path.startswith(blocks + "."):
        return None
    number = path[len(blocks) + 1 :].split(".")[0]
    return int(number) if number.isdigit() else None
