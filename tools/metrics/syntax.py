"""Metrics as text: arithmetic over numbers of a network, read by Python's `ast` and never run.

    logit(" the") - mean(logit(" a"), logit(" an"))      outputs by token
    class(cat) - 0.5 * class(dog)                         outputs by class, or by number: class(3)
    mlp.1/17@-1 + encoder.layers.0.linear1[12]@first      units of any site, at a place

1. Units, places and the word `class`, which are no Python, are exchanged for what is; columns are
   kept for messages.
2. `ast` parses the text, and nodes of an allow-list become a small tree.
3. `evaluate` computes the tree with torch operations, so that gradients pass.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..errors import UsageError, nearest

OUTPUTS = ("logit", "class", "output", "log_probability", "probability")
"""What reads the network's output: the first three are one, the raw number."""
POOLED = ("first", "last", "mean", "max", "sum")
"""Places by name; the last three are over all places."""
_JOINING: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda stacked: stacked.mean(0),
    "sum": lambda stacked: stacked.sum(0),
    "max": lambda stacked: stacked.amax(0),
    "min": lambda stacked: stacked.amin(0),
}
_OF_ONE: dict[str, Callable[[Tensor], Tensor]] = {
    name: getattr(torch, name) for name in ("abs", "exp", "log", "relu", "sigmoid", "sqrt", "tanh")
}
_ARITHMETIC: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", torch.add),
    ast.Sub: ("-", torch.sub),
    ast.Mult: ("*", torch.mul),
    ast.Div: ("/", torch.div),
    ast.Pow: ("**", torch.pow),
}
_LONGEST = 2000

_LEXER = re.compile(
    r"""(?P<text>"[^"]*"|'[^']*')
      | (?P<unit>(?<![\w.])(?:[A-Za-z_]\w*(?:\.\w+)*(?::in|:out)?(?:/|\[)
                 |\d+(?:\.\w+)*(?::(?:in|out)(?:/|\[)|\[))\d+\]?)
      | (?P<place>@\s*(?:-?\d+|[A-Za-z_]\w*))
      | (?P<word>\bclass(?=\s*\())
      | (?P<other>.)""",
    re.X | re.S,
)


@dataclass(frozen=True)
class Leaf:
    """One number of the network, as it is written."""

    what: str
    """`unit`, or one of `OUTPUTS`."""
    name: str | int
    """The site of a unit; else a token, a class or a number."""
    index: int = 0
    """Of a unit at its site."""
    place: int | str | None = None
    """A number (negative: from the end), one of `POOLED`, or None: not said."""
    text: str = ""


@dataclass(frozen=True)
class Operation:
    """A function or an operator on trees."""

    name: str
    arguments: tuple["Tree", ...]
    text: str
    """As it is written, for messages."""


Tree = float | Leaf | Operation


def parse(text: str) -> Tree:
    """The tree of a metric.

    Raises:
        UsageError: for what is no metric; says the column, what stands there, and what may.
    """
    return _Parser(text).tree()


def leaves(tree: Tree) -> Iterator[Leaf]:
    """The numbers of the network that a tree is about, each as often as it stands there."""
    if isinstance(tree, Leaf):
        yield tree
    elif isinstance(tree, Operation):
        for argument in tree.arguments:
            yield from leaves(argument)


def evaluate(tree: Tree, read: Callable[[Leaf], Tensor]) -> Tensor:
    """The number of each row, `[row]`.

    Args:
        tree: From `parse`.
        read: A leaf's number by row, `[row]`.

    Raises:
        UsageError: for a division by 0, or a logarithm or a root of what has none.
    """
    if isinstance(tree, Leaf):
        return read(tree)
    if not isinstance(tree, Operation):
        return torch.tensor(tree)
    parts = [evaluate(argument, read) for argument in tree.arguments]
    _check_domain(tree, parts)
    if tree.name in _JOINING:
        return _JOINING[tree.name](torch.stack(torch.broadcast_tensors(*parts)))
    if tree.name in _OF_ONE:
        return _OF_ONE[tree.name](parts[0])
    return dict(_ARITHMETIC.values())[tree.name](*parts)


def weights(tree: Tree) -> dict[Leaf, float] | None:
    """The weights of a weighted sum of leaves and a constant; None: the tree is no such sum."""
    if isinstance(tree, Leaf):
        return {tree: 1.0}
    if not isinstance(tree, Operation):
        return {}
    parts = [weights(argument) for argument in tree.arguments]
    varying = [i for i, part in enumerate(parts) if part != {}]
    if not varying:
        return {}
    n = len(parts)
    factors = {"+": [1.0, 1.0], "-": [1.0, -1.0], "sum": [1.0] * n, "mean": [1 / n] * n}
    if tree.name == "*" and len(varying) == 1:
        factors["*"] = [_constant(tree.arguments[1 - varying[0]])] * 2
    elif tree.name == "/" and varying == [0]:
        factors["/"] = [1 / _constant(tree.arguments[1]), 0.0]
    if tree.name not in factors:
        return None
    out: dict[Leaf, float] = {}
    for part, factor in zip(parts, factors[tree.name], strict=True):
        if part is None:
            return None
        for leaf, weight in part.items():
            out[leaf] = out.get(leaf, 0.0) + factor * weight
    return out


def _constant(tree: Tree) -> float:
    """The number of a tree without leaves."""
    return float(evaluate(tree, lambda leaf: torch.tensor(torch.nan)))


