"""What a target's tokens are, for tokenizers that put spaces in different places."""

from types import SimpleNamespace

import pytest
import torch
from checks import refused
from neuroscribe.tools.attribution import target_prompt
from neuroscribe.tools.metrics.readings import target_tokens
from neuroscribe.tools.models import Target
from stand_in import StandIn
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors


class Fake(StandIn):
    """A target that has a tokenizer and nothing else."""

    def __init__(self, tokenizer, likely=()):
        super().__init__(tokenizer, context_length=12)
        self.likely = likely

    def trace(self, row):
        """Logits that favour the `likely` tokens at every place."""
        logits = torch.zeros(1, row.ids.shape[1], len(self.tokenizer))
        for piece, logit in self.likely:
            logits[..., self.tokenizer.convert_tokens_to_ids(piece)] = logit
        return SimpleNamespace(output=logits)


def _fast(inner, **more):
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", **more)


@pytest.fixture(scope="module")
def byte_level():
    """GPT-2's way: the space belongs to the word behind it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<unk>", *alphabet, "th", "the", "Ġthe", "Ġc", "at", "Ġcat"]
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "c"), ("a", "t"), ("Ġc", "at")]
    inner = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return Fake(_fast(inner))


@pytest.fixture(scope="module")
def sentence_piece():
    """SentencePiece's way: a mark in front of everything, and `<s>` and `</s>` around it."""
    pieces = ["<unk>", "<s>", "</s>", "▁", "▁the", "▁cat", "the", "cat", *"thecas"]
    scores = [(p, -1.0 if len(p) > 1 else -3.0) for p in dict.fromkeys(pieces)]
    inner = Tokenizer(models.Unigram(scores, unk_id=0))
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return Fake(_fast(inner, bos_token="<s>", eos_token="</s>"))


def named(target, tokens):
    return target.tokenizer.convert_ids_to_tokens(tokens)


def test_byte_level(byte_level):
    before, beyond = target_tokens(byte_level, "the", " cat")
    assert (named(byte_level, before), named(byte_level, beyond)) == (["the"], ["Ġcat"])
    assert len(target_tokens(byte_level, "the", "s")[1]) == 1
    refused("end the prompt without the space", target_tokens, byte_level, "the ", "cat")
    refused("share the token 'the'", target_tokens, byte_level, "th", "e")


def test_sentence_piece(sentence_piece):
    before, beyond = target_tokens(sentence_piece, "the", " cat")
    assert named(sentence_piece, before) == ["<s>", "▁the"], "nothing behind the prompt"
    assert named(sentence_piece, beyond) == ["▁cat"]
    _, beyond = target_tokens(sentence_piece, "the", "cat")
    assert named(sentence_piece, beyond) == ["cat"]
    alone = sentence_piece.tokenizer("cat", add_special_tokens=False)["input_ids"]
    assert named(sentence_piece, alone) == ["▁cat"], "by itself it is something else"


@pytest.mark.parametrize("which", ["byte_level", "sentence_piece"])
def test_several_tokens_are_said_with_the_split(which, request):
    target = request.getfixturevalue(which)
    refused(r"2 tokens .*' the' \+ 's'.*first.*sum", target_prompt, target, "cat", " thes")
    first = target_prompt(target, "cat", " thes", several="first")
    assert len(first.predictions) == 1
    assert "2 tokens" in first.notes[0]
    both = target_prompt(target, "cat", " thes", several="sum")
    assert [p.place - first.predictions[0].place for p in both.predictions] == [0, 1]
    assert both.predictions[0].token == first.predictions[0].token
    assert both.ids.shape[1] == first.ids.shape[1] + 1
    assert both.ids[0, -1] == first.predictions[0].token, "the second is read behind the first"


def test_of_two_readings_the_more_probable_is_taken_and_said(byte_level):
    """Both have tokens of their own; what the model holds likelier as a whole is meant."""
    spaced = Fake(byte_level.tokenizer, likely=[("Ġcat", 5.0)])
    asked = target_prompt(spaced, "the", "cat")
    assert asked.target == " cat"
    assert named(spaced, [asked.predictions[0].token]) == ["Ġcat"]
    (note,) = asked.notes
    assert "read as ' cat'" in note
    assert "'cat' 5.94e-06" in note  # two tokens, c and at: the product, 1 / 410^2
    assert "with a space 0.362" in note
    bare = Fake(byte_level.tokenizer, likely=[("c", 5.0), ("at", 5.0)])
    asked = target_prompt(bare, "the", "cat", several="sum")
    assert asked.target == "cat"
    assert len(asked.predictions) == 2
    assert "read as 'cat'" in asked.notes[0]
    refused("with a leading space, ' cat' is one token", target_prompt, bare, "the", "cat")
    for text in (" cat", "cat"):  # as written, nothing is weighed
        assert target_prompt(bare, "the", text, several="sum", as_written=True).target == text


def test_a_reading_without_tokens_of_its_own_gives_way(byte_level):
    likely = Fake(byte_level.tokenizer, likely=[("Ġ", 9.0), ("e", 9.0)])
    asked = target_prompt(likely, "th", "e", several="first")
    assert asked.target == " e"
    assert "'e' has no token of its own" in asked.notes[0]
    asked = target_prompt(byte_level, "cat", " thes", several="first")
    assert (asked.target, asked.measured) == (" thes", " the")
    assert "which is not the whole target" in asked.notes[0]
    assert target_prompt(byte_level, "cat", " thes", several="sum").measured == " thes"


def test_contrasts(byte_level):
    asked = target_prompt(byte_level, "the", " cat", contrast=" the")
    assert named(byte_level, [asked.predictions[0].other]) == ["Ġthe"]
    assert target_prompt(byte_level, "the", " cat", contrast=" the", several="sum").predictions
    for target, contrast, several, says in (
        (" cat", " cat", None, "both ' cat'"),
        (" cat", " cats", "first", "begin with the same token ' cat'"),
        (" cat", " thes", None, "2 tokens"),
        (" cats", " the", "sum", "use --several first, not sum"),
    ):
        given = {"contrast": contrast, "several": several}
        refused(says, target_prompt, byte_level, "the", target, **given)


def test_what_cannot_be_asked(byte_level, minilm):
    refused("adds no token", target_prompt, byte_level, "the", "")
    refused("the prompt has no token", target_prompt, byte_level, "", " cat")
    long = "the" + " cat" * 12
    refused("13 tokens and fake takes at most 12", target_prompt, byte_level, long, " the")
    assert target_prompt(byte_level, long[:-4], " the").ids.shape == (1, 12)
    refused("no causal language model", target_prompt, minilm, "the", " cat")
    said = r"share the token 'the'.*end the prompt at a word"
    refused(said, target_prompt, byte_level, "th", "e", several="first")


def test_what_is_not_in_the_vocabulary_is_said():
    target = Target.load("organism:facts")
    prompt = "the country of the city of Lena is"
    refused(
        r"no token for \('<unk>'\); check its spelling", target_prompt, target, prompt, " Itlay"
    )
    refused("check its spelling", target_prompt, target, prompt, " Italy", contrast=" Frnace")
    assert not target_prompt(target, prompt, " Italy").notes
    (note,) = target_prompt(target, "the country of the city of Lna is", " Italy").notes
    assert "one token of the prompt is unknown to organism:facts" in note
