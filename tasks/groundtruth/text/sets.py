"""Word sets for tier B, from the prose itself and from lists of the standard library; no lexicon.

1. Count which words stand within two words of which; positive pointwise mutual information
   (Levy and Goldberg 2014), then 60 singular vectors of unit length.
2. k-means over the words of at least 12 occurrences, the most frequent words left out; of each
   cluster, the 5 to 12 words nearest its centre.
3. Add lists that the standard library has: keywords, exceptions, months, methods, ...
"""

import builtins
import calendar
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ....tools.errors import UsageError
from .words import Category

_LEAST, _LISTED = 12, 8  # occurrences of a word in a cluster, in a list
_FEWEST, _MOST = 5, 12  # words of a set
_COMMON = 1 / 500  # a word above this share of the prose is in no set
_NEAR = 2
_CONTEXTS = 1000
_WORD = re.compile(r"(?<![A-Za-z_'’])[A-Za-z]+(?![A-Za-z_]|['’][a-z])")


def prose_sets(documents: Sequence[str], *, limit: int, seed: int) -> list[Category]:
    """At most `limit` word sets that share no word, lists first, then the tightest clusters.

    The part of all is `prose`; the sister of each is the set whose vectors are nearest.
    """
    rows = [[word.lower() for word in _WORD.findall(text)] for text in documents]
    counts = Counter(word for row in rows for word in row)
    most = _COMMON * sum(counts.values())
    words = sorted(w for w, n in counts.items() if _LEAST <= n <= most and len(w) > 1)
    vectors = _vectors(rows, counts, words, seed)
    at = {word: number for number, word in enumerate(words)}
    written = Counter(word for text in documents for word in _WORD.findall(text))
    taken: set[str] = set()
    found: list[tuple[str, tuple[str, ...]]] = []
    candidates = [*_lists(counts, written, most), *_clusters(words, vectors, seed)]
    for name, members in candidates:
        free = [word for word in members if word.lower() not in taken][:_MOST]
        if len(free) >= _FEWEST and len(found) < limit:
            found.append((name, tuple(free)))
            taken.update(word.lower() for word in free)
    centres = np.stack([_centre(members, at, vectors) for _, members in found])
    alike = centres @ centres.T
    np.fill_diagonal(alike, -1.0)
    nearest = alike.argmax(axis=1)
    return [
        Category(name, members, "prose", (found[int(near)][0],))
        for (name, members), near in zip(found, nearest, strict=True)
    ]


def frequent(documents: Sequence[str]) -> list[str]:
    """All words that can be in a set, as sets have them."""
    written = Counter(word for text in documents for word in _WORD.findall(text))
    lower = Counter(word.lower() for word in written.elements())
    found = {word for word, n in written.items() if n >= _LISTED and len(word) > 1}
    return sorted(found | {word for word, n in lower.items() if n >= _LEAST})


def _vectors(
    rows: Sequence[Sequence[str]], counts: Counter[str], words: list[str], seed: int
) -> np.ndarray:
    """Unit vectors of the words, `[word, d]`."""
    from scipy.sparse import coo_matrix
    from sklearn.decomposition import TruncatedSVD

    at = {word: number for number, word in enumerate(words)}
    contexts = {word: number for number, (word, _) in enumerate(counts.most_common(_CONTEXTS))}
    pairs: Counter[tuple[int, int]] = Counter()
    for row in rows:
        for place, word in enumerate(row):
            if word not in at:
                continue
            for other in range(max(0, place - _NEAR), min(len(row), place + _NEAR + 1)):
                if other != place and row[other] in contexts:
                    side = (other > place) * _CONTEXTS
                    pairs[at[word], contexts[row[other]] + side] += 1
    if not pairs:
        raise UsageError("the corpus is too small to draw word sets from; give more tokens")
    index = np.array(list(pairs)).T  # [2, pair]
    joint = np.array(list(pairs.values()), float)
    left = np.bincount(index[0], joint, len(words))
    right = np.bincount(index[1], joint, 2 * _CONTEXTS) ** 0.75  # smoothed contexts
    right *= joint.sum() / right.sum()
    ppmi = np.maximum(0, np.log(joint * joint.sum() / (left[index[0]] * right[index[1]])))
    matrix = coo_matrix((ppmi, (index[0], index[1])), (len(words), 2 * _CONTEXTS)).tocsr()
    vectors = TruncatedSVD(60, random_state=seed).fit_transform(matrix)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _clusters(words: list[str], vectors: np.ndarray, seed: int) -> list[tuple[str, list[str]]]:
    """Clusters, tightest first, each with its words from the centre outwards."""
    from sklearn.cluster import KMeans

    fitted = KMeans(max(2, len(words) // 8), random_state=seed, n_init="auto").fit(vectors)
    found = []
    for number, centre in enumerate(fitted.cluster_centers_):
        members = np.flatnonzero(fitted.labels_ == number)
        if len(members) < _FEWEST:
            continue
        near = vectors[members] @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
        order = members[np.argsort(-near)]
        tight = float(np.sort(near)[::-1][:_MOST].mean())
        found.append((tight, [words[i] for i in order]))
    found.sort(key=lambda item: -item[0])
    return [(f"like {members[0]} and {members[1]}", members) for _, members in found]


def _lists(counts: Counter[str], written: Counter[str], most: float) -> list[tuple[str, list[str]]]:
    """Lists of the standard library, their words that the prose has often, most frequent first."""
    raised = [n for n, v in vars(builtins).items() if isinstance(v, type)]
    errors = [n for n in raised if issubclass(getattr(builtins, n), BaseException)]
    digits = [unicodedata.name(chr(48 + n)).split()[-1].lower() for n in range(10)]
    marks = {w.lower() for n in range(33, 127) for w in unicodedata.name(chr(n)).split()}
    lists = {
        "exceptions": errors,
        "digit names": digits,
        "calendar": [*calendar.month_name, *calendar.day_name],
        "keywords": keyword.kwlist,
        "string methods": dir(str),
        "built-in functions": [n for n in vars(builtins) if n.islower() and n not in raised],
        "built-in types": [n for n in raised if n.islower()],
        "character names": sorted(marks),
    }
    result = []
    for name, words in lists.items():
        fit = [
            word
            for word in words
            if _WORD.fullmatch(word)
            and len(word) > 1
            and written[word] >= _LISTED
            and counts[word.lower()] <= most
        ]
        fit.sort(key=lambda word: (-written[word], word))
        result.append((name, fit))
    return result


def _centre(members: Sequence[str], at: dict[str, int], vectors: np.ndarray) -> np.ndarray:
    rows = [vectors[at[word.lower()]] for word in members if word.lower() in at]
    total = np.sum(rows, axis=0) if rows else np.zeros(vectors.shape[1])
    return total / max(float(np.linalg.norm(total)), 1e-9)
