"""Attention weights: against the network's own, an even control, and a known induction circuit."""

import pytest
import torch
from checks import rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call

TEXTS = ["ka lo mi bo ka lo mi", "mi su ka te mi su ka"]


@pytest.fixture(scope="module")
def lab() -> Lab:
    target = Target.load("organism:induction")
    return Lab(target, cut(target, TEXTS, length=16, document_per_row=True), open=True)


def test_weights_are_the_networks_own(lab):
    found = call(lab, "attention", {"texts": TEXTS[:1]}).data
    network = lab.target.network
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    rows = lab.tokenize(TEXTS[:1])
    many = int(rows.attended.sum())
    ids = torch.as_tensor(rows.ids[:, :many])
    with torch.no_grad():
        patterns = network(ids, output_attentions=True).attentions
    network.set_attn_implementation(before)
    for row in found["heads"]:
        block, head = map(int, row["unit"].removeprefix("head.").split("/"))
        weights = patterns[block][0, head]
        previous = [float(weights[at, at - 1]) for at in range(2, many)]
        assert row["previous"] == pytest.approx(sum(previous) / len(previous), abs=1e-4)
        behind = [
            sum(
                float(weights[at, seen + 1]) for seen in range(at - 1) if ids[0, seen] == ids[0, at]
            )
            for at in range(2, many)
        ]
        # a copy right before the place is behind itself and does not count
        assert row["induction"] == pytest.approx(sum(behind) / len(behind), abs=1e-4)


def test_the_circuit_of_induction_shows(lab):
    found = call(lab, "attention", {})
    heads = {row["unit"]: row for row in found.data["heads"]}
    assert min(heads["head.0/2"]["previous"], heads["head.0/3"]["previous"]) > 0.8
    assert max(heads[f"head.1/{at}"]["induction"] for at in range(4)) > 0.4
    assert found.data["everywhere_alike"]["previous"] < 0.3
    found = call(lab, "attention", {"texts": ["ka lo mi bo ka lo"], "heads": ["head.1"]})
    for seen in found.data["last_place"].values():
        assert seen[0][0] == " mi"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"heads": ["resid.0"]}, "is no head"),
        ({"heads": ["head.9/0"]}, "head.9"),
        ({"texts": ["ka"]}, "three tokens or more"),
    ],
)
def test_unusable_arguments(lab, arguments, said):
    rejects(said, lab, "attention", arguments)
