"""The sweep over all units finds what zeroing each by itself finds."""

import pytest
import torch
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.registry import call

PROMPT, ANSWER = "Emma visited her daughter in", " the"


@pytest.fixture(scope="module")
def lab() -> Lab:
    target = Target.load("planted")
    windows = cut(target, ["Emma visited her daughter in Toronto ."] * 3, length=16)
    return Lab(target, windows, open=True)


def test_it_equals_zeroing_one_at_a_time(lab: Lab) -> None:
    target = lab.target
    made = call(lab, "sweep_units", {"prompts": [PROMPT], "target": ANSWER, "sites": ["mlp.1"]})
    assert made.error is None, made.error
    ids = target.tokenizer(PROMPT, return_tensors="pt")["input_ids"]
    rows = cut(target, [PROMPT], length=16, document_per_row=True)
    word = target.tokenizer(ANSWER, add_special_tokens=False)["input_ids"][0]

    def said(*changes: object) -> float:
        logits = target.trace(rows, interventions=changes, output="last").output  # type: ignore[arg-type]
        return float(torch.log_softmax(logits[0].float(), -1)[word])

    assert ids.shape[1] <= 16
    clean = said()
    changes = {
        f"mlp.{block}/{unit}": said(zero(f"mlp.{block}", units=[unit])) - clean
        for block in (1,)
        for unit in range(target.sites[f"mlp.{block}"].units)
    }
    assert made.data["swept"] == len(changes)
    ranked = sorted(changes, key=lambda name: -abs(changes[name]))
    assert made.data["units"][0]["unit"] == ranked[0]
    for row in made.data["units"]:
        assert row["effect"] == pytest.approx(changes[row["unit"]], abs=2e-4)
    assert ranked[0] in made.text


def test_several_prompts_have_intervals(lab: Lab) -> None:
    prompts = [PROMPT, "Tom lived in"]
    made = call(lab, "sweep_units", {"prompts": prompts, "target": ANSWER, "sites": ["head.1"]})
    assert all(row["interval"] is not None for row in made.data["units"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompts": [], "target": " the"}, "one to 8 prompts"),
        ({"prompts": [PROMPT], "target": " the", "sites": ["mlp.9"]}, "mlp.9"),
    ],
)
def test_unusable_arguments(lab: Lab, arguments: dict, said: str) -> None:
    assert said in str(call(lab, "sweep_units", arguments).error)


def test_a_site_stands_for_all_of_its_units(lab: Lab) -> None:
    given = {"prompts": [PROMPT], "target": ANSWER}
    whole = call(lab, "intervene", {**given, "units": ["mlp.1"]})
    assert whole.error is None, whole.error
    assert len(whole.data["units"]) == lab.target.sites["mlp.1"].units
    rows = cut(lab.target, [PROMPT], length=16, document_per_row=True)
    word = lab.target.tokenizer(ANSWER, add_special_tokens=False)["input_ids"][0]
    logits = [
        lab.target.trace(rows, interventions=changes, output="last").output  # type: ignore[arg-type]
        for changes in ([], [zero("mlp.1", units=None)])
    ]
    before, after = (float(torch.log_softmax(one[0].float(), -1)[word]) for one in logits)
    assert whole.data["effect"]["mean"] == pytest.approx(after - before, abs=2e-4)
    many = [f"mlp.1/{at}" for at in range(65)]
    assert "too many" in str(call(lab, "intervene", {**given, "units": many}).error)
