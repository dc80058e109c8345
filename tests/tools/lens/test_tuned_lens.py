"""The tuned lens starts at the logit lens, beats it on held-out text, and keeps to its network."""

import json

import pytest
import torch
from checks import refused
from neuroscribe.tools.attribution import target_prompt
from neuroscribe.tools.data.corpus import Corpus, Document
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.lens.logit_lens import logit_lens
from neuroscribe.tools.lens.tuned_lens import (
    CARD,
    WEIGHTS,
    Training,
    TunedLens,
    evaluate,
    load_tuned,
    train_tuned,
)
from neuroscribe.tools.models import Target

QUICK = Training(steps=25, looks=2, watched=1500, batch=512)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus("builtin:stories:120")


@pytest.fixture(scope="module")
def lens(stories260k: Target, corpus: Corpus) -> TunedLens:
    return train_tuned(stories260k, corpus, QUICK)


def test_it_is_closer_than_the_logit_lens_at_every_point(stories260k, lens, corpus):
    scores = lens.card.scores
    assert [s.point for s in scores] == list(lens.card.points[:-1])
    assert all(s.tuned < s.logit and s.interval[0] > 0 for s in scores)
    again = evaluate(stories260k, lens, corpus.splits().test)
    assert [s.tuned for s in again] == pytest.approx([s.tuned for s in scores], rel=1e-4)
    other = load_corpus("builtin:stories:30", seed=5)
    assert all(s.tuned < s.logit for s in evaluate(stories260k, lens, other))


def test_the_reported_kl_is_that_of_the_lens(stories260k, lens):
    """On one text, by the table of the lens itself."""
    text = "Lily had a red ball. She played with it in the park all day."
    asked = target_prompt(stories260k, text, " The")
    one = Corpus("one", [Document("0", text)])
    scores = evaluate(stories260k, lens, one)
    plain, tuned = (
        logit_lens(stories260k, asked, translators=t).kl[:-1, 1:].mean(1) for t in (None, lens)
    )
    assert [s.logit for s in scores] == pytest.approx(plain.tolist(), rel=1e-3)
    assert [s.tuned for s in scores] == pytest.approx(tuned.tolist(), rel=1e-3)
    assert logit_lens(stories260k, asked, translators=lens).kind == "tuned"


def test_it_starts_at_the_identity_and_a_seed_settles_it(stories260k, corpus):
    """A rate of nothing leaves the logit lens as it is."""
    still = Training(steps=1, looks=1, watched=600, rate=1e-12)
    lens = train_tuned(stories260k, corpus, still)
    assert torch.allclose(lens.weight, torch.eye(64).expand_as(lens.weight), atol=1e-6)
    for score in lens.card.scores:
        assert score.tuned == pytest.approx(score.logit, rel=1e-4)
    how = Training(steps=3, looks=1, watched=600)
    one, other = (train_tuned(stories260k, corpus, how) for _ in range(2))
    assert torch.equal(one.weight, other.weight)
    assert one.card == other.card


def test_it_is_saved_and_opened(stories260k, lens, tmp_path):
    lens.save(tmp_path / "lens")
    again = load_tuned(tmp_path / "lens", stories260k)
    assert again.card == lens.card
    assert torch.equal(again.weight, lens.weight)
    assert torch.equal(again.bias, lens.bias)
    card = json.loads((tmp_path / "lens" / CARD).read_text())
    assert card["fingerprint"] == stories260k.fingerprint
    assert card["corpus"] == "builtin:stories:120"
    assert len(card["corpus_hash"]) == 16


def test_it_refuses_what_is_not_its_own(stories260k, lens, tmp_path):
    folder = tmp_path / "lens"
    refused("there is no tuned lens", load_tuned, folder, stories260k)
    lens.save(folder)
    adder = Target.load("organism:adder")
    refused(r"was trained on .*, not on organism:adder", load_tuned, folder, adder)
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:1000])
    refused("damaged", load_tuned, folder, stories260k)
    (folder / CARD).write_text('{"scores": 3}')
    refused("no card", load_tuned, folder, stories260k)
    (tmp_path / "file").write_text("")
    refused("cannot write", lens.save, tmp_path / "file" / "x")


def test_what_has_no_lens(stories260k, minilm, corpus):
    small = Corpus("one", [Document("0", "Once upon a time.")])
    refused("too little data to split", train_tuned, stories260k, small, QUICK)
    refused("no vocabulary head", train_tuned, minilm, corpus, QUICK)
