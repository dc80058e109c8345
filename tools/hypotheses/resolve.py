"""Hypotheses that a tool is handed: ids that the planner recorded, or predictors as JSON."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError, nearest
from ..io.plain_text import clip
from ..io.strict_json import read_json
from ..lab import Lab
from ..predicates import Predicate, parse
from ..predicates.ahead import refuse_ahead
from ..predicates.atoms import Tokens
from ..predicates.fields import level, reads_fields
from ..predicates.like_text import refuse_own_reader
from .like_requests import fitted, is_request

_LACKING = 6  # tokens that are named
_DEEPEST = 64  # predicates are refused at a lesser depth anyway

Given = Sequence[str | dict[str, Any]]


class Hypothesis(NamedTuple):
    """A predictor under a short name."""

    id: str
    """`H1`, or `P1`, `P2`, ... for predictors given as JSON, the same name in every call."""
    predicate: Any
    json: Mapping[str, Any]
    brief: str = ""
    """In words, told apart from the others of a call; at most about 100 characters."""
    said: bool = False
    """Its words were said when it was recorded, in this conversation with a planner."""

    @property
    def head(self) -> str:
        """The id, with the words where they were not said before."""
        return self.id if self.said else f"{self.id}: {self.brief}"

    @property
    def english(self) -> str:
        """The predictor in words, at most 100 characters."""
        words = str(self.predicate.english())
        return clip(words, 100, "...")

    def evaluate(
        self, windows: TokenWindows | ImageRows, places: np.ndarray | None = None
    ) -> np.ndarray:
        """float32 `[window, place]` in 0..1, 0 where not counted; see `Predicate.evaluate`."""
        return np.asarray(self.predicate.evaluate(windows, places), np.float32)


def resolve(lab: Lab, given: Given | None) -> list[Hypothesis]:
    """The hypotheses of these ids and predictors; None or empty: all that were recorded.

    Raises:
        UsageError: for an unknown id or a predictor that cannot be read.
    """
    if not given:
        if not lab.hypotheses:
            raise UsageError(
                "there is no hypothesis yet: record one with hypothesise, or pass predictors "
                'such as {"kind": "words", "words": ["month"]}'
            )
        given = list(lab.hypotheses)
    out: list[Hypothesis] = []
    for entry in given:
        key = _id(entry)
        predicate = predictor(lab, entry) if key is None else parse(known(lab, key))
        key = _name(lab, predicate) if key is None else key
        if key not in [hypothesis.id for hypothesis in out]:
            said = key in lab.hypotheses and not lab.open
            out.append(Hypothesis(key, predicate, predicate.model_dump(), said=said))
    return _apart(out)


def _id(entry: str | Mapping[str, Any]) -> str | None:
    """The id that an entry names a hypothesis by; None for a predictor."""
    if isinstance(entry, Mapping):
        return str(entry.get("id", "")).strip() if entry.get("kind") == "hypothesis" else None
    return None if entry.strip()[:1] == "{" else entry.strip()


def no_tokens(lab: Lab, predicate: Predicate) -> str:
    """A sentence that names tokens of a predictor that the vocabulary lacks; else empty."""
    known = set(lab.explore.vocabulary) if isinstance(lab.explore, TokenWindows) else set()
    tokens = (text for one in predicate.walk() if isinstance(one, Tokens) for text in one.tokens)
    lacking = [text for text in tokens if text not in known]
    if not known or not lacking:
        return ""
    other = [text[1:] if text[:1] == " " else f" {text}" for text in lacking]
    there = next((text for text in other if text in known), None)
    listed = ", ".join(f'"{text}"' for text in lacking[:_LACKING])
    more = f" and {len(lacking) - _LACKING} more" if len(lacking) > _LACKING else ""
    hint = f'; the vocabulary has "{there}"' if there is not None else ""
    return f"no token of the model is {listed}{more}: they hold nowhere{hint}"


def short(name: str, most: int = 100) -> str:
    """A predictor in words, its middle left out where it is longer than so many characters."""
    half = most // 2 - 2
    return name if len(name) <= most else f"{name[:half]} … {name[-half:]}"


def _apart(given: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses with brief names; like names go on with where their JSON differs."""
    names = [short(str(one.predicate.english())) for one in given]
    texts = [json.dumps(one.json, ensure_ascii=False) for one in given]
    out = []
    for i, one in enumerate(given):
        twins = [texts[j] for j, name in enumerate(names) if j != i and name == names[i]]
        brief = names[i]
        if twins:
            at = max(_common(texts[i], other) for other in twins)
            brief = f"{short(brief, 60)} (… {texts[i][max(0, at - 12) : at + 28]} …)"
        out.append(one._replace(brief=brief))
    return out


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def known(lab: Lab, key: str) -> Mapping[str, Any]:
    """The predictor of this id: recorded (`H1`), or given in a call before (`P1`).

    Raises:
        UsageError: if there is none.
    """
    both = {**lab.inline, **lab.hypotheses}
    if key not in both:
        near = nearest(key, both) if both else "none is recorded yet"
        raise UsageError(f"there is no hypothesis '{key}'; nearest: {near}")
    return both[key]


