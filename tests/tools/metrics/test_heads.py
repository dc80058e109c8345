"""An encoder's head, for masked tokens and for classes, is what a metric of its output reads."""

import pytest
import torch
from checks import refused
from neuroscribe.tools.interventions.runner import runners_of
from neuroscribe.tools.metrics.asked import asked
from neuroscribe.tools.models import Target, zero

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "dog", "sat", "."]


@pytest.fixture(scope="module", params=["folder", "factory"])
def saved(request, tmp_path_factory):
    from neuroscribe.tools.models.huggingface import wrap
    from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification
    from transformers import BertTokenizerFast as Fast

    words = tmp_path_factory.mktemp("words") / "vocab.txt"
    words.write_text("\n".join(WORDS))
    tokenizer = Fast(str(words))
    shape = {"vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2}
    shape |= {"num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16}
    torch.manual_seed(0)
    named = {"id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}}
    made = {}
    for kind, more in ((BertForMaskedLM, {}), (BertForSequenceClassification, named)):
        network = kind(BertConfig(**shape, **more, initializer_range=0.5)).eval()
        if request.param == "folder":
            folder = tmp_path_factory.mktemp("model")
            network.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            made[kind] = Target.load(str(folder)), network
        else:
            made[kind] = wrap(network, tokenizer, name="own"), network
    return list(made.values()), tokenizer


def test_masked_tokens_and_classes_are_those_of_the_whole_model(saved):
    ((masked, whole), (classes, classifier)), tokenizer = saved
    ids = tokenizer("the [MASK] sat .", return_tensors="pt")
    cat, dog = (WORDS.index(word) for word in ("cat", "dog"))
    with torch.no_grad():
        logits = whole(**ids).logits[0, 2]
        good, bad = classifier(**ids).logits[0, [1, 0]]
    read = asked(masked, ["the [MASK] sat ."], None, metric="logit(cat) - logit(dog)")
    runner = runners_of(masked, read)[0]
    assert runner.before == pytest.approx(float(logits[cat] - logits[dog]), abs=1e-5)
    assert float(runner.measure([[zero("mlp.0", None)]])[0]) != pytest.approx(runner.before)
    read = asked(classes, ["the [MASK] sat ."], None, metric="class(good) - class(bad)")
    assert runners_of(classes, read)[0].before == pytest.approx(float(good - bad), abs=1e-5)
    refused("say which", asked, masked, ["the cat sat ."], None, metric="logit(cat)")
    refused("nearest: good", asked, classes, ["the cat"], None, metric="class(godo)")
