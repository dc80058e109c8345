"""Finds the units that respond to something, over all units of many sites.

The search, its halves and its control are those of `unit_search`. What units are compared with:

explore    every place of the exploration corpus, with the places where the predictor holds
written    where it holds too seldom there and is known by its words: neutral sentences with them
examples   texts in which units should be active, against others; a unit counts by its peak
"""

from typing import Annotated, Any

import numpy as np

from ..activations.matched_words import other_words
from ..activations.records import item
from ..activations.selectivity import LEAST, SHUFFLES, Inputs, Search, search, sites_of, too_few
from ..data.carriers import sentences_with
from ..data.windows import TokenWindows, cut
from ..english.lexicon import lexicon
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.concept_query import Wanted, wanted
from ..lab import Lab
from ..registry import UpTo, tool
from ..render.text import number

MOST = 25
_SENTENCES = 48  # with the words
_OTHERS = 8  # further words, each in as many sentences as one of the words
_WORDS = 32  # of a list, that are written into sentences
_TEXTS = 200
_EXAMPLES = 3  # windows kept of each of the best units


@tool(needs=("text", "open"))
def find_units(
    lab: Lab,
    what: str | list[str] | dict[str, Any] | None = None,
    *,
    sites: list[str] | None = None,
    active: list[str] | None = None,
    silent: list[str] | None = None,
    many: Annotated[int, UpTo(MOST)] = 8,
) -> Result:
    """Finds which units respond to something: compares every unit of the model, in both
    directions, with the places where it occurs in the corpus. Units are chosen on half of the
    documents and measured on the other half, beside the best units for shuffled places.

    Args:
        what: A concept (animals), words, or a predictor as JSON; left out: give active.
        sites: Where to look, such as mlp.3 or mlp (all layers); left out: all neurons.
        active: Instead of what: at least ten texts in which the units should be active.
        silent: Texts in which they should not be; left out: windows of the corpus.
        many: How many units to list.
    """
    chosen = sites_of(lab.target, sites)
    if active:
        if what:
            raise UsageError("pass either what or active texts, not both")
        said, notes, inputs = "the active texts", [], _of_texts(lab, active, silent)
        predictor = None
    else:
        one = wanted(lab, what or "")
        said, predictor = one.english, one.predicate.model_dump()
        notes = [one.note] if one.note else []
        inputs = _of_corpus(lab, one, notes)
    found = search(lab, inputs, chosen, many)
    data = as_data(inputs, found, said, predictor, chosen)
    written = inputs.rows is not lab.explore
    data |= {"written": written, "measured": _measured(lab, inputs, found), "notes": notes}
    return Result("\n".join([*found_text(inputs, found, said, "places"), *notes]), data)


def as_data(
    inputs: Inputs, found: Search, what: str, predictor: Any, sites: list[str]
) -> dict[str, Any]:
    """A search as plain JSON."""
    holds, known = inputs.holds, inputs.known
    return {
        "what": what,
        "predictor": predictor,
        "sites": sites,
        "units": found.units,
        "holds": int(holds.sum()),
        "places": int(known.sum()),
        "base_rate": float(holds.sum() / max(1, known.sum())),
        "documents": int(np.unique(inputs.rows.document[holds.any(1)]).size),
        "found": [
            {
                "unit": str(hit.unit),
                "correlation": hit.correlation,
                "interval": hit.interval,
                "auroc": hit.auroc,
                "inside": hit.inside,
                "outside": hit.outside,
                "chosen": hit.chosen,
                "p": hit.p,
                "p_words": hit.p_words,
                "responds": found.responds(hit),
                "selective": found.selective(hit),
            }
            for hit in found.hits
        ],
        "control": {
            "chosen": found.control_chosen,
            "held_out": found.control,
            "words": found.control_words,
            "of": inputs.kind,
        },
    }


def found_text(inputs: Inputs, found: Search, what: str, places: str) -> list[str]:
    """A search in a few lines; `places` are what is counted."""
    holds, known = int(inputs.holds.sum()), int(inputs.known.sum())
    unit = "texts" if inputs.by_row and isinstance(inputs.rows, TokenWindows) else places
    good = [hit for hit in found.hits if found.responds(hit)]
    rows = [
        f"{what}: {holds} of {known} {unit} ({holds / known:.2%}); {found.units:,} units in both "
        "directions, chosen on half of the documents; the numbers are of the other half",
        f"{len(good)} of the best {len(found.hits)} respond beyond chance:"
        if good
        else "no unit responds beyond chance; the best are:",
    ]
    for hit in found.hits:
        span = f" [{number(hit.interval[0])}, {number(hit.interval[1])}]" if hit.interval else ""
        mark = "" if found.selective(hit) else f" (not more than for other {inputs.kind})"
        mark = mark if found.responds(hit) else " (no more than chance)"
        rows.append(
            f"{hit.unit}: correlation {number(hit.correlation)}{span}, AUROC {number(hit.auroc)}, "
            f"mean {number(hit.inside)} there and {number(hit.outside)} elsewhere, "
            f"p {number(hit.p)}{mark}"
        )
    rows.append(
        f"control, the best of all units for the same {unit} moved to other documents, "
        f"{SHUFFLES} times: at most {number(max(found.control_chosen))} where it was chosen, "
        f"{number(max(found.control))} on the other half"
    )
    if found.control_words:
        rows.append(
            f"control, the best of all units for {SHUFFLES} lists of other {inputs.kind} as "
            f"frequent: median {number(float(np.median(found.control_words)))}, at most "
            f"{number(max(found.control_words))} where it was chosen"
        )
    return rows


