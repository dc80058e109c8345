"""Finds the units that respond to something, over all units of many sites.

The search, its halves and its controls are those of `selectivity`. What units are compared with:

explore    every place of the exploration corpus, with the places where the predictor holds; or
           every picture, where a unit counts by its maximum over space
written    where it holds too seldom there and is known by its words: neutral sentences with them
fields     what the data say of a whole example; a unit counts by its peak in it
examples   texts or pictures in which units should be active, against others; a unit counts by its
           peak

With `place` a unit counts by its value at the first or the last place of a text instead.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from ..activations.by_example import at_place, by_example, constant, length_note
from ..activations.matched_words import matched_words
from ..activations.records import item
from ..activations.selectivity import LEAST, SHUFFLES, Inputs, Search, search, sites_of, too_few
from ..data.carriers import sentences_with
from ..data.examples import unknown_in
from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows, cut
from ..english.lexicon import lexicon
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.concept_query import Wanted, wanted, wanted_picture
from ..images.recipes import pictures_of
from ..lab import Lab
from ..predicates.fields import reads_fields
from ..registry import UpTo, tool
from ..render.text import between, number

MOST = 25
_SENTENCES = 48  # with the words
_OTHERS = 8  # further words, each in as many sentences as one of the words
_WORDS = 32  # of a list, that are written into sentences
_TEXTS = 1000  # of each kind
_EXAMPLES = 3  # windows kept of each of the best units


class Question(NamedTuple):
    """What units are compared with."""

    what: str
    predictor: dict[str, Any] | None
    inputs: Inputs
    notes: list[str]


@tool(needs=("inputs", "open"))
def find_units(
    lab: Lab,
    what: str | list[str] | dict[str, Any] | None = None,
    *,
    sites: list[str] | None = None,
    active: list[str] | None = None,
    silent: list[str] | None = None,
    place: Literal["any", "peak", "first", "last"] = "any",
    many: Annotated[int, UpTo(MOST)] = 8,
) -> Result:
    """Finds which units respond to something: compares every unit of the model, in both
    directions, with the places or pictures of the corpus where it occurs. Units are chosen on half
    of the documents and measured on the other half, beside the best units for shuffled places.

    Args:
        what: A concept (animals), words, or a predictor as JSON; of pictures a thing, a group of
            things, a colour, texture, size or setting (red circles, snow); a field of the data
            (field label = 1, field length > 8, field depth); left out: give active.
        sites: Where to look, such as mlp.3, or mlp or conv (all layers); left out: all neurons.
        active: Instead of what: at least ten texts in which the units should be active, or numbers
            of pictures (windows of the corpus).
        silent: Texts, or numbers of pictures, in which they should not be; left out: windows of the
            corpus, all other pictures.
        place: Where in a text a unit counts: at any place; by its peak, which is usual for texts
            and for fields of whole examples; at the first or the last place.
        many: How many units to list.
    """
    chosen = sites_of(lab.target, sites)
    pictures = isinstance(lab.explore, ImageRows)
    if active and what:
        raise UsageError(
            f"pass either what or active {'pictures' if pictures else 'texts'}, not both"
        )
    asked = (_of_pictures if pictures else _of_texts)(lab, what, active, silent)
    if place != "any" and not pictures:
        asked = asked._replace(inputs=at_place(asked.inputs, place))
    asked.notes.extend(length_note(asked.inputs))
    result = search(lab, asked.inputs, chosen, many)
    kind = "pictures" if pictures else "places"
    if asked.inputs.by_row and not pictures:
        kind = "texts"
    return Result(
        "\n".join([*_lines(asked, result, kind), *asked.notes]),
        {
            **_as_data(asked, result, chosen),
            "written": not pictures and asked.inputs.rows is not lab.explore,
            "measured": _measured(lab, asked.inputs, result),
            "notes": asked.notes,
        },
    )


def _as_data(asked: Question, result: Search, sites: list[str]) -> dict[str, Any]:
    """A search as plain JSON."""
    holds, known = asked.inputs.holds, asked.inputs.known
    return {
        "what": asked.what,
        "predictor": asked.predictor,
        "sites": sites,
        "units": result.units,
        "holds": int(holds.sum()),
        "places": int(known.sum()),
        "base_rate": float(holds.sum() / max(1, known.sum())),
        "documents": int(np.unique(asked.inputs.rows.document[holds.any(1)]).size),
        "found": [
            {
                **{key: value for key, value in hit._asdict().items() if key != "values"},
                "unit": str(hit.unit),
                "responds": result.responds(hit),
                "selective": result.selective(hit),
            }
            for hit in result.hits
        ],
        "control": {
            "chosen": result.control_chosen,
            "held_out": result.control,
            "words": result.control_words,
            "of": asked.inputs.kind,
        },
    }


def _lines(asked: Question, result: Search, kind: str) -> list[str]:
    """A search in a few lines; `kind` of observations."""
    inputs = asked.inputs
    holds, known = int(inputs.holds.sum()), int(inputs.known.sum())
    good = [hit for hit in result.hits if result.responds(hit)]
    rows = [
        f"{asked.what}: {holds} of {known} {kind} ({holds / known:.2%}); {result.units:,} units in "
        "both directions, chosen on half of the documents; the numbers are of the other half",
        f"{len(good)} of the best {len(result.hits)} respond beyond chance:"
        if good
        else "no unit responds beyond chance; the best are:",
    ]
    for hit in result.hits:
        span = between(hit.interval)
        mark = "" if result.selective(hit) else f" (not more than for other {inputs.kind})"
        mark = mark if result.responds(hit) else " (no more than chance)"
        rows.append(
            f"{hit.unit}: correlation {number(hit.correlation)}{span}, "
            f"AUROC {number(hit.auroc)}{between(hit.auroc_interval)}, "
            f"mean {number(hit.inside)} there and {number(hit.outside)} elsewhere, "
            f"p {number(hit.p)}{mark}"
        )
    rows.append(
        f"control, the best of all units for the same {kind} moved to other documents, "
        f"{SHUFFLES} times: at most {number(max(result.control_chosen))} where it was chosen, "
        f"{number(max(result.control))} on the other half"
    )
    if result.control_words:
        rows.append(
            f"control, the best of all units for {SHUFFLES} lists of other {inputs.kind} as "
            f"frequent: median {number(float(np.median(result.control_words)))}, at most "
            f"{number(max(result.control_words))} where it was chosen"
        )
    return rows


def _of_texts(lab: Lab, what: Any, active: list[str] | None, silent: list[str] | None) -> Question:
    """Places of explore or of written sentences, or texts against texts."""
    if active:
        notes: list[str] = []
        return Question("the active texts", None, _against(lab, active, silent, notes), notes)
    if silent:
        raise UsageError("silent texts need active ones beside them")
    one = wanted(lab, what or "")
    notes = [one.note] if one.note else []
    inputs = _places(lab, one, notes)
    if reads_fields(one.predicate):
        notes.append(
            "the field is of the data: the network does not read it, and other texts have none"
        )
        return Question(one.english, one.predicate.model_dump(), inputs, notes)
    assert isinstance(inputs.rows, TokenWindows)
    inputs = inputs._replace(
        matched=matched_words(
            inputs.rows,
            inputs.holds,
            SHUFFLES,
            lab.rng("other words"),
            of_tokens=one.of_tokens,
        ),
        kind="tokens" if one.of_tokens else "words",
    )
    return Question(one.english, one.predicate.model_dump(), inputs, notes)


def _places(lab: Lab, one: Wanted, notes: list[str]) -> Inputs:
    """Explore, or sentences written for the words where explore has too few of them."""
    degrees = np.asarray(one.predicate.evaluate(lab.explore), np.float32)
    inputs = Inputs(lab.explore, degrees)
    if reads_fields(one.predicate) and constant(inputs):
        inputs = by_example(inputs)
    if not too_few(inputs):
        return inputs
    n, known = int(inputs.holds.sum()), int(inputs.known.sum())
    few = f"it holds at {n} of {known} places of the corpus"
    if 2 * n > known:
        raise UsageError(f"{few}, nearly all: there is nothing to compare with; narrow it")
    if not one.words:
        raise UsageError(
            f"{few}; at least {LEAST} in each half of the documents are needed. Widen it, give "
            "active texts, or take a larger corpus"
        )
    rows = lab.tokenize(_sentences(lab, one.words))
    inputs = Inputs(rows, np.asarray(one.predicate.evaluate(rows), np.float32))
    unknown = getattr(lab.target.tokenizer, "unk_token_id", None)
    if too_few(inputs) or bool((rows.ids[inputs.holds] == unknown).any()):
        raise UsageError(
            f"{few}, and {lab.target.name} has no tokens for its words, so that they cannot be "
            "written into sentences either"
        )
    notes.append(f"{few}, too few: measured on {len(rows)} sentences written with its words")
    return inputs


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


def _against(lab: Lab, active: list[str], silent: list[str] | None, notes: list[str]) -> Inputs:
    """Texts against texts: a text is one observation."""
    own = _different(lab, active, "active", notes)
    length = lab.target.context_length
    if silent:
        other = _different(lab, silent, "silent", notes)
        if both := sorted(set(own) & set(other)):
            raise UsageError(
                f"'{both[0][:60]}' is among the active and among the silent texts ({len(both)} "
                "such); a text is one or the other"
            )
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


def _different(lab: Lab, texts: list[str], kind: str, notes: list[str]) -> list[str]:
    """Each text once; what is left out is noted.

    Raises:
        UsageError: if the target's vocabulary lacks a character of one.
    """
    different = [text for text in dict.fromkeys(texts) if text.strip()]
    for text in different:
        if lacking := unknown_in(text, lab.target):
            raise UsageError(
                f"{kind} text '{text[:40]}' has {lacking[0]!r}, which is no token of "
                f"{lab.target.name}"
            )
    if len(different) < len(texts):
        notes.append(f"{len(texts) - len(different)} {kind} texts repeat others or are empty")
    if len(different) > _TEXTS:
        notes.append(f"of {len(different)} {kind} texts the first {_TEXTS} were measured")
    return different[:_TEXTS]


def _of_pictures(
    lab: Lab, what: Any, active: list[str] | None, silent: list[str] | None
) -> Question:
    """Pictures of explore, or some of them against others by their numbers."""
    explore = pictures_of(lab)
    if active:
        own = _numbers(explore, active)
        rows = sorted(own | (_numbers(explore, silent) if silent else set(range(len(explore)))))
        degrees = np.array([[row in own] for row in rows], np.float32)  # [picture, 1]
        asked = Question("the active pictures", None, Inputs(explore.rows(rows), degrees), [])
    else:
        one = wanted_picture(lab, what or "")
        inputs = Inputs(explore, np.asarray(one.predicate.evaluate(explore), np.float32))
        notes = [one.note] if one.note else []
        asked = Question(one.english, one.predicate.model_dump(), inputs, notes)
    if too_few(asked.inputs):
        raise UsageError(
            f"{asked.what}: {int(asked.inputs.holds.sum())} of {len(asked.inputs.rows)} pictures; "
            f"at least {2 * LEAST} with it and as many without are needed. Ask for something "
            "else, or take a larger corpus"
        )
    return asked


def _numbers(explore: ImageRows, given: list[str]) -> set[int]:
    for text in given:
        if not text.strip().isdigit() or int(text) >= len(explore):
            raise UsageError(f"'{text[:30]}' is no picture; pass numbers, 0 to {len(explore) - 1}")
    return {int(text) for text in given}


def _measured(lab: Lab, inputs: Inputs, result: Search) -> list[dict[str, Any]]:
    """The strongest rows of the best units, of the half that did not choose them."""
    of_explore = inputs.rows is lab.explore
    if inputs.by_row or (isinstance(inputs.rows, ImageRows) and not of_explore):
        return []
    out: list[dict[str, Any]] = []
    for hit in [hit for hit in result.hits if result.responds(hit)][:_EXAMPLES]:
        peaks = np.where(np.isfinite(hit.values), hit.values, -np.inf).max(1)
        for at in np.argsort(-peaks, kind="stable")[:_EXAMPLES].tolist():
            row = int(result.rows[at])
            window = row if of_explore else None
            out.append(
                item(hit.unit, inputs.rows, row, hit.values[at], source="top", window=window)
            )
    return out
