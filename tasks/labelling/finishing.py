"""What comes after the last unit of a run: the controls that need many units, and the report.

Neither may spoil the labels: what goes wrong is said in one line, and the labels stay.
"""

from ..runs.folder import RunFolder
from ..scoring.control_run import run_controls
from .progress import Silent
from .work import Job


def finish(job: Job, shown: Silent) -> None:
    """Computes the controls of what the folder holds, where they are not there yet, and reports.

    Raises:
        DiskFullError: if there is no room for them.
    """
    folder = job.folder
    if job.settings.controls != "none" and not (folder.path / folder.controls_name).exists():
        try:
            folder.write(folder.controls_name, run_controls(job, shown))
        except Exception as error:
            _said(folder, shown, "controls", error)
    report(folder, shown)


def report(folder: RunFolder, shown: Silent) -> None:
    """Writes `report.html`."""
    try:
        from .report import write_report

        shown.say(f"report: {write_report(folder.path)}")
    except Exception as error:
        _said(folder, shown, "report", error)


def _said(folder: RunFolder, shown: Silent, what: str, error: Exception) -> None:
    full = folder.full(error)
    if full is not None:
        raise full from error
    folder.log_error(what, error)
    shown.say(f"no {what}: {type(error).__name__}: {error} (see {folder.path / 'errors.log'})")
