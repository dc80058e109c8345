"""`builtin:pydocs`: the docstrings of the installed Python standard library, as real prose.

1. Walk the sources of the standard library in sorted order and parse each; nothing is imported.
2. The docstrings of a module and its functions are one document, those of a class and its methods
   another; a class with little to say joins its module.
3. Interactive sessions and ruled lines are dropped, the lines of a paragraph are joined, and a
   paragraph that an earlier document had already (`Return a copy.`) is not taken twice.
"""

import ast
import inspect
import os
import re
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .corpus import Document
from .files import grouped

_SKIPPED = {
    "__pycache__",
    "dist-packages",
    "encodings",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
}
_ALONE = 60  # words that a class needs for a document of its own
_LEAST = 20  # words of a document
_MOST = 1000  # about as many words as a document has at most
_RULE = re.compile(r"[\W_]*")


def pydocs(folder: Path | None = None) -> list[Document]:
    """The documents, in the order of the modules.

    Args:
        folder: Where the sources lie; the running Python's standard library by default.
    """
    return list(_read(folder or Path(sysconfig.get_path("stdlib"))))


@cache
def _read(root: Path) -> tuple[Document, ...]:
    seen: set[str] = set()
    documents: list[Document] = []
    for path in _sources(root):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for title, docstrings in _groups(path):
            paragraphs = [
                paragraph
                for docstring in docstrings
                for paragraph in _paragraphs(docstring)
                if paragraph not in seen
            ]
            paragraphs = list(dict.fromkeys(paragraphs))
            seen.update(paragraphs)
            identifier = f"{name}.{title}" if title else name
            pieces = (text for text in grouped(paragraphs, _MOST) if len(text.split()) >= _LEAST)
            for number, text in enumerate(pieces):
                documents.append(Document(f"{identifier}#{number}" if number else identifier, text))
    return tuple(documents)


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        if Path(folder) == root:  # the platform's build folder holds generated tables
            folders[:] = [name for name in folders if not name.startswith(("config-", "lib-"))]
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith("_sysconfigdata"):
                yield Path(folder) / name


def _groups(path: Path) -> list[tuple[str, list[str]]]:
    """Docstrings by title: the module's own under `""`, then one group for each talkative class."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    own: list[str] = []
    classes: list[tuple[str, list[str]]] = []

    def visit(node: ast.AST, into: list[str]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                into.extend(_docstring(child))
                visit(child, into)
            elif isinstance(child, ast.ClassDef):
                group = _docstring(child)
                visit(child, group)
                if sum(len(text.split()) for text in group) >= _ALONE:
                    classes.append((child.name, group))
                else:
                    into.extend(group)
            elif isinstance(child, (ast.If, ast.Try, ast.With)):
                visit(child, into)

    own.extend(_docstring(tree))
    visit(tree, own)
    return [("", own), *classes]


def _docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> list[str]:
    text = ast.get_docstring(node, clean=False)
    return [text] if text else []


def _paragraphs(docstring: str) -> Iterator[str]:
    for block in re.split(r"\n[ \t]*\n", inspect.cleandoc(docstring)):
        lines = [line.rstrip() for line in block.split("\n")]
        if any(line.lstrip().startswith((">>>", "...")) for line in lines):
            continue
        lines = [line for line in lines if line and not _RULE.fullmatch(line)]
        if len(" ".join(lines).split()) < 3:
            continue
        flush = all(not line[0].isspace() for line in lines)
        yield " ".join(lines) if flush else "\n".join(lines)
