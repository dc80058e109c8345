"""A built-in investigation of a unit over rows of numbers: a weighted sum of a few coordinates.

1. Least squares on half of the rows, over all of them and over those where the unit is above 0, as
   a rectified unit is linear there alone; and the single coordinate whose threshold tells most.
2. Coordinates are left out, the lightest first, while the other half is explained as well, less a
   price for each that stays.
3. Of the forms the one that explains most of the other half leads; the others are its rivals. It
   explains nothing where it does no better than the same search on rows in another order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ....tools.evidence import Evidence
from ....tools.predicates import parse
from ....tools.predicates.inputs import Coordinates
from ...citations import Citations
from ...description import MOST_WORDS
from .course import Course
from .findings import Findings, Hypothesis
from .turns import Turns

_PRICE = 0.004
"""Of variance, that each coordinate must explain."""
_NOISE = 0.02
"""Of variance, on the other half, under which nothing was found; as for texts."""
_CUTS = np.linspace(0.05, 0.95, 19)
_NULLS = 3


class _Form(NamedTuple):
    predicate: dict[str, Any]
    explained: float
    """Share of the other half's variance, less the price of its coordinates."""
    fit: float
    """The same of the half that it was fitted to."""


@dataclass
class NumberFindings(Findings):
    """What a conclusion over rows of numbers is drawn from."""

    forms: list[_Form] = field(default_factory=list)
    """The best first."""
    null: float = 0.0
    fitted: bool = False


