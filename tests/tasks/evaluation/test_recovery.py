"""Recovery: true descriptions pass, each kind of wrong one fails in its own cell."""

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.evaluation.ceilings import text_ceiling
from neuroscribe.tasks.evaluation.recovery import recovery
from neuroscribe.tasks.groundtruth.text import functions, inexpressible
from neuroscribe.tasks.groundtruth.text.host import suite_host
from neuroscribe.tasks.groundtruth.text.inputs import probes
from neuroscribe.tasks.groundtruth.text.words import categories
from neuroscribe.tasks.groundtruth.text.writing import documents
from neuroscribe.tasks.scoring.measured import Measured
from neuroscribe.tools.data.windows import cut, surfaces
from neuroscribe.tools.models.planted import Vocabulary

TREES = categories()["trees"].words
FISH = categories()["fish"].words
BIRDS = categories()["birds"].words


@pytest.fixture(scope="module")
def setting():
    host = suite_host()
    vocabulary = Vocabulary(surfaces(host), host.tokenizer)
    texts = documents(categories(), n=500, seed=3)
    return host, vocabulary, [cut(host, texts[at::2], length=64) for at in (0, 1)], texts[:60]


def words(*items):
    return {"kind": "words", "words": list(items), "inflect": False}


def judged(setting, function, *predictors):
    host, vocabulary, windows, fresh = setting
    measured = [
        Measured(w, np.where(w.counted, function.values(w.ids, vocabulary), np.nan).astype("f4"))
        for w in windows
    ]
    inputs = probes(function, host, vocabulary, fresh, seed=5)
    description = Description("x", tuple(Component("x", p) for p in predictors))
    return recovery(description, function, inputs, *measured)


ONE = functions.one("trees", TREES, FISH)
EITHER = functions.any_of({"trees": TREES, "fish": FISH}, BIRDS)
BUT = functions.exception("trees", TREES, TREES[:2], FISH)
EXCEPT = {"kind": "except", "of": words(*TREES), "but": words(*TREES[:2])}
CARELESS = ([words(*TREES)], {"exception": (0, 0.1)})
BY_TOKEN, BY_CONTEXT = (
    functions.confounded("trees", TREES, FISH, token=token, variant="") for token in (True, False)
)
AFTER = {"kind": "previous", "of": words(*FISH), "by": "token"}


@pytest.mark.parametrize(
    ("function", "right", "wrong", "cells"),
    [
        (ONE, [words(*TREES)], [words(*TREES[:6])], {"concept": (0, 0.8), "near-miss": (1, 1)}),
        (ONE, [words(*TREES)], [words(*TREES, *FISH)], {"concept": (1, 1), "near-miss": (0, 0.5)}),
        (
            EITHER,
            [words(*TREES), words(*FISH)],
            [words(*TREES)],
            {"trees": (1, 1), "fish": (0, 0.1)},
        ),
        (BUT, [words(*TREES[2:])], *CARELESS),
        (BUT, [EXCEPT], *CARELESS),
        (BY_TOKEN, [words(*TREES)], [AFTER], {}),
        (BY_CONTEXT, [AFTER], [words(*TREES)], {}),
    ],
)
def test_the_truth_is_recovered_and_each_wrong_one_fails_in_its_own_cell(
    setting, function, right, wrong, cells
):
    assert judged(setting, function, *right).recovered
    found = judged(setting, function, *wrong)
    assert not found.recovered
    assert all(low <= found.cells[name] <= high for name, (low, high) in cells.items())
    if function.kind == "confounded":
        assert min(found.cells["s, no t"], found.cells["no s, t"]) < 0.2


def test_a_graded_function_needs_its_levels(setting):
    function = functions.graded({"trees": TREES, "fish": FISH}, (1.0, 0.4))
    assert judged(setting, function, words(*TREES), words(*FISH)).recovered
    flat = judged(setting, function, words(*TREES, *FISH))
    assert not flat.recovered
    assert flat.r2 < 0.9


def test_no_description_recovers_nothing(setting):
    nothing = judged(setting, ONE)
    assert not nothing.recovered
    assert nothing.correlation == 0.0


def test_the_ceiling_is_full_for_words_and_lower_for_what_no_table_can_say(setting):
    host, vocabulary, windows, fresh = setting
    measured = Measured(windows[0], np.where(windows[0].counted, 0.0, np.nan).astype("f4"))

    def top(function):
        return text_ceiling(
            function, probes(function, host, vocabulary, fresh, seed=2), measured, vocabulary
        )

    assert top(ONE) > 0.97
    assert top(inexpressible.alliteration()) < 0.8
