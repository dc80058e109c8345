"""Readers of photos: a CLIP against its own arithmetic, a detector against drawn scenes."""

import numpy as np
import pytest
import torch
from checks import refused, tables
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.clip import clip_of
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.clip_reader import NEUTRAL, ClipReader
from neuroscribe.tools.predicates.grounding_reader import Detection, GroundingReader
from neuroscribe.tools.predicates.readers import load_reader
from neuroscribe.tools.scenes.drawing import mask
from neuroscribe.tools.scenes.scene import Scene, Thing
from noise_pictures import noise, noise_pictures
from vision_models import cutter, grounding, save


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save("clip", tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clip(folder) -> Target:
    return Target.load(str(folder))


@pytest.fixture(scope="module")
def rows(clip):
    return image_rows(clip, noise_pictures(5))


def logits(folder, pictures, phrases) -> np.ndarray:
    """What the whole model says of pictures and phrases together, by its own processing."""
    from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

    model = CLIPModel.from_pretrained(folder).eval()
    words = AutoTokenizer.from_pretrained(folder)(phrases, padding=True, return_tensors="pt")
    sees = CLIPImageProcessorPil.from_pretrained(folder)
    pixels = sees(images=pictures, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        return model(
            input_ids=words["input_ids"],
            attention_mask=words["attention_mask"],
            pixel_values=pixels,
        ).logits_per_image.numpy()


def test_similarity_is_the_models_own(clip, folder, rows):
    phrases = ["a red cat", "a picture of something blue", "dog"]
    want = logits(folder, [noise(i) for i in range(5)], phrases)
    model = clip_of(clip)
    found = model.scale * model.pictures(rows) @ model.phrases(phrases).T
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)
    assert np.ptp(want, axis=0).min() > 1e-3  # pictures differ
    module = Target(torch.nn.Linear(1, 1), name="l", kind="module", sites={})
    refused("load a CLIP", clip_of, module)


def test_a_clip_reads_an_atom_against_neutral_phrases(clip, folder, rows):
    atom = parse({"kind": "object", "names": ["cat", "dog"]})
    reader = ClipReader(clip)
    found = reader.degrees(atom, rows)
    phrases = ["a photo of a cat", "a photo of a dog", *NEUTRAL]
    fits = logits(folder, [noise(i) for i in range(5)], phrases)
    each = []
    for at in (0, 1):
        own = np.exp(fits[:, at])
        each.append(own / (own + np.exp(fits[:, 2:]).sum(1)))
    np.testing.assert_allclose(found, np.maximum(*each), rtol=1e-3)
    assert found.dtype == np.float32
    assert reader.name.startswith("clip:")
    assert len(reader.degrees(atom, rows.rows([]))) == 0


def test_rows_take_their_reader(clip, rows):
    """The same numbers through a predicate with a negation."""
    from dataclasses import replace

    reader = ClipReader(clip)
    read = replace(rows, reader=reader)
    atom = {"kind": "colour", "colours": ["red"]}
    degrees = reader.degrees(parse(atom), rows)
    both = parse({"kind": "not", "of": atom}).evaluate(read)
    np.testing.assert_allclose(both[:, 0], 1 - degrees, atol=1e-6)


def test_a_clip_without_tokenizer_still_sees(folder, tmp_path, rows):
    for file in folder.iterdir():
        if "token" not in file.name:
            (tmp_path / file.name).symlink_to(file)
    target = Target.load(str(tmp_path))
    assert target.trace(image_rows(target, rows.pictures)).output.shape == (5, 32)
    refused("no tokenizer", clip_of(target).phrases, ["a cat"])


SCENE = Scene(
    things=(
        Thing(name="circle", colour="red", size=0.3, x=0.25, y=0.3),
        Thing(name="circle", colour="blue", size=0.3, x=0.75, y=0.3),
        Thing(name="square", colour="green", size=0.15, x=0.5, y=0.8),
    )
)


class Knowing(GroundingReader):
    """Finds what was drawn, by its outline."""

    def __init__(self) -> None:
        super().__init__((torch.nn.Identity(), None))
        self.asked: list[str] = []

    def boxes(self, pixels, name):
        self.asked.append(name)
        found = []
        for at, thing in enumerate(SCENE.things):
            if name in (thing.name, "object"):
                y, x = np.nonzero(mask(SCENE, at, side=len(pixels)))
                found.append(Detection(x.min(), y.min(), x.max() + 1, y.max() + 1, 0.9))
        return found


@pytest.mark.parametrize(("atom", "holds"), tables(__file__)["atoms_are_decided_on_what_was_found"])
def test_atoms_are_decided_on_what_was_found(clip, atom, holds):
    picture = picture_of(SCENE)
    hidden = Picture("a", "a", picture.load)  # without its scene
    found = Knowing().degrees(parse(atom), image_rows(clip, [hidden]))
    assert found.tolist() == [float(holds)]


def test_a_detector_says_what_it_cannot_see(clip, rows, folder):
    for atom in (
        {"kind": "texture", "textures": ["striped"]},
        {"kind": "background", "names": ["sea"]},
    ):
        refused("does not read", Knowing().degrees, parse(atom), rows)
    assert load_reader(f"clip:{folder}").name == f"clip:{folder}"
    assert load_reader("detector").name
    refused("nearest: clip:MODEL", load_reader, "clap")
    refused("cannot be read", load_reader, f"dino:{folder}")


def test_grounding_dino_and_sam(tmp_path, rows):
    """Random weights find nonsense, but in the form that is read."""
    finds, cuts = grounding(tmp_path / "dino"), cutter(tmp_path / "sam")
    reader = load_reader(f"dino:{finds}+sam:{cuts}")
    assert isinstance(reader, GroundingReader)
    assert reader.cutter is not None
    reader.threshold = 0.0
    pixels = rows.seen(0)
    boxes = reader.boxes(pixels, "cat")
    assert boxes == sorted(boxes, key=lambda box: -box.score)
    assert all(0 <= box.left < box.right <= 32 and 0 <= box.top < box.bottom <= 32 for box in boxes)
    assert len(boxes) >= 2
    masks = reader.masks(pixels, boxes)
    assert [item.shape for item in masks] == [(32, 32)] * len(boxes)
    assert all(item.any() for item in masks)
    assert not all(np.array_equal(masks[0], item) for item in masks)
    plain = load_reader(f"dino:{finds}")
    plain.threshold = 0.0
    atom = parse({"kind": "object", "names": ["cat"]})
    assert plain.degrees(atom, rows.rows([0])).tolist() == [1.0]
    plain._found.clear()
    plain.threshold = 1.1
    assert plain.degrees(atom, rows.rows([0])).tolist() == [0.0]
