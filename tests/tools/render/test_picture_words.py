"""Pictures in words."""

import numpy as np
from neuroscribe.tools.render.picture_words import main_colours
from neuroscribe.tools.scenes.palette import rgb


def test_a_region_of_two_colours_is_not_their_mean():
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:6] = rgb("red")
    pixels[6:] = rgb("blue")
    pixels[0, 0] = rgb("white")
    assert main_colours(pixels) == "red 59%, blue 40%"
    assert main_colours(pixels[:1, :1]) == "white 100%"
