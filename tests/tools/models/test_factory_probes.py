"""Modules of one's own: what the probe run can tell of attention, dead ends, ids and length."""

from pathlib import Path

import numpy as np
import pytest
from checks import done
from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.huggingface import wrap
from tiny_families import network

FILE = Path(__file__).parents[2] / "support" / "factories.py"


@pytest.fixture(scope="module")
def small() -> Target:
    return Target.load(f"{FILE}:letters")


def test_parts_of_attention_and_the_context_length_are_found_out(small):
    assert {small.site(f"blocks.0.{part}").units for part in "qkvo"} == {16}
    assert small.context_length == 12
    assert Target.load(f"{FILE}:four_places").context_length == 4
    windows = cut(small, ["ab" * 40], length=64)
    assert windows.ids.shape[1] == 12
    lab = Lab(small, windows, unit=small.unit("blocks.1.o/3"))
    done(lab, "activations", {"texts": ["ab" * 20]})


def test_an_index_leaves_out_what_cannot_be_used(tmp_path, capsys):
    text = tmp_path / "text.txt"
    draw = np.random.default_rng(0)
    words = ["".join(draw.choice(["a", "b"], 3)) for _ in range(3000)]
    text.write_text("\n\n".join(" ".join(words[at : at + 30]) for at in range(0, 3000, 30)))
    given = ["index", f"{FILE}:letters", "--data", str(text), "--out", str(tmp_path / "index")]
    assert run(given) == 0
    said = capsys.readouterr().err
    assert "skipped blocks.0.dead" in said
    assert "blocks.0.k" not in said
    assert run([*given, "--out", str(tmp_path / "named"), "--sites", "blocks.0.dead"]) == 2


@pytest.mark.parametrize(("letters", "length"), [(2, 16), (3, 4), (4, 3)])
def test_a_lens_on_few_tokens_and_few_places(letters, length):
    from neuroscribe.tools.lens.stream import reader

    made = network("llama", vocab_size=letters, max_position_embeddings=length)
    target = wrap(made, None, name="few")
    assert target.site("mlp.1").units == 48
    assert reader(target).readout.norm is not None
