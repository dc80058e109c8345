"""Benches over drawn pictures, under short names."""

from collections.abc import Callable

import pytest
from neuroscribe.tools.lab import Lab


@pytest.fixture
def make_lab(make_pictures: Callable[..., Lab]) -> Callable[..., Lab]:
    """Makes fresh benches over the drawn scenes."""
    return make_pictures


@pytest.fixture
def lab(pictures: Lab) -> Lab:
    """A fresh bench whose unit is red."""
    return pictures
