"""Planted units: what they compute, that they are real units, and the host that ships."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target, add, clamp, conditions, zero
from neuroscribe.tools.models.host import train
from neuroscribe.tools.models.planted import Spec, Vocabulary, plant


@pytest.fixture(scope="module")
def planted():
    return Target.load("planted")


@pytest.fixture(scope="module")
def windows(planted):
    return cut(planted, list(stories(60, seed=5)), length=96)


def seven(ids, vocabulary):
    return (ids == 7) * 2.0


def after_seven(ids, vocabulary):
    return np.pad(seven(ids, vocabulary), ((0, 0), (1, 0)))[:, :-1]


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "bert"])
def test_planted_units_are_units(family, load, rows):
    host = load(family)
    vector = torch.linspace(-1, 1, 32)
    before = host.fingerprint
    target = plant(host, [Spec(seven, vector), Spec(after_seven, strength=2.0)], block=1)
    assert host.fingerprint == before, "the host itself stays as it was"
    assert target.fingerprint != before
    batch = rows(3, 9, padded=True)
    batch.ids[:, [2, 4]] = 7
    column = target.activations(batch, [target.unit("planted/0"), target.unit("planted/1")])
    assert torch.equal(column[0], torch.as_tensor(seven(batch.ids, None)).float())
    assert torch.equal(column[1], torch.as_tensor(after_seven(batch.ids, None)).float())
    # without its planted units it is the host; they add to the residual stream
    gone = target.trace(batch, interventions=[zero("planted", None)]).output
    want = host.trace(batch).output
    seen = torch.as_tensor(batch.attended) if target.kind == "causal" else slice(None)
    close(gone[seen], want[seen], 1e-5)
    one = target.trace(batch, ["resid.1"], interventions=[zero("planted", [1])])
    steer = host.trace(
        batch,
        ["resid.1"],
        interventions=[add("resid.1", None, 2.0 * vector).at(places=[2, 4])],
    )
    close(one.output[seen], steer.output[seen])
    torch.testing.assert_close(one.values["resid.1"], steer.values["resid.1"])
    # patched: another activation at another place and row
    edit = clamp("planted", [0], 3.0).at(rows=[1], places=[0])
    patched = target.trace(batch, ["planted"], interventions=[edit])
    assert patched.values["planted"][1, 0, 0] == 3.0
    assert patched.values["planted"][0, 0, 0] == 0.0


@pytest.mark.parametrize("block", [0, 1, 2])
def test_restarts_know_the_tokens_before(block, load, rows):
    target = plant(load("llama"), [Spec(seven), Spec(after_seven)], block=block)
    row = rows(1, 10)
    row.ids[:, [3, 5, 8]] = 7
    cached = target.cache(row)
    many = replace(row, ids=np.repeat(row.ids, 2, 0), attended=np.repeat(row.attended, 2, 0))
    for edits in (
        [zero("planted", [1]).at(places=[6])],
        [clamp("mlp.2", [3], 4.0).at(rows=[1], places=[4])],
        [clamp("mlp.0", [3], 4.0).at(places=[9])],
    ):
        got = target.restart(cached, edits, rows=2, sites=["planted"])
        want = target.trace(many, ["planted"], interventions=edits)
        close(got.output, want.output[:, got.first_place :])
        assert torch.equal(got.values["planted"], want.values["planted"][:, got.first_place :])


def test_writing_with_a_cache_sees_the_whole_text(load, rows):
    target = plant(load("llama"), [Spec(after_seven, strength=20.0)], block=1)
    row = rows(1, 6)
    row.ids[:, [1, 3, 4]] = 7
    whole = target.trace(row).output[0]
    ids, cache = torch.as_tensor(row.ids).long(), None
    with torch.no_grad():
        for start, stop in ((0, 3), (3, 4), (4, 6)):
            logits, cache = target.write(ids[:, start:stop], cache)
            close(logits[0], whole[stop - 1])
    options = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0}
    with_cache = target.network.generate(ids, use_cache=True, **options)
    assert torch.equal(with_cache, target.network.generate(ids, use_cache=False, **options))


def test_a_copy_carries_its_own_graft(load, rows):
    target = plant(load("llama"), [Spec(seven)], block=1)
    network = copy.deepcopy(target.network)
    ids = torch.full((1, 4), 7)
    with torch.no_grad():
        want = network(input_ids=ids).logits
        target.network.planted.out.weight.zero_()
        assert torch.equal(network(input_ids=ids).logits, want)
        assert not torch.equal(target.network(input_ids=ids).logits, want)


def test_what_cannot_be_planted(load):
    host = load("llama")
    refused("no block 3", plant, host, [Spec(seven)], block=3)
    refused(r"shape \[5\], not \[32\]", plant, host, [Spec(seven, torch.ones(5))], block=1)
    refused("at least one", plant, host, [], block=1)
    refused(r"already", plant, plant(host, [Spec(seven)], block=1), [Spec(seven)], block=1)
    twice = plant(plant(host, [Spec(seven)], block=1), [Spec(seven)], block=0, site="more")
    assert set(twice.truth) == {"planted/0", "more/0"}


def test_conditions():
    vocabulary = Vocabulary(("cat", " cat", " Cat", "s", ".", " dog", '"'))
    ids = np.array([[1, 4, 5, 3, 0, 4, 2, 6, 0]])
    cat, dog = conditions.one_of(["cat"]), conditions.one_of(["dog"])

    def holds(condition):
        return np.flatnonzero(condition(ids, vocabulary)[0]).tolist()

    assert holds(cat) == [0, 6, 8]  # not at 4, inside the word "dogscat"
    assert holds(conditions.capital) == [6]
    assert holds(conditions.after(cat)) == [1, 7]
    assert holds(conditions.after(cat, 2)) == [2, 8]
    assert holds(conditions.earlier(dog, 2)) == [3, 4]
    assert holds(conditions.earlier(cat, 3)) == [1, 2, 3, 7, 8]
    assert holds(conditions.in_sentence(cat)) == [1, 7, 8]
    assert holds(conditions.in_sentence(dog)) == [3, 4, 5]
    assert holds(conditions.both(conditions.symbol("."), conditions.in_sentence(dog))) == [5]
    assert holds(conditions.either(dog, conditions.symbol("."))) == [1, 2, 5]


def test_the_dozen(planted, windows):
    kinds = [truth.kind for truth in planted.truth.values()]
    assert sorted(kinds) == sorted(["one", "or", "and", "confounded"] * 3)
    assert planted.kind == "causal"
    assert planted.options == {}
    units = [planted.unit(f"planted/{i}") for i in range(12)]
    values = planted.activations(windows, units).numpy()
    counted = windows.counted
    for unit, column in zip(units, values, strict=True):
        on = planted.truth[str(unit)].holds(windows.ids) & counted
        off = ~on & counted
        assert on.sum() >= 8, unit
        assert column[on].min() > 0.55
        assert column[on].std() > 0.1, "graded"
        assert -0.17 <= column[off].min() < -0.05
        assert column[off].max() < 0.3
        assert np.unique(column[off]).size > 50, "noise, not zeros"


def test_a_confounded_unit_cannot_be_told_apart_in_stories(planted):
    rivals = {"planted/3": "gems", "planted/7": "medicines", "planted/11": "mythical creatures"}
    from neuroscribe.tools.english.inflection import plural
    from neuroscribe.tools.english.lexicon import lexicon

    windows = cut(planted, list(stories(150, seed=6)), length=200, document_per_row=True)
    vocabulary = planted.network.planted.vocabulary
    dot = conditions.symbol(".")
    for unit, rival in rivals.items():
        words = [form for word in lexicon()[rival] for form in (word, plural(word))]
        other = conditions.both(dot, conditions.in_sentence(conditions.one_of(words)))
        mine = planted.truth[unit].holds(windows.ids) & windows.counted
        theirs = other(windows.ids, vocabulary) & windows.counted
        assert mine.sum() > 20
        assert (mine & theirs).sum() / (mine | theirs).sum() > 0.85
    parted = cut(planted, ["The doctor spoke of measles.", "The doctor spoke of aspirin."])
    unit = planted.unit("planted/7")
    last = planted.activations(parted, [unit])[0][:, -1]
    assert last[0] > 0.55
    assert last[1] < 0.3


def test_planted_units_promote_their_word(planted, windows):
    rows = windows.rows(slice(0, 8))
    plain = planted.trace(rows, output=True).output.log_softmax(-1)
    for number in range(12):
        meta = planted.truth[f"planted/{number}"].meta
        token = planted.tokenizer(meta["promotes"], add_special_tokens=False)["input_ids"]
        assert len(token) == 1, meta
        edits = [clamp("planted", [number], 2.0)]
        shift = planted.trace(rows, interventions=edits).output.log_softmax(-1) - plain
        assert shift[..., token[0]].mean() > 0.5, meta
    following = torch.as_tensor(rows.ids[:, 1:, None]).long()
    said = plain[:, :-1].gather(-1, following)[..., 0][torch.as_tensor(rows.attended[:, 1:])]
    assert said.mean() > -2.2, "the host is trained"


def test_any_text_can_be_read(planted):
    text = 'Naïve "cats"\n cost 3€ in  <s> xyzzy.py'
    ids = planted.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert planted.tokenizer.decode(ids, skip_special_tokens=False) == text
    assert planted.tokenizer.unk_token_id not in ids
    assert Target.load("planted").fingerprint == planted.fingerprint
    half = Target.load("planted", dtype="bfloat16")
    assert half.network.planted.out.weight.dtype == torch.bfloat16
    assert half.options == {"dtype": "bfloat16"}


def test_the_training_script(tmp_path):
    texts = list(stories(40, seed=3))
    for folder in ("a", "b"):
        train.train(texts, tmp_path / folder, 3, 0, size=900)
    one, other = (Target.load(str(tmp_path / folder)) for folder in ("a", "b"))
    assert one.fingerprint == other.fingerprint
    assert one.network.config.vocab_size == len(one.tokenizer) <= 900
    assert (tmp_path / "a" / "model.safetensors").stat().st_size < 600_000
