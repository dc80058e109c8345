"""Diffusion pipelines with random weights: the way from words to a measured picture."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase

import pytest
from checks import done, made_again, refused, tables
from neuroscribe.tools.images.backends import open_backend
from PIL import Image

needed = pytest.mark.skipif(find_spec("diffusers") is None, reason="diffusers is not installed")


def _tiny(folder: Path, *, edits: bool) -> str:
    """A stable-diffusion pipeline of a few thousand weights, saved."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    words = folder / "words"
    words.mkdir(parents=True)
    letters = [*ascii_lowercase, *(f"{letter}</w>" for letter in ascii_lowercase)]
    names = ["<|startoftext|>", "<|endoftext|>", *letters]
    vocabulary = {name: at for at, name in enumerate(names)}
    (words / "vocab.json").write_text(json.dumps(vocabulary))
    (words / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"))
    tokenizer.model_max_length = 16
    sizes = tables(__file__)
    kind = "StableDiffusionInstructPix2PixPipeline" if edits else "StableDiffusionPipeline"
    absent = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    made = getattr(diffusers, kind)(
        vae=diffusers.AutoencoderKL(**sizes["vae"]),
        text_encoder=CLIPTextModel(CLIPTextConfig(**sizes["text"])),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(in_channels=8 if edits else 4, **sizes["unet"]),
        scheduler=diffusers.DDIMScheduler(),
        **absent,
    )
    made.save_pretrained(folder / "pipeline")
    return str(folder / "pipeline")


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _tiny(tmp_path_factory.mktemp("drawer"), edits=False)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _tiny(tmp_path_factory.mktemp("editor"), edits=True)


@needed
def test_words_become_a_picture_that_depends_on_the_seed(drawer):
    backend = open_backend(f"diffusers:{drawer}", steps=2, device="cpu")
    one, same, other = (backend.generate("a cat", seed=seed) for seed in (1, 1, 2))
    assert one.size == (32, 32)
    assert one.tobytes() == same.tobytes() != other.tobytes()


@needed
def test_both_jobs_through_the_tools(make_pictures, drawer, editor):
    backend = open_backend(f"diffusers:{drawer}", editor=editor, steps=2, side=32, device="cpu")
    lab = make_pictures(backends={backend.name: backend})
    found = done(lab, "draw", {"prompts": ["a cat"], "by": "diffusers"})
    edits = [{"edit": "instruct", "text": "make it blue", "by": "diffusers"}]
    changed = done(lab, "edit_image", {"pictures": [3], "edits": edits})
    for evidence in (found, changed):
        made_again(lab, evidence.data["measured"][-1:])


@needed
def test_a_model_that_only_draws_does_not_edit(drawer, tmp_path):
    backend = open_backend(f"diffusers:{drawer}", steps=1, device="cpu")
    refused("no pipeline that edits", backend.edit, Image.new("RGB", (32, 32)), "x", seed=0)
    empty = open_backend(f"diffusers:{tmp_path}")
    refused("cannot load the diffusion model", empty.generate, "x", seed=0)


def test_without_diffusers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    refused(r"neuroscribe\[diffusers\]", open_backend, "diffusers:anything")
