"""Measures what is asked about with PyTorch hooks and NumPy, apart from the tools that answer.

Nothing here uses `Target.trace`, a tool or an index: activations are read at a module's port, units
are zeroed by writing zeros there, and everything else is arithmetic on the arrays.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....tools.models import Target
from ..data import default_data, explore

LENGTH, SEED = 64, 0
"""Tokens a window, and the seed, of the corpora that questions are asked over."""
_ROWS = 64
_SETS = 40


def tokens_of(target: str) -> int:
    """Tokens of the corpus of a target."""
    return 20_000 if target == "minilm" else 50_000


class Bench:
    """A target with the part of its corpus that experiments see.

    Args:
        name: Of the target.
    """

    def __init__(self, name: str) -> None:
        self.target = Target.load(name)
        self.data = default_data(self.target)
        self._kept: dict[str, np.ndarray] = {}
        self._drops: dict[str, dict[str, float]] = {}

    @cached_property
    def windows(self) -> Any:
        """The exploration part of the corpus."""
        return explore(
            self.target,
            self.data,
            tokens=tokens_of(self.target.name),
            length=LENGTH,
            seed=SEED,
        )

    def site(self, name: str) -> np.ndarray:
        """All units of a site over the corpus, `[window, place, unit]`; NaN where not counted."""
        if name not in self._kept:
            windows = self.windows
            parts = []
            for at in range(0, len(windows), _ROWS):
                rows = slice(at, at + _ROWS)
                ids = torch.as_tensor(windows.ids[rows].astype(np.int64))
                attended = torch.as_tensor(windows.attended[rows].astype(np.int64))
                parts.append(self.read(name, ids, attended))
            values = np.concatenate(parts)
            values[~windows.counted] = np.nan
            self._kept[name] = values
        return self._kept[name]

    def unit(self, name: str) -> np.ndarray:
        """One unit at all counted places, `[place]`."""
        return self.of(name)[self.windows.counted]

    def of(self, name: str) -> np.ndarray:
        """One unit over the corpus, `[window, place]`; NaN where not counted."""
        site, _, index = name.rpartition("/")
        return self.site(site)[:, :, int(index)]

    def at(self, unit: str, text: str) -> dict[str, float]:
        """A unit on a text: its value at each token, by the token's text."""
        site, _, index = unit.rpartition("/")
        ids = self.ids(text)
        values = self.read(site, ids, torch.ones_like(ids))[0, :, int(index)]
        names = [self.target.tokenizer.decode([token]).strip() for token in ids[0].tolist()]
        return dict(zip(names, values.tolist(), strict=True))

    def read(self, name: str, ids: Tensor, attended: Tensor) -> np.ndarray:
        """A site on rows of tokens, `[row, place, unit]`; no heads."""
        site = self.target.sites[name]
        box: list[Tensor] = []

        def before(module: Any, args: tuple[Any, ...]) -> None:
            box.append(args[0].detach())

        def behind(module: Any, args: Any, output: Any) -> None:
            box.append((output[0] if isinstance(output, tuple) else output).detach())

        module = self.target.network.get_submodule(site.module)
        if site.port == "input":
            handle = module.register_forward_pre_hook(before)
        else:
            handle = module.register_forward_hook(behind)
        try:
            with torch.no_grad():
                self.target.network(input_ids=ids, attention_mask=attended)
        finally:
            handle.remove()
        return box[-1].float().cpu().numpy()

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
        handles = [self._zero(site, indices) for site, indices in chosen.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def logprobs(self, prompt: str, zero: Sequence[str] = ()) -> np.ndarray:
        """Log-probabilities of the token behind a prompt, `[token]`."""
        with self.zeroed(zero), torch.no_grad():
            logits = self.target.network(input_ids=self.ids(prompt)).logits[0, -1]
        return torch.log_softmax(logits.double(), -1).cpu().numpy()

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

            handle = module.register_forward_pre_hook(change)
            try:
                with torch.no_grad():
                    logits = self.target.network(input_ids=ids.repeat(many, 1)).logits[:, -1]
            finally:
                handle.remove()
            out.append(torch.log_softmax(logits.double(), -1).cpu().numpy())
        return np.concatenate(out)

    def beats_chance(self, prompt: str, answer: str, units: Sequence[str]) -> float:
        """Share of random sets that cost an answer less than these units do, zeroed together.

        A set has as many other units of the same sites; of the same kind of site where a site has
        too few. 0 where the answer's probability does not halve.
        """
        clean = self.logprob(prompt, answer)
        cost = clean - self.logprob(prompt, answer, units)
        if cost < np.log(2):
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

        handles = []
        for block in blocks:
            attention = getattr(block, "self_attn", None) or block.attn
            handles.append(block.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(attention.register_forward_hook(attended))
            handles.append(block.register_forward_hook(behind))
        try:
            with torch.no_grad():
                network(input_ids=self.ids(prompt))
                tops = [int(network.lm_head(norm(one[:, -1])).argmax()) for one in seen]
        finally:
            for handle in handles:
                handle.remove()
        wanted = self.token(prompt, answer)
        others = [at for at, top in enumerate(tops) if top != wanted]
        return (max(others, default=-1) + 1) // 2

    def holds(self, words: Sequence[str]) -> np.ndarray:
        """Where a corpus has one of these words, `[window, place]`, by the tokens' text."""
        wanted = {word.lower() for word in words}
        hit = np.array([surface.strip().lower() in wanted for surface in self.windows.vocabulary])
        return hit[self.windows.ids] & self.windows.counted

    def correlations(self, site: str, where: np.ndarray) -> np.ndarray:
        """Of every unit of a site with being at these places, `[unit]`."""
        counted = self.windows.counted
        values = self.site(site)[counted].astype(np.float64)  # [place, unit]
        wanted = where[counted].astype(np.float64)
        values = values - values.mean(0)
        wanted = wanted - wanted.mean()
        spread = np.sqrt((values**2).sum(0) * (wanted**2).sum())
        return (values * wanted[:, None]).sum(0) / np.maximum(spread, 1e-12)

    def attention(self, prompts: Sequence[str]) -> list[np.ndarray]:
        """Attention patterns of each prompt, `[layer, head, to, from]`."""
        network: Any = self.target.network
        before = network.config._attn_implementation
        network.set_attn_implementation("eager")
        try:
            with torch.no_grad():
                return [
                    torch.cat(
                        network(input_ids=self.ids(prompt), output_attentions=True).attentions
                    ).numpy()
                    for prompt in prompts
                ]
        finally:
            network.set_attn_implementation(before)

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


class Benches:
    """Benches by the name of their target, loaded when they are first needed."""

    def __init__(self) -> None:
        self._loaded: dict[str, Bench] = {}

    def __getitem__(self, name: str) -> Bench:
        if name not in self._loaded:
            self._loaded[name] = Bench(name)
        return self._loaded[name]
