"""A tiny LLaVA whose answer lies in one known patch of its picture.

Pictures are grey noise in four by four patches. One patch may be coloured: its colour is the
answer, and "none" where there is none, which half of the training pictures have, so that only the
patch itself can tell a colour. One patch is white, which catches the eye: two of the four heads are
trained to attend to it, and write nothing. The attention of the half that sees writes nothing
either, so that an embedding knows of its own patch alone.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from word_model import word_tokenizer

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 180, 60),
    "blue": (50, 80, 220),
    "gold": (230, 200, 50),
}
WORDS = (
    *("<pad>", "<s>", "</s>", "<unk>", "<image>"),
    *("what", "colour", "is", "it", "?"),
    *(*COLOURS, "none"),
)
PROMPT = "what colour is it ?"
SIDE, PATCH = 32, 8
ACROSS = SIDE // PATCH
IDLE = 2
"""Heads, the last ones, that attend to what is white."""
HEAD = 12
"""Channels of a head."""
PICTURE = 4
"""The picture token."""


class Asked(NamedTuple):
    """Pictures, and where their answers are."""

    pixels: np.ndarray
    """uint8 `[picture, 32, 32, 3]`."""
    patch: np.ndarray
    """int `[picture]`: the coloured one."""
    white: np.ndarray
    """int `[picture]`."""
    colour: np.ndarray
    """int `[picture]`; 4: there is none."""


def pictures(many: int, *, seed: int, none: float = 0.0) -> Asked:
    """So many, at random; a share of them without a colour."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(128, 14, (many, SIDE, SIDE, 3))
    patch = rng.integers(0, ACROSS**2, many)
    white = (patch + rng.integers(1, ACROSS**2, many)) % ACROSS**2
    colour = np.where(rng.random(many) < none, len(COLOURS), rng.integers(0, len(COLOURS), many))
    tones = np.array([*COLOURS.values(), (128, 128, 128)])
    for at in range(many):
        for place, tone in ((patch[at], tones[colour[at]]), (white[at], (250, 250, 250))):
            y, x = (int(v) * PATCH for v in divmod(int(place), ACROSS))
            noise = rng.normal(0, 10, (PATCH, PATCH, 3))
            pixels[at, y : y + PATCH, x : x + PATCH] = tone + noise
    return Asked(np.clip(pixels, 0, 255).astype(np.uint8), patch, white, colour)


def tokenizer() -> Any:
    """Whole words."""
    made = word_tokenizer(WORDS, "<s> $A", bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    made.add_special_tokens({"additional_special_tokens": ["<image>"]})
    return made


def processor() -> Any:
    """Pixels become -1..1."""
    import transformers as hf

    return hf.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )


def untrained(seed: int = 0) -> Any:
    """The network with random weights."""
    import transformers as hf

    small = {"num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    sees = hf.CLIPVisionConfig(hidden_size=32, image_size=SIDE, patch_size=PATCH, **small)
    speaks = hf.LlamaConfig(
        hidden_size=48,
        num_key_value_heads=2,
        vocab_size=len(WORDS),
        max_position_embeddings=64,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        **small,
    )
    config = hf.LlavaConfig(
        vision_config=sees,
        text_config=speaks,
        image_token_id=PICTURE,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=ACROSS**2,
    )
    torch.manual_seed(seed)
    network = hf.LlavaForConditionalGeneration(config)
    for path, module in network.named_modules():
        if "vision_tower" in path and path.endswith("self_attn.out_proj"):
            for weight in module.parameters():
                weight.data.zero_()
                weight.requires_grad_(False)
    _silence(network)
    return network


def _silence(network: Any) -> None:
    """The idle heads write nothing."""
    for layer in network.model.language_model.layers:
        layer.self_attn.o_proj.weight.data[:, -IDLE * HEAD :] = 0


@lru_cache(maxsize=2)
def trained(steps: int = 300, *, seed: int = 0, lr: float = 4e-3) -> Any:
    """The network trained to name the colour."""
    network = untrained(seed)
    network.set_attn_implementation("eager")
    ids = torch.tensor([[1, *[PICTURE] * ACROSS**2, *(WORDS.index(w) for w in PROMPT.split())]])
    weights = [w for w in network.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for step in range(steps):
        some = pictures(32, seed=10_000 + step, none=0.5)
        x = torch.from_numpy(some.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        made = network(
            input_ids=ids.expand(32, -1),
            pixel_values=x,
            use_cache=False,
            logits_to_keep=1,
            output_attentions=True,
        )
        wanted = torch.from_numpy(some.colour) + WORDS.index("red")
        loss = torch.nn.functional.cross_entropy(made.logits[:, -1], wanted)
        there = torch.from_numpy(some.white) + 1  # behind the first token
        for seen_ in made.attentions:  # [picture, head, place, place]
            idle = seen_[torch.arange(32), -IDLE:, -1, there]
            loss = loss - 0.1 * idle.clamp(min=1e-9).log().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        _silence(network)
    return network.eval()
