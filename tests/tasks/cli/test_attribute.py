"""`neuroscribe attribute` as a user meets it."""

import json

import pytest

PROMPT = ("--prompt", "She loved to play outside in")


@pytest.fixture
def model(test_data):
    """The folder of a trained language model."""
    return str(test_data / "stories260k")


def test_one_document(verb, model):
    more = ("--kinds", "mlp,head,attention", "--query", "--top", "5")
    code, out, err = verb("attribute", model, *PROMPT, "--target", " the", *more, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["probability"][0] > 0.5
    assert found["rank"] == [1]
    for kind, size in (("mlp", 860), ("head", 40), ("attention", 40 * 8 * 12)):
        part = found["kinds"][kind]
        assert part["of"] == size
        values = [unit["value"] for unit in part["units"]]
        assert len(values) == 5
        assert values == sorted(values, reverse=True)
        assert all(unit["exact"] and unit["promotes"] for unit in part["units"])
        assert len(part["control"]["random"]) == 20
    assert found["kinds"]["mlp"]["control"]["drop"] > max(
        found["kinds"]["mlp"]["control"]["random"]
    )
    assert len(found["query"]) == 5


def test_for_people_it_fits_a_terminal(verb, model, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    more = ("--kinds", "mlp,attention", "--top", "4", "--draws", "5")
    code, out, _ = verb("attribute", model, *PROMPT, "--target", " the", *more)
    assert code == 0
    assert all(len(line) <= 80 for line in out.splitlines())
    for words in ("mlp.3/35", "' the'", "5 random sets", "proven", "rank 1"):
        assert words in " ".join(out.split())
    assert "…" not in out


def test_sums_and_contrasts(verb, model):
    asked = ("--several", "sum", "--top", "2", "--json")
    found = json.loads(verb("attribute", model, *PROMPT, "--target", " the park", *asked)[1])
    assert found["tokens"] > 1
    assert "all are asked for" in found["notes"][0]
    against = ("--contrast", " a", "--json")
    found = json.loads(verb("attribute", model, *PROMPT, "--target", " the", *against)[1])
    assert found["contrast"] == " a"
    assert found["kinds"]["mlp"]["exact"] == found["kinds"]["mlp"]["of"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--target", " elephant"], "--several first"),
        (["--target", " the", "--contrast", " the"], "two different texts"),
        (["--target", " the", "--kinds", "neurons"], "mlp, head, attention"),
        (["--target", " the", "--method", "guess"], "imp, direct"),
        (["--target", " the", "--several", "all"], "first or sum"),
        ([], "Missing option"),
    ],
)
def test_a_mistake_is_one_line(refused, model, more, says):
    assert says in refused("attribute", model, *PROMPT, *more)
