"""A run of moments: the target, text and planner of `toy.py`; splits that are known exactly."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from neuroscribe.tasks.cli.app import run as run_command
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.labelling.results import LabelRun
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tools.models import Target
from synthetic_splits import measured


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The module `toy.py` beside this file."""
    spec = importlib.util.spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def toy_folder(toy: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model` and `text.jsonl`."""
    folder = tmp_path_factory.mktemp("toy")
    toy.build_model(folder / "model")
    toy.write_text(folder / "text.jsonl")
    return folder


@pytest.fixture(scope="session")
def toy_target(toy_folder: Path) -> Target:
    """The toy target, loaded."""
    return Target.load(str(toy_folder / "model"))


@pytest.fixture
def settings(toy_folder: Path) -> Settings:
    """Settings of a run over three units."""
    return Settings(
        target=str(toy_folder / "model"),
        units="mlp.0/0-2",
        data=str(toy_folder / "text.jsonl"),
        planner="toy",
        tokens=4000,
        context_length=32,
        controls="none",
    )


Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(capsys: pytest.CaptureFixture[str]) -> Verb:
    """Runs a command: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = run_command(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(verb: Verb) -> Callable[..., str]:
    """Runs a command that must be refused; the one line that says why."""

    def run(*arguments: str) -> str:
        code, out, err = verb(*arguments)
        said = [line for line in err.splitlines() if line.startswith("neuroscribe:")]
        lines = [line for line in said if not line.startswith("neuroscribe: loading")]
        assert (code, out, len(lines)) == (2, "", 1)
        assert err.endswith(f"{lines[0]}\n")
        assert "Traceback" not in err
        return lines[0]

    return run


Label = Callable[..., LabelRun]


@pytest.fixture
def label(toy: ModuleType, toy_target: Target) -> Label:
    """`run_labels` with the toy target and planner."""

    def run(settings: Settings, out: Path, **more: Any) -> LabelRun:
        given = {"planner": toy.ToyFactory(), "target": toy_target, **more}
        return run_labels(settings, out, **given)

    return run


@pytest.fixture(scope="session")
def finished_run(
    toy: ModuleType, toy_folder: Path, toy_target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a run over two units, sealed by the person who runs the tests; copy it."""
    settings = Settings(
        target=str(toy_folder / "model"),
        units="mlp.0/0-1",
        data=str(toy_folder / "text.jsonl"),
        planner="toy",
        tokens=4000,
        context_length=32,
        controls="none",
    )
    out = tmp_path_factory.mktemp("finished") / "run"
    return run_labels(settings, out, planner=toy.ToyFactory(), target=toy_target).folder


@pytest.fixture
def made() -> Callable[..., Measured]:
    """Makes one split."""
    return measured


@pytest.fixture
def splits() -> Callable[..., Splits]:
    """Makes explore, validation and test of one unit."""
    return lambda values_of: Splits(*(measured(values_of, seed=seed) for seed in range(3)))
