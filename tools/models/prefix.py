"""Going on from a module: what runs before a changed module is run once for each input.

1. A clean pass notes which modules run once and give one tensor, and when each is done. Those that
   are done when the site's module is, and are part of no other such module, make its *prefix*; the
   site's module is one of them, unless it runs again.
2. `run` keeps what the prefix gives on some inputs. While `going_on` is open its modules give that
   again, for any rows in any order, without computing; what stands between modules (sums,
   concatenations) is computed as ever, and hooks run as ever.
3. `prefix_of` tries this on an input without a change, then with a copy for every row, for networks
   that work in place; where the output differs from a plain pass, there is no prefix.

Restarts of causal models (`restart.py`) go on from a kept state too, by other means: they leave out
places as well, with keys and values in their stead, and write new inputs of blocks. This takes any
network, all of its places, and repeats outputs of modules. Nothing of either would serve the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .site import Site
from .target import Target

_CLOSE = 1e-4
"""Of the largest output: what another size of batch changes by rounding is less."""


class Prefix:
    """The modules that are done when a site is read; get one with `prefix_of`."""

    def __init__(self, target: Target, site: str, modules: Sequence[nn.Module]) -> None:
        self.target, self.site, self.modules = target, site, modules
        self.copies = False
        """Whether every row gets a copy, because something works in place on what was kept."""

    def run(self, inputs: Any) -> list[Tensor]:
        """What each module gives on the inputs, `[input, ...]`; the pass ends behind the site."""
        kept: dict[nn.Module, Tensor] = {}

        def keep(module: nn.Module, _: Any, output: Tensor) -> None:
            kept[module] = output

        with self.target.lock, ExitStack() as hooks:
            for module in self.modules:
                hooks.callback(module.register_forward_hook(keep, prepend=True).remove)
            self.target.trace(inputs, [self.site], output=False)
        return [kept[module] for module in self.modules]

    @contextmanager
    def going_on(self, kept: Sequence[Tensor], rows: Sequence[int]) -> Iterator[None]:
        """Within it a forward of `len(rows)` inputs begins with these rows of what was kept."""
        at = torch.tensor(rows)
        same = len(set(rows)) == 1

        def again(one: Tensor, *_: Any, **__: Any) -> Tensor:
            if same and not self.copies:
                return one[rows[0]].expand(len(rows), *one.shape[1:])
            return one[at.to(one.device)]

        with self.target.lock:
            try:
                for module, one in zip(self.modules, kept, strict=True):
                    module.forward = partial(again, one)
                yield
            finally:
                for module in self.modules:
                    module.__dict__.pop("forward", None)


def prefix_of(target: Target, site: str, inputs: Any) -> Prefix | None:
    """The prefix of a site; None where the network cannot go on from it.

    Args:
        target: The target.
        site: Name of the site.
        inputs: One input to try it on.
    """
    where = target.site(site)
    if where.port != "output" or where.code is not None:
        return None
    modules = _done_before(target, where, inputs)
    if any("forward" in module.__dict__ for module in modules):  # someone else's replacement
        return None
    found = Prefix(target, site, modules)
    if not _works(found, inputs):
        found.copies = True
        return found if _works(found, inputs) else None
    return found


def _works(prefix: Prefix, inputs: Any) -> bool:
    """Whether two rows of one input that go on unchanged give what a plain pass gives."""
    plain = prefix.target.trace(inputs).output
    kept = prefix.run(inputs)
    try:
        with prefix.going_on(kept, [0, 0]):
            again = prefix.target.trace(inputs.rows([0, 0])).output
    except RuntimeError:  # in place on what is shared by rows
        return False
    if not isinstance(plain, Tensor) or not isinstance(again, Tensor):
        return False
    least = _CLOSE * float(plain.abs().max())
    return bool(((again - plain).abs() <= least).all())


def _done_before(target: Target, site: Site, inputs: Any) -> list[nn.Module]:
    """The outermost modules that run once, give a tensor and are done when the site's is."""
    done: list[nn.Module] = []
    single: dict[nn.Module, bool] = {}

    def note(module: nn.Module, _: Any, output: Any) -> None:
        single[module] = isinstance(output, Tensor) and module not in single
        done.append(module)

    with target.lock, ExitStack() as hooks:
        for module in target.network.modules():
            hooks.callback(module.register_forward_hook(note).remove)
        target.trace(inputs)
    own = target.network.get_submodule(site.module)
    runs = [i for i, module in enumerate(done) if module is own]
    last = runs[site.call[0] if site.call is not None else 0]
    before = [module for module in done[: last + 1] if single[module]]
    inside = {part for module in before for part in module.modules() if part is not module}
    return [module for module in before if module not in inside]
