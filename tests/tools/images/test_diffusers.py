"""Diffusion pipelines with random weights: the way from words to a measured picture."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.images.backends import open_backend
from neuroscribe.tools.registry import call
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
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"{c}</w>" for c in "abcdefghijklmnopqrstuvwxyz")]
    vocabulary = {
        name: at for at, name in enumerate(["<|startoftext|>", "<|endoftext|>", *letters])
    }
    (words / "vocab.json").write_text(json.dumps(vocabulary))
    (words / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"))
    tokenizer.model_max_length = 16
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=16,
        in_channels=8 if edits else 4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=32,
    )
    kind = (
        diffusers.StableDiffusionInstructPix2PixPipeline
        if edits
        else diffusers.StableDiffusionPipeline
    )
    made = kind(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
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
def test_words_become_a_picture_that_depends_on_the_seed(drawer: str) -> None:
    backend = open_backend(f"diffusers:{drawer}", steps=2, device="cpu")
    one, same, other = (backend.generate("a cat", seed=seed) for seed in (1, 1, 2))
    assert one.size == (32, 32)
    assert one.tobytes() == same.tobytes() != other.tobytes()


@needed
def test_both_jobs_through_the_tools(make_lab, drawer: str, editor: str) -> None:
    backend = open_backend(f"diffusers:{drawer}", editor=editor, steps=2, side=32, device="cpu")
    lab = make_lab(backends={backend.name: backend})
    found = call(lab, "draw", {"prompts": ["a cat"], "by": "diffusers"})
    assert found.error is None
    edits = [{"edit": "instruct", "text": "make it blue", "by": "diffusers"}]
    changed = call(lab, "edit_image", {"pictures": [3], "edits": edits})
    assert changed.error is None
    for evidence in (found, changed):
        again = lab.activations(inputs_of(lab, evidence.data["measured"][-1:]), [lab.unit])
        said = evidence.data["measured"][-1]["activations"][0]
        assert again[0, 0, 0] == pytest.approx(said, rel=1e-5)


@needed
def test_a_model_that_only_draws_does_not_edit(drawer: str, tmp_path: Path) -> None:
    backend = open_backend(f"diffusers:{drawer}", steps=1, device="cpu")
    with pytest.raises(UsageError, match="no pipeline that edits"):
        backend.edit(Image.new("RGB", (32, 32)), "x", seed=0)
    with pytest.raises(UsageError, match="cannot load the diffusion model"):
        open_backend(f"diffusers:{tmp_path}").generate("x", seed=0)


def test_without_diffusers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(UsageError, match=r"neuroscribe\[diffusers\]"):
        open_backend("diffusers:anything")
