"""A metric as an expression, bound to the outputs and sites of one network.

    metric = expression(target, 'logit("a") - mean(logit("b"), logit("c"))', prompt)
    metric = expression(target, "class(cat) - 0.5 * class(dog)", prompt)
    metric = expression(target, "mlp.1/17@-1", prompt)

1. `syntax.py` reads the text. Here its names become numbers: tokens and classes of the output, and
   units of sites; what is not there is refused, with near misses.
2. A place that is not said is the one that there is, the last of a causal model, that of the one
   mask token, the maximum over a picture (as units of pictures are read elsewhere); for all others
   it has to be said.
3. What looks at next-token logits of the last places alone is measured like any other metric of a
   language model, with restarts; everything else is read off whole runs (`of`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..errors import UsageError, nearest
from ..models import Inputs, Site, Target
from ..models.forward import whole_output
from .metric import Kind, Metric
from .syntax import POOLED, Leaf, Tree, evaluate, leaves, parse, weights

_HALF = (torch.float16, torch.bfloat16)


class Bound(NamedTuple):
    """Where the number of a leaf stands."""

    site: Site | None
    """None: in the output."""
    number: int
    """Of the output's numbers, or of the site's units."""
    place: int | str


@dataclass(frozen=True, eq=False)
class Expression(Metric):
    """A metric that `expression` made."""

    kind: Kind = "expression"
    text: str = ""
    tree: Tree = 0.0
    bound: Mapping[Leaf, Bound] = field(default_factory=dict)
    ends: int = 0
    """Next-token logits of so many last places are all that it looks at; 0: it looks at more."""

    def __post_init__(self) -> None:
        """Nothing beside the text says what is measured."""

    def __call__(self, logits: Tensor) -> Tensor:
        """`[row]` from logits of the last places; see `Metric`."""
        if self.whole:
            raise UsageError(f"'{self.text}' is not about next-token logits alone")
        return self.of(logits if logits.ndim == 3 else logits[:, None], {})

    def of(self, output: Tensor | None, values: Mapping[str, Tensor]) -> Tensor:
        """`[row]` from the output, `[row, number]`, `[row, place, number]` or a map of numbers, and
        the values of `sites`; gradients pass.

        Raises:
            UsageError: for a place that is not there, or a number that is not finite.
        """

        def read(leaf: Leaf) -> Tensor:
            site, number, place = self.bound[leaf]
            if site is None:
                assert output is not None
                numbers = by_place(output)
                numbers = numbers.float() if numbers.dtype in _HALF else numbers
                if leaf.what in ("log_probability", "probability"):
                    numbers = numbers.log_softmax(-1)
                numbers = numbers.exp() if leaf.what == "probability" else numbers
            else:
                pooled = place in POOLED[2:]
                held = values[site.name]
                numbers = site.over_space(held) if pooled else site.scalar(held)
            return at_place(numbers[..., number], place, leaf.text)

        result = evaluate(self.tree, read)
        if not bool(result.detach().isfinite().all()):
            raise UsageError(f"the metric '{self.text}' is not finite (NaN or infinity) here")
        return result

    @property
    def bent(self) -> str | None:
        """Why it is no weighted sum of the output's numbers; None: it is one. Log-probabilities at
        a place whose weights sum to 0 are one of logits."""
        summed = weights(self.tree)
        if summed is None:
            return "it is no weighted sum of outputs"
        logarithms: dict[int | str, float] = {}
        for leaf, weight in summed.items():
            site, _, place = self.bound[leaf]
            if site is not None or leaf.what == "probability" or place == "max":
                return f"'{leaf.text}' is not linear in the output"
            if leaf.what == "log_probability":
                logarithms[place] = logarithms.get(place, 0.0) + weight
        if any(abs(total) > 1e-9 for total in logarithms.values()):
            return "a log-probability alone is not linear in the output; write a difference"
        return None

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites that it reads beside the output."""
        return tuple(dict.fromkeys(b.site.name for b in self.bound.values() if b.site is not None))

    @property
    def output(self) -> bool:
        """Whether it reads the output at all."""
        return any(each.site is None for each in self.bound.values())

    @property
    def whole(self) -> bool:
        """Whether it is about more than next-token logits at the last places."""
        return not self.ends

    @property
    def places(self) -> int:
        """How many of the last places are looked at."""
        return max(1, self.ends)

    @property
    def name(self) -> str:
        """As it was written."""
        return self.text


def expression(target: Target, text: str, inputs: Inputs | Tensor) -> Expression:
    """Reads a metric and binds it to a network.

    Args:
        target: The network.
        text: The metric.
        inputs: One row that it is to be measured on; the network runs on it once.

    Raises:
        UsageError: for what cannot be read, a name, class, token, unit or place that is not there,
            an output that holds no numbers with fractions, or a metric without a finite value.
    """
    tree = parse(text)
    found = list(dict.fromkeys(leaves(tree)))
    sites = {leaf: _site(target, leaf) for leaf in found if leaf.what == "unit"}
    names = list(dict.fromkeys(site.name for site in sites.values()))
    run = target.trace(inputs, names, output=whole_output(target))
    output = run.output
    if len(sites) < len(found) and (output is None or not output.is_floating_point()):
        kind = "nothing" if output is None else str(output.dtype).removeprefix("torch.")
        raise UsageError(
            f"{target.name} gives {kind} as its output: no derivative passes; let forward return "
            "the numbers before the choice (logits), or measure a unit"
        )
    bound = {}
    for leaf in found:
        site = sites.get(leaf)
        if site is not None:
            index, places = leaf.index, run.values[site.name].shape[1]
        else:
            assert output is not None
            index, places = _number(target, leaf, output), by_place(output).shape[1]
        bound[leaf] = Bound(site, index, _place(target, leaf, site, places, inputs))
    made = Expression(text=text, tree=tree, bound=bound, ends=_ends(target, bound))
    made.of(output, run.values)
    return made


