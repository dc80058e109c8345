"""Reads a file or a folder of descriptions; what cannot be used is named, the rest is kept."""

import os
from collections.abc import Iterator
from pathlib import Path

from ....tools.errors import UsageError
from ....tools.models.target import Target
from ....tools.models.unit import Unit
from .given import Given, Imported, Place, Problem, SiteTemplate
from .lines import Bad, Line, read_bytes, values
from .records import is_delphi, of_delphi, of_record

_ENDS = (".jsonl", ".json", ".jsonl.gz", ".json.gz")


def read_descriptions(path: Path, site: SiteTemplate) -> Imported:
    """The descriptions of a file, of a delphi run or of a folder of either.

    Raises:
        UsageError: if there is nothing to read.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}")
    result = Imported()
    if not path.is_dir():
        _read_file(path, path.name, site, result, inside=False)
        return result
    files = list(_files(path / "explanations" if (path / "explanations").is_dir() else path))
    if not files:
        raise UsageError(
            f"{path} holds no descriptions: no .jsonl or .json, no MODULE_latentN.txt of delphi"
        )
    for name, file in files:
        _read_file(file, name, site, result, inside=True)
    return result


def matched(imported: Imported, target: Target) -> tuple[list[tuple[Given, Unit]], list[Problem]]:
    """The descriptions of units that the target has, and every problem in the order of the file.

    A unit keeps the first description of each method.
    """
    problems = list(imported.problems)
    kept: dict[tuple[Unit, str], Given] = {}
    result = []
    for given in imported.given:
        try:
            unit = target.unit(given.unit)
        except UsageError as error:
            problems.append(Problem(given.place, str(error)))
            continue
        first = kept.setdefault((unit, given.method), given)
        if first is given:
            result.append((given, unit))
        else:
            problems.append(
                Problem(given.place, f"{unit} has a description already, on {first.place}")
            )
    return result, sorted(problems, key=lambda item: (item.place.file or "", item.place.line))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files with descriptions in a folder and below it, by name."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if is_delphi(name) or name.endswith(_ENDS):
                file = Path(at, name)
                yield str(file.relative_to(folder)), file


def _read_file(
    path: Path, name: str, site: SiteTemplate, result: Imported, *, inside: bool
) -> None:
    shown = name if inside else None
    data, damage = read_bytes(path)
    last = 0
    for item in values(data):
        place = Place(item.number, shown)
        last = item.number
        if isinstance(item, Bad):
            result.problems.append(Problem(place, item.reason))
            continue
        try:
            result.given += _of(item, path.name, place, site)
        except ValueError as error:
            result.problems.append(Problem(place, str(error)))
    if damage is not None:
        result.problems.append(Problem(Place(last + 1, shown), damage))
    elif last == 0:
        result.problems.append(Problem(Place(1, shown), "the file is empty"))


def _of(item: Line, name: str, place: Place, site: SiteTemplate) -> list[Given]:
    if is_delphi(name) and isinstance(item.value, str):
        return [of_delphi(name, item.value, place, site)]
    return of_record(item.value, place, site)
