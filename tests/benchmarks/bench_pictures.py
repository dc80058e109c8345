"""The exemplar index over photos: all channels of SqueezeNet against its forward alone."""

import tempfile
from pathlib import Path
from typing import Any

from .bench import Measure, apart, ratio

PHOTOS = 300


def run(quick: bool) -> list[Measure]:
    """All measurements, in a process of their own."""
    found = apart(measure, 32 if quick else PHOTOS, 1 if quick else 7)
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


def measure(many: int, times: int) -> dict[str, Any]:
    """Seconds of the index over those of the forward."""
    from neuroscribe.tools.data.image_files import read_images
    from neuroscribe.tools.data.image_rows import image_rows
    from neuroscribe.tools.exemplars import build_index
    from neuroscribe.tools.exemplars.places import PICTURES
    from neuroscribe.tools.models.factory import from_model
    from neuroscribe.tools.models.model import Model

    from tests.support import squeezenet
    from tests.support.noise_pictures import noise_pictures

    there = (squeezenet.FOLDER / "model.safetensors").exists()
    network = squeezenet.load() if there else squeezenet.SqueezeNet()
    load = squeezenet.load
    target = from_model(Model(network, example=load.example, image=load.image), name="squeezenet")
    photos = squeezenet.FOLDER.parent / "imagenet_samples"
    pictures = read_images(photos).pictures[:many] if photos.is_dir() else []
    pictures = pictures or noise_pictures(many, (256, 256))
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
    return {**found, "weights": "trained" if there else "random"}
