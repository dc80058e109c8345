"""Checks a unit, and a hypothesis about it, on another corpus beside explore.

What counts as active is fixed on explore. A hypothesis is tested on both corpora in the same way,
with an interval by bootstrap over documents; on texts token identity, learnt on explore, is the
control: does the description say more of the other corpus than a table of tokens would?

Documents of explore are left out of the other corpus, and those that a split of it would hold out:
what a run of labels is scored on stays unseen.
"""

from typing import Any, Literal, NamedTuple

import numpy as np

from ..activations.agreement import HOLDS, interval, means
from ..activations.measured import of_texts
from ..activations.records import Flat, Rows, activity, flat, flattened, full_scale, item
from ..activations.unit_summary import token_means
from ..data.corpus import Corpus, Document
from ..data.files import readable
from ..data.image_rows import ImageRows, image_rows
from ..data.pictures import ImageCorpus
from ..data.sources import load_corpus
from ..data.windows import TokenWindows, cut
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.resolve import predictor
from ..lab import Lab
from ..models import Unit
from ..predicates import Predicate, parse
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import between, number, snippet
from ..statistics.association import pearson

TOKENS = 30_000
"""Tokens of the other corpus that are read."""
PICTURES = 500
"""Pictures of the other corpus that are read, taken evenly."""
MOST = 12
_MOST_TEXTS = 500
_LEAST = 5  # places at which a hypothesis must hold to be tested
_AGAIN = {
    "holds": "it holds there as well",
    "weaker": "it holds there, more weakly",
    "fails": "it does not hold there",
    "untested": "it holds too seldom there to be tested",
}


class Held(NamedTuple):
    """How well a predictor holds on one corpus."""

    correlation: float | None
    interval: list[float] | None
    holds: int
    inside: float | None
    outside: float | None


@tool(needs=("inputs", "open"))
def check_on(
    lab: Lab,
    unit: str | None = None,
    data: str | None = None,
    *,
    texts: list[str] | None = None,
    hypothesis: str | dict[str, Any] | None = None,
    many: int = 5,
) -> Result:
    """Measures a unit on another corpus, or on texts: how often it is active there, its strongest
    windows or pictures, and how well a hypothesis holds there, beside the exploration corpus and,
    on texts, beside what token identity alone says.

    Args:
        unit: The unit, such as mlp.3/7 or conv.3/7; left out: the unit under study.
        data: A corpus: builtin:stories, builtin:pydocs, self:200, a .txt or .jsonl file, a folder;
            of pictures a folder, or builtin:scenes:300.
        texts: Instead of data: texts. Not for pictures; draw makes pictures from texts.
        hypothesis: A predictor as JSON, the id of a hypothesis (H1), or of a result that found one
            (E4, of investigate_unit or find_units); left out: the unit alone.
        many: How many strongest windows or pictures to show.
    """
    chosen = lab.chosen(unit)
    predicate = None if hypothesis is None else _hypothesis(lab, hypothesis)
    name, rows = _other_rows(lab, data, texts)
    here, values = flat(lab, chosen), lab.activations(rows, [chosen])[0]  # [row, place]
    there = flattened(rows, values)
    kind = "pictures" if isinstance(rows, ImageRows) else "places"
    if not there.values.size:
        raise UsageError(f"{name} has no {kind[:-1]} with a finite activation of {chosen}")
    bar = activity(here.values)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "data": name,
        "explore": _numbers(here, bar),
        "there": _numbers(there, bar),
    }
    lines = _compared(chosen, name, payload, bar, kind)
    if predicate is not None:
        payload["hypothesis"] = _tested(lab, predicate, here, (rows, there))
        lines += _hypothesis_lines(payload["hypothesis"], name)
    shown, payload["measured"] = _strongest(lab, chosen, (rows, values), there, max(0, many))
    return Result("\n".join([*lines, *shown]), payload)


def _hypothesis(lab: Lab, given: str | dict[str, Any]) -> Predicate:
    """A predictor; an id of evidence means the predictor of that result.

    Raises:
        UsageError: if there is none.
    """
    if isinstance(given, str):
        key = given.strip()
        if key in lab.evidence:
            known = lab.evidence[key].data.get("predictor")
            if known is None:
                raise UsageError(f"{key} found no predictor that could be checked")
            return parse(known)
        if key[:1] != "{":
            return predictor(lab, {"kind": "hypothesis", "id": key})
    return predictor(lab, given)


def _numbers(data: Flat, bar: float) -> dict[str, Any]:
    """A unit on one corpus; `bar` is what counts as active."""
    return {
        "places": int(data.values.size),
        "firing_rate": float((data.values > 0).mean()),
        "active": float((data.values > bar).mean()),
        "mean": float(data.values.mean()),
        "max": float(data.values.max()),
    }


def _compared(unit: Unit, name: str, payload: dict[str, Any], bar: float, kind: str) -> list[str]:
    """Both corpora in a line each."""
    rows = [f"{unit} on {name} beside explore; active = above {number(bar)}, fixed on explore"]
    for label, one in (("explore", payload["explore"]), (name, payload["there"])):
        rows.append(
            f"{label}: {one['places']} {kind}, above 0 at {one['firing_rate']:.2%}, active "
            f"at {one['active']:.3%}, mean {number(one['mean'])}, max {number(one['max'])}"
        )
    return rows


