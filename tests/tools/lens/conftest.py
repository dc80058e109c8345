"""The small models of each family that attribution is tested on."""

from ..attribution.conftest import tiny  # noqa: F401
