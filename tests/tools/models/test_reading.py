"""Where an answer is read, what cannot reach it, and whether special tokens count."""

import numpy as np
import pytest
import torch
from bare_models import Classifier
from neuroscribe.tools.activations.reach import reaching
from neuroscribe.tools.data.special import checked_special
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.huggingface import wrap
from neuroscribe.tools.models.own_model import from_model
from neuroscribe.tools.models.own_tokenizer import as_tokenizer
from neuroscribe.tools.models.reading import reach, reading
from neuroscribe.tools.models.unit import Unit
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call
from torch import nn

TEXTS = ["(())", "()()()", "((()))(", ")(", "()(", "(((((("]


class Framed:
    """Letters between [CLS] and [EOS], as people write it."""

    vocab_size = 5
    names = ("[CLS]", "[EOS]", "[PAD]", "(", ")")

    def encode(self, text):
        return [0, *(self.names.index(letter) for letter in text), 1]

    def decode(self, ids):
        return "".join(self.names[i] for i in ids)


class Causal(nn.Module):
    """A GRU whose class is read at one place; `at` None: the mean of all."""

    def __init__(self, at, tokens=5, d=6):
        super().__init__()
        self.at = at
        self.embed, self.rnn = nn.Embedding(tokens, d), nn.GRU(d, d, batch_first=True)
        self.head = nn.Linear(d, 2)

    def forward(self, ids):
        states = self.rnn(self.embed(ids))[0]  # [row, place, unit]
        return self.head(
            states.mean(1) if self.at is None else states[:, min(self.at, ids.shape[1] - 1)]
        )


def made(network, tokenizer=("<pad>", "(", ")", "a", "b"), **more) -> Target:
    torch.manual_seed(0)
    given = list(tokenizer) if isinstance(tokenizer, tuple) else tokenizer
    return from_model(Model(network, given, **more), name="own")


CASES = {
    "the first": (lambda: Classifier(5), ("<pad>", "(", ")", "a", "b"), "the first place", False),
    "[CLS]": (lambda: Classifier(5), Framed(), "the first place", True),
    "the last": (lambda: Causal(-1), ("<pad>", "(", ")", "a", "b"), "the last place", False),
    "[EOS]": (lambda: Causal(-1), Framed(), "the last place", True),
    "the third": (lambda: Causal(2), ("<pad>", "(", ")", "a", "b"), "place 3 of 7", False),
    "the mean": (lambda: Causal(None), Framed(), "every place", False),
}


@pytest.mark.parametrize("case", CASES)
def test_where_the_answer_is_read_is_found_and_decides_on_special_tokens(case):
    network, tokenizer, where, special = CASES[case]
    target = made(network(), tokenizer)
    found = reading(target)
    assert found is not None
    assert (found.where, found.special) == (where, special)
    windows = cut(target, TEXTS, document_per_row=True)
    sizes = [len(text) + 2 * special for text in TEXTS]
    assert windows.counted.sum(1).tolist() == sizes
    target.special = "skip"
    assert cut(target, TEXTS, document_per_row=True).counted.sum(1).tolist() == [*map(len, TEXTS)]


def _classifier(family, **more):
    """A tiny classifier of Hugging Face, over the letters of `Framed`."""
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 5}
    sizes |= {"pad_token_id": 2, "cls_token_id": 0, "sep_token_id": 1}
    config = getattr(transformers, f"{family}Config")(**{**sizes, **more})
    torch.manual_seed(0)
    network = getattr(transformers, f"{family}ForSequenceClassification")(config)
    return wrap(network, as_tokenizer(Framed(), family), name=family)


HEADS = {
    "BERT": ("Bert", {}, "the first place", True),
    "ModernBERT at [CLS]": ("ModernBert", {"classifier_pooling": "cls"}, "the first place", True),
    "ModernBERT, the mean": ("ModernBert", {"classifier_pooling": "mean"}, "every place", False),
    "GPT-2": ("GPT2", {}, "the last place", True),
}


@pytest.mark.parametrize("case", HEADS)
def test_where_a_head_of_hugging_face_reads_is_measured(case):
    family, more, where, special = HEADS[case]
    target = _classifier(family, **more)
    found = reading(target)
    assert found is not None
    assert (found.where, found.special, target.special_tokens == "count") == (
        where,
        special,
        special,
    )
    windows = cut(target, TEXTS, document_per_row=True)
    kept = reaching(target, windows, found.site)
    if where == "every place":
        assert kept is None
    else:
        assert (kept.sum(1) == 1).all()


