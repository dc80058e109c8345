"""`words.jsonl` of a run folder: what a judge could do with the words of each label; and
`components.jsonl`, the same of each component.

One line a unit and judge, each forced to the disk. A line belongs to the label that it was asked
about: after a unit is labelled again it counts no more. What is shown of a run is what the judge
said who was asked last.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from ...tools.evidence import plain
from ...tools.io.files import read_whole
from ..runs.disk import append_line
from .folder import shaped

FILE = "words.jsonl"
COMPONENTS = "components.jsonl"
FORMAT = 1


class _Share(TypedDict):
    value: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    n: NotRequired[int]


class _Rival(TypedDict, total=False):
    label: str
    run: str
    unit: str
    planner: str
    pairs: _Share | None
    auroc: _Share | None
    retrieval: dict[str, Any] | None


class WordsLine(TypedDict):
    """A line of `words.jsonl`, as far as it is shown."""

    format: int
    unit: str
    label: str
    judge: str
    form: NotRequired[int]
    """Of how places were shown to the judge; 1 where it is absent."""
    shown: NotRequired[str]
    pairs: NotRequired[_Share | None]
    auroc: NotRequired[_Share | None]
    rank: NotRequired[_Share | None]
    degrees: NotRequired[dict[str, float]]
    shuffled: NotRequired[_Rival | None]
    against: NotRequired[_Rival | None]
    retrieval: NotRequired[dict[str, Any] | None]
    control: NotRequired[dict[str, float] | None]
    reason: NotRequired[str | None]
    warnings: NotRequired[list[str]]


class _Component(TypedDict):
    words: str
    predictor: dict[str, Any]
    unnamed: bool | None
    auroc: NotRequired[_Share | None]
    reason: NotRequired[str | None]


class ComponentsLine(TypedDict):
    """A line of `components.jsonl`, as far as it is shown."""

    format: int
    unit: str
    label: str
    judge: str
    components: list[_Component]
    control: NotRequired[dict[str, float] | None]
    warnings: NotRequired[list[str]]


_SHAPES = {FILE: WordsLine, COMPONENTS: ComponentsLine}


def read_lines(
    folder: Path, faults: list[str] | None = None, *, file: str = FILE
) -> list[dict[str, Any]]:
    """The whole lines of a folder's file; empty where there is none.

    Args:
        folder: The run folder.
        faults: Gets a sentence for each line that is left out.
        file: `FILE` or `COMPONENTS`.
    """
    path = folder / file
    try:
        content = read_whole(path)
    except FileNotFoundError:
        return []
    lines = []
    for number, raw in enumerate(content.splitlines(), 1):
        line = shaped(raw, _SHAPES[file])
        if isinstance(line, dict) and line["format"] > FORMAT:
            line = "it was made by a later version of neuroscribe"
        if isinstance(line, dict):
            lines.append(line)
        elif faults is not None:
            faults.append(f"{path} line {number}: {line}; it is left out")
    return lines


def append(folder: Path, line: Mapping[str, Any], *, file: str = FILE) -> None:
    """Adds a line and forces it to the disk; a torn line before it is closed.

    Raises:
        DiskFullError: if there is no room.
    """
    path = folder / file
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    text = json.dumps(plain({"format": FORMAT, **line}), ensure_ascii=False, allow_nan=False)
    append_line(path, b"\n" * torn + text.encode("utf-8", "backslashreplace") + b"\n")


def by_unit(lines: list[dict[str, Any]], labels: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The lines of the judge who was asked last, by unit, where the label is still the same."""
    if not lines:
        return {}
    judge = lines[-1]["judge"]
    return {
        line["unit"]: {key: value for key, value in line.items() if key != "places"}
        for line in lines
        if line["judge"] == judge and labels.get(line["unit"]) == line["label"]
    }


def same_components(line: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether a line of `components.jsonl` is about the components that a unit has now."""
    asked, now = (
        [(one.get("words"), one.get("predictor")) for one in of.get("components") or ()]
        for of in (line, record)
    )
    return asked == now


def counted(components: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many components have words that the judge can use, have not, and were not judged."""
    said = [one.get("unnamed") for one in components]
    return {
        "named": said.count(False),
        "unnamed": said.count(True),
        "not judged": said.count(None),
    }


def with_names(record: Mapping[str, Any], lines: list[dict[str, Any]]) -> Mapping[str, Any]:
    """A unit's record whose components say what the judge who was asked last made of them.

    Args:
        record: As it was labelled.
        lines: Of `components.jsonl`.
    """
    mine = [
        line
        for line in lines
        if line["unit"] == record.get("unit") and line["judge"] == lines[-1]["judge"]
    ]
    if not mine or not same_components(mine[-1], record):
        return record
    components = [
        {**part, "unnamed": said["unnamed"], "words_auroc": (said.get("auroc") or {}).get("value")}
        if said["unnamed"] is not None
        else part
        for part, said in zip(record["components"], mine[-1]["components"], strict=True)
    ]
    return {**record, "components": components}
