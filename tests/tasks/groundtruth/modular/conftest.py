"""The modular-addition model, loaded once."""

from pathlib import Path

import pytest
from neuroscribe.tasks.groundtruth.modular import load_modular
from neuroscribe.tasks.groundtruth.modular.truth import Truth, truth_of
from neuroscribe.tools.models import Target


@pytest.fixture(scope="session")
def modular_folder(test_data: Path) -> Path:
    """Its folder; skips where it is absent."""
    folder = test_data / "modular_addition"
    if not folder.is_dir():
        pytest.skip("the test data have no modular_addition")
    return folder


@pytest.fixture(scope="session")
def modular(modular_folder: Path) -> Target:
    """The target."""
    return load_modular(modular_folder)


@pytest.fixture(scope="session")
def modular_truth(modular: Target) -> Truth:
    """What its neurons compute."""
    return truth_of(modular, 113)
