"""Corpora from files: `.txt`, `.jsonl`, `.csv`, and folders of them.

1. Read the bytes as UTF-8; what is empty, binary or in another encoding is refused with the reason.
2. A `.txt` file with blank lines is cut there into blocks, and blocks are grouped into documents of
   about 1,000 words. A block that is far too long is cut at line ends, or between words. Without a
   blank line its lines are records: each is a document.
3. A `.jsonl` line, or a row of a `.csv`, is one document: the text under one field. The other
   fields that all of them have are kept beside it (`fields.py`).
4. Where the splits of what is kept would have too few documents, documents are cut smaller.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import UsageError
from ..io.files import read_whole
from ..io.user_code import is_code
from .corpus import Corpus, Document
from .lines import read_csv, read_jsonl, shared_fields

WORDS = 1000
"""Words of a document that is cut from a `.txt` file."""
SHORTEST = 25
"""Words of the smallest document that a text is cut into: about half a window of 64 tokens."""
RECORDS = ("lines", "blocks")
"""What a record of a `.txt` file is: a line, or blocks between blank lines."""
SUFFIXES = (".txt", ".jsonl", ".csv")


def read_path(
    path: Path, *, field: str | None = None, records: str | None = None
) -> list[Document]:
    """The documents of a `.txt`, `.jsonl` or `.csv` file, or of a folder of them.

    Args:
        path: The file or folder.
        field: The field or column that holds the text; `text` by default.
        records: `lines` or `blocks`: what the documents of a `.txt` file are; None: lines where it
            has no blank line.

    Raises:
        UsageError: if it is unreadable, empty, binary, wrongly encoded, or lacks the field.
    """
    if records is not None and records not in RECORDS:
        raise UsageError(f"--records '{records}' is not {' or '.join(RECORDS)}")
    if not path.is_dir():
        return _read_file(path, path.name, field, records)
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in SUFFIXES)
    if not files:
        raise UsageError(f"folder {path} holds no .txt, .jsonl or .csv file")
    documents: list[Document] = []
    for file in files:
        if file.stat().st_size:
            documents += _read_file(file, str(file.relative_to(path)), field, records)
    if not documents:
        raise UsageError(f"every file in folder {path} is empty")
    return documents


def _read_file(path: Path, name: str, field: str | None, records: str | None) -> list[Document]:
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} is not a .txt, .jsonl or .csv file or a folder of them")
    text = read_text(path)
    field = field or "text"
    if path.suffix == ".txt":
        documents = [Document("", item) for item in _records(text, records)]
    else:
        read = read_csv if path.suffix == ".csv" else read_jsonl
        lines = [line for line in read(text, path, field) if line.text.strip()]
        more = shared_fields(lines)
        documents = [Document("", *one) for one in zip([x.text for x in lines], more, strict=True)]
    if not documents:
        raise UsageError(f"{path} is empty: it holds no text")
    return [one._replace(id=f"{name}/{i}") for i, one in enumerate(documents)]


def readable(spec: str) -> str:
    """The corpus that was named, where a planner may read it: it may be a model elsewhere, led by
    what stands in a text, and is not to read all files of a person.

    Raises:
        UsageError: for code, a dataset of the hub, and files outside the working folder.
    """
    given = spec.strip()
    kind = given.partition(":")[0].lower()
    if is_code(given):
        raise UsageError(f"{given[:60]} is Python code, which is not run here; name it with --data")
    if kind == "hf":
        raise UsageError(
            f"{given[:60]} would have to be fetched, which this tool does not do; name a "
            "built-in corpus, self:200, a file or a folder"
        )
    if kind not in ("builtin", "self"):
        inside = Path(given).expanduser().resolve().is_relative_to(Path.cwd().resolve())
        if not inside:
            raise UsageError(
                f"{given[:60]} lies outside the working folder; this tool reads files of that alone"
            )
    return given


def read_texts(path: Path) -> list[str]:
    """The texts of a file: one a line, or the records of a `.jsonl` or `.csv`.

    Raises:
        UsageError: if there is no such file, or no text in it.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}; give one with a text a line, or a .jsonl")
    if path.suffix in (".jsonl", ".csv"):
        return [document.text for document in read_path(path)]
    return [line for line in read_text(path).split("\n") if line.strip()]


