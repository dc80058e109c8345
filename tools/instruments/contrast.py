"""What parts a rule's hits from its false alarms: conditions, exceptions and suppressors.

1. Places where the predictor holds are hits (the unit is active) or false alarms.
2. The words at a place and near it (the word itself, the word before, any word up to 4, 8 or 16
   tokens before; behind too where the model sees it) are counted by document in both.
3. Told are single words, and the best set of words of one context, that go with one side more than
   any do when hits and alarms are exchanged by document (see `word_contrast`).
4. Where there is none, `reason` says why: too few places of one side, no word in two documents, or
   nothing beyond chance, with the word that comes nearest and what the places themselves hold.

Our formulation.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..activations.agreement import HOLDS
from ..activations.records import activity, flat
from ..activations.word_contrast import MAX_P, Sign, Table, WordSet, single_words, table, word_set
from ..data.windows import TokenWindows
from ..evidence import Result
from ..hypotheses.resolve import resolve
from ..lab import Lab
from ..registry import tool
from ..render.text import number

_REACH = (4, 8, 16)
_FEW = 3
_LISTED = 6
_MOST_PLACES = 2000


@tool(needs=("text",))
def contrast(lab: Lab, hypothesis: str | dict[str, Any], unit: str | None = None) -> Result:
    """Finds words at or near the place that go with a hypothesis's false alarms (exceptions,
    suppressors) or with its hits (conditions), on explore.

    Args:
        hypothesis: An id (H1) or a predictor.
        unit: The unit, such as mlp.3/7; left out: the unit under study.

    Returns:
        signs [{context, word, hits, alarms, p}]; reason, where signs are empty
    """
    chosen = lab.chosen(unit)
    data = flat(lab, chosen)
    (given,) = resolve(lab, [hypothesis])
    holds = given.evaluate(lab.explore)[data.window, data.place] > HOLDS
    active = data.values > activity(data.values)
    hits, alarms = int((holds & active).sum()), int((holds & ~active).sum())
    base: dict[str, Any] = {"unit": str(chosen), "hypothesis": given.id, "hits": hits}
    base |= {"alarms": alarms, "signs": [], "reason": None}
    head = (
        f"{given.id} holds at {hits + alarms} places of explore: the unit is active at {hits} "
        f"(hits), not at {alarms} (alarms)."
    )
    if min(hits, alarms) < _FEW:
        base["reason"] = _too_few(hits, alarms)
        return Result(f"{head}\n{base['reason']}", base)
    rng, set_rng = lab.rng().spawn(2)
    at = np.flatnonzero(holds)
    if len(at) > _MOST_PLACES:
        at = np.sort(rng.choice(at, _MOST_PLACES, replace=False))
        head += f" Counted below: {_MOST_PLACES} of these places, drawn at random."
    behind = lab.target.kind != "causal"
    signs = [
        set(_signs(lab.explore, int(data.window[i]), int(data.place[i]), behind=behind)) for i in at
    ]
    known = table(signs, np.asarray(lab.explore.document)[data.window[at]])
    rows, results = _sides(known, ~active[at], rng, set_rng)
    documents = len(np.unique(known.document))
    base |= {**results, "documents": documents}
    if rows:
        rows.append(
            f"A document counts once a word ({documents} documents); p is over all "
            f"{len(known.signs)} words in context, with hits and alarms exchanged by document."
        )
    else:
        token = lab.explore.ids[data.window[at], data.place[at]]
        base["reason"] = " ".join(_reasons(known, ~active[at], token, results["nearest"]))
        rows = [base["reason"]]
    return Result("\n".join([head, *rows]), base)


def _too_few(hits: int, alarms: int) -> str:
    """Why a side has too few places, and what to do."""
    if not hits + alarms:
        return "It holds nowhere on explore: write texts where it holds, or widen it."
    if not alarms:
        return "It has no false alarm on explore, so explore cannot tell what suppresses the unit."
    if not hits:
        return "The unit is active nowhere that it holds: it is no rule of this unit; take another."
    few, n = ("hits", hits) if hits < alarms else ("alarms", alarms)
    return (
        f"{few.capitalize()}: {n}, {_FEW} are needed: explore cannot tell; scan words before one "
        "it is on at."
    )


def _sides(
    known: Table, wrong: np.ndarray, rng: np.random.Generator, set_rng: np.random.Generator
) -> tuple[list[str], dict[str, Any]]:
    """What goes with false positives (`wrong` `[place]`), and with hits: single words and sets."""
    words = single_words(known, wrong, rng)
    best = np.lexsort((-words.score, words.p))
    rows: list[str] = []
    results: dict[str, Any] = {"signs": [], "nearest": None}
    for name, wanted in (("alarms", wrong), ("hits", ~wrong)):
        side = words.more if name == "alarms" else ~words.more
        listed = [
            {**_counts(known, i, wrong), "side": name, "p": float(words.p[i])}
            for i in best
            if side[i] and words.p[i] <= MAX_P
        ][:_LISTED]
        if listed:
            rows.append(f"Goes with {name}: {'; '.join(map(_word, listed))}.")
            results["signs"] += listed
        together = word_set(known, wanted, set_rng)
        if together is not None and together.p <= MAX_P:
            entry = _entry(together, wanted, known.document)
            rows.append(_together(entry, name, int(wanted.sum()), int((~wanted).sum())))
            results[f"together_{name}"] = entry
    if not rows and len(best):
        i = best[0]
        side = "alarms" if words.more[i] else "hits"
        results["nearest"] = {**_counts(known, i, wrong), "side": side, "p": float(words.p[i])}
    return rows, results


def _reasons(
    known: Table, wrong: np.ndarray, token: np.ndarray, nearest: dict[str, Any] | None
) -> Iterator[str]:
    """Why no word is told; `wrong`, `token` `[place]`."""
    documents = [len(np.unique(known.document[side])) for side in (~wrong, wrong)]
    where = f"The hits are in {documents[0]} documents, the alarms in {documents[1]}"
    if nearest is None:
        yield f"No word at these places or near them occurs in two documents. {where}."
    else:
        yield (
            "No word at the place or near it goes with either side more than some word does when "
            f"hits and alarms are exchanged by document (p <= {MAX_P} over {len(known.signs)} "
            f"words in context). Nearest, with {nearest['side']}: {_word(nearest)}. {where}."
        )
    own, other = set(token[~wrong].tolist()), set(token[wrong].tolist())
    if own & other:
        both = len(own & other)
        yield (
            f"{both} of their {len(own | other)} tokens "
            f"{'has' if both == 1 else 'have'} both a hit and an alarm: what parts them may stand "
            "further away or be no word, or the alarms are noise."
        )
    else:
        yield (
            f"No token has both a hit and an alarm ({len(own)} and {len(other)} tokens): narrow "
            "the hypothesis by the token itself."
        )


def _signs(windows: TokenWindows, row: int, place: int, *, behind: bool) -> Iterator[Sign]:
    """The words in and around a place."""
    words, names, ordinal = windows.word[row], windows.words, windows.ordinal[row]
    visible = windows.attended[row]
    own = int(words[place])
    if own >= 0:
        yield Sign("the word is", names[own].lower())
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
                yield Sign(f"the word {side} is", word)
                near = False
            for reach in _REACH:
                if distance <= reach:
                    yield Sign(f"within {reach} tokens {side}:", word)


def _counts(known: Table, sign: int, wrong: np.ndarray) -> dict[str, Any]:
    """A sign with the places and the documents that it occurs in."""
    at = known.weight[sign].indices
    alarm = wrong[at]
    return {
        **known.signs[sign]._asdict(),
        "hits": int((~alarm).sum()),
        "alarms": int(alarm.sum()),
        "documents": len(np.unique(known.document[at])),
        "documents_alarms": len(np.unique(known.document[at[alarm]])),
        "documents_hits": len(np.unique(known.document[at[~alarm]])),
    }


def _word(row: dict[str, Any]) -> str:
    return (
        f"{row['context']} '{row['word']}' (in {row['documents']} documents: {row['alarms']} "
        f"alarms in {row['documents_alarms']}, {row['hits']} hits in {row['documents_hits']}; "
        f"p={number(row['p'])})"
    )


def _entry(found: WordSet, wanted: np.ndarray, document: np.ndarray) -> dict[str, Any]:
    """A set of words with what it covers."""
    right, wrong = found.covered & wanted, found.covered & ~wanted
    return {
        "context": found.context,
        "words": found.words,
        "right": int(right.sum()),
        "wrong": int(wrong.sum()),
        "documents_right": len(np.unique(document[right])),
        "documents_wrong": len(np.unique(document[wrong])),
        "score": found.score,
        "p": found.p,
    }


def _together(found: dict[str, Any], name: str, n: int, others: int) -> str:
    words = ", ".join(f"'{word}'" for word in found["words"])
    other = "hits" if name == "alarms" else "alarms"
    return (
        f"Together, {found['context']} {words} covers {found['right']} of {n} {name} (in "
        f"{found['documents_right']} documents) and {found['wrong']} of {others} {other} (in "
        f"{found['documents_wrong']}; p={number(found['p'])}). These are the words seen here; "
        "there may be more of their kind: scan words there."
    )
