"""A model with NaN activations is refused, as an index refuses it."""

import copy

import pytest
import torch
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target


def test_nan_activations_are_refused(toy_folder, settings, toy, tmp_path):
    target = Target.load(str(toy_folder / "model"))
    weights = copy.deepcopy(target.network.state_dict())
    target.network.transformer.h[0].mlp.c_fc.weight[0, 1] = torch.nan
    with pytest.raises(UsageError, match=r"mlp\.0 gives values that are not finite.*float32"):
        run_labels(settings, tmp_path / "r", planner=toy.ToyFactory(), target=target)
    assert not (tmp_path / "r" / "labels.jsonl").exists()
    target.network.load_state_dict(weights)
    run = run_labels(settings, tmp_path / "s", planner=toy.ToyFactory(), target=target)
    assert len(run.units) == 3
