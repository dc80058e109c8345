"""The verbs `patch` and `intervene`, and the tool behind the latter: output and refusals."""

import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.instruments import TOOLS
from neuroscribe.tools.interventions import Metric, prompt_of, row_of
from neuroscribe.tools.interventions.change import Part
from neuroscribe.tools.interventions.patching import Pair
from neuroscribe.tools.interventions.path_patching import path_patch
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, clamp, zero
from neuroscribe.tools.registry import call

CLEAN = "Once upon a time, Tom saw a big dog. He"
CORRUPT = "Once upon a time, Lily saw a big dog. He"


@pytest.fixture(scope="module")
def model(test_data) -> str:
    return str(test_data / "stories260k")


def test_patch_prints_layers_by_places(model, stories260k, document, shown):
    asked = ["patch", model, "--clean", CLEAN, "--corrupt", CORRUPT, "--target", " said"]
    asked += ["--several", "first"]
    found = document(*asked)
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
    said = shown(*asked, "--sites", "head", "--verify", "3")
    assert "share of the difference" in said
    assert "estimated" in said


def test_intervene_prints_the_effect_beside_controls(model, stories260k, document, shown):
    prompt = "Once upon a time there was a little girl named"
    asked = ["intervene", model, "--units", "mlp.3/7,mlp.2/0-2", "--prompt", prompt]
    found = document(*asked, "--prompt", "She saw a", "--target", " l")
    assert found["target"] == model
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
        said = shown(*line, "--method", method, "--controls", "3", "--tokens", "400")
        assert "larger than" in said


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
        (["--several", "all"], "use first or sum"),
        (["--several", "sum", "--target", " elephant", "--metric", "kl"], "one token"),
        (["--each", "mlp.2"], "name --units to change together, or"),
        (["--places", "some"], "all or last"),
        (["--metric", "logit_difference"], "second target"),
    ],
)
def test_mistakes_are_one_line(model, more, message, refused):
    line = ["intervene", model, "--units", "mlp.3/7", "--prompt", "She saw a", "--target", " l"]
    for option in more[::2]:
        if option in line:
            at = line.index(option)
            del line[at : at + 2]
    assert message in refused(*line, *more)


def test_intervene_ranks_every_unit_of_a_site(model, stories260k, document, shown, refused):
    asked = ["intervene", model, "--each", "mlp.3", "--prompt", "She saw a", "--target", " l"]
    found = document(*asked, "--prompt", "Tom had a")
    assert len(found["units"]) == 172
    sizes = [abs(one["effect"]) for one in found["units"]]
    assert sizes == sorted(sizes, reverse=True)
    first = found["units"][0]
    changes = []
    for text in ("She saw a", "Tom had a"):
        row = prompt_of(stories260k, text)
        token = stories260k.tokenizer(text + " l")["input_ids"][row.places]
        gone = [zero("mlp.3", [int(first["unit"].partition("/")[2])])]
        ends = [stories260k.trace(row, interventions=c, output="last").output for c in ([], gone)]
        changes.append(float(Metric(token=token)(ends[1]) - Metric(token=token)(ends[0])))
    assert first["effect"] == pytest.approx(sum(changes) / 2, abs=1e-4)
    said = shown(*asked, "--method", "mean", "--tokens", "400", "--top", "3")
    assert "of 172 units are beyond random directions" in said
    assert len([line for line in said.splitlines() if "mlp.3/" in line]) == 3
    assert "--each sets units to" in refused(*asked, "--method", "cama")


