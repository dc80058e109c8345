"""An untrained copy keeps the architecture and nothing of the training."""

import numpy as np
import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models.untrained import untrained

TEXTS = ["Once upon a time there was a little girl named Lily.", "He saw a big red ball."]


@pytest.mark.parametrize("which", ["stories260k", "minilm"])
def test_same_shape_other_weights(which, request):
    target = request.getfixturevalue(which)
    before = target.fingerprint
    copy = untrained(target)
    assert target.fingerprint == before, "the trained target must stay as it was"
    assert copy.fingerprint != before
    units = [target.unit(f"mlp.2/{index}") for index in range(100)]
    windows = cut(target, TEXTS)
    trained = target.activations(windows, units).numpy().ravel()
    drawn = copy.activations(windows, units).numpy().ravel()
    assert np.isfinite(drawn).all()
    assert abs(np.corrcoef(trained, drawn)[0, 1]) < 0.2


def test_the_draw_is_set_by_the_seed(stories260k):
    assert untrained(stories260k, seed=1).fingerprint == untrained(stories260k, seed=1).fingerprint
    assert untrained(stories260k, seed=1).fingerprint != untrained(stories260k, seed=2).fingerprint
