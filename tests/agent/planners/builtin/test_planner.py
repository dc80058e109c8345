"""The built-in planner: what it finds on planted units, and that its search means what it says."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.builtin.planner import Builtin, BuiltinFactory
from neuroscribe.agent.planners.builtin.text.feature_table import build
from neuroscribe.agent.planners.builtin.text.fitting import extended, fit_rules
from neuroscribe.agent.planners.builtin.text.rules import Clause, Rule
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.agent.planners.builtin.turns import Calls
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.tool_groups import tools_of

from ...conftest import WORDS

PETS = ("cat", "dog", "bird")


@pytest.fixture(scope="module")
def windows(toy: Target) -> TokenWindows:
    rng = np.random.default_rng(3)
    return cut(toy, [" ".join(rng.choice(WORDS, 30)) + " ." for _ in range(160)], length=40)


def _truth(windows: TokenWindows, function) -> np.ndarray:
    """`[window, place]` bool from a function of a row's words and a position in it."""
    out = np.zeros(windows.ids.shape, bool)
    for row in range(len(windows)):
        places = np.flatnonzero(windows.attended[row] & (windows.word[row] >= 0))
        words = [windows.words[at] for at in windows.word[row, places]]
        for number, place in enumerate(places):
            out[row, place] = function(words, number)
    return out & windows.counted


UNITS = {
    "words": lambda w, i: w[i] in PETS,
    "and": lambda w, i: w[i] in PETS and "red" in w[:i],
    "and not": lambda w, i: w[i] in PETS and "red" not in w[:i],
    "previous": lambda w, i: i > 0 and w[i - 1] in PETS,
    "earlier": lambda w, i: "house" in w[:i],
    "or": lambda w, i: w[i] in PETS or (i > 0 and w[i - 1] == "green"),
}


def _found(windows: TokenWindows, truth: np.ndarray, concepts=()) -> tuple[np.ndarray, float]:
    rng = np.random.default_rng(5)
    noise = 0.05 * rng.standard_normal(truth.shape)
    values = np.where(windows.counted, truth * rng.uniform(0.7, 1.3, truth.shape) + noise, 0)
    features = build(windows, dict(concepts), causal=True)
    sample = Sample(features, values.ravel(), windows.counted.ravel().astype(float))
    terms, checked = extended(sample, fit_rules(sample))
    said = [parse(term.predicate(features)).evaluate(windows) for term in terms]
    return (np.max(said, axis=0) if said else np.zeros(truth.shape)), checked


@pytest.mark.parametrize("kind", UNITS)
def test_rules_are_recovered_in_both_classes(windows: TokenWindows, kind: str) -> None:
    truth = _truth(windows, UNITS[kind])
    said, _ = _found(windows, truth)
    held = said[windows.counted] > 0.25
    wanted = truth[windows.counted]
    assert held[wanted].mean() >= 0.97
    assert (~held[~wanted]).mean() >= 0.97


def test_noise_explains_nothing_on_documents_not_learnt_from(windows: TokenWindows) -> None:
    rng = np.random.default_rng(0)
    features = build(windows, {}, causal=True)
    values = np.where(windows.counted, rng.exponential(1, windows.ids.shape), 0)
    sample = Sample(features, values.ravel(), windows.counted.ravel().astype(float))
    assert extended(sample, fit_rules(sample))[1] < 0.02


