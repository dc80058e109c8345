"""The verbs `lens` and `compare`: what a person sees, and what they are told when it cannot be."""

from pathlib import Path

import pytest

PROMPT = ["--prompt", "She loved to play outside in"]
ASKED = [*PROMPT, "--target", " the"]


@pytest.fixture(scope="session")
def model(test_data: Path) -> str:
    return str(test_data / "stories260k")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_lens_is_a_table_of_sublayers(shown, document, model):
    asked = ("lens", model, *ASKED, "--contrast", " her")
    out = shown(*asked, "--places", "5", "--top", "8")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "…" not in out
    for point in ("embed", "attn_out.0", "mlp_out.4"):
        assert sum(line.strip().startswith(point) for line in lines) == 2  # table and grid
    found = document(*asked)["lens"]
    last = next(line for line in lines if line.strip().startswith("mlp_out.4")).split()
    ends = [(one["probability"][-1], one["rank"][-1]) for one in found["trajectories"]]
    assert last[1:5] == [text for p, rank in ends for text in (f"{p:.3g}", str(rank))]
    assert len(found["top"]) == len(found["points"]) == 11
    assert found["kl"][-1][-1] < 1e-6 < found["kl"][0][-1]


def test_a_tuned_lens_is_trained_kept_and_used(shown, document, verb, model, tmp_path):
    tuned = ("--tuned", str(tmp_path / "lens"))
    train = ("--data", "builtin:stories:60", "--tokens", "8000", "--steps", "8")
    out = shown("lens", model, *tuned, *train)
    assert "test documents of builtin:stories:60" in out
    plain, own = (document("lens", model, *ASKED, *more)["lens"] for more in ((), tuned))
    assert (plain["kind"], own["kind"]) == ("logit", "tuned")
    assert own["kl"][0][-1] < plain["kl"][0][-1]
    for asked, said in (
        (("organism:adder", *tuned, "--prompt", "1+2="), "train one on this model"),
        ((model, *tuned, *train), "holds a tuned lens"),
    ):
        code, _, err = verb("lens", *asked)
        assert code == 2
        assert said in err


def test_units_in_tokens(shown, model):
    out = shown("lens", model, "--unit", "mlp.4/164", "--top", "3")
    assert "vocabulary projection promotes: 'd'" in out
    assert "held at -10 on 32 prompts" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing is asked"),
        (("--target", " the"), "nothing is asked"),
        ((*PROMPT, "--contrast", " her"), "need --target"),
        ((*PROMPT, "--target", " the garden"), "tokens behind this prompt"),
        (("--prompt", "so " * 600), "shorten"),
        ((*ASKED, "--several", "all"), "first or sum"),
        ((*PROMPT, "--tuned", "/nowhere/lens"), "there is no tuned lens"),
        ((*PROMPT, "--tuned", "x", "--frozen"), "drop --frozen"),
        ((*PROMPT, "--data", "builtin:stories"), "--tuned in which folder"),
        (("--unit", "head.2/3"), "writes a vector"),
        (("--unit", "mlp.9/3"), "mlp.9"),
    ],
)
def test_unusable_lens(refused, model, arguments, says):
    assert says in refused("lens", model, *arguments)


def test_compare_with_the_strongest_head_zeroed(shown, document, model):
    out = shown("compare", model, *ASKED)
    assert max(map(len, out.splitlines())) <= 100
    assert "head.2/3 zeroed" in out
    assert "20 random sets" in out
    found = document("compare", model, *ASKED, "--exact")
    assert found["head"] == found["heads"][0]["unit"] == "head.2/3"
    assert found["exact"] == found["of"] == 860
    values = [unit["value"] for unit in found["neurons"]]
    assert values == sorted(values, reverse=True)
    for unit in found["neurons"]:
        assert unit["value"] == pytest.approx(unit["base"] - unit["other"], abs=1e-5)
        assert unit["unit"] in out
    (first, *_) = found["chain"]
    assert first["head"] == "head.2/3"
    assert first["shallow"][0]["token"] == " play"
    same = document("compare", model, *ASKED, "--exact", "--ablate", "head.2/3")
    assert same["neurons"] == found["neurons"]


def test_compare_prompts_and_checkpoints(shown, document, model):
    out = shown("compare", model, *ASKED, "--prompt", "She loved to eat")
    assert "behind 'She loved to eat'" in out
    more = ("--prompt", "He went to", "--prompt", "She saw")
    found = document("compare", model, *ASKED, *more, "--checkpoint", model)
    assert len(found["probability"]) == 3
    assert all(unit["value"] == 0 == unit["interval"][0] for unit in found["neurons"])
    assert found["control"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--prompt", "a", "--prompt", "b"), "give one (with an edit)"),
        (("--prompt", "She loved to eat", "--ablate", "head.2/3"), "drop --ablate"),
        (("--prompt", PROMPT[1]), "are the same"),
        (("--ablate", "resid.2/3"), "name heads and neurons"),
        (("--head", "mlp.2/3"), "is no head"),
        (("--checkpoint", "organism:adder"), "has no token for"),
        (("--several", "all"), "use first or sum"),
    ],
)
def test_unusable_compare(refused, model, arguments, says):
    assert says in refused("compare", model, *ASKED, *arguments)


def test_an_encoder_predicts_nothing(verb, minilm):
    for name in ("lens", "compare"):
        code, _, err = verb(name, "minilm", *ASKED)
        assert code == 2
        assert "minilm" in err
