"""Questions about models of one's own, over letters and over brackets: no answer misleads."""

import re
import sys
from pathlib import Path

import bare_models
import pytest
import torch
from neuroscribe.tools.activations.head_directions import offer_head_directions
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call
from own_models import strings
from talker import Talker

FACTORIES = Path(sys.modules["own_models"].__file__ or "")


@pytest.fixture(scope="module")
def decoder() -> Target:
    return Target.load(f"{FACTORIES}:decoder")


@pytest.fixture(scope="module")
def letters(decoder: Target) -> Lab:
    corpus = load_corpus("builtin:stories:60", target=decoder)
    return Lab(decoder, cut(decoder, corpus, length=48, most_tokens=12_000), open=True)


@pytest.fixture
def talk(letters: Lab) -> Talker:
    return Talker(Lab(letters.target, letters.explore, open=True))


@pytest.fixture(scope="module")
def brackets() -> Lab:
    target = Target.load(f"{FACTORIES}:classifier")
    rows = cut(target, strings(300, seed=3), length=10, document_per_row=True)
    return Lab(target, rows, open=True)


def likeliest(target: Target, prompt: str) -> tuple[str, float]:
    """The likeliest next token and its probability, by the network alone."""
    ids = torch.tensor([target.tokenizer(prompt)["input_ids"]])
    with torch.no_grad():
        p = target.network(input_ids=ids).logits[0, -1].softmax(-1)
    return target.tokenizer.convert_ids_to_tokens(int(p.argmax())), float(p.max())


def test_a_target_is_not_given_a_space_that_nobody_asked_for(talk):
    token, p = likeliest(talk.lab.target, "And t")
    assert token == "h"
    text = talk.ask("Which units drive 'h' after 'And t'?")
    assert text.startswith(f'"h" follows "And t" with a probability of {p:.3g} (rank 1)')
    assert "the more probable of two readings" in text
    assert "Of the neurons" in text
    assert not talk.opinions()
    text = talk.ask("what happens to 'h' after 'And t' without mlp.0/3?")
    assert 'the log-probability of "h" behind "And t"' in text
    text = talk.ask("where in the layers is 'h' decided in 'And t'?")
    assert text.startswith('"h" is')
    assert not talk.opinions()


def test_a_first_token_is_not_the_target(talk):
    text = talk.ask("Which units drive 'he' after 'And t'?")
    first = likeliest(talk.lab.target, "And t")[1]
    second = likeliest(talk.lab.target, "And th")[1]
    assert f'"he" follows "And t" with a probability of {first * second:.3g} as a whole' in text


def test_a_quoted_letter_is_that_token(talk):
    explore = talk.lab.explore
    text = talk.ask("Which units respond to 'e'?")
    n = int((explore.counted & (explore.ids == explore.vocabulary.index("e"))).sum())
    assert n > 300
    assert f"It occurs at {n} of " in text
    assert "to the letter 'e'" in text
    assert "word" not in text
    assert "for lists of other tokens as frequent" in text
    text = talk.ask("which neurons fire on ','?")
    assert "the token ','" in text
    text = talk.ask("which units respond to 'the'?")  # its last letter, behind the others
    held = talk.lab.evidence[f"E{len(talk.lab.evidence)}"].data["holds"]
    whole = "".join(explore.vocabulary[i] for i in explore.ids[explore.attended])
    assert abs(held - whole.count("the")) <= 0.05 * held  # those across windows are missed
    assert "the end of 'the'" in text


def test_brackets_have_tokens_and_no_words(brackets):
    talk = Talker(brackets)
    text = talk.ask("Which units respond to '('?")
    assert re.match(r"\S+.* responds? to the token '\('", text)
    assert "word" not in text
    found = talk.lab.evidence["E1"].data
    assert found["holds"] == int((brackets.explore.ids == 1).sum())
    assert found["found"][0]["correlation"] > 0.7
    text = talk.ask("Which units respond to 'cat'?")
    assert "its vocabulary has no words" in text
    assert "'['" in text  # and not in other brackets
    assert not talk.opinions()


def test_a_letter_is_no_article(talk):
    for question in ("/find a in transformer.h.0", "which units of transformer.h.0 respond to 'a'"):
        talk.ask(question)
        found = talk.lab.evidence[f"E{len(talk.lab.evidence)}"]
        assert found.error is None
        assert "the letter 'a'" in found.text
        assert found.arguments["what"] in ("a", ["a"])


def test_heads_are_asked_what_they_attend_to(talk):
    text = talk.ask("what does head 1.0 attend to?")
    assert talk.tools == ["attention"]
    assert "head.1/0 attends" in text
    assert "the previous token" in text
    assert "norm" not in text
    assert not talk.opinions()
    text = talk.ask("which heads attend to the previous token?")
    assert talk.tools == ["attention"]
    assert "attend" in text
    assert not talk.opinions()
    text = talk.ask("what does mlp.0/3 attend to?")
    assert talk.tools == []
    assert "it is no head" in text
    text = talk.ask("what does head.0/1 do?", refuse=("investigate_unit",))
    assert "the norm of what it writes" in text
    assert "writes directly toward" in text


def test_heads_are_sought_along_what_they_write(brackets):
    offer_head_directions(brackets.target, brackets.explore)
    talk = Talker(Lab(brackets.target, brackets.explore, open=True))
    text = talk.ask("which heads track the total balance?")
    found = talk.lab.evidence["E1"]
    heads = [name for name in brackets.target.sites if name.startswith("head.")]
    along = [name.replace("head.", "along.") for name in heads]
    assert found.arguments["sites"] == [*heads, *along]
    if "along." in text:
        assert "read along one direction of what it writes" in text
    counter = Target.load(f"{bare_models.__file__}:counter")
    letters = Lab(counter, cut(counter, ["abca b", "c ab b"] * 40, length=8), open=True)
    assert "No heads of attention were found" in Talker(letters).ask("which heads track 'a'?")


def test_weights_are_by_token_too(letters):
    """A head that looks at spaces is said to; shares are of windows that did not choose them."""
    found = call(letters, "attention", {"heads": ["head.0/0", "head.1/0"]})
    assert found.error is None
    for row in found.data["heads"]:
        for kind, (low, high) in row["interval"].items():
            assert low <= row[kind] <= high
    for liked in found.data["tokens"].values():
        assert all(one["weight"] > one["even"] for one in liked)


def test_a_nearly_sure_target_advises_a_contrast_everywhere(letters):
    """Behind a word that was learnt by heart nothing moves log p; every tool says so."""
    target = Target.load("organism:facts")
    lab = Lab(target, letters.explore.rows(slice(0, 4)), open=True)
    prompt, answer = "the city of Anna is", " Bergen"
    given = {"prompts": [prompt], "target": answer}
    for tool, arguments in (
        ("attribute", {"prompt": prompt, "target": answer, "many": 2}),
        ("lens", {"prompt": prompt, "target": answer}),
        ("intervene", {**given, "units": ["mlp.3/36"]}),
        ("sweep_units", {**given, "sites": ["head.0"]}),
    ):
        found = call(lab, tool, arguments)
        assert found.error is None
        assert "measure a contrast with" in found.text, tool
    over = call(lab, "sweep_units", {**given, "sites": ["head.0"], "contrast": " Essen"})
    assert "measure a contrast" not in over.text
    talk = Talker(Lab(target, lab.explore, open=True))
    text = talk.ask(f"which units drive '{answer}' after '{prompt}'?")
    assert talk.tools == ["attribute"]
    assert "measure a contrast with" in text
    assert not talk.opinions()
