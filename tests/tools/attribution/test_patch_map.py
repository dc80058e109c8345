"""The patch map of a tiny LLaVA whose answer lies in one known patch."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.attribution.patch_map import overlay, patch_map, shares
from neuroscribe.tools.attribution.picture_models import load_picture_model, wrap_picture_model
from PIL import Image

from tests.support import tiny_llava as tiny


@pytest.fixture(scope="module")
def untrained():
    network = tiny.untrained()
    return wrap_picture_model(network, tiny.tokenizer(), tiny.processor(), name="tiny")


def _picture(seed=0):
    return Image.fromarray(tiny.pictures(1, seed=seed).pixels[0])


def test_the_language_half_alone_gives_the_logits_of_the_whole(untrained):
    picture = _picture()
    patches = untrained.patches(picture)
    ids = untrained.ids(tiny.PROMPT, len(patches))
    assert ids[0] == 1
    assert ids.count(tiny.PICTURE) == 16
    want = untrained.logits(torch.tensor([ids]), picture)
    with untrained.looking(patches) as language, torch.no_grad():
        got = language.network(input_ids=torch.tensor([ids])).logits[0, -1]
    assert torch.allclose(got, want, atol=1e-5)
    with torch.no_grad():  # outside it sees nothing
        blind = language.network(input_ids=torch.tensor([ids])).logits[0, -1]
    assert not torch.allclose(blind, want, atol=1e-3)


def test_what_a_head_brings_from_all_places_is_the_head(untrained):
    """The increases of places are those of exact parts: their sum is what the head writes."""
    from neuroscribe.tools.attribution.patch_map import _brought
    from neuroscribe.tools.attribution.patterns import attention_patterns
    from neuroscribe.tools.attribution.sources import Sources
    from neuroscribe.tools.metrics.rows import Rows
    from neuroscribe.tools.residual.exact import exact_trace

    patches = untrained.patches(_picture())
    row = Rows(np.array([untrained.ids(tiny.PROMPT, len(patches))], np.int32))
    last = row.ids.shape[1] - 1
    with untrained.looking(patches) as language, torch.no_grad():
        trace = exact_trace(language, row)
        sources = Sources(trace, last, attention_patterns(trace, places=[last]), 0)
        parts = _brought(sources, 0, 1)
        rows = trace.architecture.blocks[0].attention.rows().unflatten(0, trace.heads[0].shape[2:])
        whole = trace.heads[0][0, last, 1] @ rows[1]
    assert parts.shape == (last + 1, 48)
    assert torch.allclose(parts.sum(0), whole, atol=1e-5)


def test_the_map_of_an_untrained_model_is_a_map(untrained, tmp_path):
    found = patch_map(untrained, _picture(), f"<image>\n{tiny.PROMPT}", "red")
    assert found.map.shape == found.attention.shape == (4, 4)
    assert found.map.sum() == pytest.approx(1, abs=1e-5)
    assert found.map.min() >= 0
    assert found.rank >= 1
    assert overlay(found).size[0] > 3 * 170
    assert shares(np.array([1.0, 2.0, 3.0])).tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert shares(np.zeros(4)).tolist() == [0.25] * 4
    import transformers as hf

    config = hf.LlamaConfig(vocab_size=8, hidden_size=32, num_hidden_layers=1)
    config.save_pretrained(tmp_path)
    refused("no vision-language model of LLaVA's kind", load_picture_model, str(tmp_path))


@pytest.mark.slow
def test_the_answers_patch_is_found_where_attention_is_drawn_elsewhere():
    """Half of the heads attend to a white patch and write nothing: mean attention follows them."""
    network = tiny.trained(250)
    model = wrap_picture_model(network, tiny.tokenizer(), tiny.processor(), name="tiny")
    asked = tiny.pictures(40, seed=1)
    names = list(tiny.COLOURS)
    mass, attended, points, looks = [], [], [], []
    for pixels, patch, colour in zip(asked.pixels, asked.patch, asked.colour, strict=True):
        found = patch_map(model, Image.fromarray(pixels), tiny.PROMPT, names[colour])
        if found.rank > 1:
            continue  # it answers otherwise: there is nothing to find in that patch
        mass.append(found.map.flat[patch])
        attended.append(found.attention.flat[patch])
        points.append(found.map.argmax() == patch)
        looks.append(found.attention.argmax() == patch)
    assert len(mass) >= 20
    assert np.mean(points) >= 0.9
    assert np.mean(mass) >= 0.8
    assert np.mean(mass) > np.mean(attended) + 0.3
    assert np.mean(looks) < 0.5


@pytest.mark.parametrize(
    ("prompt", "answer", "said"),
    [
        ("<image> and <image> ?", "red", "2 times"),
        (tiny.PROMPT, "violet", "no token for 'violet'"),
        (tiny.PROMPT, "", "no token for ''"),
        ("what is it ? " * 20, "red", "takes at most 64"),
    ],
)
def test_what_cannot_be_asked_is_one_line(untrained, prompt, answer, said):
    refused(said, patch_map, untrained, _picture(), prompt, answer)


def test_the_verb_writes_an_overlay(tmp_path, capsys):
    import json

    from neuroscribe.tasks.cli.app import run

    folder = tmp_path / "model"
    tiny.untrained().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    tiny.processor().save_pretrained(folder)
    _picture().save(tmp_path / "p.png")
    out = tmp_path / "map.png"
    given = ["patch-map", str(folder), "--image", str(tmp_path / "p.png"), "--prompt", tiny.PROMPT]
    assert run([*given, "--answer", "red", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert np.array(document["map"]).shape == (4, 4)
    assert document["heads"][0]["head"].startswith("head.0/")
    assert Image.open(out).format == "PNG"
    assert run([*given, "--answer", "red", "--by", "guess"]) == 2
    assert run([*given[:3], str(tmp_path / "none.png"), *given[4:], "--answer", "red"]) == 2