CLAUSES = [
    Clause("word", frozenset((3, 5))),
    Clause("token", frozenset((9, 12)), negated=True),
    *(
        Clause(axis, frozenset((4, 6)))
        for axis in ("previous_word", "previous_word_2", "next_word")
    ),
    *(Clause(axis, frozenset((9, 12))) for axis in ("previous_token", "next_token")),
    *(Clause(axis, frozenset((2, 7))) for axis in ("earlier", "later", "elsewhere")),
    *(Clause(axis, frozenset((2, 7))) for axis in ("earlier_5", "earlier_10", "later_5")),
    Clause("elsewhere", groups=frozenset((0,)), negated=True),
    Clause("earlier_20", groups=frozenset((0,))),
    Clause("word", groups=frozenset((0,))),
    Clause("rank", frozenset((0, 1, 2, 9))),
    Clause("position", span=(2, 8, True)),
    Clause("flag", frozenset((0,))),
]


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.axis)
def test_a_clause_is_its_predicate(windows: TokenWindows, clause: Clause) -> None:
    concept = {"kind": "concept", "name": "pets", "words": list(PETS), "part": "noun"}
    features = build(windows, {"pets": (concept, [*PETS, "cats"])}, causal=False)
    rule = Rule((clause,))
    said = parse(rule.predicate(features)).evaluate(windows).ravel() > 0.5
    assert (said == rule.mask(features)).all()
    assert 0 < said.sum() < windows.counted.sum()


def test_a_planted_unit_is_described_by_experiments(toy: Target, windows: TokenWindows) -> None:
    lab = Lab(toy, windows)
    found = investigate(lab, "planted/0", planner_factory("builtin"))
    assert found.status == "described"
    assert len(found.description.label.split()) <= 12
    assert found.description.rejected
    said = np.max(
        [parse(c.predictor).evaluate(windows) for c in found.description.components], axis=0
    )
    truth = _truth(
        windows, lambda w, i: w[i] in ("cat", "dog") and not (i > 0 and w[i - 1] == "no")
    )
    held = said[windows.counted] > 0.25
    wanted = truth[windows.counted]
    assert held[wanted].mean() >= 0.95
    assert (~held[~wanted]).mean() >= 0.95
    tools = {evidence.tool for evidence in lab.evidence}
    assert {"survey", "hypothesise", "test_hypotheses", "activations", "conclude"} <= tools
    for component in found.description.components:
        assert component.evidence
        assert all(key in lab.evidence for key in component.evidence)


def test_the_same_seed_gives_the_same_investigation(toy: Target, windows: TokenWindows) -> None:
    runs = [investigate(Lab(toy, windows), "planted/0", planner_factory("builtin")) for _ in "ab"]
    assert runs[0].description == runs[1].description


@pytest.mark.parametrize("groups", ["exemplars", "inputs", "causal", "inputs,exemplars", "units"])
def test_tools_that_are_left_out_are_not_called(
    toy: Target, windows: TokenWindows, groups: str
) -> None:
    lab = Lab(toy, windows, left_out=tools_of(groups))
    found = investigate(lab, "planted/0", planner_factory("builtin"))
    called = [evidence for evidence in lab.evidence if evidence.tool != "conclude"]
    assert not [one.error for one in called if one.error is not None]
    assert not lab.left_out & {one.tool for one in called}
    assert found.reason is None
    hidden = groups == "units"
    assert bool(called) != hidden
    assert found.status == ("uninterpretable" if hidden else "described")
    assert ("do not show it" in found.description.label) == hidden


def test_a_dead_unit_is_said_to_be_dead(toy: Target, windows: TokenWindows) -> None:
    found = investigate(Lab(toy, windows), "planted/1", planner_factory("builtin"))
    assert found.status == "dead"
    assert str(int(windows.counted.sum())) in found.description.label
    assert not found.description.components


def test_a_step_without_questions_is_passed_over(toy: Target, windows: TokenWindows) -> None:
    planner = Builtin(Lab(toy, windows), BuiltinFactory())

    def turns() -> Iterator[Calls]:
        yield Calls("first", (("survey", {}),))
        yield Calls("nothing", ())
        yield Calls("second", (("exemplars", {}),))

    planner._start = lambda unit: SimpleNamespace(  # type: ignore[method-assign, return-value]
        turns=turns, conclusion=lambda: Calls("end", (("conclude", {}),))
    )
    site = next(iter(toy.sites))
    state: Any = {"unit": f"{site}/0", "last": False, "step": 0}
    names = [planner.next(state)["tool_calls"][0]["function"]["name"] for _ in range(3)]
    assert names == ["survey", "exemplars", "conclude"]
