"""Activations of a run: measured in one pass, and of large networks kept for the next run."""

import numpy as np
import pytest
from neuroscribe.tasks.labelling import data as run_data
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tasks.labelling.settings import Settings


def test_activations_are_kept_for_the_next_run(minilm, monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path))
    settings = Settings(target="minilm", units="mlp.1/3", data="builtin:stories", tokens=3000)
    units = [minilm.unit("mlp.1/3"), minilm.unit("mlp.0/5-")]
    first = load_data(minilm, settings).measure(units)
    passes = []
    measure = run_data.measure
    monkeypatch.setattr(
        run_data, "measure", lambda t, w, some: passes.append(some) or measure(t, w, some)
    )
    again = load_data(minilm, settings).measure([*units, minilm.unit("mlp.1/4")])
    assert passes == [[minilm.unit("mlp.1/4")]] * 3
    for unit in units:
        for one, other in zip(first[unit], again[unit], strict=True):
            np.testing.assert_array_equal(one.values, other.values)
    load_data(minilm, Settings(**{**vars(settings), "tokens": 3200})).measure(units)
    assert len(passes) == 6


@pytest.mark.parametrize("reader", ["minilm", "builtin"])
def test_a_reader_that_cannot_read_is_refused(minilm, reader):
    settings = Settings(target="minilm", units="mlp.1/3", data="builtin:stories", reader=reader)
    with pytest.raises(run_data.UsageError, match=r"is the target itself|no folder 'builtin'"):
        load_data(minilm, settings)
