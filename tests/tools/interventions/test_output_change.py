"""Changes of the output: going on from cached states gives what a run of whole rows gives."""

import numpy as np
import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.interventions import output_change
from neuroscribe.tools.interventions.output_change import ChangedRow, measure, span
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, clamp


def test_restarts_and_whole_rows_agree(
    word_model: Target, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(word_model, cut(word_model, texts, length=24))
    rng = np.random.default_rng(0)
    cases = []
    for row in rng.integers(0, len(lab.explore), 12).tolist():
        last = int(lab.explore.attended[row].sum())
        places = span(lab.explore, row, int(rng.integers(0, last)))
        some = (range(places[-1] + 1), places, places[-1:])[len(cases) % 3]
        change = clamp("mlp.1", [int(rng.integers(0, 8))], 3.0).at(places=some)
        cases.append(ChangedRow(row, (change,), places))
    whole = measure(lab, lab.explore, cases)
    runs = []
    monkeypatch.setattr(output_change, "_RESTARTED_FROM", 0)
    restart = type(word_model).restart
    monkeypatch.setattr(
        type(word_model), "restart", lambda *a, **k: runs.append(k["rows"]) or restart(*a, **k)
    )
    again = measure(lab, lab.explore, cases)
    assert sum(runs) == len(cases)
    for one, other in zip(whole, again, strict=True):
        assert one.size == pytest.approx(other.size, rel=1e-3, abs=1e-6)
        np.testing.assert_allclose(one.change, other.change, atol=1e-4)
    assert max(effect.size for effect in whole) > 1e-4