class NumberInvestigation(Course[NumberFindings]):
    """One unit in one lab."""

    things = "rows"
    seen = "on {} rows"
    nothing = 0.97

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.findings = NumberFindings()

    def turns(self) -> Turns:
        """The turns; each receives the evidence of its calls."""
        if not (yield from self.survey()):
            return
        self.fit()
        rivals = [Hypothesis.of(form.predicate) for form in self.findings.forms]
        yield from self.record(rivals, examples=2)

    def fit(self) -> None:
        x = np.asarray(self.inputs.numbers, np.float64)  # [row, coordinate]
        y = self.lab.column(self.unit)[~self.aside, 0].astype(np.float64)  # [row]
        self.findings.forms = fitted(x, y)
        self.findings.null = max(
            max((f.explained for f in fitted(x, self.rng.permutation(y))), default=0.0)
            for _ in range(_NULLS)
        )
        self.findings.fitted = True

    @property
    def searched(self) -> bool:
        return self.findings.fitted

    @property
    def noise(self) -> bool:
        best = max((form.explained for form in self.findings.forms), default=0.0)
        return best < max(_NOISE, 1.5 * self.findings.null)

    def noise_reason(self) -> str:
        return "No coordinate that was fitted on half of the rows predicts the other half."

    def components(self) -> list[Hypothesis]:
        return [Hypothesis.of(self.findings.forms[0].predicate)]

    def label(self) -> str:
        best = parse(self.findings.forms[0].predicate)
        assert isinstance(best, Coordinates)
        texts = (f"{best.total(told)} above {best.above:.3g}" for told in (4, 3, 2, 1))
        return next(text for text in texts if len(text.split()) <= MOST_WORDS)

    def confidence(self) -> float:
        """The share of variance that the lower end of the interval leaves no doubt of; ours, and
        not calibrated on units whose function is known."""
        held = self.findings.held_out
        share = self.findings.forms[0].explained if held is None else held.interval[0]
        return float(np.clip(share, 0.01, 0.95))

    def results(self) -> list[Evidence]:
        return self.findings.tests

    def rejected(self, leading: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        citations, scores = Citations(self.lab, self.unit), self.findings.scores()
        out = []
        for key, rival in self.findings.recorded.items():
            if rival.predicate not in leading:
                score, _ = scores.get(key, (0.0, ""))
                evidence = citations.testing(self.results(), rival.predicate)
                reason = f"correlation {score:.2f} on explore, which is less"
                out.append(
                    {"words": f"{key}: {rival.words}", "reason": reason, "evidence": evidence}
                )
        return out

    def check_sentence(self, right: int, n: int) -> str:
        return f"Of {n} rows, the conclusion says {right} rightly."


def fitted(x: np.ndarray, y: np.ndarray) -> list[_Form]:
    """Forms for activations `[row]` over rows `[row, coordinate]`, the best first."""
    first = np.arange(len(y)) % 2 == 0
    if first.sum() < 2 * x.shape[1] or y.std() < 1e-9:
        return []
    active = first & (y > 0)
    regions = [first, *([active] if x.shape[1] + 2 < active.sum() < first.sum() else [])]
    forms = [_linear(x, y, first, region) for region in regions]
    forms.append(_threshold(x, y, first))
    return sorted((f for f in forms if f is not None), key=lambda form: -form.explained)


def _linear(x: np.ndarray, y: np.ndarray, first: np.ndarray, region: np.ndarray) -> _Form | None:
    """Least squares over a region, with as few coordinates as the other half asks for."""
    kept = [at for at in range(x.shape[1]) if x[region, at].std() > 1e-9]
    best: _Form | None = None
    while kept:
        columns = np.column_stack([x[region][:, kept], np.ones(region.sum())])
        *weights, base = np.linalg.lstsq(columns, y[region], rcond=None)[0]
        form = _ramp(x, y, first, dict(zip(kept, map(float, weights), strict=True)), float(base))
        if form is not None and (best is None or form.explained >= best.explained):
            best = form
        share = np.abs(weights) * x[region][:, kept].std(0)
        kept.pop(int(np.argmin(share)))
    return best


def _ramp(
    x: np.ndarray, y: np.ndarray, first: np.ndarray, weights: dict[int, float], base: float
) -> _Form | None:
    size = max(map(abs, weights.values()))
    if size <= 1e-12:
        return None
    rounded = {at: float(f"{weight / size:.3g}") for at, weight in weights.items()}
    rounded = {at: weight for at, weight in rounded.items() if weight}
    total = x[:, list(rounded)] @ np.array(list(rounded.values()))
    low, high = float(total[first].min()), float(total[first].max())
    above = max(low, -base / size) if (y[first] >= 0).all() else low
    above, full = (_rounded(value, high - low) for value in (above, high))
    if full <= above:
        return None
    return _scored(x, y, first, {"weights": rounded, "above": above, "full": full})


def _rounded(value: float, span: float) -> float:
    """To a thousandth of a span."""
    step = 10.0 ** np.floor(np.log10(max(span, 1e-12)) - 2)
    return float(f"{round(value / step) * step:.6g}")


def _threshold(x: np.ndarray, y: np.ndarray, first: np.ndarray) -> _Form | None:
    """The coordinate, the side and the cut that tell most."""
    forms = [
        _scored(x, y, first, {"weights": {at: sign}, "above": float(f"{sign * cut:.3g}")})
        for at in range(x.shape[1])
        for cut in np.unique(np.quantile(x[first, at], _CUTS))
        for sign in (1.0, -1.0)
    ]
    return max(forms, key=lambda form: form.fit, default=None)


def _scored(x: np.ndarray, y: np.ndarray, first: np.ndarray, fields: dict[str, Any]) -> _Form:
    """With what it explains of the other half, scaled on the first."""
    weights = fields["weights"]
    total = x[:, list(weights)] @ np.array(list(weights.values()))
    above, full = fields["above"], fields.get("full")
    held = total > above if full is None else np.clip((total - above) / (full - above), 0, 1)
    held = held.astype(float)
    spread = held[first].var()
    slope = max(np.mean((held - held[first].mean())[first] * y[first]) / spread, 0) if spread else 0
    base = y[first].mean() - slope * held[first].mean()
    error = np.square(y - base - slope * held)
    fit, explained = (
        float(1 - error[half].mean() / max(y[half].var(), 1e-12)) - _PRICE * len(weights)
        for half in (first, ~first)
    )
    shown = {str(at): weight for at, weight in weights.items()}
    predicate = {"kind": "coordinates", **fields, "weights": shown}
    return _Form(predicate, explained, fit)
