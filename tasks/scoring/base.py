"""What token identity alone says of a unit, and what a description says beyond it.

1. The base is a shrunk table of token means (`statistics/shrunk_table`), learnt on explore. In a
   description it stands as the tokens that it is about and the share of variance that it explains
   on documents that it was not learnt from.
2. Held-out variance is divided by what explains it. With R² of the table, of the components and of
   both, each weighted on validation (0 or more) and read on test: `both`; `base` = both less the
   components; `ideas` = both less the table; `shared`, what either would explain, is the rest. This
   is commonality analysis (Newton and Spurrell 1967). A share is negative where weights mislead.
3. A unit whose components fail and whose table holds on test is described by the table: its label
   is a word list, and so is its status.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import WORD_LIST, Base, Description, short_label
from ...tools.data.windows import TokenWindows
from ...tools.io.plain_text import clip
from ...tools.render.text import quoted
from ...tools.statistics.bootstrap import Interval, Resampler, interval, of_variance
from ...tools.statistics.shrunk_table import ShrunkTable, crossed, shrunk_table
from .measured import Measured, Splits
from .predictions import Prediction, fitted

LEAST_VARIANCE = 0.02
"""Under this share of variance explained, a description or a table says nothing of the unit."""
MOST_TOKENS = 12
_NAME = 24  # characters of a token


class TokenTable(NamedTuple):
    """A table of token means that reads windows as a predictor does."""

    table: ShrunkTable

    @classmethod
    def of(cls, explore: Measured) -> "TokenTable":
        """The table of a unit."""
        return cls(shrunk_table(explore.tokens(), explore.flat))

    def evaluate(self, windows: TokenWindows) -> np.ndarray:
        """What it says of each place, `[window, place]`, in units of the activation."""
        return self.table.read(windows.ids.ravel().astype(np.int64)).reshape(windows.ids.shape)

    def column(self, split: Measured) -> np.ndarray:
        """What it says of the counted tokens of a split, `[1, token]`."""
        return self.table.read(split.tokens())[None]


def base_of(explore: Measured) -> Base | None:
    """What token identity alone says of a unit on explore; None where the unit does not vary.

    Tokens are named where they explain something, those first that decide most: places times the
    squared distance of their drawn mean from the level.
    """
    values, token = explore.flat, explore.tokens()
    document = np.unique(explore.documents, return_inverse=True)[1]
    if document.max(initial=0) < 1 or values.std() < 1e-9:
        return None
    error = np.square(values - crossed(token, values, document % 2 == 1)).mean()
    share = float(1 - error / values.var())
    words = f"token identity alone explains {max(share, 0):.0%} of the variance"
    if share < LEAST_VARIANCE:
        return Base(words, (), round(share, 4))
    table = shrunk_table(token, values)
    above = np.maximum(table.means - table.level, 0)
    first = np.argsort(-table.counts * above**2, kind="stable")[:MOST_TOKENS]
    named = [
        (explore.windows.vocabulary[int(table.keys[i])], float(table.means[i]), table.counts[i])
        for i in first
        if above[i] > 0
    ]
    mass = np.maximum(values, 0)
    carried = mass[np.isin(token, table.keys[first])].sum() / max(mass.sum(), 1e-30)
    listed = ", ".join(_shown(token) for token, _, _ in named)
    tokens = tuple((name, round(mean, 4), int(n)) for name, mean, n in named)
    return Base(f"{words}; {listed} carry {carried:.0%} of the activation", tokens, round(share, 4))


def word_list(base: Base) -> str:
    """A label that names the tokens of a base."""
    return short_label(f"{WORD_LIST} {' '.join(_shown(token) for token, _, _ in base.tokens)}")


def shares(
    on_validation: Prediction, on_test: Prediction, splits: Splits, resampler: Resampler
) -> dict[str, Any]:
    """Held-out variance by what explains it, with intervals: `base`, `ideas`, `shared`, `both`.

    Args:
        on_validation: What the description predicts there.
        on_test: On test, weighted on validation.
        splits: The unit.
        resampler: Draws documents of test.
    """
    table, truth = TokenTable.of(splits.explore), splits.test.flat
    columns = [table.column(split) for split in splits[1:]]
    both = [
        np.vstack(pair) for pair in zip(columns, (on_validation.parts, on_test.parts), strict=True)
    ]

    def r_squared(total: np.ndarray) -> np.ndarray:
        return 1 - of_variance(resampler, np.square(truth - total), truth)

    whole, alone = (
        r_squared(fitted(parts, splits.validation.flat, splits.validation.weight)[1].total)
        for parts in (both, columns)
    )
    ideas = r_squared(on_test.total)
    parts = {
        "base": whole - ideas,
        "ideas": whole - alone,
        "shared": alone + ideas - whole,
        "both": whole,
    }
    return {name: interval(values).as_dict() for name, values in parts.items()}


def silent(splits: Splits) -> list[Prediction]:
    """What a description without components predicts on validation and test: one number."""
    level = splits.validation.flat.mean()
    sizes = [len(split.flat) for split in splits[1:]]
    return [Prediction(np.full(n, level), np.zeros((0, n))) for n in sizes]


def by_base(description: Description, explained: Interval) -> Description:
    """The description of a unit of which the table says something and the components do not.

    Args:
        description: With a base, and the status that the components earned.
        explained: The share of held-out variance that the table explains.
    """
    assert description.base is not None
    notes = description.notes
    if description.label and description.components:
        notes = (*notes, f"The planner's label was: {description.label}")
    value, low, high = explained
    reason = (
        f"no idea explains held-out variance ({description.reason or 'no component was found'}); "
        f"token identity alone explains {value:.1%} (95% {low:.1%} .. {high:.1%})"
    )
    label = word_list(description.base)
    return replace(
        description, label=label, status="word list", named=False, reason=reason, notes=notes
    )


def _shown(token: str) -> str:
    """A token as a word of a label: without spaces around, in quotation marks."""
    return quoted(clip(token.strip() or token, _NAME).replace(" ", "␣"))
