"""The sweep over all units finds what zeroing each by itself finds."""

import pytest
import torch
from checks import done, rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.interventions import Runner, sweep
from neuroscribe.tools.metrics.prompt import target_prompts
from neuroscribe.tools.models import zero

PROMPT, ANSWER = "Emma visited her daughter in", " the"


def test_it_is_the_sweep_over_the_site(host_lab):
    made = done(host_lab, "sweep_units", prompts=[PROMPT], target=ANSWER, sites=["mlp.1"])
    read = target_prompts(host_lab.target, [PROMPT], ANSWER)
    runner = Runner(host_lab.target, read.prompts[0], read.metrics[0])
    swept = sweep(runner, "mlp.1").effect
    assert made.data["swept"] == len(swept)
    best = f"mlp.1/{int(swept.abs().argmax())}"
    assert made.data["units"][0]["unit"] == best
    assert best in made.text
    for row in made.data["units"]:
        assert row["effect"] == pytest.approx(float(swept[int(row["unit"][6:])]), abs=2e-4)


def test_several_prompts_have_intervals(host_lab):
    prompts = [PROMPT, "Tom lived in"]
    made = done(host_lab, "sweep_units", prompts=prompts, target=ANSWER, sites=["head.1"])
    assert all(row["interval"] is not None for row in made.data["units"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompts": [], "target": " the"}, "one to 8 prompts"),
        ({"prompts": [PROMPT], "target": " the", "sites": ["mlp.9"]}, "mlp.9"),
    ],
)
def test_unusable_arguments(host_lab, arguments, said):
    rejects(said, host_lab, "sweep_units", arguments)


def test_a_site_stands_for_all_of_its_units(host_lab):
    given = {"prompts": [PROMPT], "target": ANSWER}
    whole = done(host_lab, "intervene", {**given, "units": ["mlp.1"]})
    assert len(whole.data["units"]) == host_lab.target.sites["mlp.1"].units
    rows = cut(host_lab.target, [PROMPT], length=16, document_per_row=True)
    word = host_lab.target.tokenizer(ANSWER, add_special_tokens=False)["input_ids"][0]
    logits = [
        host_lab.target.trace(rows, interventions=changes, output="last").output  # type: ignore[arg-type]
        for changes in ([], [zero("mlp.1", units=None)])
    ]
    before, after = (float(torch.log_softmax(one[0].float(), -1)[word]) for one in logits)
    assert whole.data["effect"]["mean"] == pytest.approx(after - before, abs=2e-4)
    many = [f"mlp.1/{at}" for at in range(65)]
    rejects("too many", host_lab, "intervene", {**given, "units": many})
