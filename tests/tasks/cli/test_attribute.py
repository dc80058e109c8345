"""The verbs `attribute` and `route` as a user meets them."""

import json

import pytest

PROMPT = ("--prompt", "She loved to play outside in")


@pytest.fixture
def model(test_data):
    """The folder of a trained language model."""
    return str(test_data / "stories260k")


def test_one_document(document, model) -> None:
    more = ("--kinds", "mlp,head,attention", "--query", "--top", "5")
    found = document("attribute", model, *PROMPT, "--target", " the", *more)
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
    control = found["kinds"]["mlp"]["control"]
    assert control["drop"] > max(control["random"])
    assert len(found["query"]) == 5


def test_for_people_it_fits_a_terminal(shown, model, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    more = ("--kinds", "mlp,attention", "--top", "4", "--draws", "5")
    out = shown("attribute", model, *PROMPT, "--target", " the", *more)
    assert all(len(line) <= 80 for line in out.splitlines())
    for words in ("mlp.3/35", "' the'", "5 random sets", "proven", "rank 1"):
        assert words in " ".join(out.split())
    assert "…" not in out


def test_sums_and_contrasts(document, model):
    asked = ("--several", "sum", "--top", "2")
    found = document("attribute", model, *PROMPT, "--target", " the park", *asked)
    assert found["tokens"] > 1
    assert "all are asked for" in found["notes"][0]
    found = document("attribute", model, *PROMPT, "--target", " the", "--contrast", " a")
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
        ([], "what is measured"),
    ],
)
def test_a_mistake_is_one_line(refused, model, more, says):
    assert says in refused("attribute", model, *PROMPT, *more)


def test_the_adder_needs_its_first_layer(document, shown):
    asked = ("route", "organism:adder", "--many", "24")
    found = document(*asked)
    accuracy = found["accuracy"]
    assert len(accuracy) == 5  # a wait of 0 to 4 layers
    assert found["clean"] >= 0.85
    assert accuracy[0][1] > accuracy[0][0] + 0.4  # looking back is what brings the operands
    assert max(v for row in accuracy[1:] for v in row if v is not None) < 0.3
    assert accuracy[1][4] is None  # more layers than there are
    assert "wait 0 layers, look back for 1" in shown(*asked, "--keep", "0.5")


def test_prompts_of_other_models_come_from_a_file(tmp_path, document, refused):
    for target in ("organism:nothing", "minilm"):
        assert refused("route", target)
    path = tmp_path / "prompts.jsonl"
    asked = ("route", "organism:adder", "--prompts", str(path))
    lines = [{"prompt": "1+2=", "target": "3"}, {"prompt": "4+5=", "target": "9"}]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert document(*asked)["prompts"] == 2
    path.write_text(json.dumps({"prompt": "1+2="}))
    assert "line 1" in refused(*asked)
