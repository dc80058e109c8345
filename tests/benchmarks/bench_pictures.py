"""The exemplar index over photos: all channels of SqueezeNet against its forward alone."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from .bench import Measure, elsewhere, peak_mb, ratio

PHOTOS = 300
ROOT = Path(__file__).resolve().parents[2]


def run(quick: bool) -> list[Measure]:
    """All measurements, in a process of their own."""
    code = "import sys; from tests.benchmarks.bench_pictures import measure; measure(sys.argv)"
    found = json.loads(elsewhere(code, str(32 if quick else PHOTOS), str(1 if quick else 7)))
    return [
        Measure(
            "index of all channels over the forward, on pictures",
            found["ratio"],
            "x",
            1.15,
            peak_mb=found["peak"],
            note=f"SqueezeNet 1.0 ({found['weights']}), {found['pictures']} pictures, k=20",
        )
    ]


def measure(arguments: list[str]) -> None:
    """In the fresh process: prints what was measured as JSON."""
    from neuroscribe.tools.data.image_files import read_images
    from neuroscribe.tools.data.image_rows import image_rows
    from neuroscribe.tools.data.pictures import Picture
    from neuroscribe.tools.exemplars import build_index
    from neuroscribe.tools.exemplars.places import PICTURES
    from neuroscribe.tools.models.factory import from_module

    sys.path.insert(0, str(ROOT / "tests" / "support"))
    import squeezenet  # pyright: ignore[reportMissingImports]

    many, times = int(arguments[1]), int(arguments[2])
    there = (squeezenet.FOLDER / "model.safetensors").exists()
    network = squeezenet.load() if there else squeezenet.SqueezeNet()
    load = squeezenet.load
    target = from_module(network, name="squeezenet", example=load.example, image=load.image)
    photos = squeezenet.FOLDER.parent / "imagenet_samples"
    pictures = read_images(photos).pictures[:many] if photos.is_dir() else []
    pictures = pictures or [Picture(str(i), str(i), lambda i=i: _noise(i)) for i in range(many)]
    rows = image_rows(target, pictures)
    rows.pixels()  # decoded once, for both
    sites = [name for name in target.sites if name.startswith("conv.")]
    folders = iter(range(1000))

    def forward() -> None:
        for at in range(0, len(rows), PICTURES):
            target.trace(rows.rows(slice(at, at + PICTURES)), output=False)

    with tempfile.TemporaryDirectory() as place:

        def index() -> None:
            build_index(target, rows, sites, Path(place) / str(next(folders)))

        index()
        found = {"ratio": ratio(index, forward, times=times), "pictures": len(rows)}
    json.dump({**found, "peak": peak_mb(), "weights": "trained" if there else "random"}, sys.stdout)


def _noise(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (256, 256, 3))
    return Image.fromarray(pixels.astype(np.uint8))
