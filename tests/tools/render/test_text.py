"""Text with activations marked can be read as it was written."""

import numpy as np
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from neuroscribe.tools.render.text import snippet


def test_strengths_cannot_be_read_as_the_text_and_window_starts_are_marked(stories260k):
    texts = ["Tom ran in {9} days to x{3} and 1984 trees."] + ["It is 19 and so on."] * 4
    windows = cut(stories260k, texts, length=48, document_per_row=True)
    values = np.where(windows.counted, 1.0, np.nan)
    drawn = snippet(windows, 0, values[0], scale=2.0, place=3, before=10_000, after=10_000)
    assert "{9}" not in drawn  # all strengths are 5
    plain = drawn.replace("{5}", "").replace("{ ", "{").replace("«", "").replace("»", "")
    assert plain == texts[0]
    lab = Lab(stories260k, windows, unit=stories260k.unit("mlp.2/3"), open=True)
    lab.columns[lab.unit] = np.where(windows.counted, np.arange(windows.ids.shape[1]) + 1.0, np.nan)
    shown = call(lab, "exemplars", {}).text.splitlines()
    assert "^: a window's start" in shown[0]
    assert ": ^Tom" in shown[1] or ": …" in shown[1]
    assert any(": ^It" in line for line in shown[1:])


def test_a_place_within_a_long_unbroken_string_is_shown_with_what_is_around_it(stories260k):
    windows = cut(stories260k, ["a" + "b.c." * 60], length=200, document_per_row=True)
    values = np.where(windows.counted, 0.0, np.nan)
    drawn = snippet(windows, 0, values[0], scale=1.0, place=80, before=20, after=10)
    assert 25 <= len(drawn) <= 45