def test_patch_of_a_set_and_of_its_paths(document, shown, refused):
    asked = ["patch", "organism:facts", "--target", " Italy"]
    asked += ["--clean", "the country of the city of Lena is"]
    asked += ["--corrupt", "the country of the city of Frank is"]
    units = ["--units", "head.0/2,head.0/3"]
    found = document(*asked, *units, "--to", "mlp.3,head.2/1,logit")
    assert found["share"] == pytest.approx(1, abs=0.02), "both heads carry the person"
    assert [one["unit"] for one in found["alone"]] == ["head.0/2", "head.0/3"]
    assert len(found["controls"]) == 20
    assert found["p"] == pytest.approx(1 / 21)
    target = Target.load("organism:facts")
    rows = [prompt_of(target, text) for text in (asked[5], asked[7])]
    token = target.tokenizer(asked[5] + " Italy")["input_ids"][rows[0].places]
    pair = Pair(target, *rows, Metric(token=token))
    parts = [Part("mlp.3"), Part("head.2", (1,)), Part("logit")]
    want = path_patch(pair, Part("head.0", (2, 3)), parts)
    for one, path in zip(found["paths"], want, strict=True):
        assert one["change"] == pytest.approx(path.change, abs=1e-4)
    said = shown(*asked, *units, "--to", "logit")
    assert "20 sets of other heads" in said
    assert "straight to the output" in said
    for more, message in (
        (["--to", "logit"], "name --units"),
        ([*units[:1], "head.0/2,mlp.1/4", "--to", "logit"], "begins at one site"),
        ([*units[:1], "mlp.3/4", "--to", "head.1/0"], "does not come after"),
        ([*units, "--to", "head.9/0"], "no site 'head.9'"),
    ):
        assert message in refused(*asked, *more)


def test_patch_of_a_target_of_several_tokens(model, stories260k, document):
    asked = ["patch", model, "--target", " park", "--several", "sum"]
    asked += ["--clean", "She loved to play in the", "--corrupt", "She loved to sing in the"]
    found = document(*asked)
    assert "3 tokens together" in found["metric"]
    ids = stories260k.tokenizer("She loved to play in the park")["input_ids"]
    log = stories260k.trace(row_of(stories260k, ids)).output[0].log_softmax(-1)
    want = sum(float(log[at - 1, ids[at]]) for at in (-3, -2, -1))
    assert found["value"]["clean"] == pytest.approx(want, abs=1e-3)


def test_patch_refuses_in_a_line(model, refused):
    line = ["patch", model, "--target", " l", "--clean", "She saw a"]
    for more, message in (
        (["--corrupt", "She saw a"], "no difference"),
        (["--corrupt", "She saw a big red dog and a big cat and"], "do not end"),
        (["--corrupt", "He saw a", "--sites", "brain"], "no sites 'brain.N'"),
    ):
        assert message in refused(*line, *more)


def test_the_tool_says_what_a_planner_needs(stories260k):
    texts = ["Once upon a time there was a little girl. She saw a big dog and said hello."] * 4
    rows = cut(stories260k, texts, length=32)
    lab = Lab(stories260k, rows, unit=stories260k.unit("mlp.2/5"), open=True)
    given = {"prompts": ["She saw a", "Tom had a"], "target": " l"}
    for more in ({}, {"method": "clamp", "value": 2.0}, {"method": "cama"}, {"places": "last"}):
        found = call(lab, "intervene", {**given, **more})
        assert found.error is None
        assert "matched units" in found.text
        assert "random directions" in found.text
        assert found.data["units"] == ["mlp.2/5"]
        assert len(found.data["controls"]) == 20
    both = call(lab, "intervene", {**given, "target": " park", "several": "sum"})
    assert "3 tokens together" in both.text
    again = call(lab, "intervene", given)
    assert again.data["effect"] == call(lab, "intervene", given).data["effect"]
    for more, message in (
        ({"method": "scale"}, "needs a value"),
        ({"prompts": []}, "one to 16"),
        ({"target": " elephant"}, "tokens behind this prompt"),
        ({"target": " elephant", "several": "sum", "contrast": " l"}, "one token with one"),
    ):
        assert message in str(call(lab, "intervene", {**given, **more}).error)
    assert "intervene" in TOOLS
