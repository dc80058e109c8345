"""Trains the reader's network on pieces of drawn pictures.

    python -m neuroscribe.tasks.groundtruth.images.train_reader [--scenes 12000] [--epochs 8]

1. Scenes of both hands are drawn; some are blurred, some have a flat patch laid over them, and in
   some the things touch.
2. The pictures are taken apart as the reader does it. A piece with one thing of the scene graph in
   it, as large as it should be, has that thing's name; one with more is `several`; one without any
   is `nothing`; others are left out.
3. Cross-entropy of name, colour and texture; Adam, one thread, one seed.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch.nn.functional import cross_entropy

from ....tools.models.pictures.train import fit
from ....tools.scenes import drawing, grammar
from ....tools.scenes.palette import COLOURS
from ....tools.scenes.scene import TEXTURES, Scene
from ....tools.scenes.things import NAMES
from . import second_renderer
from .glance import NOTHING, SEVERAL, WEIGHTS, GlanceNetwork, crop, prepared
from .grounds import grounds
from .reader import SIDE
from .second_renderer import OWN
from .segments import Cutter, Segment

_BATCH = 128
_SIDES = (96, 128, 128, 192)
"""At which pictures are drawn before they are made as small as the reader sees them."""
KINDS: tuple[str, ...] = (*NAMES, SEVERAL, NOTHING)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the reader of the vision suite.")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--scenes", type=int, default=16000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    crops, labels = pieces(given.scenes, seed=given.seed)
    network = train(crops, labels, epochs=given.epochs, seed=given.seed)
    save(network, given.out)


def pieces(scenes: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops `[piece, 4, 32, 32]` and their labels `[piece, 3]`; -1 where there is none."""
    rng = np.random.default_rng([seed, 77])
    cutter = Cutter(grounds())
    crops, labels = [], []
    for _ in range(scenes):
        scene, picture = some(rng)
        pixels = np.asarray(picture)
        for piece in cutter(pixels).segments:
            label = _label(scene, piece)
            if label is not None:
                crops.append(crop(pixels, piece))
                labels.append(label)
    return np.stack(crops), np.array(labels, np.int64)


def some(rng: np.random.Generator) -> tuple[Scene, Image.Image]:
    """A scene and its picture, of either hand, perhaps spoilt."""
    own = rng.random() < 0.35
    overlap = float(rng.uniform(0.05, 0.35)) if rng.random() < 0.25 else 0.0
    size = (0.14, 0.3) if rng.random() < 0.4 else (0.2, 0.5)
    if own:
        grounds = ["plain"] if rng.random() < 0.5 else list(second_renderer.GROUNDS)
        scene = grammar.sample(
            rng, names=tuple(OWN), backgrounds=grounds, size=size, overlap=overlap, number=(1, 4)
        )
    else:
        scene = grammar.sample(rng, size=size, overlap=overlap, number=(1, 4))
    paint = second_renderer.draw if own else drawing.draw
    picture = paint(scene, int(rng.choice(_SIDES)))
    picture = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    if rng.random() < 0.1:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.2))))
    if rng.random() < 0.12:
        patch, at = rng.integers(10, 40, 2), rng.integers(0, 70, 2)
        box = (int(at[0]), int(at[1]), int(at[0] + patch[0]), int(at[1] + patch[1]))
        ImageDraw.Draw(picture).rectangle(box, fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
    return scene, picture


def train(crops: np.ndarray, labels: np.ndarray, *, epochs: int, seed: int) -> GlanceNetwork:
    """Trains on pieces."""
    torch.manual_seed(seed)
    network = GlanceNetwork(len(KINDS)).train()

    def loss(rows: np.ndarray) -> torch.Tensor:
        wanted = torch.from_numpy(labels[rows])
        each = [
            cross_entropy(logits, wanted[:, column], ignore_index=-1)
            for column, logits in enumerate(network(prepared(crops[rows])))
        ]
        return sum(each[1:], each[0])

    rng = np.random.default_rng(seed)
    fit(network, loss, len(crops), rng, batch=_BATCH, epochs=epochs, peak=4e-3, decay=1e-3)
    return network.eval()


def save(network: GlanceNetwork, out: Path) -> None:
    """Writes the weights as float16."""
    from safetensors.torch import save_file

    save_file(
        {
            key: value.half() if value.is_floating_point() else value
            for key, value in network.state_dict().items()
        },
        out,
        metadata={"kinds": json.dumps(KINDS)},
    )


def _label(scene: Scene, piece: Segment) -> tuple[int, int, int] | None:
    """Kind, colour and texture of a piece; None where that is not plain."""
    high, wide = piece.mask.shape
    y, x, side = piece.top + high / 2, piece.left + wide / 2, max(high, wide)
    inside = []
    for thing in scene.things:
        away = max(abs(thing.x * SIDE - x) - wide / 2, abs(thing.y * SIDE - y) - high / 2)
        if away < -0.1 * thing.size * SIDE:
            inside.append(thing)
    if len(inside) > 1:
        return (KINDS.index(SEVERAL), -1, -1)
    near = [
        thing
        for thing in scene.things
        if max(abs(thing.x * SIDE - x), abs(thing.y * SIDE - y)) < 2 + 0.06 * thing.size * SIDE
        and -2.5 < side - thing.size * SIDE < 4.5
    ]
    if len(near) == 1:
        (thing,) = near
        return (
            KINDS.index(thing.name),
            COLOURS.index(thing.colour),
            TEXTURES.index(thing.texture),
        )
    reach = [
        max(abs(t.x * SIDE - x) - wide / 2, abs(t.y * SIDE - y) - high / 2) - t.size * SIDE / 2
        for t in scene.things
    ]
    return (KINDS.index(NOTHING), -1, -1) if all(away > -1 for away in reach) else None


if __name__ == "__main__":
    main()
