"""Runs a recorded investigation again and says which results differ.

1. The header names the target, the corpus and the cut of the windows. All are made again, and their
   fingerprint, hash and token count are compared: another model or other data is said, not run.
2. Every tool call is made again, in order, with the recorded arguments. Randomness depends on the
   seed and the evidence id alone, so each call sees the draws that it saw.
3. Payloads are compared, not texts: words and whole numbers exactly, fractions within a tolerance.
   Measured inputs are compared in the recorded order or, where near ties changed it, by input.
   Keys that a later version adds to a payload are no difference, and are named.

A call that asked a language model cannot be repeated: its recorded result stands in for it. Calls
that a program made stand before it and are made again like all others; the program is then run
again on their recorded results, in the sandbox, and must make the same calls and give the same.
Pictures that were drawn are drawn again; those that an image model made are taken from their files.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeGuard

from ...tools.errors import UsageError
from ...tools.evidence import Evidence
from ...tools.io.shapes import check
from ...tools.models.trust import Named, sealed
from ...tools.predicates.judging import register
from .pictures import folder_of
from .record import Transcript, names, read
from .shape import Replayed

if TYPE_CHECKING:
    from ...tools.lab import Lab
    from ...tools.models import Target

RELATIVE, ABSOLUTE = 1e-3, 1e-4
DATA_VARIABLE = "NEUROSCRIBE_TEST_DATA"
_IGNORED = {"seconds", "refused"}  # `refused` says in words what was left out
_ABSENT = "(absent)"
_SHOWN = 20  # differences kept of one call


class Difference(NamedTuple):
    """One place of one payload where the replay gave something else."""

    evidence: str
    tool: str
    path: str
    """Where in the payload: `stats.mean`, `measured[3].activations[7]`."""
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.evidence} {self.tool}: {self.path} was {_brief(self.recorded)}, "
            f"is {_brief(self.replayed)}"
        )


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
        raise UsageError(_another("model", transcript.header["target"], lab.target.fingerprint))
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
        differing.extend(_compared(recorded, again))
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


def rebuild(
    transcript: Transcript,
    *,
    target: "Target | str | None" = None,
    data: str | None = None,
    trust_remote_code: bool = False,
) -> "Lab":
    """The lab that a transcript was recorded on, made again from its header.

    What the header names is loaded as far as `tools/models/trust.py` allows.

    Raises:
        UsageError: if something cannot be loaded, may not be, or is another than the recorded one.
    """
    from ...tools.data.image_rows import image_rows
    from ...tools.data.pictures import ImageCorpus
    from ...tools.data.sources import load_corpus
    from ...tools.data.windows import cut
    from ...tools.lab import Lab
    from ...tools.models import Target
    from ...tools.models.text_reader import load_text_reader
    from ...tools.predicates.readers import load_reader

    header = check(transcript.header, Replayed, f"{transcript.path} line 1")
    said, source, windows = header["target"], header["corpus"], header["windows"]
    length, rows, tokens = (windows[key] for key in ("length", "rows", "tokens"))
    most = windows.get("most_tokens")
    seed, fingerprint, known = header["seed"], said["fingerprint"], source["hash"]
    spec = source["spec"]
    named = Named(transcript.path, sealed(names(header), header.get("seal")))
    if not isinstance(target, Target):
        options = named.options(said.get("options") or {}, given=target, code=trust_remote_code)
        where = find(target or named.target(said["name"]), beside=transcript.path)
        target = Target.load(where, **options)
    if not target.is_known_as(fingerprint):
        raise UsageError(_another("model", said, target.fingerprint))
    where = find(data or named.data(spec), beside=transcript.path)
    options = source.get("options") or {}
    known_options = signature(load_corpus).parameters.keys() - {"spec", "target"}
    options = {key: value for key, value in options.items() if key in known_options}
    corpus = load_corpus(where, target=target, **options)
    if corpus.hash != known:
        raise UsageError(_another("corpus", {"name": spec, "fingerprint": known}, corpus.hash))
    explore: Any
    text_reader: Target | None = None
    if isinstance(corpus, ImageCorpus):
        spec = named.reader(header.get("reader"))
        reader = None if spec is None else load_reader(spec)
        pictures = corpus.splits(least=1).explore.pictures[:most]  # type: ignore[attr-defined]
        explore = image_rows(target, pictures, reader=reader)
    else:
        explore = cut(target, corpus.splits(least=1).explore, length=length, most_tokens=most)
        spec = named.reader(header.get("reader"))
        text_reader = None if spec is None else load_text_reader(spec, target)
    found = (len(explore), int(explore.counted.sum()))
    if found != (rows, tokens):
        raise UsageError(
            f"the windows are cut differently: {rows} with {tokens} tokens were recorded, "
            f"here are {found[0]} with {found[1]}; was it another tokenizer or version?"
        )
    return Lab(target, explore, seed=seed, reader=text_reader)


def find(name: str, *, beside: Path) -> str:
    """Where a recorded path lies on this machine; names that are no paths stay as they are.

    Tried in turn: the working folder, the folders above the transcript, and the folder that the
    environment variable NEUROSCRIBE_TEST_DATA names.
    """
    prefix, colon, rest = name.rpartition(":")  # file.py:factory, data.jsonl:field
    for base, tail in ((name, ""), (prefix, colon + rest)):
        if not base or (os.sep not in base and "/" not in base and not Path(base).exists()):
            continue
        for folder in ("", *beside.resolve().parents, os.environ.get(DATA_VARIABLE)):
            if folder is None:
                continue
            tries = [Path(folder) / base]
            if folder == os.environ.get(DATA_VARIABLE):
                tries += [Path(folder, *Path(base).parts[-n:]) for n in (3, 2, 1)]
            for path in tries:
                if path.exists():
                    return f"{path}{tail}"
    return name


def differences(recorded: Any, replayed: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walks two payloads side by side and gives each place where they differ.

    Keys that only the replayed one has are left to `keys_added`.
    """
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key, value in recorded.items():
            if key not in _IGNORED:
                yield from differences(value, replayed.get(key, _ABSENT), _inner(path, key))
    elif _is_list(recorded) and _is_list(replayed):
        if len(recorded) != len(replayed):
            yield f"{path} (length)", len(recorded), len(replayed)
            return
        for i, (one, other) in enumerate(zip(recorded, _aligned(recorded, replayed), strict=True)):
            yield from differences(one, other, f"{path}[{i}]")
    elif not _equal(recorded, replayed):
        yield path or "(all)", recorded, replayed


