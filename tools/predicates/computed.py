"""`computed`: a function of the tokens, in Python, for algorithms that no fixed kind covers.

The code is a model's or a file's, and never runs in this interpreter: `sandbox/rows.py` runs it. It
pays for its length by syntax node. For a causal target a function that looks ahead is refused: it
must give the same for the beginning of a text as for the whole, at up to `_CUTS` places of each.
"""

import ast
import itertools
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ..errors import UsageError
from ..memo import Memo
from .algorithms import Amount
from .phrases import quoted
from .view import View, memo_of

MOST_CODE = 4000
_NODE = 0.1
"""Complexity of a syntax node: a balance of brackets costs 4.3 as code and 3 as `tally`, so that
fixed kinds win where they say the same."""
_CUTS = 8
_SAID = 60
_MOST = 32  # functions that are kept for the same windows
_Row = tuple[tuple[Any, ...], ...]


class Computed(Amount, frozen=True):
    """Python (4,000 letters, cost by length): `def f(tokens)`, or `f(tokens, starts)`, bools where
    words begin, gives a number a token, a degree unless bounded.
    """

    kind: Literal["computed"] = "computed"
    free: ClassVar[bool] = True
    code: str = Field(min_length=1, max_length=MOST_CODE)

    @field_validator("code")
    @classmethod
    def _defines_f(cls, code: str) -> str:
        try:
            function = _f(ast.parse(code))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = getattr(error, "msg", None) or type(error).__name__
            line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
            raise ValueError(f"the code is no Python: {said}{line}") from None
        if function is None:
            raise ValueError("the code defines no function f(tokens)")
        if _takes(function) > 2:
            raise ValueError("f takes the tokens, and where words start: f(tokens, starts)")
        return code

    def amounts(self, view: View) -> np.ndarray:
        memo = memo_of(view.windows).once("computed", Memo)
        return memo.once(self.code, lambda: self._computed(view), most=_MOST)

    def values(self, view: View) -> np.ndarray:
        if self.low is None and self.equals is None:
            return np.clip(np.nan_to_num(self.amounts(view), nan=0.0), 0, 1).astype(np.float32)
        return super().values(view)

    @property
    def _tree(self) -> ast.Module:
        return ast.parse(self.code)

    @property
    def _what(self) -> str:
        function = _f(self._tree)
        said = " ".join(((function and ast.get_docstring(function)) or "").split())
        named = f" ({quoted(said[:_SAID])})" if said else ""
        return f"a function of {len(self.code.strip().splitlines())} lines{named}"

    def tail(self) -> str:
        unbounded = self.low is None and self.equals is None
        return f"as given by {self._what}" if unbounded else super().tail()

    @cached_property
    def complexity(self) -> float:
        nodes = (x for x in ast.walk(self._tree) if not isinstance(x, ast.expr_context))
        return 1 + _NODE * sum(1 for _ in nodes)

    def _computed(self, view: View) -> np.ndarray:
        """What the function gives, float64 `[window, place]`; NaN where there is no text."""
        from ..sandbox.rows import numbers_by_token

        rows = self._rows(view)
        known = [row for row in dict.fromkeys(rows) if row[0]]
        begun = {row: _beginnings(row) for row in known if view.causal}
        asked = list(dict.fromkeys([*known, *itertools.chain(*begun.values())]))
        given = dict(zip(asked, numbers_by_token(self.code, asked), strict=True))
        for row, beginnings in begun.items():
            for beginning in beginnings:
                if not np.allclose(given[beginning], given[row][: len(beginning[0])]):
                    text = quoted("".join(row[0])[:40])
                    raise UsageError(
                        f"the function looks ahead: what it gives for the beginning of {text} "
                        "depends on what stands behind, which a causal model cannot have read there"
                    )
        out = np.full(view.shape, np.nan)
        for at, row in enumerate(rows):
            if row[0]:
                out[at, view.visible[at]] = given[row]
        return out

    def _rows(self, view: View) -> list[_Row]:
        """What the function takes of each row: its tokens; and where words start, if it asks."""
        w, visible = view.windows, view.visible
        function = _f(self._tree)
        starting = function is not None and _takes(function) == 2
        rows = []
        for ids, begins, there in zip(w.ids, view.begins, visible, strict=True):
            tokens = tuple(w.vocabulary[i] for i in ids[there])
            rows.append((tokens, tuple(begins[there].tolist())) if starting else (tokens,))
        return rows


def _f(tree: ast.Module) -> ast.FunctionDef | None:
    """The function of that name."""
    functions = (x for x in tree.body if isinstance(x, ast.FunctionDef) and x.name == "f")
    return next(functions, None)


def _takes(function: ast.FunctionDef) -> int:
    """How many arguments it needs."""
    return len(function.args.args) - len(function.args.defaults)


def _beginnings(row: _Row) -> list[_Row]:
    """Beginnings of a row, shorter than it, their lengths spread evenly."""
    most = len(row[0]) - 1
    cuts = sorted({int(x) for x in np.linspace(1, most, min(_CUTS, most))}) if most else []
    return [tuple(each[:n] for each in row) for n in cuts]
