"""A description earns `described`: its predictor fits its own unit better than matched units."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.description import Description
from neuroscribe.tasks.labelling import matched
from neuroscribe.tasks.labelling.data import RunData
from neuroscribe.tasks.labelling.matched import Columns, Kind, Sites, SiteUnits, measured
from neuroscribe.tasks.labelling.specificity import ALPHA, Specificity, judge, specificity
from neuroscribe.tasks.scoring.base import base_of
from neuroscribe.tasks.scoring.entries import specificity_words
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.scores import plain_scores
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import measure
from neuroscribe.tools.models import Unit
from neuroscribe.tools.predicates import parse
from synthetic_splits import described, tokens

UNITS = 60


@pytest.fixture
def site(splits) -> Callable[..., tuple[list[Splits], SiteUnits]]:
    """Makes a site of units from `values_of(unit, ids)`, each with noise of its own."""

    def made(values_of: Callable[[int, np.ndarray], np.ndarray], *, noise: float = 1.0) -> Any:
        first = splits(lambda ids, before: np.zeros(ids.shape))
        rng = np.random.default_rng(7)
        columns = []
        for unit in range(UNITS):
            values = [values_of(unit, part.windows.ids) for part in first]
            drawn = [v + rng.normal(0, noise, v.shape) for v in values]
            pairs = zip(first, drawn, strict=True)
            parts = [Measured(part.windows, v.astype(np.float32)) for part, v in pairs]
            columns.append(Splits(*parts))
        held = []
        for name in ("validation", "test"):
            values = np.stack([getattr(c, name).flat for c in columns], 1).astype(np.float16)
            held.append(Columns(values, np.zeros(UNITS, np.float32), np.ones(UNITS, np.float32)))
        return columns, SiteUnits(np.arange(UNITS), *held)

    return made


@pytest.fixture
def of_three(site) -> Callable[..., Specificity]:
    """How specific `tokens(3)` is to unit 3 of such a site."""

    def found(values_of: Callable[[int, np.ndarray], np.ndarray], **more: float) -> Specificity:
        columns, units = site(values_of, **more)
        return specificity(units, Unit("mlp.0", 3), [parse(tokens(3))], columns[3])

    return found


def test_a_label_that_fits_all_units_is_of_none(site):
    """Null: every unit follows the same word, so each is first of its matched units by luck."""
    columns, units = site(lambda unit, ids: 1.0 * (ids == 3))
    found = [
        specificity(units, Unit("mlp.0", at), [parse(tokens(3))], columns[at])
        for at in range(UNITS)
    ]
    p = np.array([one.p for one in found])
    assert all(one.n >= 20 for one in found), [one.n for one in found]
    assert all(one.score > 0.2 for one in found)  # so it is a description that explains something
    assert (p <= ALPHA).mean() <= ALPHA
    assert 0.35 < p.mean() < 0.65


def test_a_label_of_its_own_unit_alone_is_specific(of_three):
    found = of_three(lambda unit, ids: 1.0 * (ids == unit % 12))
    assert found.p > ALPHA  # five units follow each word
    found = of_three(lambda unit, ids: 1.0 * (ids == (3 if unit == 3 else unit % 3)))
    assert found.p == pytest.approx(1 / (found.n + 1))
    assert found.as_high == ()


def test_units_that_do_the_same_are_named_and_are_no_controls(of_three):
    found = of_three(lambda unit, ids: 1.0 * (ids == (3 if unit < 4 else unit % 3)), noise=0.02)
    assert {name for name, _ in found.shared} == {"mlp.0/0", "mlp.0/1", "mlp.0/2"}
    assert found.p == pytest.approx(1 / (found.n + 1))


def test_too_few_matched_units_settle_nothing(of_three):
    """Most units of the site are on at half of the places, this one at a twelfth."""
    found = of_three(lambda unit, ids: 1.0 * (ids == 3 if unit < 9 else ids > 5), noise=0.12)
    assert (found.n, found.p) == (8, None)
    assert "20 are needed" in specificity_words(found.as_dict())
    assert found.as_dict()["p"] is None


@pytest.mark.parametrize("sign", [1, -1])
def test_controls_are_scored_as_the_unit_itself(site, sign):
    """Several components, one of them useless: weights are fitted for each unit anew."""
    columns, units = site(lambda unit, ids: (1.0 * (ids == 3) + unit / 60 * (ids == 5)) * sign)
    description = described(tokens(3), tokens(5), tokens(7))

    def signed(parts: Splits) -> Splits:
        return Splits(*(Measured(part.windows, sign * part.values) for part in parts))

    own = [plain_scores(description, signed(parts))["correlation"] for parts in columns]
    predicates = [parse(one.predictor) for one in description.components]
    found = specificity(units, Unit("mlp.0", 20, sign), predicates, signed(columns[20]))
    assert found.score == pytest.approx(own[20], abs=1e-4)
    for name, value in found.as_high:
        assert value == pytest.approx(own[int(name.rstrip("-").partition("/")[2])], abs=1e-4)
    assert len(found.as_high) > 5


def test_the_harness_settles_the_status(site):
    columns, units = site(lambda unit, ids: 1.0 * (ids == 3))
    word = columns[0].test.tokens() == 3
    worst = int(np.argmin([np.corrcoef(c.test.flat, word)[0, 1] for c in columns]))
    scored, found = judge(units, Unit("mlp.0", worst), described(tokens(3)), columns[worst])
    assert found.p == 1.0
    assert scored.description.status == "not specific"
    assert "matched units" in str(scored.description.reason)
    honest = replace(described(tokens(3)), status="uninterpretable")
    scored, _ = judge(units, Unit("mlp.0", worst), honest, columns[worst])
    assert scored.description.status == "uninterpretable"


def test_a_word_list_is_held_to_the_same_rule(site):
    """Units that all follow one word share its table; one with a word of its own does not."""
    nothing = Description("", status="uninterpretable")
    for values_of, status in (
        (lambda unit, ids: 1.0 * (ids == 3), "not specific"),
        (lambda unit, ids: 1.0 * (ids == (3 if unit == 3 else unit % 3)), "word list"),
    ):
        columns, units = site(values_of)
        follows = [np.corrcoef(c.test.flat, c.test.tokens() == 3)[0, 1] for c in columns]
        at = int(np.argmin(follows)) if status == "not specific" else 3
        known = replace(nothing, base=base_of(columns[at].explore))
        scored, found = judge(units, Unit("mlp.0", at), known, columns[at])
        assert scored.description.status == status
        assert scored.description.label.startswith('word list: "t3"')
        assert found.n >= 20


def test_a_site_is_measured_as_its_units_are(stories260k):
    texts = ["Once upon a time there was a girl. She ran.", "The dog and the cat sat down."]
    windows = {name: cut(stories260k, texts) for name in ("explore", "validation", "test")}
    bench = RunData(stories260k, None, windows)  # pyright: ignore
    site = bench.sites["mlp.1"]
    assert bench.sites["mlp.1"] is site
    values = measure(stories260k, windows["test"], [Unit("mlp.1", int(n)) for n in site.units])
    flat = values[:, windows["test"].counted].T  # [place, unit]
    assert np.allclose(site.test.take(slice(None)), flat, atol=2e-3)
    r = site.test.correlations(flat[:, 5])
    truth = [np.corrcoef(flat[:, 5], column)[0, 1] for column in flat.T]
    assert np.allclose(r, truth, atol=2e-3)
    kinds = site.kinds(-1)
    assert kinds.rate.shape == site.units.shape
    assert ((kinds.rate >= 0) & (kinds.rate < 1)).all()


def test_units_of_another_kind_do_not_match():
    kind = Kind(np.array([0.01, 0.03, 0.05, 0.01, 0, 0.01]), np.array([6.0, 9, 5, 30, 5, 5]))
    own = Kind(np.array([0.01]), np.array([5.0]))
    able = np.array([True] * 5 + [False])
    assert kind.nearest(own, able).tolist() == [0, 1]


def test_one_pass_reads_the_sites_that_will_be_asked_for(stories260k, monkeypatch):
    windows = {name: cut(stories260k, ["Once upon a time."]) for name in ("validation", "test")}
    passes: list[tuple[str, ...]] = []

    def counted(target: Any, windows: Any, sites: Any, most: int) -> Any:
        passes.append(tuple(sites))
        return measured(target, windows, sites, most)

    monkeypatch.setattr(matched, "measured", counted)
    names = ["mlp.0", "mlp.1", "mlp.2"]
    sites = Sites(stories260k, windows)
    sites.expect(names)
    units = stories260k.sites["mlp.0"].units
    places = 2 * int(windows["validation"].counted.sum())
    monkeypatch.setattr(matched, "MEMORY", 2 * places * units * 2)
    assert sites.passes(names) == 2
    assert [len(sites[name].units) for name in names] == [units] * 3
    assert passes == [("mlp.0", "mlp.1"), ("mlp.2",)]
    monkeypatch.setattr(matched, "MEMORY", 2 * places * 10)
    assert len(sites["mlp.0"].units) == 10
