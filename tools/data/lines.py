"""Records of `.jsonl` and `.csv` files: a text, and what else is said of it."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError, nearest
from .fields import Value, settled, usable


class Line(NamedTuple):
    """One record."""

    text: str
    more: Mapping[str, Any]
    """Its other fields."""


def read_jsonl(text: str, path: Path, field: str) -> Iterator[Line]:
    """The lines of a `.jsonl` file.

    Raises:
        UsageError: if one is no JSON, or lacks the field.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                item = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise UsageError(f"{path} line {number} is not valid JSON: {error}") from error
            content = text_of(item, field, f"{path} line {number}")
            more = item if isinstance(item, dict) else {}
            yield Line(content, {key: value for key, value in more.items() if key != field})


def read_csv(text: str, path: Path, field: str) -> Iterator[Line]:
    """The rows of a `.csv` file, whose first line names the columns; a column of numbers holds
    numbers.

    Raises:
        UsageError: if there is no such column, or a row has another number of cells.
    """
    table = csv.reader(io.StringIO(text), strict=True)
    try:
        head, *rows = [row for row in table if row]
    except csv.Error as error:
        raise UsageError(f"{path} line {table.line_num} is no CSV: {error}") from error
    if field not in head:
        raise UsageError(
            f"{path} has no column '{field}'; it has: {', '.join(head)[:200]}; name the one with "
            f"the text: {path.name}:COLUMN"
        )
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise UsageError(f"{path} row {number} has {len(row)} cells, its head {len(head)}")
    columns = {name: _typed([row[i] for row in rows]) for i, name in enumerate(head)}
    for i, row in enumerate(rows):
        more = {name: cells[i] for name, cells in columns.items() if name != field}
        yield Line(row[head.index(field)], more)


def shared_fields(lines: Sequence[Line]) -> list[dict[str, Value]]:
    """The fields that all lines have as numbers, words or lists of these; others are left out."""
    first = lines[0].more if lines else {}
    names = [name for name in first if all(usable(line.more.get(name)) for line in lines)]
    return [{name: settled(line.more[name]) for name in names} for line in lines]


def text_of(item: Any, field: str, where: str) -> str:
    """The text of one record.

    Raises:
        UsageError: if the field is missing (names the fields there are) or is not text.
    """
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        raise UsageError(f"{where} is a {type(item).__name__}, not an object with a text field")
    if field not in item:
        there = ", ".join(map(str, item)) or "none"
        close = nearest(field, [key for key, value in item.items() if isinstance(value, str)])
        hint = f"; did you mean {close}?" if close else ""
        raise UsageError(f"{where} has no field '{field}'; it has: {there}{hint}")
    if not isinstance(item[field], str):
        raise UsageError(f"{where}: field '{field}' holds a {type(item[field]).__name__}, not text")
    return item[field]


def _typed(cells: Sequence[str]) -> Sequence[Value]:
    """A column as numbers where all cells are some."""
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return cells
    return [int(number) if number.is_integer() else number for number in numbers]
