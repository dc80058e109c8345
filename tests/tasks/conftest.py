"""A run of moments: the target, text and planner of `toy.py`; splits that are known exactly."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy
from neuroscribe.tasks.cli.app import run as run_command
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.labelling.results import LabelRun
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.mcp.shared import Shared, open_shared
from neuroscribe.tasks.scoring.measured import Splits
from neuroscribe.tools.models import Target
from synthetic_splits import measured


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    return toy.settings(toy_folder)


Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(capsys: pytest.CaptureFixture[str]) -> Verb:
    """Runs a command: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = run_command(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def shown(verb: Verb) -> Callable[..., str]:
    """Runs a command that must succeed; what it prints."""

    def run(*arguments: str) -> str:
        code, out, err = verb(*arguments)
        assert code == 0, err
        return out

    return run


@pytest.fixture
def document(verb: Verb) -> Callable[..., Any]:
    """Runs a command with `--json`; the one document that it prints."""

    def run(*arguments: str, code: int = 0) -> Any:
        found, out, err = verb(*arguments, "--json")
        assert found == code, err
        return json.loads(out)

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


@pytest.fixture
def label(toy_target: Target) -> Callable[..., LabelRun]:
    """`run_labels` with the toy target and planner."""

    def run(settings: Settings, out: Path, **more: Any) -> LabelRun:
        return run_labels(settings, out, **{"planner": toy.Toy(), "target": toy_target, **more})

    return run


@pytest.fixture(scope="session")
def finished_run(
    toy_folder: Path, toy_target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a run over two units, sealed by the person who runs the tests; copy it."""
    out = tmp_path_factory.mktemp("finished") / "run"
    settings = toy.settings(toy_folder, "mlp.0/0-1")
    return run_labels(settings, out, planner=toy.Toy(), target=toy_target).folder


@pytest.fixture
def splits() -> Callable[..., Splits]:
    """Makes explore, validation and test of one unit."""
    return lambda values_of: Splits(*(measured(values_of, seed=seed) for seed in range(3)))


@pytest.fixture(scope="session")
def shared(toy_folder: Path) -> Shared:
    """What clients of an MCP server over the toy target share."""
    return open_shared(toy.settings(toy_folder, ""))
