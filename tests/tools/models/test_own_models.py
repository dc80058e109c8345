"""Models of one's own: what is found of them, and that they compute what they computed."""

import copy
from pathlib import Path

import bare_models
import pytest
import torch
from neuroscribe.tools.attribution.attribute import Settings, attribute
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.metrics.target_tokens import target_prompt
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.intervention import Intervention, add, zero
from neuroscribe.tools.models.model import Model
from neuroscribe.tools.models.own_blocks import opened
from torch import nn

FILE = Path(str(bare_models.__file__))


@pytest.fixture(scope="module")
def gpt():
    return Target.load(f"{FILE}:gpt")


def test_a_gpt_of_ones_own_is_a_language_model_with_all_its_sites(gpt):
    assert gpt.kind == "causal"
    assert gpt.context_length == 32
    names = {f"{kind}.{n}" for kind in ("mlp", "head", "resid", "mlp_out") for n in (0, 1)}
    assert names <= set(gpt.sites)
    assert gpt.site("mlp.1").units == 128
    assert (gpt.site("head.0").units, gpt.site("head.0").channels) == (4, 8)
    assert gpt.site("mlp.0").floor == pytest.approx(-0.17, abs=0.01)
    assert "transformer.h.0.ln_1" in gpt.sites
    assert gpt.refused == {}


def test_it_computes_what_it_computed(gpt):
    plain, _ = bare_models.gpt()
    plain.eval()
    windows = cut(gpt, ["ab ab abc", "j"])
    logits = gpt.trace(windows).output
    with torch.no_grad():
        for row, size in enumerate(windows.attended.sum(1)):
            ids = torch.from_numpy(windows.ids[row : row + 1, :size].astype("int64"))
            torch.testing.assert_close(logits[row, :size], plain(ids)[0][0])
    again = gpt.over(copy.deepcopy(gpt.network))
    assert torch.equal(again.trace(windows).output, logits)
    edited = gpt.trace(windows, interventions=[zero("mlp.0", [3])]).output
    assert not torch.equal(edited, logits)


def test_its_predictions_are_attributed_exactly(gpt):
    asked = target_prompt(gpt, "ab ab a", "b")
    found = attribute(gpt, asked, Settings(kinds=("mlp", "head")))
    assert {kind: layout.size for kind, layout in found.layouts.items()} == {"mlp": 256, "head": 8}
    assert all(unit.exact for unit in found.units["head"])


def test_an_encoder_of_torch_has_heads_and_neurons_and_gives_the_same(minilm):
    plain, _ = bare_models.classifier()
    plain.eval()
    target = Target.load(f"{FILE}:classifier")
    assert target.kind == "module"
    assert (target.site("head.1").units, target.site("mlp.0").units) == (2, 64)
    ids = torch.tensor([[1, 1, 2, 2, 1]])
    with torch.no_grad():
        torch.testing.assert_close(target.network(ids), plain(ids), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_attention_of_torch_is_the_same_with_its_projection_run(batch_first, bias):
    torch.manual_seed(1)
    one = nn.MultiheadAttention(8, 2, bias=bias, batch_first=batch_first).eval()
    other = copy.deepcopy(one)
    assert opened(nn.ModuleList([other]))
    x = torch.randn(3, 5, 8)
    rows, places = (3, 5) if batch_first else (5, 3)
    masks = [
        {},
        {"attn_mask": torch.ones(places, places).triu(1).bool()},
        {"attn_mask": torch.randn(rows * 2, places, places)},
        {"key_padding_mask": torch.arange(places).expand(rows, -1) >= places - 1},
        {"average_attn_weights": False},
        {"need_weights": False},
    ]
    with torch.no_grad():
        for given in masks:
            for mine, theirs in zip(other(x, x, x, **given), one(x, x, x, **given), strict=True):
                if theirs is not None or mine is not None:
                    torch.testing.assert_close(mine, theirs)


def test_a_network_of_another_kind_keeps_its_module_paths():
    target = Target.load(f"{FILE}:counter")
    assert target.kind == "causal"  # every place predicts the next token
    assert "rnn" in target.sites
    assert not [name for name in target.sites if name.startswith("mlp")]


def test_it_writes_without_a_cache(gpt):
    corpus = load_corpus("self:40", target=gpt)
    assert corpus.documents
    assert {letter for one in corpus.documents for letter in one.text} <= set(bare_models.LETTERS)


def test_prompts_with_unknown_characters_are_refused(gpt):
    with pytest.raises(UsageError, match="has no token for 'T', 'é'"):
        target_prompt(gpt, "Té a", "b")


class Flat(nn.Module):
    def __init__(self, tokens=3):
        super().__init__()
        self.embed = nn.Embedding(tokens, 4)

    def forward(self, ids):
        return self.embed(ids).sum((1, 2))


def test_one_number_a_row_is_an_output_of_one_number():
    target = from_model(Model(Flat(), ["a", "b", "c"]), name="flat")
    rows = cut(target, ["abc", "a"], document_per_row=True)
    assert target.trace(rows).output.shape == (2, 1)
    assert "embed" in target.sites


class Ends(nn.Module):
    """Reads its class from what a recurrent network gives beside its states."""

    def __init__(self, kind, **more):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(3, 4)
        self.rnn = kind(4, 6, batch_first=True, **more)
        self.head = nn.Linear(6 * (1 + self.rnn.bidirectional), 2)

    def forward(self, ids):
        final = self.rnn(self.embed(ids))[1]
        final = final[0] if isinstance(final, tuple) else final
        return self.head(final[-1 - self.rnn.bidirectional :].transpose(0, 1).flatten(1))


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True}])
def test_a_changed_state_of_a_recurrent_network_reaches_what_reads_its_last_state(kind, more):
    target = from_model(Model(Ends(kind, **more), ["a", "b", "c"]), name="ends")
    rows = cut(target, ["abcb", "ab"], document_per_row=True)
    clean = target.trace(rows, ("rnn",))
    assert "rnn" not in target.refused
    same = target.trace(rows, interventions=[Intervention("rnn", None)])
    torch.testing.assert_close(same.output, clean.output)
    zeroed = target.trace(rows, interventions=[zero("rnn", None)])
    bias = target.network.head.bias.expand(2, 2)
    torch.testing.assert_close(zeroed.output, bias)
    first = target.trace(rows, interventions=[add("rnn", None, torch.ones(1)).at(places=(0,))])
    moved = (first.output - clean.output).abs().amax(1) > 1e-6
    assert moved.tolist() == [bool(more)] * 2  # a backward half ends at the first place