def read_text(path: Path) -> str:
    """A file as text.

    Raises:
        UsageError: if it cannot be read, is empty, binary, or not UTF-8.
    """
    try:
        raw = read_whole(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if not raw.strip():
        raise UsageError(f"{path} is empty: it holds no text")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path} is UTF-16; write it as UTF-8: iconv -f UTF-16 -t UTF-8")
    if b"\0" in raw:
        raise UsageError(f"{path} is binary (byte {raw.index(0)} is zero), not text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 (byte 0x{raw[error.start]:02x} at offset {error.start}); "
            "convert it, for example: iconv -f LATIN1 -t UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(text: str, records: str | None) -> Iterator[str]:
    """The documents of a `.txt` file."""
    lines = [line for line in text.split("\n") if line.strip()]
    blank = re.search(r"\n[^\S\n]*\n", text.strip())
    if records == "lines" or (records is None and not blank and len(lines) > 1):
        yield from lines
    else:
        yield from documents_of(text)


def documents_of(text: str, words: int = WORDS) -> Iterator[str]:
    """Groups blank-line blocks into documents of about `words` words."""
    blocks = [block for block in re.split(r"\n[^\S\n]*\n\s*", text) if block.strip()]
    return grouped((part for block in blocks for part in _parts(block.strip("\n"), words)), words)


def grouped(texts: Iterable[str], words: int) -> Iterator[str]:
    """Texts in a row as one, up to the one that brings it to `words` words."""
    group: list[str] = []
    size = 0
    for text in texts:
        group.append(text)
        size += len(text.split())
        if size >= words:
            yield "\n\n".join(group)
            group, size = [], 0
    if group:
        yield "\n\n".join(group)


def made_smaller(
    documents: Sequence[Document], kept: Callable[[Sequence[Document]], Corpus]
) -> Corpus:
    """A corpus whose documents are cut in half until every split has enough of them.

    Args:
        documents: All documents that were read.
        kept: Makes the corpus of them, within a limit of tokens.

    Returns:
        The corpus; with too few documents still where none longer than `SHORTEST` words is left.
    """
    corpus = kept(documents)
    sizes = [len(item.text.split()) for item in corpus.documents]
    words = sum(sizes) // max(1, len(sizes))
    while corpus.too_few and words > SHORTEST:
        words = max(SHORTEST, words // 2)
        parts = [(item, list(_smaller(item, words))) for item in documents]
        corpus = kept(
            [
                item if len(texts) == 1 else Document(f"{item.id}.{number}", text, item.fields)
                for item, texts in parts
                for number, text in enumerate(texts)
            ]
        )
        corpus.remarks = (
            f"{corpus.name}: cut into {len(corpus):,} documents of about {words} words, so that "
            f"every split has at least {corpus.least}",
        )
    return corpus


def _smaller(document: Document, words: int) -> Iterator[str]:
    """A document in parts; one that has a value a token stays whole."""
    if any(isinstance(value, tuple) for value in document.fields.values()):
        yield document.text
    else:
        yield from documents_of(document.text, words)


def _parts(block: str, words: int) -> Iterator[str]:
    """A block, cut where it is more than twice too long: at line ends, else between words."""
    if len(block.split()) <= 2 * words:
        yield block
        return
    pieces = block.split("\n")
    if len(pieces) == 1:
        pieces = re.findall(r"\s*\S+", block)
        glue = ""
    else:
        glue = "\n"
    group: list[str] = []
    size = 0
    for piece in pieces:
        n = len(piece.split())
        if n > 2 * words:
            if group:
                yield glue.join(group)
            group, size = [], 0
            yield from _parts(piece, words)
            continue
        group.append(piece)
        size += n
        if size >= words:
            yield glue.join(group).strip()
            group, size = [], 0
    if group:
        yield glue.join(group).strip()
