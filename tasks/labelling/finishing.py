"""What comes after the last unit of a run: the controls that need many units, and the report.

Neither may spoil the labels: what goes wrong is said in one line, and the labels stay.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..runs.disk import disk_full
from .controls_run import run_controls
from .folder import RunFolder
from .labeller import Labeller
from .progress import Progress


def finish(labeller: Labeller, progress: Progress) -> None:
    """Computes the controls of what the folder holds, where they are not there yet, and reports.

    Raises:
        DiskFullError: if there is no room for them.
    """
    folder = labeller.folder
    if labeller.settings.controls != "none" and not (folder.path / folder.controls_name).exists():
        with _attempt(folder, progress, "controls"):
            folder.write(folder.controls_name, run_controls(labeller, progress))
    with _attempt(folder, progress, "report"):
        from .report import write_report

        progress.say(f"report: {write_report(folder.path)}")


@contextmanager
def _attempt(folder: RunFolder, progress: Progress, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        full = disk_full(error, folder.path)
        if full is not None:
            raise full from error
        folder.log_error(what, error)
        log = folder.path / "errors.log"
        progress.say(f"no {what}: {type(error).__name__}: {error} (see {log})")
