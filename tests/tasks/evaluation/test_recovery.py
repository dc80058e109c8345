"""Recovery: true descriptions pass, each kind of wrong one fails in its own cell."""

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.evaluation.ceilings import text_ceiling
from neuroscribe.tasks.evaluation.recovery import recovery
from neuroscribe.tasks.groundtruth.text import functions
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


def test_the_true_concept_is_recovered_and_half_of_it_is_not(setting):
    function = functions.one("trees", TREES, FISH)
    assert judged(setting, function, words(*TREES)).recovered
    half = judged(setting, function, words(*TREES[:6]))
    assert not half.recovered
    assert half.cells["concept"] < 0.8
    assert half.cells["near-miss"] == 1.0


def test_a_label_that_claims_too_much_fails_at_the_near_miss(setting):
    function = functions.one("trees", TREES, FISH)
    broad = judged(setting, function, words(*TREES, *FISH))
    assert not broad.recovered
    assert broad.cells["concept"] == 1.0
    assert broad.cells["near-miss"] < 0.5


def test_a_missing_disjunct_fails_in_its_own_cell(setting):
    function = functions.any_of({"trees": TREES, "fish": FISH}, BIRDS)
    assert judged(setting, function, words(*TREES), words(*FISH)).recovered
    one = judged(setting, function, words(*TREES))
    assert one.cells["trees"] == 1.0
    assert one.cells["fish"] < 0.1


def test_a_rare_exception_is_not_hidden_by_the_rest(setting):
    function = functions.exception("trees", TREES, TREES[:2], FISH)
    rest = words(*TREES[2:])
    assert judged(setting, function, rest).recovered
    careless = judged(setting, function, words(*TREES))
    assert not careless.recovered
    assert careless.cells["exception"] < 0.1
    but = {"kind": "except", "of": words(*TREES), "but": words(*TREES[:2])}
    assert judged(setting, function, but).recovered


@pytest.mark.parametrize("token", [True, False])
def test_a_confounded_rival_fails_where_the_two_differ(setting, token):
    function = functions.confounded("trees", TREES, FISH, token=token, variant="")
    by_token = words(*TREES)
    by_context = {"kind": "previous", "of": words(*FISH), "by": "token"}
    right, wrong = (by_token, by_context) if token else (by_context, by_token)
    assert judged(setting, function, right).recovered
    found = judged(setting, function, wrong)
    assert not found.recovered
    assert min(found.cells["s, no t"], found.cells["no s, t"]) < 0.2


def test_a_graded_function_needs_its_levels(setting):
    function = functions.graded({"trees": TREES, "fish": FISH}, (1.0, 0.4))
    assert judged(setting, function, words(*TREES), words(*FISH)).recovered
    flat = judged(setting, function, words(*TREES, *FISH))
    assert not flat.recovered
    assert flat.r2 is not None
    assert flat.r2 < 0.9


def test_no_description_recovers_nothing(setting):
    nothing = judged(setting, functions.one("trees", TREES, FISH))
    assert not nothing.recovered
    assert nothing.correlation == 0.0


def test_the_ceiling_is_full_for_words_and_lower_for_what_no_table_can_say(setting):
    host, vocabulary, windows, fresh = setting
    measured = Measured(windows[0], np.where(windows[0].counted, 0.0, np.nan).astype("f4"))

    def top(function):
        return text_ceiling(
            function, probes(function, host, vocabulary, fresh, seed=2), measured, vocabulary
        )

    from neuroscribe.tasks.groundtruth.text import inexpressible

    assert top(functions.one("trees", TREES, FISH)) > 0.97
    assert top(inexpressible.alliteration()) < 0.8
