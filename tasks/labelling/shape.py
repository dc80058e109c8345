"""The shape of a run folder's files: what they must hold before anything reads them."""

from typing import Any, NotRequired, TypedDict, get_type_hints

from ...agent.transcript.shape import Said
from .settings import Settings


class _Target(TypedDict, total=False):
    name: str
    kind: str
    fingerprint: str


class _Corpus(TypedDict, total=False):
    spec: str
    hash: str


_Settings = TypedDict("_Settings", get_type_hints(Settings), total=False)  # type: ignore[misc]


class RunFacts(TypedDict):
    """`run.json`, as far as a page needs it."""

    format: NotRequired[int]
    settings: _Settings
    units: list[str]
    target: NotRequired[_Target]
    corpus: NotRequired[_Corpus]
    created: NotRequired[str]
    versions: NotRequired[dict[str, str]]


class _Fingerprint(TypedDict):
    fingerprint: str


class _Hash(TypedDict):
    hash: str


class Measurable(TypedDict):
    """`run.json`, as far as one needs it who measures on."""

    settings: Settings
    units: list[str]
    target: _Fingerprint
    corpus: _Hash


class Controls(TypedDict):
    """`controls.json`."""

    units: NotRequired[dict[str, dict[str, dict[str, Any]]]]
    run: NotRequired[dict[str, Any] | None]


class _Value(TypedDict):
    value: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    base_rate: NotRequired[float | None]


_Score = _Value | float | None


class _Tail(TypedDict, total=False):
    threshold: float
    base_rate: float | None
    auprc: _Score
    f1: _Score
    iou: _Score
    precision: _Score
    recall: _Score
    status: str


class _Point(TypedDict):
    predicted: float
    mean: float
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    tokens: NotRequired[int | None]


class _Within(TypedDict, total=False):
    auroc: _Score
    correlation: _Score
    n: int
    tokens: int


class _Reference(_Within, total=False):
    reader: str


class _WithinTokens(_Within, total=False):
    bigram: _Within | None
    reference: _Reference | None


class _Words(TypedDict, total=False):
    judge: str
    pairs: _Score
    auroc: _Score
    rank: _Score
    reason: str | None
    warnings: list[str] | None


class _Shares(TypedDict, total=False):
    base: _Score
    ideas: _Score
    shared: _Score
    both: _Score


class _Scores(TypedDict, total=False):
    shares: _Shares | None
    within: _WithinTokens | None
    words: _Words | None
    correlation: _Score
    cosine: _Score
    auprc: _Score
    f1: _Score
    iou: _Score
    gain_over_lookup: _Score
    variance: _Score
    beyond_tokens: _Score
    lookups: dict[str, _Score] | None
    tails: dict[str, _Tail] | None
    curve: list[_Point] | None
    tokens: int
    documents: int


class _Dose(TypedDict):
    percentile: float
    value: float
    raised: float
    interval: list[float] | None


class _EffectScores(TypedDict, total=False):
    sufficiency: list[_Dose] | None


class _Cited(TypedDict):
    id: str
    tool: str
    arguments: dict[str, Any]
    cited: NotRequired[bool]
    error: NotRequired[str | None]


class _Attempt(TypedDict, total=False):
    planner: str
    label: str
    validation: _Score
    tokens: int
    kept: bool
    merged: bool


class _Triage(TypedDict, total=False):
    oneshot: _Score
    table: _Score
    decision: str


class Record(Said):
    """A line of `labels.jsonl`."""

    unit: str
    label: NotRequired[str]
    status: NotRequired[str]
    scores: NotRequired[_Scores | None]  # type: ignore[misc]
    controls: NotRequired[dict[str, dict[str, Any]] | None]  # type: ignore[misc]
    evidence: NotRequired[list[_Cited]]
    meter: NotRequired[dict[str, float | None] | None]
    seconds: NotRequired[float | None]
    transcript: NotRequired[str]
    planner: NotRequired[str]
    effect_scores: NotRequired[_EffectScores | None]
    attempts: NotRequired[list[_Attempt]]
    triage: NotRequired[_Triage | None]
