"""What parts a rule's hits from its false alarms: conditions, exceptions and suppressors.

1. Places where the predictor holds are hits (the unit is active) or false alarms.
2. For every word and every window of context (the word itself, the word before, any word up to 4, 8
   or 16 tokens before; behind too where the model sees it) hits and alarms that have it are
   counted; Fisher's exact test, with Bonferroni's correction for all that was counted.
3. Words of one context that point the same way are put together, one after another, while they add
   places: the set that says most is told, if exchanging hits and alarms nine times gives no better.

Our formulation.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .data.windows import TokenWindows
from .evidence import Result
from .hypotheses import resolve
from .lab import Lab
from .measured import activity, flat
from .registry import tool

_REACH = (4, 8, 16)
_FEW = 3
_LISTED = 6
_SET = 12
_HOLDS = 0.5
_MOST_PLACES = 2000
_SHUFFLES = 9
_P = 0.05


class _Sign(NamedTuple):
    """A word in a context."""

    context: str
    word: str


@tool(needs=("text",))
def contrast(lab: Lab, hypothesis: str | dict[str, Any], unit: str | None = None) -> Result:
    """Compares the places of explore where a hypothesis holds and the unit is active with those
    where it holds and the unit is not: which words, at the place or before it, go with failure
    (exceptions, suppressors) or with success (conditions).

    Args:
        hypothesis: An id such as H1, or a predictor as JSON.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    data = flat(lab, chosen)
    (given,) = resolve(lab, [hypothesis])
    holds = given.evaluate(lab.explore)[data.window, data.place] >= _HOLDS
    active = data.values > activity(data.values)
    at = np.flatnonzero(holds)
    head = (
        f"{given.id} holds at {holds.sum()} places of explore: the unit is active at "
        f"{int((holds & active).sum())} (hits), not at {int((holds & ~active).sum())} (alarms)."
    )
    hits, alarms = int((holds & active).sum()), int((holds & ~active).sum())
    base: dict[str, Any] = {"unit": str(chosen), "hypothesis": given.id, "hits": hits}
    base |= {"alarms": alarms, "signs": []}
    if min(hits, alarms) < _FEW:
        few = "hits" if hits < alarms else "alarms"
        said = f"Fewer than {_FEW} {few}: explore cannot tell; scan words before one it is on at."
        return Result(f"{head}\n{said}", base)
    if len(at) > _MOST_PLACES:
        at = np.sort(lab.rng().choice(at, _MOST_PLACES, replace=False))
    on = active[at]
    behind = lab.target.kind != "causal"
    signs = [
        set(_signs(lab.explore, int(data.window[i]), int(data.place[i]), behind=behind)) for i in at
    ]
    table = _table(signs, on)
    rows = [head]
    found: list[dict[str, Any]] = []
    for name, wanted in (("alarms", ~on), ("hits", on)):
        best = sorted((r for r in table if r["side"] == name), key=lambda row: row["p"])
        listed = [row for row in best if row["p"] < _P][:_LISTED]
        together = _together(signs, wanted, best)
        if listed:
            shown = "; ".join(
                f"{row['context']} '{row['word']}' ({row['alarms']} alarms, {row['hits']} hits)"
                for row in listed
            )
            rows.append(f"Goes with {name}: {shown}.")
            found += listed
        if together is not None and together["score"] > _chance(signs, wanted, best, lab.rng()):
            rows.append(_said(together, name, int(wanted.sum()), int((~wanted).sum())))
            base[f"together_{name}"] = together
    if len(rows) == 1:
        rows.append(
            f"No word at the place or near it goes with either (p < {_P} after correction for "
            f"{len(table)} words in context). The alarms may be of another kind, or noise."
        )
    return Result("\n".join(rows), {**base, "signs": found})