def _check_domain(tree: Operation, parts: list[Tensor]) -> None:
    last = parts[-1].detach()
    if tree.name == "/" and bool((last == 0).any()):
        raise UsageError(f"the metric divides by 0 in '{tree.text}'")
    if (tree.name == "log" and bool((last <= 0).any())) or (
        tree.name == "sqrt" and bool((last < 0).any())
    ):
        raise UsageError(
            f"'{tree.text}' of {float(last.min()):.4g}: {tree.name} has no value there"
        )


class _Parser:
    """One text on its way to a tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.units: dict[str, Leaf] = {}
        self.columns: list[int] = []
        """Of each character of what `ast` reads, its place in the text."""
        self.python = "".join(self._exchanged())

    def tree(self) -> Tree:
        if not self.text.strip():
            raise UsageError('the metric is empty; write one such as logit(" the")')
        if len(self.text) > _LONGEST:
            raise UsageError(f"the metric has more than {_LONGEST} characters")
        try:
            with warnings.catch_warnings(action="ignore"):
                node = ast.parse(self.python.strip(), mode="eval").body
            tree = self._made(node)
        except SyntaxError as error:
            raise self._wrong((error.offset or 1) - 1, error.msg) from error
        except (RecursionError, MemoryError, OverflowError) as error:
            raise UsageError("the metric is too deep, or holds too large a number") from error
        if next(leaves(tree), None) is None:
            raise UsageError(
                f"the metric '{self.text}' names no output and no unit, so nothing changes it; "
                f"write {_EXAMPLES}"
            )
        return tree

    def _exchanged(self) -> Iterator[str]:
        start = len(self.text) - len(self.text.lstrip())
        for match in _LEXER.finditer(self.text):
            part = match.group()
            if match.lastgroup == "unit":
                site, index = re.split(r"[/\[]", part.rstrip("]"))
                part = f"_{len(self.units)}_"
                self.units[part] = Leaf("unit", site, int(index), None, match.group())
            elif match.lastgroup == "place":
                word = part[1:].strip()
                part = f"[{word}]" if word.lstrip("-").isdigit() else f"['{word}']"
            elif match.lastgroup == "word":
                part = "class_"
            elif part.isspace():
                part = " "
            if match.start() >= start:
                self.columns += [match.start()] * len(part)
            yield part

    def _made(self, node: ast.expr) -> Tree:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(node, ast.Name) and node.id in self.units:
            return self.units[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inner = self._made(node.operand)
            same = isinstance(node.op, ast.UAdd)
            return inner if same else self._operation("*", node, -1.0, inner)
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            sides = self._made(node.left), self._made(node.right)
            return self._operation(_ARITHMETIC[type(node.op)][0], node, *sides)
        if isinstance(node, ast.Subscript):
            return self._placed(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._called(node, node.func.id.replace("class_", "class"))
        raise self._wrong(node.col_offset, f"'{self._written(node)}' is no number of a network")

    def _operation(self, name: str, node: ast.expr, *parts: Tree) -> Operation:
        return Operation(name, parts, self._written(node))

    def _placed(self, node: ast.Subscript) -> Leaf:
        inner = self._made(node.value)
        if not isinstance(inner, Leaf) or inner.place is not None:
            raise self._wrong(node.col_offset, "a place (@) stands behind a unit or an output")
        try:
            place = ast.literal_eval(node.slice)
        except ValueError:
            place = None
        if type(place) is not int and place not in POOLED:
            raise self._wrong(
                node.slice.col_offset, f"'{place}' is no place; a number, or {', '.join(POOLED)}"
            )
        return replace(inner, place=place, text=self._written(node))

    def _called(self, node: ast.Call, name: str) -> Tree:
        if name in OUTPUTS:
            return Leaf(name, self._named(node, name), text=self._written(node))
        if name not in _JOINING and name not in _OF_ONE:
            known = [*OUTPUTS, *_JOINING, *_OF_ONE]
            raise self._wrong(
                node.col_offset,
                f"there is no function '{name}' (nearest: {nearest(name, known)}; all: "
                f"{', '.join(known)})",
            )
        if not node.args or (name in _OF_ONE and len(node.args) > 1):
            many = "one or more numbers" if name in _JOINING else "one number"
            raise self._wrong(node.col_offset, f"{name} takes {many}")
        return self._operation(name, node, *map(self._made, node.args))

    def _named(self, node: ast.Call, name: str) -> str | int:
        """The token, class or number that an output is asked for by."""
        if len(node.args) == 1:
            one = node.args[0]
            if isinstance(one, ast.Name):
                return one.id
            if isinstance(one, ast.Constant) and type(one.value) in (str, int):
                return one.value  # pyright: ignore[reportReturnType]
        raise self._wrong(
            node.col_offset, f'{name} takes one name or number: {name}("a"), {name}(0)'
        )

    def _written(self, node: ast.expr) -> str:
        """A node's text as it was written."""
        first = self._column(node.col_offset)
        end = node.end_col_offset or len(self.columns)
        # offsets of `ast` count bytes of UTF-8
        last = self._column(end) if end < len(self.python.strip().encode()) else len(self.text)
        return self.text[first:last].strip()

    def _column(self, offset: int) -> int:
        characters = len(self.python.strip().encode()[:offset].decode(errors="ignore"))
        return self.columns[min(characters, len(self.columns) - 1)] if self.columns else 0

    def _wrong(self, offset: int, why: str) -> UsageError:
        column = self._column(offset)
        return UsageError(
            f"the metric '{self.text}' cannot be read at column {column + 1}: {why}; write "
            f"{_EXAMPLES}"
        )


_EXAMPLES = 'logit(" the"), class(cat), output(0), mlp.1/17@-1, or arithmetic over such'