def _of_corpus(lab: Lab, one: Wanted, notes: list[str]) -> Inputs:
    """Explore, or sentences written for the words where explore has too few of them."""
    degrees = np.asarray(one.predicate.evaluate(lab.explore), np.float32)
    inputs = Inputs(lab.explore, degrees)
    if not too_few(inputs):
        return _beside_words(lab, inputs, one.of_tokens)
    many, known = int(inputs.holds.sum()), int(inputs.known.sum())
    few = f"it holds at {many} of {known} places of the corpus"
    if 2 * many > known:
        raise UsageError(f"{few}, nearly all: there is nothing to compare with; narrow it")
    if not one.words:
        raise UsageError(
            f"{few}; at least {LEAST} in each half of the documents are needed. Widen it, give "
            "active texts, or take a larger corpus"
        )
    texts = _sentences(lab, one.words)
    rows = lab.tokenize(texts)
    inputs = Inputs(rows, np.asarray(one.predicate.evaluate(rows), np.float32))
    unknown = getattr(lab.target.tokenizer, "unk_token_id", None)
    if too_few(inputs) or bool((rows.ids[inputs.holds] == unknown).any()):
        raise UsageError(
            f"{few}, and {lab.target.name} has no tokens for its words, so that they cannot be "
            "written into sentences either"
        )
    notes.append(f"{few}, too few: measured on {len(rows)} sentences written with its words")
    return _beside_words(lab, inputs, one.of_tokens)


def _beside_words(lab: Lab, inputs: Inputs, of_tokens: bool) -> Inputs:
    """With lists of other words, or of other tokens, as a control, where there are such."""
    assert isinstance(inputs.rows, TokenWindows)
    rng = lab.rng("other words")
    found = other_words(inputs.rows, inputs.holds, SHUFFLES, rng, of_tokens=of_tokens)
    return inputs._replace(others=found, kind="tokens" if of_tokens else "words")


def _sentences(lab: Lab, words: tuple[str, ...]) -> list[str]:
    """Neutral sentences with each of the words, and as many with each of more words like any."""
    rng, texts = lab.rng("words"), lab.rng("sentences")
    asked = [str(word) for word in rng.permutation(sorted(words))[:_WORDS]]
    low = {word.lower() for word in words}
    others = sorted({w for one in lexicon().values() for w in one if w.lower() not in low})
    drawn = rng.choice(others, max(_OTHERS, 2 * len(asked)), replace=False)
    each = max(3, _SENTENCES // len(asked))
    both = [*asked, *(str(word) for word in drawn)]
    return [text for word in both for text in sentences_with([word], each, texts)]


def _of_texts(lab: Lab, active: list[str], silent: list[str] | None) -> Inputs:
    """Texts against texts: a text is one observation."""
    own = [text for text in dict.fromkeys(active) if text.strip()][:_TEXTS]
    length = lab.target.context_length
    if silent:
        other = [text for text in dict.fromkeys(silent) if text.strip()][:_TEXTS]
    else:
        rows = lab.tokenize(own)
        length = max(8, int(rows.attended.sum(1).max(initial=8)))
        drawn = lab.rng("windows").permutation(len(lab.explore))[: max(40, 2 * len(own))]
        other = [text for at in drawn if (text := lab.explore.text(int(at)).strip())]
    if min(len(own), len(other)) < 2 * LEAST:
        raise UsageError(
            f"{len(own)} active and {len(other)} silent texts are too few to choose units on one "
            f"half and test them on the other; give at least {2 * LEAST} of each"
        )
    rows = cut(lab.target, [*own, *other], length=length, document_per_row=True)
    degrees = np.zeros(rows.ids.shape, np.float32)
    degrees[: len(own), 0] = 1
    return Inputs(rows, degrees, by_row=True)


def _measured(lab: Lab, inputs: Inputs, found: Search) -> list[dict[str, Any]]:
    """The strongest windows of the best units, of the half that did not choose them."""
    if inputs.by_row or not isinstance(inputs.rows, TokenWindows):
        return []
    explore = inputs.rows is lab.explore
    rows = inputs.rows
    out: list[dict[str, Any]] = []
    for hit in [hit for hit in found.hits if found.responds(hit)][:_EXAMPLES]:
        peaks = np.where(np.isfinite(hit.values), hit.values, -np.inf).max(1)
        for at in np.argsort(-peaks, kind="stable")[:_EXAMPLES].tolist():
            window = int(found.rows[at])
            where = {"window": window} if explore else {}
            out.append(item(hit.unit, rows, window, hit.values[at], source="top", **where))
    return out
