"""Makes the lab of a recorded investigation again, from the header of its transcript.

Target, corpus and the cut of the windows are made again, and their fingerprint, hash and token
count are compared with the recorded ones: another model or other data is said, not run.
"""

import os
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tools.errors import UsageError
from ...tools.io.shapes import check
from ...tools.models.spec import Spec, split
from ...tools.models.trust import Named, sealed
from .record import Transcript, names
from .shape import Replayed

if TYPE_CHECKING:
    from ...tools.lab import Lab
    from ...tools.models import Target

DATA_VARIABLE = "NEUROSCRIBE_TEST_DATA"


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
    from ...tools.data.special import checked_special
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
        raise UsageError(another("model", said, target.fingerprint))
    where = find(data or named.data(spec), beside=transcript.path)
    options = source.get("options") or {}
    known_options = signature(load_corpus).parameters.keys() - {"spec", "target"}
    options = {key: value for key, value in options.items() if key in known_options}
    corpus = load_corpus(where, target=target, **options)
    if not corpus.is_known_as(known):
        raise UsageError(another("corpus", {"name": spec, "fingerprint": known}, corpus.hash))
    target.special = checked_special(windows.get("special") or "skip")
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
    fields = header.get("fields") is True
    return Lab(target, explore, seed=seed, reader=text_reader, fields=fields)


def find(name: str, *, beside: Path) -> str:
    """Where a recorded path lies on this machine; names that are no paths stay as they are.

    Tried in turn: the working folder, the folders above the transcript, and the folder that the
    environment variable NEUROSCRIBE_TEST_DATA names.
    """
    model, weights, dictionaries = split(name)
    if weights is not None or dictionaries:
        at = [one.rpartition("=") for one in dictionaries]
        folders = tuple(f"{site}{sign}{find(path, beside=beside)}" for site, sign, path in at)
        file = None if weights is None else find(weights, beside=beside)
        return str(Spec(find(model, beside=beside), file, folders))
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


def another(what: str, said: Mapping[str, Any], found: str) -> str:
    """Says that a model or a corpus is not the recorded one, and what to do."""
    option = {"model": "--target", "corpus": "--data"}[what]
    return (
        f"the {what} is another than the recorded one: '{said['name']}' was "
        f"{said['fingerprint']}, here it is {found}; name the right one with {option}"
    )