def test_a_language_model_answers_at_every_place(planted):
    assert reading(planted) is None
    assert planted.special_tokens == "skip"


def test_what_stands_behind_the_place_that_is_read_cannot_reach_it():
    target = made(Causal(2))
    assert reach(target, "embed", 6).tolist() == [True] * 3 + [False] * 3
    assert reach(target, "rnn", 6).tolist() == [False, False, True, False, False, False]
    both = made(Classifier(5))
    assert reach(both, "resid.0", 5).all()
    assert reach(both, "mlp.1", 5).tolist() == [True] + [False] * 4
    assert reach(both, "head", 5) is None


def test_of_many_lengths_five_are_tried_where_they_agree():
    target = made(Causal(-1))
    windows = cut(target, ["(" * n for n in range(1, 61)], document_per_row=True)
    kept = reaching(target, windows, "rnn")
    assert [np.flatnonzero(row).tolist() for row in kept] == [[n] for n in range(60)]
    tried = {places for site, places, _ in target.__dict__["_reach"] if site == "rnn"}
    assert len(tried) == 5
    third = made(Causal(2))
    assert reaching(third, windows, "rnn") is None  # no pattern holds, and there are 60 lengths
    assert reaching(third, windows.rows(slice(0, 20)), "rnn").sum(1).tolist() == [1] * 20


def test_a_place_that_reaches_it_beside_another_is_found():
    target = made(Causal(2))
    assert reach(target, "rnn", 9, singly=False) is None
    assert reach(target, "rnn", 9).tolist() == [place == 2 for place in range(9)]
    assert reach(made(Causal(-1)), "rnn", 9, singly=False).tolist() == [False] * 8 + [True]


def test_surveys_and_exemplars_mark_places_that_cannot_matter():
    target = made(Causal(2))
    windows = cut(target, TEXTS, document_per_row=True)
    lab = Lab(target, windows, unit=Unit("rnn", 0), open=True)
    best = int(np.argmax([lab.column(Unit("rnn", i))[windows.counted].max() for i in range(6)]))
    lab.unit = Unit("rnn", best)
    shown = call(lab, "survey", {})
    lost = sum(len(text) - 1 for text in TEXTS)
    assert shown.data["out_of_reach"]["places"] == lost
    assert f"at {lost} of {sum(map(len, TEXTS))} places rnn cannot reach the output" in shown.text
    found = call(lab, "exemplars", {})
    marked = [item["place"] != min(2, len(item["tokens"]) - 1) for item in found.data["measured"]]
    assert found.text.count("(window") == len(marked)
    assert found.text.count("; cannot reach the output)") == sum(marked)


@pytest.mark.parametrize("special", ["count", "skip"])
def test_positions_count_from_the_start_of_the_text(special):
    target = made(Classifier(5), Framed())
    target.special = special
    windows = cut(target, TEXTS, document_per_row=True)
    for from_end, expected in ((False, 1), (True, None)):
        first = parse({"kind": "position", "stop": 1, "from_end": from_end}).evaluate(windows)
        at = [np.flatnonzero(row).tolist() for row in first]
        assert at == [[expected or len(text)] for text in TEXTS]
    marks = parse({"kind": "tokens", "tokens": ["[CLS]", "[EOS]"]}).evaluate(windows)
    assert (marks.sum(1) == (2 if special == "count" else 0)).all()


def test_a_special_token_is_shown_where_it_counts():
    target = made(Classifier(5), Framed())
    windows = cut(target, TEXTS, document_per_row=True)
    lab = Lab(target, windows, unit=Unit("mlp.0", 0), open=True)
    column = np.where(windows.counted, 0.1, np.nan).astype(np.float32)
    column[:, 0] = 2
    lab.columns[lab.unit] = column
    text = call(lab, "exemplars", {}).text
    assert "«[CLS]»{9}(())[EOS]" in text
    assert "mean by place" not in call(lab, "survey", {}).text


def test_another_word_for_special_is_refused():
    with pytest.raises(UsageError, match="count, skip, skip-first or last"):
        checked_special("all")


@pytest.mark.parametrize(
    ("said", "piece"), [("symbols", "token"), ("words", "word"), (None, "token")]
)
def test_a_model_says_what_its_tokens_are(said, piece):
    target = made(Classifier(5), tokens=said)
    windows = cut(target, TEXTS, document_per_row=True)
    assert windows.piece == piece
    assert Lab(target, windows).symbolic is (piece != "word")


def test_a_wrong_word_for_tokens_is_refused():
    with pytest.raises(UsageError, match=r"Model\.tokens is 'runes'"):
        made(Classifier(5), tokens="runes")
