"""Checks a unit, and what is said of it, on another corpus beside explore.

What counts as active is fixed on explore. A hypothesis is tested on both corpora in the same way,
with an interval by bootstrap over documents; token identity, learnt on explore, is the control:
does the description say more of the other corpus than a table of tokens would?

Documents of explore are left out of the other corpus, and those that a split of it would hold out:
what a run of labels is scored on stays unseen.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..activations.records import Flat, activity, flat, full_scale, of_texts
from ..data.corpus import Corpus, Document
from ..data.sources import load_corpus
from ..data.windows import TokenWindows, cut
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.resolve import predictor
from ..lab import Lab
from ..models import Unit
from ..predicates import Predicate, parse
from ..registry import tool
from ..render.text import number, snippet
from ..statistics.association import pearson
from .test_hypotheses import HOLDS, interval

TOKENS = 30_000
"""Tokens of the other corpus that are read."""
MOST = 12
_MOST_TEXTS = 500
_LEAST = 5  # places at which a hypothesis must hold to be tested


class Held(NamedTuple):
    """How well a predictor holds on one corpus."""

    correlation: float | None
    interval: list[float] | None
    holds: int
    inside: float | None
    outside: float | None


@tool(needs=("text", "open"))
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
    windows, and how well a hypothesis holds there, beside the exploration corpus and beside what
    token identity alone says.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        data: A corpus: builtin:stories, builtin:pydocs, self:200, a .txt or .jsonl file, a folder.
        texts: Instead of data: texts.
        hypothesis: A predictor as JSON, the id of a hypothesis (H1), or of a result that found one
            (E4, of investigate_unit or find_units); left out: the unit alone.
        many: How many strongest windows to show.
    """
    chosen = lab.chosen(unit)
    predicate = None if hypothesis is None else hypothesis_of(lab, hypothesis)
    name, windows = _windows(lab, data, texts)
    here = flat(lab, chosen)
    values = lab.activations(windows, [chosen])[0]  # [window, place]
    there = _flat(windows, values)
    if not there.values.size:
        raise UsageError(f"{name} has no place with a finite activation of {chosen}")
    bar = activity(here.values)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "data": name,
        "explore": numbers(here, bar),
        "there": numbers(there, bar),
    }
    rows = compared_text(chosen, name, payload, bar, "places")
    if predicate is not None:
        both = [
            held(flat_, np.asarray(predicate.evaluate(rows_), np.float32), rows_.document, lab)
            for flat_, rows_ in ((here, lab.explore), (there, windows))
        ]
        table = _token_table(lab.explore, here, windows, there)
        payload["hypothesis"] = {
            "english": predicate.english(),
            "predictor": predicate.model_dump(),
            "explore": both[0]._asdict(),
            "there": both[1]._asdict(),
            "token_identity": table,
            "again": again(*both),
        }
        rows += held_text(payload["hypothesis"], name)
        rows.append(f"control: token means learnt on explore correlate {number(table)} on {name}")
    tops = _tops(there, max(0, min(many, MOST)))
    for window, place in tops:
        value = number(float(values[window, place]))
        text = snippet(windows, window, values[window], scale=full_scale(lab, chosen), place=place)
        rows.append(f"{value}: {text}")
    shown = [windows.text(window) for window, _ in tops]
    payload["measured"] = (
        of_texts(lab, chosen, shown, source="another corpus").items if shown else []
    )
    return Result("\n".join(rows), payload)


def hypothesis_of(lab: Lab, given: str | dict[str, Any]) -> Predicate:
    """A predictor; an id of evidence means what that result found.

    Raises:
        UsageError: if there is none.
    """
    if isinstance(given, str):
        key = given.strip()
        if key in lab.evidence:
            found = lab.evidence[key].data.get("predictor")
            if found is None:
                raise UsageError(f"{key} found no predictor that could be checked")
            return parse(found)
        if key[:1] != "{":
            return predictor(lab, {"kind": "hypothesis", "id": key})
    return predictor(lab, given)


def numbers(data: Flat, bar: float) -> dict[str, Any]:
    """A unit on one corpus; `bar` is what counts as active."""
    return {
        "places": int(data.values.size),
        "firing_rate": float((data.values > 0).mean()),
        "active": float((data.values > bar).mean()),
        "mean": float(data.values.mean()),
        "max": float(data.values.max()),
    }


def compared_text(
    unit: Unit, name: str, payload: dict[str, Any], bar: float, places: str
) -> list[str]:
    """Both corpora in a line each."""
    rows = [f"{unit} on {name} beside explore; active = above {number(bar)}, fixed on explore"]
    for label, found in (("explore", payload["explore"]), (name, payload["there"])):
        rows.append(
            f"{label}: {found['places']} {places}, above 0 at {found['firing_rate']:.2%}, active "
            f"at {found['active']:.3%}, mean {number(found['mean'])}, max {number(found['max'])}"
        )
    return rows


