"""The verbs `patch` and `intervene`, and the tool behind the latter: output and refusals."""

import json

import pytest
from neuroscribe.tasks.cli import run
from neuroscribe.tools.belt import TOOLS
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.interventions import Metric, prompt_of
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import clamp, zero
from neuroscribe.tools.registry import call

CLEAN = "Once upon a time, Tom saw a big dog. He"
CORRUPT = "Once upon a time, Lily saw a big dog. He"


@pytest.fixture(scope="module")
def model(test_data) -> str:
    return str(test_data / "stories260k")


def test_patch_prints_layers_by_places(model, stories260k, capsys):
    asked = ["patch", model, "--clean", CLEAN, "--corrupt", CORRUPT, "--target", " said"]
    asked += ["--several", "first"]
    assert run([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    places = len(found["columns"])
    assert [len(line) for line in found["share"]] == [places] * 5
    assert found["share"][4][-1] == pytest.approx(1, abs=1e-3)
    assert any("no counterpart" in note for note in found["notes"])
    clean, corrupt = prompt_of(stories260k, CLEAN), prompt_of(stories260k, CORRUPT)
    given = stories260k.trace(clean, ["resid.2"]).values["resid.2"][:, -1:]
    change = clamp("resid.2", None, given).at(places=[places - 1])
    output = stories260k.trace(corrupt, interventions=[change], output="last").output
    token = stories260k.tokenizer(" said", add_special_tokens=False)["input_ids"]
    piece = stories260k.tokenizer(CLEAN + " said")["input_ids"][clean.places]
    assert piece in token
    want = float(Metric(token=piece)(output)[0])
    assert found["after"][2][-1] == pytest.approx(want, abs=1e-3)
    assert run([*asked, "--sites", "head", "--verify", "3"]) == 0
    shown = capsys.readouterr().out
    assert "share of the difference" in shown
    assert "estimated" in shown


def test_intervene_prints_the_effect_beside_controls(model, stories260k, capsys):
    prompt = "Once upon a time there was a little girl named"
    asked = ["intervene", model, "--units", "mlp.3/7,mlp.2/0-2", "--prompt", prompt]
    asked += ["--prompt", "She saw a", "--target", " l", "--json"]
    assert run(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["units"] == ["mlp.3/7", "mlp.2/0", "mlp.2/1", "mlp.2/2"]
    assert len(found["controls"]) == len(found["directions"]["controls"]) == 20
    assert 0 <= found["percentile"] <= 100
    changes = [zero("mlp.3", [7]), zero("mlp.2", [0, 1, 2])]
    row = prompt_of(stories260k, prompt)
    token = stories260k.tokenizer(prompt + " l")["input_ids"][row.places]
    output = stories260k.trace(row, interventions=changes, output="last").output
    want = float(Metric(token=token)(output)[0])
    assert found["effect"]["after"][0] == pytest.approx(want, abs=1e-3)
    low, high = found["effect"]["interval"]
    assert low <= found["effect"]["mean"] <= high
    for method in ("scale:2", "cama"):
        line = ["intervene", model, "--units", "mlp.3/7", "--prompt", "She saw a", "--target", " l"]
        assert run([*line, "--method", method, "--controls", "3", "--tokens", "400"]) == 0
        assert "percentile" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--method", "fry"], "no method 'fry'"),
        (["--method", "scale"], "needs a number"),
        (["--method", "zero:3"], "takes no number"),
        (["--units", "mlp.9/3"], "no site 'mlp.9'"),
        (["--units", "mlp.3/999"], "units 0 to 171"),
        (["--units", "random:3"], "units and ranges"),
        (["--contrast", " l"], "two different"),
        (["--target", " elephant"], "--several first"),
        (["--several", "sum"], "use first"),
        (["--places", "some"], "all or last"),
        (["--metric", "logit_difference"], "second target"),
    ],
)
def test_mistakes_are_one_line(model, more, message, capsys):
    line = ["intervene", model, "--units", "mlp.3/7", "--prompt", "She saw a", "--target", " l"]
    for option in more[::2]:
        if option in line:
            at = line.index(option)
            del line[at : at + 2]
    assert run([*line, *more]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_patch_refuses_in_a_line(model, capsys):
    line = ["patch", model, "--target", " l", "--clean", "She saw a"]
    for more, message in (
        (["--corrupt", "She saw a"], "no difference"),
        (["--corrupt", "She saw a big red dog and a big cat and"], "do not end"),
        (["--corrupt", "He saw a", "--sites", "brain"], "--sites is 'brain'"),
    ):
        assert run([*line, *more]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1


def test_the_tool_says_what_a_planner_needs(stories260k):
    texts = ["Once upon a time there was a little girl. She saw a big dog and said hello."] * 4
    lab = Lab(stories260k, cut(stories260k, texts, length=32), unit=stories260k.unit("mlp.2/5"))
    given = {"prompts": ["She saw a", "Tom had a"], "target": " l"}
    for more in ({}, {"method": "clamp", "value": 2.0}, {"method": "cama"}, {"places": "last"}):
        found = call(lab, "intervene", {**given, **more})
        assert found.error is None
        assert "matched units" in found.text
        assert "random directions" in found.text
        assert found.data["units"] == ["mlp.2/5"]
        assert len(found.data["controls"]) == 20
    again = call(lab, "intervene", given)
    assert again.data["effect"] == call(lab, "intervene", given).data["effect"]
    for more, message in (
        ({"method": "scale"}, "needs a value"),
        ({"prompts": []}, "one to 16"),
        ({"target": " elephant"}, "tokens behind this prompt"),
    ):
        assert message in str(call(lab, "intervene", {**given, **more}).error)
    assert "intervene" in TOOLS
