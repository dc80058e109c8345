"""A folder of a run: its version and facts, its lock, and the errors that did not end it."""

import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...tools.errors import UsageError
from ...tools.evidence import plain
from ...tools.io.files import read_whole, write_whole
from ...tools.io.lock import take
from ...tools.io.shapes import check
from .disk import replace_file

FORMAT = 1
"""Version of `run.json`; a file without one is of the first."""


def settle_plan(
    out: Path, plan: Mapping[str, Any], usual: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Writes `plan.json`, which says what a folder is for.

    Args:
        out: The folder.
        plan: Plain JSON.
        usual: What an older folder that does not name it has.

    Raises:
        UsageError: if the folder holds another plan.
    """
    path = out / "plan.json"
    mine = json.loads(json.dumps(plan))
    if path.exists():
        there = json.loads(path.read_text())
        other = [name for name in mine if mine[name] != there.get(name, usual.get(name))]
        if other:
            raise UsageError(
                f"{out} holds another evaluation ({', '.join(other)} differ); use another --out"
            )
    write_whole(path, json.dumps(mine))


class Folder:
    """One run on disk."""

    facts_shape: Any = dict
    """What `run.json` must hold, for `check`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read_run(self) -> dict[str, Any] | None:
        """What `run.json` says; None where there is none.

        Raises:
            UsageError: if the file is damaged or from a later version.
        """
        path = self.path / "run.json"
        try:
            facts = json.loads(read_whole(path))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError, OSError) as error:
            raise UsageError(f"{path} cannot be read ({error}); name another folder") from error
        if isinstance(facts, dict) and facts.get("format") not in (None, *range(FORMAT + 1)):
            raise UsageError(f"{path} was made by a later version of neuroscribe")
        return check(facts, self.facts_shape, str(path))

    def facts(self, shape: Any = dict) -> dict[str, Any]:
        """What `run.json` says.

        Raises:
            UsageError: if there is none, or it has another shape.
        """
        run = self.read_run()
        if run is None:
            raise UsageError(f"there is no run in {self.path}: it has no run.json")
        return check(run, shape, str(self.path / "run.json"))

    def write_run(self, facts: Mapping[str, Any]) -> None:
        """Writes `run.json`, whole or not at all."""
        self.write("run.json", {"format": FORMAT, **facts})

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Writes one JSON file of the folder, whole or not at all."""
        text = json.dumps(plain(content), ensure_ascii=False, indent=2) + "\n"
        replace_file(self.path / name, text.encode("utf-8", "backslashreplace"))

    @contextmanager
    def hold(self, name: str, what: str = "") -> Iterator[None]:
        """Holds a lock of the folder.

        Raises:
            UsageError: if another process has it, whose id it names, or it cannot be written.
        """
        refusal = (
            f"{self.path}{what} is in use by process {{pid}}; "
            "wait for it, stop it, or use another folder with --out"
        )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = take(self.path / name, refusal)
        except OSError as error:
            raise UsageError(f"cannot write to {self.path}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def log_error(self, what: str, error: BaseException) -> None:
        """Adds a traceback to `errors.log`."""
        with (self.path / "errors.log").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{what}\n{''.join(traceback.format_exception(error))}\n")
