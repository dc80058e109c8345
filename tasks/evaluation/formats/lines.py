"""JSON values out of bytes that may be damaged: each with its line, or why that line is none.

1. The encoding: UTF-8 a line at a time, so that one bad line costs itself; UTF-16 by its mark.
2. A file whose first line is a whole JSON value is read line by line.
3. Any other is read as a sequence of values, or as one array, value by value: what stands before
   the place where it breaks off is kept.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ....tools.errors import UsageError
from ....tools.io.files import read_whole

MOST_BYTES = 1 << 30
_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class Line(NamedTuple):
    """A JSON value and the line that it begins on."""

    number: int
    value: Any


class Bad(NamedTuple):
    """A line that holds no JSON value."""

    number: int
    reason: str


def read_bytes(path: Path) -> tuple[bytes, str | None]:
    """A file's bytes, unpacked where it ends in `.gz`; and what is wrong where it breaks off.

    Raises:
        UsageError: if it cannot be read or is too large.
    """
    try:
        raw = read_whole(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    damage = None
    if raw[:2] == b"\x1f\x8b":
        raw, damage = _unpacked(raw)
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; split it")
    return raw, damage


def values(data: bytes) -> Iterator[Line | Bad]:
    """The JSON values of a file in order."""
    lines = list(_lines(data))
    filled = [line for line in lines if isinstance(line, Bad) or line.value.strip()]
    first = next((line for line in filled if isinstance(line, Line)), None)
    if first is not None and _whole(first.value) is None:
        text = "".join(line.value if isinstance(line, Line) else "\n" for line in lines)
        sequence = list(_sequence(text))
        if any(isinstance(item, Line) for item in sequence) or len(filled) == 1:
            yield from (line for line in lines if isinstance(line, Bad))
            yield from sequence
            return
    for line in filled:
        if isinstance(line, Bad):
            yield line
            continue
        whole = _whole(line.value)
        if whole is None:
            yield Bad(line.number, "not JSON, or broken off")
        elif isinstance(whole[0], list) and len(filled) == 1:
            yield from _sequence(line.value)  # a whole array on one line
        else:
            yield Line(line.number, whole[0])


def _lines(data: bytes) -> Iterator[Line | Bad]:
    """Every line as text with its line end; a line that is not UTF-8 as a fault."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
        yield from (Line(at, line) for at, line in enumerate(text.splitlines(True), 1))
        return
    for number, raw in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        try:
            yield Line(number, raw.decode("utf-8") + "\n")
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            yield Bad(number, f"not UTF-8: byte 0x{byte:02x} at position {error.start + 1}")


def _whole(text: str) -> tuple[Any] | None:
    """The JSON value that the text is, in a tuple; None where it is none."""
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return None


def _sequence(text: str) -> Iterator[Line | Bad]:
    """Values one after the other, or the elements of one array, up to where they break off."""
    at = _SPACE.match(text).end()  # type: ignore[union-attr]
    inside = text[at : at + 1] == "["
    at += inside
    line, counted = 1, 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text):
            if inside:
                yield Bad(line, "the array breaks off here")
            return
        if inside and text[at] == "]":
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield Bad(line, "not JSON from here on, or broken off")
            return
        yield Line(line, value)
        at = end


def _unpacked(raw: bytes) -> tuple[bytes, str | None]:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    result: list[bytes] = []
    size = 0
    try:
        while raw and size <= MOST_BYTES:
            part = unpacker.decompress(raw, MOST_BYTES + 1 - size)
            result.append(part)
            size += len(part)
            raw = unpacker.unconsumed_tail or unpacker.unused_data
            if unpacker.eof and raw[:2] == b"\x1f\x8b":  # several members one after the other
                unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            elif unpacker.eof or not part:
                break
    except (zlib.error, gzip.BadGzipFile):
        return b"".join(result), "the compressed file is damaged from here on"
    return b"".join(result), None if unpacker.eof else "the compressed file breaks off here"
