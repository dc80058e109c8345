"""Confounded readings agree at every place of every window."""

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.text import functions
from neuroscribe.tasks.groundtruth.text.agreeing import LENGTH, agreeing
from neuroscribe.tasks.groundtruth.text.host import suite_host
from neuroscribe.tasks.groundtruth.text.suite import bench
from neuroscribe.tools.data.windows import cut, surfaces
from neuroscribe.tools.models.planted import Vocabulary


def _differ(function, documents, target, vocabulary) -> int:
    windows = cut(target, documents, length=LENGTH)
    atoms = function.evaluate(windows.ids, vocabulary)
    s, t = atoms["s"] & windows.counted, atoms["t"] & windows.counted
    return int((s & ~t if function.variant == "outside" else s ^ t).sum())


@pytest.mark.parametrize("variant", ["complete", "outside"])
def test_places_that_part_the_readings_are_rewritten(variant):
    host = suite_host()
    vocabulary = Vocabulary(surfaces(host), host.tokenizer)
    make = functions.confounded if variant == "complete" else functions.alphabetical
    given = {"variant": variant} if variant == "complete" else {}
    function = make("s", ("robin",), ("oak",), token=True, **given)
    text = " ".join(["The oak robin was there and the owl went home."] * 40)
    documents = [text, "A zebra robin slept.", "The robin saw an oak."]
    assert _differ(function, documents, host, vocabulary) > 0
    mended = agreeing(documents, host, vocabulary, [function], np.random.default_rng(0))
    assert _differ(function, mended, host, vocabulary) == 0
    windows = cut(host, mended, length=LENGTH)
    assert function.evaluate(windows.ids, vocabulary)["s"].sum() > 20  # the pair itself stays
    assert mended == agreeing(documents, host, vocabulary, [function], np.random.default_rng(0))


def test_text_without_such_forms_stays():
    host = suite_host()
    function = functions.one("trees", ("oak",), ("robin",))
    vocabulary = Vocabulary(surfaces(host), host.tokenizer)
    assert agreeing(["An oak."], host, vocabulary, [function], np.random.default_rng(0)) == [
        "An oak."
    ]


@pytest.mark.parametrize("tier", ["A", "B"])
def test_no_window_of_a_bench_parts_them(tier):
    ground = bench(tier, 4, kinds=["confounded"], inexpressible_each=0, tokens=20_000)
    apart = [
        u.function for u in ground.units if u.function and u.variant in ("complete", "outside")
    ]
    assert apart
    documents = [document.text for document in ground.corpus.documents]
    for function in apart:
        assert _differ(function, documents, ground.target, ground.vocabulary) == 0
