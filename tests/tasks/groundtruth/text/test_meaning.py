"""Tier M: pairs hold the same words, n-grams tell nothing, and units do what their readings say."""

import re
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tasks.groundtruth.text.meaning import leaks, passages, prose, reading, suite
from neuroscribe.tasks.groundtruth.text.meaning.passages import KINDS, LOCKED
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target, zero

LEAST = 0.92
"""Balanced accuracy of a reading on held-out pairs."""


@cache
def planted() -> suite.MeaningBench:
    return suite.bench(3, kinds=("asked", "future"), tokens=2000)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("split", ["train", "held"])
def test_partners_hold_the_same_words_on_exchanged_sides(kind, split):
    found = passages.passages(kind, split, pairs=60, seed=5)
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert one.pair == other.pair
        assert words(one.text) == words(other.text)
        marked = [{p.text[m.start : m.end].lower(): m.side for m in p.marks} for p in (one, other)]
        assert marked[0].keys() == marked[1].keys()
        assert all(marked[0][word] != marked[1][word] for word in marked[0])
    sides = Counter(mark.side for passage in found for mark in passage.marks)
    assert set(sides) == set(passages.sides(kind))
    assert "{" not in "".join(p.text for p in found)


@pytest.mark.parametrize("kind", KINDS)
def test_held_templates_and_words_are_others(kind):
    assert not passages.item_words(kind, "train") & passages.item_words(kind, "held")
    assert not set(passages.templates(kind, "train")) & set(passages.templates(kind, "held"))
    assert len(reading.readings_of(kind)) == suite.EACH


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) for k in KINDS])
def test_n_grams_and_positions_do_not_tell_sides_apart(kind):
    found = leaks.leak(kind, pairs=300, seed=1)
    assert found["apart"] <= leaks.MOST
    assert found["within"] <= leaks.MOST + 0.05  # its folds share the words around


def test_a_leak_would_be_seen():
    """A word that only one side has tells the sides apart."""
    rows = [
        leaks.Row(f"{'so' if i % 2 else 'not'} it is _", (3, 0), "ab"[i % 2], (f"t{i % 8}",), i)
        for i in range(80)
    ]
    said = leaks.new_templates(rows, [row.side for row in rows], np.random.default_rng(0))
    assert said == 1.0


def test_units_stand_among_the_hosts_own_and_do_what_is_read():
    bench = planted()
    assert {unit.kind for unit in bench.units} == {"asked", "future"}
    assert bench.target.sites[suite.SITE].units == 1536 + len(bench.units)
    for unit in bench.units:
        judged, active, meant = bench.judged(unit), bench.active(unit), bench.intended(unit)
        right = [(active[judged & side] == on).mean() for side, on in ((meant, 1), (~meant, 0))]
        assert np.mean(right) > LEAST - 0.05, unit
        probes = bench.probes(unit, 1)
        assert not probes.short
        assert (probes.level[tuple(probes.cells["active"].T)] >= 0.5).all()


def test_a_unit_reads_the_states_of_its_own_block():
    """What is changed before the block changes the unit; what a unit writes changes the output."""
    bench = planted()
    windows = cut(bench.target, [bench.corpus.documents[0].text], length=64)
    unit = next(u for u in bench.units if u.relation != "nothing")
    name = bench.target.unit(unit.unit)
    before = f"resid.{reading.BLOCK}"
    silent = bench.target.trace(windows, [suite.SITE], interventions=[zero(before, range(384))])
    clean = bench.target.trace(windows, [suite.SITE])
    moved = silent.values[suite.SITE][..., name.index] - clean.values[suite.SITE][..., name.index]
    assert moved.abs().max() > 1e-3
    without = bench.target.trace(windows, interventions=[zero(suite.SITE, [name.index])])
    on = clean.values[suite.SITE][..., name.index].abs().max() > 1e-3
    assert ((without.output - clean.output).abs().max() > 1e-5) == on


def test_padding_changes_nothing():
    bench = planted()
    texts = [bench.corpus.documents[i].text for i in (0, 1)]
    together = cut(bench.target, texts, length=96, document_per_row=True)
    alone = cut(bench.target, texts[:1], length=96, document_per_row=True)
    units = [bench.target.unit(unit.unit) for unit in bench.units]
    n = int(alone.attended.sum())
    both = bench.target.activations(together, units)[:, 0, :n]
    torch.testing.assert_close(
        both, bench.target.activations(alone, units)[:, 0, :n], atol=1e-4, rtol=1e-3
    )


def test_the_corpus_holds_both_sides_of_every_kind_and_no_held_word():
    texts = suite.corpus_texts(KINDS, 20_000, 2)
    assert len(texts) == len(set(texts))
    everything = words(" ".join(texts))
    for kind in KINDS:
        held = passages.item_words(kind, "held")
        assert sum(everything[word] for word in held) < 0.3 * len(texts), kind


def test_another_host_is_refused():
    refused("minilm alone", suite.bench, 1, tokens=2000, host=Target.load("planted"))


def test_real_prose_is_labelled_twice_and_every_label_is_a_side():
    given = prose.sentences()
    assert Counter(s.kind for s in given) == dict.fromkeys(KINDS, 10)
    for sentence in given:
        known = {*passages.sides(sentence.kind), "none"}
        assert {sentence.first, sentence.second} <= known
        assert sentence.text[sentence.start : sentence.end].isalpha()


def test_what_ships_is_small_and_some_kinds_are_kept_back():
    assert reading._WEIGHTS.stat().st_size < 300_000
    assert len(LOCKED) == 4
    assert set(suite.OPEN) == set(KINDS) - set(LOCKED)
