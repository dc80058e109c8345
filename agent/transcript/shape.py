"""The shape of a transcript's lines: what each event must hold before anything reads it."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from ...tools.errors import UsageError
from ...tools.evidence import Evidence
from ...tools.io.shapes import check

FORMAT = 1


class _Target(TypedDict):
    name: str
    kind: NotRequired[str]
    options: NotRequired[dict[str, Any] | None]


class _Loaded(_Target):
    fingerprint: str


class _Corpus(TypedDict):
    spec: str
    options: NotRequired[dict[str, int | str | None] | None]
    hash: str


class _Windows(TypedDict):
    length: int
    most_tokens: NotRequired[int | None]
    special: NotRequired[str | None]
    rows: int
    tokens: int


class Header(TypedDict):
    """The first line, as far as a page needs it."""

    format: int
    unit: NotRequired[str]
    planner: NotRequired[str]
    target: NotRequired[_Target]
    corpus: NotRequired[_Corpus]
    windows: NotRequired[_Windows]
    reader: NotRequired[str | None]
    budget: NotRequired[dict[str, float | None] | None]
    versions: NotRequired[dict[str, str]]


class Replayed(TypedDict):
    """The first line, as far as a replay needs it."""

    unit: str
    seed: int
    target: _Loaded
    corpus: _Corpus
    windows: _Windows


class _Cited(TypedDict):
    words: str
    evidence: NotRequired[list[str]]


class _Component(_Cited):
    predictor: dict[str, Any]
    sign: NotRequired[int]
    band: NotRequired[str]
    share: NotRequired[float | None]
    score: NotRequired[float | None]
    unnamed: NotRequired[bool | None]
    words_auroc: NotRequired[float | None]


class _Rejected(_Cited):
    reason: str


class _Base(TypedDict):
    words: str
    tokens: NotRequired[list[list[str | float]]]
    share: NotRequired[float | None]


class Said(TypedDict):
    """A description, as JSON."""

    label: NotRequired[str]
    named: NotRequired[bool]
    label_evidence: NotRequired[list[str]]
    components: NotRequired[list[_Component]]
    base: NotRequired[_Base | None]
    explained: NotRequired[float | None]
    effect: NotRequired[_Cited | None]
    confidence: NotRequired[float | None]
    rejected: NotRequired[list[_Rejected]]
    status: NotRequired[str]
    reason: NotRequired[str | None]
    notes: NotRequired[list[str]]
    scores: NotRequired[dict[str, Any] | None]
    controls: NotRequired[dict[str, Any] | None]


class Measured(TypedDict):
    """An input with its activations, in the payload of a result."""

    tokens: list[str]
    activations: list[float | None]
    source: NotRequired[str | None]
    unit: NotRequired[str]
    window: NotRequired[int | None]
    text: NotRequired[str | None]


class _Call(TypedDict):
    function: NotRequired[dict[str, Any]]


class _Message(TypedDict):
    role: str
    content: NotRequired[str | list[Any] | None]
    tool_calls: NotRequired[list[_Call] | None]


class _MessageLine(TypedDict):
    message: _Message
    usage: NotRequired[dict[str, float | None] | None]
    seconds: NotRequired[float | None]


class _EvidenceLine(TypedDict):
    evidence: dict[str, Any]


class _LedgerLine(TypedDict):
    rows: list[dict[str, Any]]
    after: NotRequired[str | None]


class _ConclusionLine(TypedDict):
    description: Said


class _ScoresLine(TypedDict):
    record: Said


class _EndLine(TypedDict):
    reason: str
    meter: NotRequired[dict[str, float | None] | None]


LINES: Mapping[str, Any] = {
    "header": Header,
    "message": _MessageLine,
    "evidence": _EvidenceLine,
    "ledger": _LedgerLine,
    "conclusion": _ConclusionLine,
    "scores": _ScoresLine,
    "end": _EndLine,
}
"""The events, and what a line of each holds."""


def checked(item: Any, where: str) -> dict[str, Any]:
    """An event, if it is one.

    Raises:
        UsageError: names the file, the line and what is wrong there.
    """
    check(item, dict, where)
    event = item.get("event")
    if not isinstance(event, str) or event not in LINES:
        raise UsageError(f"{where}: there is no event {str(event)[:40]!r}; it is no transcript")
    if event == "header" and item.get("format") != FORMAT:
        raise UsageError(
            f"{where}: transcript format {str(item.get('format'))[:20]}; this version reads "
            f"{FORMAT}"
        )
    check(item, LINES[event], where)
    if event == "evidence":
        try:
            Evidence.from_dict(item["evidence"])
        except ValueError as error:
            raise UsageError(f"{where}: evidence: {error}") from error
    return item