class LastUnlessTaught(nn.Module):
    """nanoGPT's way: logits of the last place, and of all where targets are given."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.head = nn.Embedding(4, 8), nn.Linear(8, 4)

    def forward(self, idx, targets=None):
        states = self.embed(idx).cumsum(1)
        if targets is None:
            return self.head(states[:, [-1]]), None
        logits = self.head(states)
        return logits, nn.functional.cross_entropy(logits.transpose(1, 2), targets)


def test_a_network_that_predicts_from_the_last_place_unless_it_has_targets_is_a_language_model():
    target = from_model(Model(LastUnlessTaught(), list("abcd")), name="taught")
    rows = cut(target, ["abca", "db"], document_per_row=True)
    assert target.kind == "causal"
    assert target.trace(rows).output.shape == (2, 4, 4)
    alone, _ = LastUnlessTaught()(torch.tensor([[0, 1, 2, 0]]))
    torch.testing.assert_close(target.trace(rows).output[0, -1:], alone[0])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Model(Flat(2), ["a", "b", "c"]), "does not take token 2, the last of its tokenizer"),
        (Model(nn.Conv2d(3, 4, 3)), "what does the module take"),
    ],
)
def test_networks_that_cannot_be_used_are_refused_in_one_line(model, said):
    with pytest.raises(UsageError, match=said):
        from_model(model, name="own")


def test_a_classifier_of_places_is_no_language_model():
    target = from_model(Model(bare_models.Counter(8), ["a", "b", "c"]), name="own")
    assert target.kind == "module"


def test_what_is_said_counts_and_what_is_wrong_is_one_line():
    network, letters = bare_models.gpt()
    sites = {"first": "transformer.h.0.mlp.0"}
    target = from_model(
        Model(network, letters, heads=2, kind="module", context_length=16, sites=sites), name="own"
    )
    assert (target.kind, target.context_length, target.site("head.0").units) == ("module", 16, 2)
    assert target.site("first").units == 128
    for wrong, said in (
        ({"blocks": "nowhere"}, "'nowhere' is no list of modules; set Model.blocks"),
        ({"sites": {"x": "transformer.nothing"}}, "has no site 'transformer.nothing'"),
        ({"tokenizer": ["a", "a"]}, "'a' stands twice"),
    ):
        network, letters = bare_models.gpt()
        with pytest.raises(UsageError, match=said):
            from_model(Model(**{"network": network, "tokenizer": letters, **wrong}), name="own")


def test_rows_of_several_lengths_do_not_read_their_padding():
    target = Target.load(f"{FILE}:classifier")
    windows = cut(target, ["(())", "()", "((()))()", "()()"])
    shift = torch.randn(2, 4, 3)  # [row, place, unit]
    edits = [
        zero("mlp.0", [5]).at(rows=[0, 2]),
        Intervention("resid.0", (0, 1, 2), shift=shift, rows=(2, 3), places=(0, 1, 2, 3)),
    ]
    names = ["mlp.1", "head.0"]
    together = target.trace(windows, names, interventions=edits)
    assert together.values["head.0"].shape[:2] == windows.ids.shape
    for row, size in enumerate(windows.attended.sum(1)):
        ids = torch.from_numpy(windows.ids[row : row + 1, :size].astype("int64"))
        own = []
        if row in (0, 2):
            own.append(zero("mlp.0", [5]))
        if row in (2, 3):
            change = shift[row - 2 : row - 1]
            own.append(Intervention("resid.0", (0, 1, 2), shift=change, places=(0, 1, 2, 3)))
        alone = target.trace(ids, names, interventions=own)
        torch.testing.assert_close(together.output[row], alone.output[0])
        for name in names:
            torch.testing.assert_close(together.values[name][row, :size], alone.values[name][0])
            assert not together.values[name][row, size:].any()
    taken = {}
    target.trace(windows, names, interventions=edits, take=taken.__setitem__)
    assert all(torch.equal(taken[name], together.values[name]) for name in names)


class Odd(nn.Module):
    """A small network with one thing that is unusual."""

    def __init__(self, how=""):
        super().__init__()
        torch.manual_seed(0)
        self.how, self.ids = how, nn.Identity()
        self.embed, self.head = nn.Embedding(3, 4), nn.Linear(4, 3)

    def forward(self, ids):
        if self.how == "fails":
            raise ValueError("never\nworks")
        out = self.head(self.embed(self.ids(ids)).cumsum(1))
        if self.how == "nan":
            return out * torch.nan
        return out.transpose(0, 1) if self.how == "places first" else out


LETTERS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Model(Odd("fails"), LETTERS), "does not take token ids .*: ValueError: never works"),
        (Model(Odd("places first"), LETTERS), r"\[5, 3, 3\] for 3 rows; return the row first"),
        (Model(Odd(), LETTERS, kind="encoder"), "Model.kind is 'encoder'; use 'causal'"),
        (Model(Odd(), LETTERS, context_length=0), "Model.context_length is 0"),
        (Model(Odd(), LETTERS, heads=2), "Model.heads is 2, and no heads were found"),
        (Model(bare_models.gpt()[0], bare_models.LETTERS, heads=5), "do not divide into 5 heads"),
        (Model(Odd(), LETTERS, labels=["x"]), "1 names for an output of 3 classes"),
        (
            Model(bare_models.classifier()[0], LETTERS, kind="causal"),
            r"gives \[row, place, token\]",
        ),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_field(model, said):
    with pytest.raises(UsageError, match=said) as caught:
        from_model(model, name="own")
    assert "\n" not in str(caught.value)


def test_a_module_that_hands_on_ids_is_no_site_and_the_rest_works():
    target = from_model(Model(Odd(), LETTERS), name="own")
    assert (target.kind, target.site("logit").units) == ("causal", 3)
    assert "ids" not in target.sites
    with pytest.raises(UsageError, match="cannot use 'ids'"):
        target.site("ids")


def test_outputs_that_are_no_numbers_are_named_at_the_first_site():
    target = from_model(Model(Odd("nan"), LETTERS), name="own")
    with pytest.raises(UsageError, match="output of the network is NaN or infinite"):
        target.site("embed")


def test_a_declared_head_is_cut():
    network, letters = bare_models.gpt()
    sites = {"head.1": "transformer.h.1.attn.c_proj:in"}
    target = from_model(Model(network, letters, heads=8, sites=sites), name="own")
    assert (target.site("head.1").units, target.site("head.1").channels) == (8, 4)


class Begun:
    """A tokenizer that puts a token before each text."""

    names = ("<pad>", "<bos>", "(", ")")
    vocab_size = 4

    def encode(self, text):
        return [1, *map(self.names.index, text)]

    def decode(self, ids):
        return "".join(self.names[i] for i in ids)


@pytest.mark.parametrize(
    ("network", "special", "counts"),
    [
        (bare_models.Classifier(4), "count", True),
        (bare_models.Classifier(4), "skip", False),
        (bare_models.Counter(4), None, False),
        (bare_models.Counter(4), "count", True),
    ],
)
def test_special_tokens_are_places_where_the_output_may_be_read_there(network, special, counts):
    model = Model(network, Begun(), special=special)
    target = from_model(model, name="own")
    windows = cut(target, ["(())", "()"], length=8)
    assert windows.counted[:, 0].tolist() == [counts] * 2
    assert windows.counted[:, 1:].sum() == 6
    assert not (windows.counted & ~windows.attended).any()
