"""Corpora by name: what a person writes after `--data`.

builtin:stories[:N]    N generated stories of everyday life (2,000)
builtin:pydocs         the docstrings of the installed Python standard library
self:N                 N documents sampled from the target language model itself
FILE.txt               blank-line blocks grouped into documents of about 1,000 words or fewer;
                       without a blank line: one document a line
FILE.jsonl[:FIELD]     one document a line, the text under FIELD (`text`)
FILE.csv[:COLUMN]      one document a row, the text under COLUMN (`text`)
FILE.py:NAME[:N]       N examples (2,000) of a function of yours: see `examples.py`
FOLDER                 all .txt, .jsonl and .csv files in it
hf:DATASET[:CONFIG][:SPLIT][:FIELD]    from the Hugging Face hub

For a target that takes pictures:

builtin:scenes[:N]     N drawn scenes, whose content is known (1,000)
FILE.py:NAME[:N]       pictures that a function of yours gives
FOLDER                 all pictures in it and its sub-folders
hf:DATASET[:CONFIG][:SPLIT][:FIELD]    a dataset with a column of pictures
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, nearest
from ..io.user_code import is_code
from .corpus import Corpus, Document
from .files import SUFFIXES, made_smaller, read_path
from .pictures import ImageCorpus
from .windows import clean

BUILTINS = ("pydocs", "stories", "scenes")
STORIES = 2000
"""Stories that `builtin:stories` gives when it names no number."""
SCENES = 1000
"""Pictures that `builtin:scenes` gives when it names no number."""
MOST_STORIES, MOST_SCENES, MOST_SAMPLED = 200_000, 100_000, 100_000
"""Documents that are made at most: 200,000 stories take 35 seconds and have 30 million tokens."""

_MOST_UNREAD = 0.5
"""Of the characters of a corpus: one that the target reads less of was not meant for it."""
_TRIED, _TRIED_LETTERS = 200, 2000  # documents, and letters of each


def load_corpus(
    spec: str,
    *,
    target: Any = None,
    most_tokens: int | None = None,
    field: str | None = None,
    records: str | None = None,
    seed: int = 0,
) -> Corpus:
    """The corpus of that name.

    Args:
        spec: As in the list above.
        target: Needed for `self:N`; where it is given, `most_tokens` counts its own tokens, and a
            folder or dataset is read for pictures or for text, as it takes them.
        most_tokens: Keep about so many tokens: whole documents, chosen by a hash of their text;
            pictures are all kept.
        field: The text field of `.jsonl` lines and datasets, where the spec names none.
        records: `lines` or `blocks`: what the documents of a `.txt` file are; None: told by its
            blank lines.
        seed: Of what is generated, sampled or shuffled.

    Raises:
        UsageError: if there is no such corpus, nothing in it, or pictures for a target that reads
            text, or the reverse; says what to do.
    """
    if is_code(spec):
        return _limited(_examples(spec, target, seed), target, most_tokens)
    pictures = _pictures(spec.strip(), target, field, seed)
    if pictures is not None:
        return pictures
    documents = [
        Document(item.id, clean(item.text), item.fields)
        for item in _documents(spec.strip(), target, most_tokens, field, records, seed)
    ]

    def kept(some: Sequence[Document]) -> Corpus:
        return _limited(Corpus(spec, some), target, most_tokens, documents)

    return _readable(made_smaller(documents, kept), target)


def _readable(corpus: Corpus, target: Any) -> Corpus:
    """The corpus, with a remark where the target leaves characters of it out.

    Raises:
        UsageError: if it leaves out most of them.
    """
    step = max(1, len(corpus) // _TRIED)
    texts = [document.text[:_TRIED_LETTERS] for document in corpus.documents[::step]]
    share, which = unread(getattr(target, "tokenizer", None), texts)
    if share:
        such = ", ".join(map(repr, which[:4]))
        left = f"{corpus.name}: {share:.1%} of its characters, such as {such}, are no tokens of"
        if share > _MOST_UNREAD:
            raise UsageError(f"{left} {target.name}; give --data that it reads")
        corpus.remarks = (*corpus.remarks, f"{left} {target.name} and are left out")
    return corpus


def unread(tokenizer: Any, texts: Sequence[str]) -> tuple[float, list[str]]:
    """The share of the visible characters of texts that a tokenizer of one's own leaves out without
    a sign, and which they are."""
    missed = getattr(tokenizer, "missed", None)
    if missed is None or tokenizer.unk_token_id is not None:
        return 0.0, []
    left = [sign for text in texts for sign in missed(text)]
    visible = sum(not sign.isspace() for text in texts for sign in text)
    return len(left) / max(1, visible), list(dict.fromkeys(left))


def _examples(spec: str, target: Any, seed: int) -> Corpus:
    from .examples import generated

    return generated(spec, target=target, seed=seed)


def _limited(
    corpus: Corpus,
    target: Any,
    most_tokens: int | None,
    documents: Sequence[Document] | None = None,
) -> Corpus:
    """The corpus within a number of tokens; `documents` say how long a token is."""
    if most_tokens is None or isinstance(corpus, ImageCorpus):
        return corpus
    letters = characters_per_token(target, documents or corpus.documents)
    return corpus.limited(round(most_tokens * letters))


def characters_per_token(target: Any, documents: Sequence[Document]) -> float:
    """Measured on some documents; 4 without a tokenizer."""
    tokenizer = getattr(target, "tokenizer", None)
    if documents and getattr(target, "numbers", 0):  # a row is one place
        return sum(len(item.text) for item in documents) / len(documents)
    if tokenizer is None or not documents:
        return 4.0
    step = max(1, len(documents) // 32)
    texts = [item.text[:4000] for item in documents[::step][:32]]
    ids = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return sum(map(len, texts)) / max(1, sum(map(len, ids)))


def _pictures(spec: str, target: Any, field: str | None, seed: int) -> ImageCorpus | None:
    """The corpus, where it is one of pictures; None for text."""
    kind, _, rest = spec.partition(":")
    takes_pictures = getattr(target, "image", None) is not None
    name = getattr(target, "name", "the target")
    if kind == "builtin" and rest.partition(":")[0] == "scenes":
        if target is not None and not takes_pictures:
            raise UsageError(f"{name} reads text and '{spec}' are pictures; give builtin:stories")
        from .scene_pictures import SIDE, scene_corpus, side_for

        digits = rest.partition(":")[2]
        number = _number(digits, spec, MOST_SCENES) if digits else SCENES
        side = SIDE if target is None else side_for(target)
        return scene_corpus(number, seed=seed, side=side, name=spec)
    if kind in ("builtin", "self") and takes_pictures:
        raise UsageError(
            f"{name} takes pictures and '{spec}' is text; give a folder of pictures or "
            "builtin:scenes"
        )
    if kind == "hf":
        from .hub import read_hub_images

        return read_hub_images(rest, field=field, seed=seed) if takes_pictures else None
    path = Path(spec).expanduser()
    if not path.exists():
        return None
    from .image_files import has_images, read_images

    if has_images(path):
        if takes_pictures or (target is None and not _has_text(path)):
            return read_images(path, name=spec)
        if not _has_text(path):
            raise UsageError(
                f"{name} reads text and {spec} holds pictures; give a .txt or .jsonl file, or a "
                "vision model as target"
            )
    elif takes_pictures:
        raise UsageError(
            f"{name} takes pictures and {spec} holds none; give a folder with .jpg, .png or other "
            "pictures, or builtin:scenes"
        )
    return None


def _has_text(path: Path) -> bool:
    return path.is_dir() and any(item.suffix in SUFFIXES for item in path.rglob("*"))


def _documents(
    spec: str,
    target: Any,
    most_tokens: int | None,
    field: str | None,
    records: str | None,
    seed: int,
) -> Sequence[Document]:
    kind, _, rest = spec.partition(":")
    if kind == "builtin":
        return _builtin(rest, seed)
    if kind == "self":
        from .sampled import sample_documents

        n = _number(rest, spec, MOST_SAMPLED)
        return sample_documents(target, n, seed=seed, most_tokens=most_tokens)
    if kind == "hf":
        from .hub import read_hub

        return read_hub(rest, field=field, most_tokens=most_tokens, seed=seed)
    path = Path(spec).expanduser()
    if not path.exists() and ":" in spec:
        before, _, named = spec.rpartition(":")
        if before.endswith((".jsonl", ".csv")) and named:
            path, field = Path(before).expanduser(), named
    if not path.exists():
        raise UsageError(_unknown(spec, path))
    return read_path(path, field=field, records=records)


def _builtin(rest: str, seed: int) -> Sequence[Document]:
    name, _, number = rest.partition(":")
    if name == "pydocs" and not number:
        from .pydocs import pydocs

        return pydocs()
    if name == "stories":
        from .stories import stories

        n = _number(number, f"builtin:{rest}", MOST_STORIES) if number else STORIES
        return [Document(f"stories/{i}", text) for i, text in enumerate(stories(n, seed=seed))]
    if name == "pydocs":
        raise UsageError(
            f"'builtin:{rest}': builtin:pydocs has no number; limit its tokens instead"
        )
    close = nearest(f"builtin:{name}", [f"builtin:{known}" for known in BUILTINS])
    raise UsageError(f"there is no corpus 'builtin:{name}'; nearest: {close}")


def check_made(spec: str) -> None:
    """Refuses a number of documents to make that is none, or too large, before anything is made.

    Raises:
        UsageError: says the most that there may be.
    """
    kind, _, rest = spec.strip().partition(":")
    name, _, number = rest.partition(":")
    if kind == "self":
        _number(rest, spec, MOST_SAMPLED)
    elif kind == "builtin" and number:
        _number(number, spec, MOST_SCENES if name == "scenes" else MOST_STORIES)


def _number(text: str, spec: str, most: int) -> int:
    digits = text.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit()) or not digits.strip("0"):
        raise UsageError(
            f"'{spec}' must end in a number of documents, such as {spec.split(':')[0]}:2000"
        )
    if len(digits) > 12 or int(digits) > most:
        raise UsageError(f"'{spec[:60]}' asks for too many documents: at most {most:,} are made")
    return int(digits)


def _unknown(spec: str, path: Path) -> str:
    if path.suffix in SUFFIXES or "/" in spec:
        folder = path.parent
        there = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        close = nearest(path.name, there)
        return f"there is no file or folder {path}" + (f"; nearest: {close}" if close else "")
    files = ("FILE.txt", "FILE.jsonl", "FILE.csv", "FILE.py:NAME")
    known = [*(f"builtin:{name}" for name in BUILTINS), "self:2000", *files]
    if spec in BUILTINS:
        return f"there is no corpus '{spec}'; did you mean builtin:{spec}?"
    return (
        f"there is no corpus '{spec}'; nearest: {nearest(spec, known)} (or a folder, or hf:DATASET)"
    )