def held(data: Flat, degrees: np.ndarray, document: np.ndarray, lab: Lab) -> Held:
    """How well a predictor goes with the unit on one corpus; `degrees` `[window, place]`."""
    at = degrees[data.window, data.place]
    _, part = np.unique(document[data.window], return_inverse=True)
    inside = at >= HOLDS
    return Held(
        pearson(at, data.values),
        interval(at, data.values, part, lab.rng()),
        int(inside.sum()),
        float(data.values[inside].mean()) if inside.any() else None,
        float(data.values[~inside].mean()) if (~inside).any() else None,
    )


def again(here: Held, there: Held) -> str:
    """`holds`, `weaker`, `fails` or `untested`: what the other corpus says of a hypothesis."""
    if there.correlation is None or there.interval is None or here.correlation is None:
        return "untested"
    if there.holds < _LEAST:
        return "untested"
    if there.interval[0] <= 0:
        return "fails"
    low = here.interval[0] if here.interval else here.correlation
    return "holds" if there.interval[1] >= low else "weaker"


def held_text(found: dict[str, Any], name: str) -> list[str]:
    """A hypothesis on both corpora."""
    rows = [f"hypothesis: {found['english'][:160]}"]
    for label, one in (("explore", found["explore"]), (name, found["there"])):
        span = one["interval"]
        between = f" [{number(span[0])}, {number(span[1])}]" if span else ""
        rows.append(
            f"  {label}: correlation {number(one['correlation'])}{between}; holds at "
            f"{one['holds']}, mean {number(one['inside'])}; elsewhere {number(one['outside'])}"
        )
    said = {
        "holds": "it holds there as well",
        "weaker": "it holds there, more weakly",
        "fails": "it does not hold there",
        "untested": "it holds too seldom there to be tested",
    }
    return [*rows, f"  {said[found['again']]}"]


def allowed(data: str) -> str:
    """The corpus that was named, where a planner may read it: it may be a model elsewhere, led by
    what stands in a text, and is not to read all files of a person.

    Raises:
        UsageError: for a dataset of the hub, and files outside the working folder.
    """
    given = data.strip()
    kind = given.partition(":")[0].lower()
    if kind == "hf":
        raise UsageError(
            f"{given[:60]} would have to be fetched, which this tool does not do; name a "
            "built-in corpus, self:200, a file or a folder"
        )
    if kind not in ("builtin", "self"):
        inside = Path(given).expanduser().resolve().is_relative_to(Path.cwd().resolve())
        if not inside:
            raise UsageError(
                f"{given[:60]} lies outside the working folder; this tool reads files of that alone"
            )
    return given


def _windows(lab: Lab, data: str | None, texts: list[str] | None) -> tuple[str, TokenWindows]:
    """The other corpus, cut as explore is."""
    if bool(data) == bool(texts):
        raise UsageError("pass either data (builtin:stories, a file) or texts")
    length = max(8, int(lab.explore.ids.shape[1]))
    if data:
        whole = load_corpus(allowed(data), target=lab.target, seed=lab.seed)
        corpus = whole.unseen(lab.explore.texts)
        return data.strip(), cut(lab.target, corpus, length=length, most_tokens=TOKENS)
    given = [text for text in texts or [] if text.strip()][:_MOST_TEXTS]
    if not given:
        raise UsageError("the texts are empty")
    corpus = Corpus("texts", [Document(str(at), text) for at, text in enumerate(given)])
    name = f"{len(given)} text{'s' if len(given) > 1 else ''}"
    return name, cut(lab.target, corpus, length=length, most_tokens=TOKENS)


def _flat(windows: TokenWindows, values: np.ndarray) -> Flat:
    finite = np.isfinite(values)
    good = finite & windows.counted
    window, place = np.nonzero(good)
    return Flat(values[good], window, place, int((windows.counted & ~finite).sum()))


def _token_table(
    explore: TokenWindows, here: Flat, windows: TokenWindows, there: Flat
) -> float | None:
    """Correlation on the other corpus of the mean activation of each token on explore."""
    ids = explore.ids[here.window, here.place]
    asked = windows.ids[there.window, there.place]
    size = int(max(ids.max(initial=0), asked.max(initial=0))) + 1
    count = np.bincount(ids, minlength=size)
    total = np.bincount(ids, here.values.astype(np.float64), size)
    table = np.where(count > 0, total / np.maximum(count, 1), here.values.mean())
    return pearson(table[asked], there.values)


def _tops(data: Flat, many: int) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks above zero, one a window."""
    out: dict[int, int] = {}
    for at in np.argsort(-data.values, kind="stable"):
        if len(out) >= many or data.values[at] <= 0:
            break
        out.setdefault(int(data.window[at]), int(data.place[at]))
    return list(out.items())