def recall(lab: Lab, arguments: Mapping[str, Any]) -> None:
    """Names the predictors in the arguments of a call that was made before an interruption."""
    given = arguments.get("hypotheses") or [arguments.get("hypothesis")]
    with suppress(UsageError, TypeError):
        resolve(lab, [one for one in given if one])


def predictor(lab: Lab, data: Mapping[str, Any] | str) -> Predicate:
    """Parses a predictor; `{"kind": "hypothesis", "id": "H1"}` anywhere in it means that one's.

    A `like` may name windows of explore instead of examples; on text it is fitted. A `class` is
    given the name of its reader.

    Raises:
        UsageError: for an unknown id, a predictor that cannot be read, one that looks ahead of a
            causal target, or a word of scenes in the wrong place.
    """
    if isinstance(data, str):
        try:
            data = read_json(data)
        except ValueError:
            return _checked(lab, parse(data))  # which mends it or says what is wrong
    return _checked(lab, parse(_unfolded(lab, data, 0)))


def _checked(lab: Lab, predicate: Predicate) -> Predicate:
    if lab.target.kind == "causal":
        refuse_ahead(predicate)
    refuse_own_reader(predicate, lab.target.fingerprint)
    if not (lab.open or lab.fields) and reads_fields(predicate):
        raise UsageError(
            "'field' reads what the data say beside the text, which no other text has: a predictor "
            "may use it only where the person allows it (label --fields)"
        )
    if lab.target.image is not None:
        from ..predicates.misplaced import refuse_misplaced

        refuse_misplaced(predicate.model_dump())
    return predicate


def _unfolded(lab: Lab, data: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return data
    if isinstance(data, Mapping):
        if data.get("kind") == "hypothesis":
            return known(lab, str(data.get("id", "")).strip())
        if data.get("kind") == "like" and "windows" in data and lab.target.image is not None:
            from .likeness import filled

            return filled(lab, data)
        if lab.target.image is None and is_request(data):
            return fitted(lab, data)
        if data.get("kind") == "field" and data.get("op") == "level" and "low" not in data:
            return level(lab.explore, str(data.get("name")))
        if data.get("kind") == "judged" and "judge" not in data:
            return {**data, "judge": _judge(lab)}
        if data.get("kind") == "class" and not data.get("network"):
            reader = getattr(lab.explore, "reader", None)
            data = {**data, "network": None if reader is None else reader.name}
        return {key: _unfolded(lab, value, depth + 1) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_unfolded(lab, value, depth + 1) for value in data]
    return data


def _judge(lab: Lab) -> str:
    if lab.judge is None:
        raise UsageError(
            "'judged' asks a language model, and there is none: give --judge openai:MODEL"
        )
    return lab.judge.name


def _name(lab: Lab, predicate: Predicate) -> str:
    """The id of a predictor given as JSON: of the hypothesis that it is, or the one it had."""
    for kept in (lab.hypotheses, lab.inline):
        for key, other in kept.items():
            if parse(other) == predicate:
                return key
    key = f"P{len(lab.inline) + 1}"
    lab.inline[key] = predicate.model_dump()
    return key
