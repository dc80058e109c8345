"""Predictions of a network with units set to zero, by PyTorch hooks, apart from the tools."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....tools.models import Target

_ROWS = 64
_SETS = 40
_FALLS_TO = 0.8  # share of an answer's probability that may be left when units drive it


class Predictions:
    """What a target predicts behind prompts.

    Args:
        target: The target.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._drops: dict[str, dict[str, float]] = {}

    def ids(self, text: str) -> Tensor:
        """`[1, place]`."""
        return torch.tensor([self.target.tokenizer(text)["input_ids"]])

    def token(self, prompt: str, answer: str) -> int:
        """The token that an answer is, behind its prompt."""
        before = self.ids(prompt).shape[1]
        return int(self.ids(prompt + answer)[0, before])

    @contextmanager
    def zeroed(self, units: Sequence[str]) -> Iterator[None]:
        """While it lasts, these units are zero at every place."""
        chosen: dict[str, list[int]] = {}
        for unit in units:
            site, _, index = unit.rpartition("/")
            chosen.setdefault(site, []).append(int(index))
        with ExitStack() as hooks:
            for site, indices in chosen.items():
                hooks.enter_context(self._zero(site, indices))
            yield

    def logprobs(self, prompt: str, zero: Sequence[str] = ()) -> np.ndarray:
        """Log-probabilities of the token behind a prompt, `[token]`."""
        with self.zeroed(zero), torch.no_grad():
            logits = self.target.network(input_ids=self.ids(prompt)).logits[0, -1]
        return torch.log_softmax(logits.cpu().double(), -1).cpu().numpy()

    def logprob(self, prompt: str, answer: str, zero: Sequence[str] = ()) -> float:
        """The log-probability of an answer's first token."""
        return float(self.logprobs(prompt, zero)[self.token(prompt, answer)])

    def likeliest(self, prompt: str, zero: Sequence[str] = ()) -> str:
        """The likeliest next token."""
        return self.target.tokenizer.decode([int(self.logprobs(prompt, zero).argmax())])

    def drops(self, prompt: str, answer: str) -> dict[str, float]:
        """What zeroing each neuron and head by itself costs an answer, in nats."""
        key = f"{prompt}\0{answer}"
        if key not in self._drops:
            clean = self.logprob(prompt, answer)
            token = self.token(prompt, answer)
            self._drops[key] = {
                f"{site}/{index}": clean - float(value)
                for site in self.target.sites
                if _kind(site) in ("mlp", "head", "planted")
                for index, value in enumerate(self._each_zeroed(site, prompt)[:, token])
            }
        return self._drops[key]

    def _each_zeroed(self, site: str, prompt: str) -> np.ndarray:
        """Log-probabilities behind a prompt with one unit of a site zero, `[unit, token]`."""
        known = self.target.sites[site]
        ids, out = self.ids(prompt), []
        module = self.target.network.get_submodule(known.module)
        for first in range(0, known.units, _ROWS):
            many = min(_ROWS, known.units - first)

            def change(_: Any, args: tuple[Any, ...], first: int = first) -> tuple[Any, ...]:
                values = args[0].clone()
                for row in range(len(values)):
                    at = (first + row) * known.channels
                    values[row, :, at : at + known.channels] = 0
                return (values, *args[1:])

            with module.register_forward_pre_hook(change), torch.no_grad():
                logits = self.target.network(input_ids=ids.repeat(many, 1)).logits[:, -1]
            out.append(torch.log_softmax(logits.cpu().double(), -1).cpu().numpy())
        return np.concatenate(out)

    def beats_chance(self, prompt: str, answer: str, units: Sequence[str]) -> float:
        """Share of random sets that cost an answer less than these units do, zeroed together.

        A set has as many other units of the same sites; of the same kind of site where a site has
        too few. 0 where the answer's probability does not fall by a fifth.
        """
        clean = self.logprob(prompt, answer)
        cost = clean - self.logprob(prompt, answer, units)
        if cost < -np.log(_FALLS_TO):
            return 0.0
        draw = np.random.default_rng(0)
        sites = Counter(unit.rpartition("/")[0] for unit in units)
        others = []
        for _ in range(_SETS):
            chosen: list[str] = []
            for site, many in sites.items():
                alike = [name for name in self.target.sites if _kind(name) == _kind(site)]
                own, wider = self.neurons(site), [n for name in alike for n in self.neurons(name)]
                pool = [name for name in own if name not in units]
                if len(pool) < many:
                    pool = [name for name in wider if name not in units]
                chosen += draw.permutation(pool)[:many].tolist()
            others.append(clean - self.logprob(prompt, answer, chosen))
        return float(np.mean(cost > np.array(others)))

    def neurons(self, site: str) -> list[str]:
        """All units of a site by name."""
        return [f"{site}/{index}" for index in range(self.target.sites[site].units)]

    def settles(self, prompt: str, answer: str) -> int:
        """The block in which an answer becomes the likeliest for good.

        The stream is read behind the attention and behind the whole of each block.
        """
        network: Any = self.target.network
        body = getattr(network, "model", None) or network.transformer
        norm = getattr(body, "norm", None) or body.ln_f
        blocks = getattr(body, "layers", None) or body.h
        seen: list[Tensor] = []  # [row, place, d], two a block

        def before(module: Any, args: Any, kwargs: Any) -> None:
            seen.append((args[0] if args else kwargs["hidden_states"]).detach())

        def attended(module: Any, args: Any, output: Any) -> None:
            seen[-1] = seen[-1] + output[0].detach()

        def behind(module: Any, args: Any, output: Any) -> None:
            seen.append((output[0] if isinstance(output, tuple) else output).detach())

        with ExitStack() as hooks, torch.no_grad():
            for block in blocks:
                attention = getattr(block, "self_attn", None) or block.attn
                hooks.enter_context(block.register_forward_pre_hook(before, with_kwargs=True))
                hooks.enter_context(attention.register_forward_hook(attended))
                hooks.enter_context(block.register_forward_hook(behind))
            network(input_ids=self.ids(prompt))
            tops = [int(network.lm_head(norm(one[:, -1])).argmax()) for one in seen]
        wanted = self.token(prompt, answer)
        others = [at for at, top in enumerate(tops) if top != wanted]
        return (max(others, default=-1) + 1) // 2

    def _zero(self, site: str, indices: Sequence[int]) -> Any:
        known = self.target.sites[site]
        assert known.port == "input", site
        wide = known.channels
        columns = [index * wide + channel for index in indices for channel in range(wide)]

        def change(module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
            values = args[0].clone()
            values[..., columns] = 0
            return (values, *args[1:])

        module = self.target.network.get_submodule(known.module)
        return module.register_forward_pre_hook(change)


def _kind(site: str) -> str:
    return site.partition(".")[0]
