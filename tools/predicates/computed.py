"""`computed`: a function of the tokens, in Python, for algorithms that no fixed kind covers.

The code is a model's or a file's, and never runs in this interpreter: `sandbox/rows.py` runs it. It
pays for its length by syntax node. For a causal target a function that looks ahead is refused: it
must give the same for the beginning of a text as for the whole, at up to `_CUTS` places of each.
"""

import ast
from functools import cached_property
from typing import ClassVar, Literal

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


class Computed(Amount, frozen=True):
    """Python (4,000 letters at most, it costs by length): `def f(tokens)` gives a number a token, a
    degree unless bounds make it one.
    """

    kind: Literal["computed"] = "computed"
    free: ClassVar[bool] = True
    code: str = Field(min_length=1, max_length=MOST_CODE)

    @field_validator("code")
    @classmethod
    def _defines_f(cls, code: str) -> str:
        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = getattr(error, "msg", None) or type(error).__name__
            line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
            raise ValueError(f"the code is no Python: {said}{line}") from None
        if not any(isinstance(one, ast.FunctionDef) and one.name == "f" for one in body):
            raise ValueError("the code defines no function f(tokens)")
        return code

    def amounts(self, view: View) -> np.ndarray:
        memo = memo_of(view.windows).once("computed", Memo)
        return memo.once(self.code, lambda: _computed(self.code, view), most=_MOST)

    def values(self, view: View) -> np.ndarray:
        if self.low is None and self.equals is None:
            return np.clip(np.nan_to_num(self.amounts(view), nan=0.0), 0, 1).astype(np.float32)
        return super().values(view)

    @property
    def _tree(self) -> ast.Module:
        return ast.parse(self.code)

    @property
    def _what(self) -> str:
        functions = (x for x in self._tree.body if isinstance(x, ast.FunctionDef) and x.name == "f")
        said = " ".join((ast.get_docstring(next(functions)) or "").split())
        named = f" ({quoted(said[:_SAID])})" if said else ""
        return f"a function of {len(self.code.strip().splitlines())} lines{named}"

    def tail(self) -> str:
        unbounded = self.low is None and self.equals is None
        return f"as given by {self._what}" if unbounded else super().tail()

    @cached_property
    def complexity(self) -> float:
        nodes = (x for x in ast.walk(self._tree) if not isinstance(x, ast.expr_context))
        return 1 + _NODE * sum(1 for _ in nodes)


def _computed(code: str, view: View) -> np.ndarray:
    """What the function gives, float64 `[window, place]`; NaN where there is no text."""
    from ..sandbox.rows import numbers_by_token

    w = view.windows
    out = np.full(view.shape, np.nan)
    tokens = [
        tuple(w.vocabulary[i] for i in ids[there])
        for ids, there in zip(w.ids, view.visible, strict=True)
    ]
    known = [row for row in dict.fromkeys(tokens) if row]
    begun = {row[:n]: None for row in known for n in _cuts(len(row))} if view.causal else {}
    asked = list(dict.fromkeys([*known, *begun]))
    given = dict(zip(asked, numbers_by_token(code, asked), strict=True))
    for row in known if view.causal else ():
        for n in _cuts(len(row)):
            if not np.allclose(given[row[:n]], given[row][:n]):
                text = quoted("".join(row)[:40])
                raise UsageError(
                    f"the function looks ahead: what it gives for the beginning of {text} depends "
                    "on what stands behind, which a causal model cannot have read there"
                )
    for at, row in enumerate(tokens):
        if row:
            out[at, view.visible[at]] = given[row]
    return out


def _cuts(n: int) -> list[int]:
    """Lengths of beginnings of a row of n tokens, spread evenly, shorter than it."""
    return sorted({int(x) for x in np.linspace(1, n - 1, min(_CUTS, n - 1))}) if n > 1 else []
