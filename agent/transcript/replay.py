"""Runs a recorded investigation again and says which results differ.

1. The lab is made again from the header (`rebuild.py`): another model or other data is said, not
   run.
2. Every tool call is made again, in order, with the recorded arguments. Randomness depends on the
   seed and the evidence id alone, so each call sees the draws that it saw.
3. Payloads are compared, not texts (`payloads.py`).

A call that asked a language model cannot be repeated: its recorded result stands in for it. Calls
that a program made stand before it and are made again like all others; the program is then run
again on their recorded results, in the sandbox, and must make the same calls and give the same.
Pictures that were drawn are drawn again; those that an image model made are taken from their files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ...tools.errors import UsageError
from ...tools.evidence import Evidence
from ...tools.io.shapes import check
from ...tools.predicates.judging import register
from .payloads import Difference, compared, keys_added
from .pictures import folder_of
from .rebuild import another, rebuild
from .record import Transcript, read
from .shape import Replayed

if TYPE_CHECKING:
    from ...tools.lab import Lab
    from ...tools.models import Target


class Skipped(NamedTuple):
    """A call that was not made again."""

    evidence: str
    tool: str
    reason: str


@dataclass(frozen=True)
class Replay:
    """What a replay found."""

    path: Path
    unit: str
    checked: int
    """Calls made again."""
    differing: tuple[Difference, ...]
    """At most 20 a call."""
    skipped: tuple[Skipped, ...]
    torn: bool = False
    """The record's last line was incomplete."""
    added: tuple[str, ...] = ()
    """Keys of payloads that the record lacks: `tests[].within`."""

    @property
    def same(self) -> bool:
        """Whether every call that was made gave the recorded result."""
        return not self.differing

    @property
    def summary(self) -> str:
        """One line for a person."""
        calls = f"{self.checked} tool call{'' if self.checked == 1 else 's'} made again"
        if self.skipped:
            calls += f", {len(self.skipped)} skipped"
        if self.same:
            more = f"; keys that the record lacks: {', '.join(self.added)}" if self.added else ""
            return f"{self.unit}: {calls}, every result the same{more}"
        which = ", ".join(dict.fromkeys(item.evidence for item in self.differing))
        return f"{self.unit}: {calls}, these differ: {which}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "file": str(self.path),
            "unit": self.unit,
            "same": self.same,
            "checked": self.checked,
            "differing": [item._asdict() for item in self.differing],
            "skipped": [item._asdict() for item in self.skipped],
            "torn": self.torn,
            "added": list(self.added),
        }


def replay(
    path: str | Path,
    *,
    target: "Target | str | None" = None,
    data: str | None = None,
    trust_remote_code: bool = False,
    lab: "Lab | None" = None,
    watch: Callable[[Evidence], None] | None = None,
) -> Replay:
    """Makes every recorded tool call again and compares.

    Args:
        path: A transcript.
        target: Stands for the recorded target: a loaded one, or where it lies now.
        data: Stands for the recorded corpus.
        trust_remote_code: Run the code that comes with `target`; what the header says of it is
            not heeded.
        lab: A fresh lab for the same unit; target, corpus and windows are then not made again.
        watch: Told of every call after it was made.

    Raises:
        UsageError: if the file is no transcript, the target or the corpus cannot be loaded, or is
            another than the recorded one.
    """
    transcript = read(path)
    check(transcript.header, Replayed, f"{transcript.path} line 1")
    made_again = lab is None
    if lab is None:
        lab = rebuild(transcript, target=target, data=data, trust_remote_code=trust_remote_code)
    if not lab.target.is_known_as(transcript.header["target"]["fingerprint"]):
        raise UsageError(another("model", transcript.header["target"], lab.target.fingerprint))
    _register()
    lab.unit = lab.target.unit(str(transcript.header["unit"]))
    if transcript.header.get("llm"):
        lab.llm = _NoLLM()  # type: ignore[assignment]
    if transcript.header.get("judge"):
        lab.judge = _NoJudge(str(transcript.header["judge"]))  # type: ignore[assignment]
    if lab.target.image is not None and made_again:
        with TemporaryDirectory() as folder:
            _lay_out(lab, transcript, Path(folder))
            return _replayed(transcript, lab, watch)
    return _replayed(transcript, lab, watch)


def _replayed(
    transcript: Transcript, lab: "Lab", watch: Callable[[Evidence], None] | None
) -> Replay:
    """Makes every call again."""
    from ...tools import registry
    from ...tools.instruments import program

    differing: list[Difference] = []
    skipped: list[Skipped] = []
    added: dict[str, None] = {}
    for recorded in transcript.evidence.values():
        reason = None
        again = recorded
        if recorded.error is not None and not recorded.arguments:
            reason = "its arguments could not be read when it was made"
        else:
            try:
                with program.rules(answers=program.inner(transcript.evidence, recorded)):
                    again = registry.call(lab, recorded.tool, recorded.arguments)
            except _AskedLLM:
                reason = "it asked a language model"
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                again = lab.evidence.add(replace(recorded, text=said, data={}, error=said))
        if reason is not None:
            lab.evidence.add(recorded)
            skipped.append(Skipped(recorded.id, recorded.tool, reason))
            continue
        differing.extend(compared(recorded, again))
        added |= dict.fromkeys(keys_added(recorded.data, again.data))
        if watch is not None:
            watch(again)
    checked = len(transcript.evidence) - len(skipped)
    unit = str(transcript.header["unit"])
    return Replay(
        transcript.path,
        unit,
        checked,
        tuple(differing),
        tuple(skipped),
        transcript.torn,
        tuple(added),
    )


def _lay_out(lab: "Lab", transcript: Transcript, folder: Path) -> None:
    """Copies of the files that image models made, in a folder of the replay's own, and stand-ins
    for the models."""
    from ...tools.images.backends.stand_ins import stand_ins

    lab.evidence.folder = folder
    for path in sorted(folder_of(transcript.path).glob("*.png")):
        copyfile(path, folder / path.name)
    lab.backends = stand_ins(folder, [item.data for item in transcript.evidence.values()])


def _register() -> None:
    """Imports what registers tools and actions."""
    from ...tools import instruments as _tools  # noqa: F401
    from .. import actions  # noqa: F401


class _AskedLLM(Exception):  # noqa: N818
    """A tool reached for the language model."""


class _NoJudge:
    """Names who judged; what is not kept of its answers is not asked again."""

    def __init__(self, name: str) -> None:
        self.name = name
        register(self)

    def ask(self, statement: str, texts: Sequence[str]) -> NoReturn:
        raise _AskedLLM("judged")


class _NoLLM:
    """Stands where a language model was, so that tools offer what they offered."""

    def __getattr__(self, name: str) -> NoReturn:
        raise _AskedLLM(name)