def keys_added(recorded: Any, replayed: Any, path: str = "") -> Iterator[str]:
    """Where a replayed payload has keys that the recorded one lacks, places in lists left out."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key, value in replayed.items():
            if key in recorded:
                yield from keys_added(recorded[key], value, _inner(path, key))
            elif key not in _IGNORED:
                yield _inner(path, key)
    elif _is_list(recorded) and _is_list(replayed) and len(recorded) == len(replayed):
        for one, other in zip(recorded, replayed, strict=True):
            yield from keys_added(one, other, f"{path}[]")


def _inner(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _compared(recorded: Evidence, again: Evidence) -> list[Difference]:
    found: list[tuple[str, Any, Any]]
    if (recorded.error is None) != (again.error is None):
        found = [("error", recorded.error, again.error)]
    else:
        found = list(differences(recorded.data, again.data))
    return [Difference(recorded.id, recorded.tool, *item) for item in found[:_SHOWN]]


def _aligned(recorded: Sequence[Any], replayed: Sequence[Any]) -> Sequence[Any]:
    """The replayed inputs in the recorded order, where both lists hold the same inputs."""
    keys = [_input(item) for item in recorded]
    others = [_input(item) for item in replayed]
    if keys == others or None in keys or len(set(keys)) < len(keys) or set(keys) != set(others):
        return replayed
    by_key = dict(zip(others, replayed, strict=True))
    return [by_key[key] for key in keys]


def _input(item: Any) -> tuple[Any, ...] | None:
    if not isinstance(item, Mapping) or not {"window", "text", "recipe"} & set(item):
        return None
    return tuple(str(item.get(name)) for name in ("unit", "window", "text", "recipe"))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        if isinstance(one, int) and isinstance(other, int):
            return one == other
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return one == other


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def _register() -> None:
    """Imports what registers tools and actions."""
    from ...tools import instruments as _tools  # noqa: F401
    from .. import actions  # noqa: F401


def _another(what: str, said: Mapping[str, Any], found: str) -> str:
    option = {"model": "--target", "corpus": "--data"}[what]
    return (
        f"the {what} is another than the recorded one: '{said['name']}' was "
        f"{said['fingerprint']}, here it is {found}; name the right one with {option}"
    )


def _brief(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


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
