"""A second network that looks at pictures: what it reads, once, and what its classes are called."""

import numpy as np
import pytest
from checks import refused
from colour_target import colour_target
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.picture_reader import (
    COMPRESSED,
    check_picture_reader,
    classes_named,
    compressed,
    picture_states,
    reader_groups,
)
from neuroscribe.tools.scenes.grammar import scenes
from PIL import Image


@pytest.fixture(scope="module")
def reader() -> Target:
    return Target.load("pictures")


@pytest.fixture(scope="module")
def rows() -> ImageRows:
    return image_rows(colour_target(), [picture_of(scene) for scene in scenes(40, seed=2)])


def test_states_and_classes_of_pictures(reader, rows, monkeypatch):
    made = picture_states(reader, rows)
    assert made.values.shape == (40, 2 * sum(reader.sites[f"conv.{i}"].units for i in (1, 2, 3)))
    assert np.allclose(made.classes.sum(1), 1, atol=1e-4)
    monkeypatch.setattr(reader, "trace", None)  # each picture is read once
    again = picture_states(reader, rows.rows([7, 3]))
    assert np.array_equal(again.values, made.values[[7, 3]])
    assert np.array_equal(again.classes, made.classes[[7, 3]])


def test_similarity_is_of_unit_vectors_and_of_what_is_seen(reader, rows):
    x = compressed(reader, rows)
    assert x.shape == (40, COMPRESSED)
    assert np.allclose(np.linalg.norm(x, axis=1), 1)
    pixels = np.array(rows.pictures[5].load().resize((64, 64)), np.uint8)
    made = Picture("edit", "edit", lambda: Image.fromarray(pixels), seen=lambda: pixels)
    edited = compressed(reader, image_rows(rows.target, [made]))
    assert int((x @ edited[0]).argmax()) == 5


def test_who_may_read(reader, minilm):
    refused("the target itself", check_picture_reader, reader, Target.load("pictures"))
    refused("takes no pictures", check_picture_reader, minilm, reader)
    check_picture_reader(reader, colour_target())


def test_names_of_classes_and_groups(reader):
    assert classes_named(reader, "Cat") == (0,)
    refused("no class or group 'zebra'", classes_named, reader, "zebra")
    assert reader_groups(reader) == {}


def test_groups_of_a_network_of_imagenet_in_another_order(reader):
    from neuroscribe.tools.models.imagenet import class_groups, class_names

    names = [class_names()[i] for i in (300, 207, 153, 1)]
    other = reader.over(reader.network, labels=names)
    assert reader_groups(other)["dogs"] == (1, 2)
    whole = reader.over(reader.network, labels=class_names())
    assert reader_groups(whole) == class_groups()
    assert classes_named(whole, "golden retriever") == (207,)
