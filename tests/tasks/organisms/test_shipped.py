"""The organisms that ship: as right as their cards say, and trained the same again by a seed."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from neuroscribe.tasks.organisms import ORGANISMS, measure, organism, prompts
from neuroscribe.tasks.organisms.induction import attention
from neuroscribe.tasks.organisms.modular import fourier
from neuroscribe.tasks.organisms.train import train
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.organisms import card, folder, names
from neuroscribe.tools.models.untrained import untrained
from scipy.stats import binom

NAMES = sorted(ORGANISMS)


@pytest.fixture(scope="module")
def loaded() -> dict[str, Target]:
    return {name: Target.load(f"organism:{name}") for name in NAMES}


def test_every_organism_ships():
    assert names() == NAMES
    for name in NAMES:
        assert sum(file.stat().st_size for file in folder(name).iterdir()) < 2_200_000
    with pytest.raises(UsageError, match="no organism 'ader'; nearest: adder"):
        Target.load("organism:ader")


@pytest.mark.parametrize("name", NAMES)
def test_held_out_accuracy_is_that_of_the_card(name, loaded):
    said = card(name)["held_out"]
    spec = organism(name)
    for kind in spec.kinds_of("test"):
        claimed = said[kind or "all"]
        some = prompts(name, "test", min(200, claimed["n"]), seed=5, kind=kind)
        right = sum(measure.hits(loaded[name], some))
        # far in neither tail of what the claimed interval allows
        assert binom.cdf(right, len(some), claimed["high"]) > 1e-3, (kind, right)
        assert binom.sf(right - 1, len(some), claimed["low"]) > 1e-3, (kind, right)


@pytest.mark.parametrize("name", NAMES)
def test_an_untrained_copy_knows_nothing(name, loaded):
    some = prompts(name, "test", 100, seed=5)
    assert np.mean(measure.hits(untrained(loaded[name]), some)) < 0.4
    assert np.mean(measure.hits(loaded[name], prompts(name, "train", 100, seed=5))) > 0.7


@pytest.mark.parametrize("name", NAMES)
def test_text_round_trips_and_targets_are_one_token(name, loaded):
    tokenizer = loaded[name].tokenizer
    for split in ("train", "test"):
        for item in prompts(name, split, 50, seed=3):
            whole = item.prompt + item.target
            ids = tokenizer(whole)["input_ids"]
            assert ids[0] == tokenizer.bos_token_id
            assert tokenizer.unk_token_id not in ids
            assert ids[:-1] == tokenizer(item.prompt)["input_ids"]
            assert tokenizer.decode(ids, skip_special_tokens=True) == whole
            assert len(ids) <= loaded[name].context_length


@pytest.mark.parametrize("name", NAMES)
def test_restart_gives_what_a_full_run_gives(name, loaded):
    target = loaded[name]
    ids = torch.tensor([target.tokenizer(prompts(name, n=1)[0].prompt)["input_ids"]])
    row = SimpleNamespace(ids=ids, attended=torch.ones_like(ids, dtype=torch.bool))
    change = zero("attn_out.0", None).at(places=[ids.shape[1] - 1])
    full = target.trace(row, interventions=[change]).output[0, -1]
    again = target.restart(target.cache(row), [change], logits_at="last").output[0]
    torch.testing.assert_close(again, full, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(full, target.trace(row).output[0, -1], atol=1e-3)


def test_the_adder_has_sites_and_units(loaded):
    target = loaded["adder"]
    for layer in range(4):
        assert target.site(f"mlp.{layer}").units == 256
        assert target.site(f"head.{layer}").units == 4
        assert target.site(f"resid.{layer}").units == 64
    assert target.unit("mlp.3/255").index == 255
    assert target.name == "organism:adder"
    assert Target.load("organism:adder").fingerprint == target.fingerprint
    half = Target.load("organism:adder", dtype="bfloat16")
    assert next(half.network.parameters()).dtype == torch.bfloat16


def test_induction_is_attention_alone(loaded):
    target = loaded["induction"]
    assert "mlp.0" not in target.sites
    with pytest.raises(UsageError, match="does not change the output"):
        target.site("mlp.0")


def test_the_induction_head_looks_behind_the_earlier_occurrence(loaded):
    looks = card("induction")["figures"]["attention_behind_the_earlier_occurrence"]
    best = max(looks, key=looks.get)
    assert best.startswith("head.1/")
    some = prompts("induction", "test", 60, seed=9)
    patterns = attention(loaded["induction"], [one.prompt for one in some])
    head = int(best[-1])
    here = [p[1, head, -1, item.meta["place"]] for p, item in zip(patterns, some, strict=True)]
    assert np.mean(here) == pytest.approx(looks[best], abs=0.1)
    for item in some[:20]:  # the place is what the docstring says
        words = item.prompt.split()
        first = words.index(words[-1])
        assert item.meta["place"] == first + 2  # <s> stands first
        assert " " + words[first + 1] == item.target


def test_zeroing_the_induction_heads_together_ends_copying(loaded):
    claimed = card("induction")["figures"]
    some = prompts("induction", "test", 100, seed=9)
    for name, heads in claimed["groups"].items():
        cuts = [zero(head.split("/")[0], [int(head.split("/")[1])]) for head in heads]
        left = np.mean(measure.hits(loaded["induction"], some, cuts))
        assert left == pytest.approx(claimed["accuracy_with_heads_zeroed"][name], abs=0.1)
        assert left > 0.9 if name == "the other heads" else left < 0.2


def test_cards_say_what_was_learnt_and_where():
    table = card("brackets")["held_out"]
    assert table["all"]["value"] > 0.95
    assert table["depth 4"]["high"] < 0.8
    figures = card("facts")["figures"]  # two hops meet at the last place
    lens = figures["bridge_read_by_logit_lens"]
    assert lens["is"]["resid.0"] > 0.9 > 0.5 > lens["is"]["resid.3"]
    assert figures["answer_follows_another_person"]["is"]["resid.0"] > 0.9
    assert figures["answer_stays_with_a_person_of_the_same_bridge"]["is"]["resid.0"] > 0.9


def test_neurons_of_the_modular_adder_have_one_frequency(loaded):
    claimed, found = card("modular")["figures"], fourier(loaded["modular"])["median"]
    said = claimed["neuron_variance_on_one_frequency"]["median"]
    assert found == pytest.approx(said, abs=0.01)
    assert found > claimed["control_untrained"]["median"] + 0.3


def test_the_verb_lists_them(document, shown):
    assert [one["name"] for one in document("organisms")] == NAMES
    table = shown("organisms")
    assert all(f"organism:{name}" in table for name in NAMES)
    one = document("organisms", "brackets", "--kind", "depth 2", "--many", "3")
    assert [item["target"] for item in one["prompts"]] == ["))"] * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ader"], "nearest: adder"),
        (["adder", "--split", "dev"], "train and test, not 'dev'"),
        (["adder", "--many", "99999"], "ask for fewer"),
        (["adder", "--kind", "carry"], "it has no kinds"),
        (["brackets", "--kind", "depth 5"], "nearest: depth"),
        (["facts", "--kind", "recall"], "it has: reasoning, new person"),
    ],
)
def test_mistakes_are_one_line(arguments, said, refused):
    assert said in refused("organisms", *arguments)


def test_the_same_seed_gives_the_same_weights(tmp_path, monkeypatch):
    first = train("induction", 3, tmp_path / "a", steps=3)
    module = import_module("neuroscribe.tasks.organisms.train")
    monkeypatch.setattr(module, "measure", lambda name, out: {})  # figures: of the first alone
    train("induction", 3, tmp_path / "b", steps=3)
    train("induction", 4, tmp_path / "c", steps=3)
    one, again, other = (Target.load(str(tmp_path / name)).fingerprint for name in "abc")
    assert one == again != other
    assert first["command"].endswith("induction --seed 3 --steps 3")
    assert {"value", "low", "high", "n"} <= first["held_out"]["all"].keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brackets", "induction"])
def test_retraining_reaches_what_the_card_says(name, tmp_path):
    said = card(name)
    again = train(name, said["seed"], tmp_path)
    for kind, found in again["held_out"].items():
        claimed = said["held_out"][kind]
        if found["value"] != claimed["value"]:  # another platform sums in another order
            assert found["value"] == pytest.approx(claimed["value"], abs=0.15), kind
    assert again["held_out"]["all"]["value"] > 0.9
