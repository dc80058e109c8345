"""What a restart leaves out: earlier blocks, earlier tokens, the end of the last block.

Each is a context manager; the network is whole again behind it, also after an error.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from .trace import first_tensor

if TYPE_CHECKING:
    from .target import Target


@contextmanager
def skipped(blocks: nn.ModuleList, first: int, state: Tensor, *, wrapped: bool) -> Iterator[None]:
    """While open, blocks before `first` hand on their input and `first` gets this state."""

    def hand_on(*args: Any, **kwargs: Any) -> Tensor:
        given = first_tensor(args, kwargs)
        assert given is not None
        return given

    def given_state(*args: Any, **kwargs: Any) -> Any:
        return (state, None) if wrapped else state

    def replaced(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            return (state, *args[1:]), kwargs
        name = next(key for key, value in kwargs.items() if isinstance(value, Tensor))
        return args, {**kwargs, name: state}

    with ExitStack() as undo:
        for block in blocks[:first]:
            if "forward" in block.__dict__:
                undo.callback(setattr, block, "forward", block.__dict__["forward"])
            else:
                undo.callback(delattr, block, "forward")
            block.forward = hand_on
        if first == len(blocks):
            blocks[-1].forward = given_state
        else:
            handle = blocks[first].register_forward_pre_hook(
                replaced, with_kwargs=True, prepend=True
            )
            undo.callback(handle.remove)
        yield


@contextmanager
def trimmed(target: "Target", blocks: nn.ModuleList) -> Iterator[None]:
    """While open, the last block's MLP and attention output projection see the last place alone.

    What they give is broadcast over the places as it is added: right at the last, and nothing
    reads the others.
    """
    assert target.probe is not None
    number = len(blocks) - 1
    block = f"{target.probe.blocks}.{number}."
    paths = []
    for name in (f"head.{number}", f"mlp_out.{number}"):
        site = target.sites.get(name)
        if site is not None and site.layout == "sequence":
            inside = site.module[len(block) :]
            attends = name.startswith("head")
            paths.append(site.module if attends else block + inside.split(".")[0])

    def last(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args and isinstance(args[0], Tensor):
            return (args[0][:, -1:], *args[1:]), kwargs
        return None

    with ExitStack() as hooks:
        for path in paths:
            module = target.network.get_submodule(path)
            hooks.callback(module.register_forward_pre_hook(last, with_kwargs=True).remove)
        yield


@contextmanager
def prefixed(network: nn.Module, ids: Tensor) -> Iterator[None]:
    """Tells modules that look at the tokens themselves (planted units) what stands before."""
    modules = [module for module in network.modules() if hasattr(module, "prefix_ids")]
    try:
        for module in modules:
            setattr(module, "prefix_ids", ids)  # noqa: B010
        yield
    finally:
        for module in modules:
            setattr(module, "prefix_ids", None)  # noqa: B010