def _signs(windows: TokenWindows, row: int, place: int, *, behind: bool) -> Iterator[_Sign]:
    """The words in and around a place."""
    words, names, ordinal = windows.word[row], windows.words, windows.ordinal[row]
    visible = windows.attended[row]
    own = int(words[place])
    if own >= 0:
        yield _Sign("the word is", names[own].lower())
    for step, side in ((-1, "before"), (1, "behind")):
        if step > 0 and not behind:
            return
        near = True
        for distance in range(1, _REACH[-1] + 1):
            at = place + step * distance
            if not 0 <= at < len(words) or not visible[at]:
                break
            if words[at] < 0 or ordinal[at] == ordinal[place]:
                continue
            word = names[int(words[at])].lower()
            if near:
                yield _Sign(f"the word {side} is", word)
                near = False
            for reach in _REACH:
                if distance <= reach:
                    yield _Sign(f"within {reach} tokens {side}:", word)


def _table(signs: list[set[_Sign]], on: np.ndarray) -> list[dict[str, Any]]:
    """Every sign seen often enough, with its counts and its corrected p."""
    from scipy.stats import hypergeom

    hits = Counter(sign for some, yes in zip(signs, on, strict=True) if yes for sign in some)
    alarms = Counter(sign for some, yes in zip(signs, on, strict=True) if not yes for sign in some)
    chosen = [sign for sign in {*hits, *alarms} if hits[sign] + alarms[sign] >= 2]
    total, active = len(on), int(on.sum())
    out = []
    for sign in chosen:
        seen = hits[sign] + alarms[sign]
        expected = seen * active / total
        side = "hits" if hits[sign] > expected else "alarms"
        count, good = (hits[sign], active) if side == "hits" else (alarms[sign], total - active)
        p = float(hypergeom.sf(count - 1, total, good, seen))
        out.append(
            {
                **sign._asdict(),
                "hits": hits[sign],
                "alarms": alarms[sign],
                "side": side,
                "p": min(1.0, p * len(chosen)),
                "raw": p,
            }
        )
    return sorted(out, key=lambda row: (row["raw"], row["context"], row["word"]))


def _together(
    signs: list[set[_Sign]], wanted: np.ndarray, rows: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The words of one context that cover most of the wanted places and fewest of the others."""
    best: dict[str, Any] | None = None
    for context in dict.fromkeys(row["context"] for row in rows):
        own = [r["word"] for r in rows if r["context"] == context and r["raw"] < 0.3][: 4 * _SET]
        has = {w: np.array([_Sign(context, w) in some for some in signs]) for w in own}
        covered = np.zeros(len(wanted), bool)
        words: list[str] = []
        while len(words) < _SET:
            gains = {
                w: int((h & ~covered & wanted).sum()) - 3 * int((h & ~covered & ~wanted).sum())
                for w, h in has.items()
                if w not in words
            }
            top = max(gains, key=lambda w: gains[w], default=None)
            if top is None or gains[top] < 2:
                break
            words.append(top)
            covered |= has[top]
        good, bad = int((covered & wanted).sum()), int((covered & ~wanted).sum())
        score = good - 3 * bad - len(words)
        if words and good >= _FEW and (best is None or score > best["score"]):
            best = {"context": context, "words": words, "right": good, "wrong": bad, "score": score}
    return best


def _chance(
    signs: list[set[_Sign]],
    wanted: np.ndarray,
    rows: list[dict[str, Any]],
    rng: np.random.Generator,
) -> float:
    """The best score of a set of words when hits and alarms are exchanged at random."""
    scores = [0.0]
    for _ in range(_SHUFFLES):
        found = _together(signs, rng.permutation(wanted), rows)
        scores.append(0.0 if found is None else float(found["score"]))
    return max(scores)


def _said(found: dict[str, Any], name: str, many: int, others: int) -> str:
    words = ", ".join(f"'{word}'" for word in found["words"])
    other = "hits" if name == "alarms" else "alarms"
    return (
        f"Together, {found['context']} {words} covers {found['right']} of {many} {name} and "
        f"{found['wrong']} of {others} {other}. These are the words seen here; there may be more "
        "of their kind: scan words there."
    )
