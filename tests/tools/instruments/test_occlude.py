"""Covering finds the part that a channel needs, and tells an object from its background."""

import numpy as np
import pytest
from checks import done, made_again
from colour_target import DARK
from neuroscribe.tools.registry import call

RED_CAT = {"name": "cat", "colour": "red", "size": 0.34, "x": 0.25, "y": 0.75}
GREEN = {"name": "circle", "colour": "green", "size": 0.3, "x": 0.75, "y": 0.3}


def test_the_map_peaks_where_the_thing_is(pictures):
    scene = {"background": "meadow", "things": [RED_CAT, GREEN]}
    found = done(pictures, "occlude", {"picture": scene})
    drop = np.array(found.data["map"])
    row, column = np.unravel_index(drop.argmax(), drop.shape)
    assert (row, column) in {(r, c) for r in (4, 5, 6) for c in (0, 1, 2)}
    assert drop[:3, 4:].max() < 0.05 * found.data["peak"]
    assert "lower left" in found.text
    parts = {part["part"]: part["after"] for part in found.data["parts"]}
    assert parts["without the red cat"] == 0
    assert parts["the background alone"] == 0
    assert parts["the red cat alone on grey"] == pytest.approx(found.data["peak"], rel=0.1)
    assert parts["without the green circle"] == pytest.approx(found.data["peak"], rel=0.01)
    needed, enough = found.data["masks"]
    assert needed["after"] < 0.3 * found.data["peak"]
    assert needed["control_mean"] > 0.9 * found.data["peak"]
    assert enough["after"] > 0.9 * found.data["peak"]
    assert enough["control_mean"] < 0.5 * found.data["peak"]
    assert max(needed["p"], enough["p"]) < 0.06
    assert found.images


def test_a_channel_that_follows_the_background(make_pictures, pictures):
    lab = make_pictures(f"conv.0/{DARK}")
    scene = {"background": "night", "things": [RED_CAT, GREEN]}
    found = call(lab, "occlude", {"picture": scene})
    parts = {part["part"]: part["after"] for part in found.data["parts"]}
    assert parts["the background alone"] == pytest.approx(found.data["peak"], rel=0.05)
    assert parts["all things on grey"] < parts["the background alone"]
    found = call(pictures, "occlude", {"picture": {"things": [GREEN]}})
    assert "nothing to cover away" in str(found.error)


def test_photos_have_masks_and_no_parts(make_pictures, photo_rows):
    lab = make_pictures(rows=photo_rows)
    window = int(lab.column(lab.unit)[:, 0].argmax())
    found = call(lab, "occlude", {"picture": window, "cells": 4})
    assert found.data["parts"] == []
    assert len(found.data["masks"]) == 2
    assert np.array(found.data["map"]).shape == (4, 4)
    made_again(lab, found.data["measured"][1:])