def by_place(output: Tensor) -> Tensor:
    """An output as `[row, place, number]`: of one place where it has no places, of all pixels
    where it is a map `[row, number, height, width]`."""
    if output.ndim == 2:
        return output[:, None]
    return output.flatten(2).transpose(1, 2) if output.ndim == 4 else output


def at_place(numbers: Tensor, place: int | str, text: str) -> Tensor:
    """`[row]` from numbers `[row, place]`.

    Raises:
        UsageError: for a place that is not there.
    """
    n = numbers.shape[1]
    if place == "mean":
        return numbers.mean(1)
    if place == "sum":
        return numbers.sum(1)
    if place == "max":
        return numbers.amax(1)
    i = {"first": 0, "last": -1}.get(place, place) if isinstance(place, str) else place
    if not isinstance(i, int) or not -n <= i < n:
        raise UsageError(f"'{text}' is at place {place}, but there are {n} places (0 to {n - 1})")
    return numbers[:, i]


def _site(target: Target, leaf: Leaf) -> Site:
    site = target.site(str(leaf.name))
    if not 0 <= leaf.index < site.units:
        raise UsageError(
            f"'{leaf.text}': site {site.name} of {target.name} has units 0 to {site.units - 1}"
        )
    return site


def _number(target: Target, leaf: Leaf, output: Tensor) -> int:
    """The column of the output that a name or a number stands for."""
    width = int(by_place(output).shape[-1])
    if leaf.what in ("log_probability", "probability") and width == 1:
        raise UsageError("the output is one number, no class of several: write sigmoid(output(0))")
    if isinstance(leaf.name, int):
        if 0 <= leaf.name < width:
            return leaf.name
        raise UsageError(f"'{leaf.text}': the output has numbers 0 to {width - 1}")
    names: Sequence[str] = target.labels or _classes(target, width)
    if leaf.name in names:
        return list(names).index(leaf.name)
    if target.tokenizer is not None and width >= len(surfaces(target)):
        tokens = _tokens(target, leaf.name)
        if len(tokens) == 1:
            return tokens[0]
        names = surfaces(target)
        if len(tokens) > 1:
            parts = " + ".join(f"'{names[i]}'" for i in tokens)
            raise UsageError(f"'{leaf.text}': '{leaf.name}' is {len(tokens)} tokens: {parts}")
    if not names:
        raise UsageError(
            f"'{leaf.text}': the output of {target.name} has no names; write a number, 0 to "
            f"{width - 1}, or set Model.labels"
        )
    what = "class" if width == len(names) and target.kind != "causal" else "token"
    near = nearest(leaf.name, (name.replace("\n", "\\n") for name in names))
    raise UsageError(f"'{leaf.text}': there is no {what} '{leaf.name}'; nearest: {near}")


def _classes(target: Target, width: int) -> tuple[str, ...]:
    """Names that a Hugging Face classifier of texts holds itself."""
    config = getattr(target.headed, "config", None)
    named = {int(i): str(name) for i, name in (getattr(config, "id2label", None) or {}).items()}
    return tuple(named[i] for i in range(width)) if sorted(named) == list(range(width)) else ()


def _tokens(target: Target, text: str) -> list[int]:
    """A token by its text, else the tokens that the text is cut into."""
    same = [i for i, name in enumerate(surfaces(target)) if name == text]
    if len(same) == 1 or target.tokenizer is None:
        return same
    unknown = getattr(target.tokenizer, "unknown", None)
    if unknown is not None and unknown(text):
        return []
    ids = target.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return [] if getattr(target.tokenizer, "unk_token_id", None) in ids else [int(i) for i in ids]


def _place(target: Target, leaf: Leaf, site: Site | None, places: int, inputs: Any) -> int | str:
    if leaf.place is not None:
        return leaf.place
    if places == 1:
        return 0
    if target.kind == "causal":
        return -1
    if site is not None and site.grid is not None:
        return "max"
    mask = getattr(target.tokenizer, "mask_token_id", None)
    ids = getattr(inputs, "ids", None)
    masked = [] if mask is None or ids is None else np.flatnonzero(ids[0] == mask).tolist()
    if len(masked) == 1:
        return masked[0]
    raise UsageError(
        f"'{leaf.text}' has {places} places here: say which, such as {leaf.text}@0, @first, @last, "
        "@mean or @max"
    )


def _ends(target: Target, bound: Mapping[Leaf, Bound]) -> int:
    """How many last places of next-token logits are all that is looked at; 0: it is more."""

    def before() -> Iterator[int]:
        for site, _, place in bound.values():
            last = -1 if place == "last" else place
            yield -last if site is None and isinstance(last, int) and last < 0 else 0

    ends = list(before())
    return max(ends) if target.kind == "causal" and min(ends) > 0 else 0
