"""Whether the words of a description say which unit it is of: our formulation, no model needed.

Each description is compared with the true descriptions of all units of its bench, by TF-IDF of
character n-grams of words, so that inflections count as near. The match is the share of other
units whose truth is less like it than its own unit's; chance is one half.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...tools.statistics.intervals import mean


def text_match(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`{tier: {value, low, high, n}}` over described units with a function."""
    result: dict[str, list[float]] = {}
    for bench in sorted({str(r["bench"]) for r in records}):
        some = [r for r in records if r["bench"] == bench and r["recovery"] is not None]
        for record, value in zip(some, matches(some), strict=True):
            if record["status"] == "described":
                result.setdefault(str(record["tier"]), []).append(value)
    return {tier: mean(values) for tier, values in sorted(result.items())}


def matches(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """For each record, the share of the other truths that are less like it than its own."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(records) < 2:
        return [0.5] * len(records)
    truths = [str(r["truth"]) for r in records]
    said = [str(r["said"]) or " " for r in records]
    model = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    known = model.fit_transform(truths)
    near = np.asarray((model.transform(said) @ known.T).todense())  # [said, truth]
    out = []
    for at, row in enumerate(near):
        others = np.delete(row, [i for i, text in enumerate(truths) if text == truths[at]])
        if not len(others):
            out.append(0.5)
            continue
        out.append(float((others < row[at]).mean() + 0.5 * (others == row[at]).mean()))
    return out
