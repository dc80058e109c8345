"""What is installed is what is here: packages on disk, and a wheel that labels elsewhere."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_package_on_disk_is_named():
    found = {
        "neuroscribe." + ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("agent", "tools", "tasks")
        for path in (ROOT / top).rglob("__init__.py")
    }
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert sorted(named) == sorted(found)


@pytest.mark.slow
@pytest.mark.readme
def test_a_wheel_labels_elsewhere(toy_folder, tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True
    )
    (wheel,) = tmp_path.glob("neuroscribe-*.whl")
    place = tmp_path / "env"
    venv.create(place, with_pip=False, symlinks=True)
    inner = place / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(inner), str(wheel)], check=True)
    # the libraries of this environment, without its own neuroscribe: a path, not a .pth file
    here = sysconfig.get_paths()["purelib"]
    clean = {**os.environ, "PYTHONPATH": f"{inner}:{here}", "OMP_NUM_THREADS": "1"}

    def run(code: str, *arguments: str) -> str:
        command = [str(place / "bin" / "python"), "-c", code, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("import neuroscribe.tasks as t; print(t.__file__)").startswith(str(inner))
    load = "from neuroscribe.tools.models import Target; print(len(Target.load('planted').truth))"
    assert run(load).strip() == "12", "the host of planted units is in the wheel"
    said = run(
        "from neuroscribe.tasks.cli.app import main; main()",
        *("label", str(toy_folder / "model"), "--units", "mlp.0/0"),
        *("--data", str(toy_folder / "text.jsonl"), "--tokens", "4000"),
        *("--context-length", "32", "--out", str(tmp_path / "r"), "--json"),
    )
    (unit,) = json.loads(said)["units"]
    assert unit["unit"] == "mlp.0/0"
    assert unit["status"] != "failed"
    assert (tmp_path / "r" / "report.html").exists(), "templates are in the wheel"