def _tested(lab: Lab, predicate: Predicate, here: Flat, other: tuple[Rows, Flat]) -> dict[str, Any]:
    """A hypothesis on both corpora, and on texts what token identity says of the other one."""
    explore: Rows = lab.explore
    rows, there = other
    both = [_held(lab, predicate, part, data) for part, data in ((explore, here), other)]
    table = None
    if isinstance(rows, TokenWindows):
        ids = explore.ids[here.window, here.place]
        asked = rows.ids[there.window, there.place]
        table = pearson(token_means(ids, here.values, asked), there.values)
    return {
        "english": predicate.english(),
        "predictor": predicate.model_dump(),
        "explore": both[0]._asdict(),
        "there": both[1]._asdict(),
        "token_identity": table,
        "again": _again(*both),
    }


def _held(lab: Lab, predicate: Predicate, rows: Rows, data: Flat) -> Held:
    """How well a predictor goes with the unit on one corpus."""
    degrees = np.asarray(predicate.evaluate(rows), np.float32)[data.window, data.place]
    _, document = np.unique(rows.document[data.window], return_inverse=True)
    return Held(
        pearson(degrees, data.values),
        interval(degrees, data.values, document, lab.rng()),
        *means(data.values, degrees >= HOLDS),
    )


def _again(here: Held, there: Held) -> Literal["holds", "weaker", "fails", "untested"]:
    """What the other corpus says of a hypothesis."""
    if there.correlation is None or there.interval is None or here.correlation is None:
        return "untested"
    if there.holds < _LEAST:
        return "untested"
    if there.interval[0] <= 0:
        return "fails"
    low = here.interval[0] if here.interval else here.correlation
    return "holds" if there.interval[1] >= low else "weaker"


def _hypothesis_lines(tested: dict[str, Any], name: str) -> list[str]:
    """A hypothesis on both corpora."""
    rows = [f"hypothesis: {tested['english'][:160]}"]
    for label, one in (("explore", tested["explore"]), (name, tested["there"])):
        rows.append(
            f"  {label}: correlation {number(one['correlation'])}{between(one['interval'])}; "
            f"holds at {one['holds']}, mean {number(one['inside'])}; "
            f"elsewhere {number(one['outside'])}"
        )
    rows.append(f"  {_AGAIN[tested['again']]}")
    if (table := tested["token_identity"]) is not None:
        rows.append(f"control: token means learnt on explore correlate {number(table)} on {name}")
    return rows


def _other_rows(lab: Lab, data: str | None, texts: list[str] | None) -> tuple[str, Rows]:
    """The other corpus under its name, in rows like those of explore."""
    explore: Rows = lab.explore
    if isinstance(explore, ImageRows):
        if texts or not data:
            raise UsageError(
                "pass data, a folder of pictures or builtin:scenes:300; texts are for draw"
            )
        whole = load_corpus(readable(data), target=lab.target, seed=lab.seed + 1)  # other scenes
        pictures = whole.unseen(explore.texts)
        assert isinstance(pictures, ImageCorpus)
        rows = image_rows(lab.target, pictures, reader=explore.reader)
        even = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), PICTURES)).astype(int))
        return data.strip(), rows.rows(even)
    if bool(data) == bool(texts):
        raise UsageError("pass either data (builtin:stories, a file) or texts")
    length = max(8, int(explore.ids.shape[1]))
    if data:
        name = data.strip()
        whole = load_corpus(readable(data), target=lab.target, seed=lab.seed)
        corpus = whole.unseen(explore.texts)
    else:
        given = [text for text in texts or [] if text.strip()][:_MOST_TEXTS]
        if not given:
            raise UsageError("the texts are empty")
        corpus = Corpus("texts", [Document(str(at), text) for at, text in enumerate(given)])
        name = f"{len(given)} text{'s' if len(given) > 1 else ''}"
    return name, cut(lab.target, corpus, length=length, most_tokens=TOKENS)


def _strongest(
    lab: Lab, unit: Unit, measured: tuple[Rows, np.ndarray], there: Flat, many: int
) -> tuple[list[str], list[dict[str, Any]]]:
    """The strongest rows, one line each, and their entries of `measured`."""
    rows, values = measured
    if isinstance(rows, ImageRows):
        order = there.window[np.argsort(-there.values, kind="stable")][: min(many, MOST)].tolist()
        entries = [
            item(unit, rows, at, values[at], source="another corpus", recipe=recipe)
            for at in order
            if (recipe := rows.pictures[at].recipe) is not None
        ]
        return [f"{number(float(values[at, 0]))}: {caption(rows, at)}" for at in order], entries
    tops = _top_places(there, min(many, MOST))
    scale = full_scale(lab, unit)
    lines = [
        f"{number(float(values[window, place]))}: "
        + snippet(rows, window, values[window], scale=scale, place=place)
        for window, place in tops
    ]
    texts = [rows.text(window) for window, _ in tops]
    return lines, of_texts(lab, unit, texts, source="another corpus").items if texts else []


def _top_places(data: Flat, n: int) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks above zero, one a window."""
    out: dict[int, int] = {}
    for at in np.argsort(-data.values, kind="stable"):
        if len(out) >= n or data.values[at] <= 0:
            break
        out.setdefault(int(data.window[at]), int(data.place[at]))
    return list(out.items())
