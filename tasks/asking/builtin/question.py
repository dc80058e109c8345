"""Parses a question: quoted texts, units in any notation, corpora, and what is left as a skeleton.

    which neurons say ' park' behind "They went to the"?   ->   which neurons say TEXT behind TEXT

1. What stands in quotes (', ", “ ”, ‘ ’, `) becomes TEXT; it is data and is never read further,
   unless it is exactly a unit or a corpus.
2. Units become UNIT: `mlp.3/7`, `MLP3/7`, `neuron 7 of layer 3`, `layer 3, neuron 7`, `L3N7`,
   `L2H5`, `mlp[3][7]`, `head 2.5`, `channel 5 of conv 3`, `planted/3`.
3. Corpora become DATA: `builtin:stories`, `self:200`, `laws.txt`, `./pictures/`.
4. Words are lower-cased.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

Kind = Literal[
    "describe", "find", "drive", "change", "compare", "show", "lens", "labels",
    "attend", "why", "check", "sure", "help", "tell", "activity", "alike", "run", "unclear",
    "other",
]  # fmt: skip
LONGEST = 20_000
"""Letters of a question that are read, quoted texts included."""
_MOST_WORDS = 150  # of a question, without what is quoted

_QUOTES = re.compile(
    r"“(?P<a>[^“”]*)”|\"(?P<b>[^\"]*)\"|`(?P<c>[^`]*)`|‘(?P<d>[^‘’]*)’(?!\w)"
    r"|(?<!\w)'(?P<e>[^']*(?:'(?=\w)[^']*)*)'(?!\w)"
)
_KIND = r"(?P<kind>neuron|unit|head|channel|feature|filter|kernel)s?"
_LAYER = r"(?P<where>layer|block|mlp|conv|convolution|head|attention|l)"
_UNITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w/.:])(?P<site>[a-z_][\w.]*(?::in|:out)?)/(?P<index>\d+)(?P<sign>[+-](?!\w))?(?![\w/])",
        rf"\b{_KIND}\s*(?:number\s*|no\.?\s*)?#?(?P<index>\d+)\s*,?\s*(?:of|in|from|at|on)?\s*(?:the\s+)?"
        rf"{_LAYER}[\s.#]*(?:number\s*)?(?P<layer>\d+)",
        rf"\b{_LAYER}[\s.#]*(?:number\s*)?(?P<layer>\d+)\s*(?:'s|[,:./-])?\s*"
        r"(?P<kind>neuron|unit|head|channel|feature|filter|n|h|u)s?\s*#?\.?(?P<index>\d+)(?P<sign>-(?!\w))?\b",
        r"\b(?P<where>mlp|conv|head)\s?\.?\[?(?P<layer>\d+)\]?[\s.:\[,]+(?P<index>\d+)\]?",
        r"\b(?P<kind>head|neuron|channel|unit)\s+(?P<layer>\d+)[./](?P<index>\d+)(?P<sign>-(?!\w))?",
    )
)
_NUMBERED = re.compile(r"(?<![\w/.:])(?P<site>\d[\w.]*)/(?P<index>\d+)(?P<sign>-(?!\w))?(?![\w/])")
"""A unit of a module that has a number for a name, as in `torch.nn.Sequential`."""
_ALONE = re.compile(rf"\b{_KIND}\s*#?(?P<index>\d+)\b", re.IGNORECASE)
_CLASS = re.compile(r"\b(?:class|logit)\s*#?(?P<index>\d+)\b", re.IGNORECASE)
_DATA = re.compile(
    r"(?<![\w/.~-])(?:(?:builtin|self|hf):[\w./:-]*\w|[\w./~-]*\w\.(?:txt|jsonl|csv)(?::\w+)?"
    r"|\.{0,2}/[\w./-]*\w/?)"
)
_WORD = re.compile(r"\S+")
_EDGES = " \t\n.,;:!?()[]{}…—–-¿¡*"


@dataclass(frozen=True)
class Intent:
    """A kind of question with what it names."""

    kind: Kind
    units: tuple[str, ...] = ()
    prompt: str | None = None
    target: str | None = None
    topic: str = ""
    """What units are to respond to, or what labels are to say."""
    words: tuple[str, ...] = ()
    """The same where it was quoted."""
    data: str | None = None
    """A corpus."""
    texts: tuple[str, ...] = ()
    """Texts to check something on."""
    silent: tuple[str, ...] = ()
    """Texts, or the name of their file, from which others are told."""
    sites: tuple[str, ...] = ()
    """Where to look."""
    taken: str = ""
    """What an unclear question was taken to mean; empty where it was clear."""

    def noting(self, note: str) -> "Intent":
        """With a further note on what was taken."""
        return replace(self, taken=f"{self.taken}; {note}" if self.taken else note)


@dataclass(frozen=True)
class Question:
    """A question in pieces."""

    skeleton: str
    """Lower-case words with TEXT, UNIT and DATA for what they stand for."""
    words: tuple[str, ...]
    """The words of the skeleton as they were written; quoted texts in full."""
    texts: tuple[str, ...] = ()
    """Quoted texts, in order."""
    units: tuple[str, ...] = ()
    """Units, in order, each once."""
    data: tuple[str, ...] = ()
    """Corpora."""
    loose: tuple[int, ...] = ()
    """Numbers of units whose layer was not said ("neuron 7")."""

    def original(self, start: int, end: int) -> str:
        """What stands at a stretch of the skeleton, as it was written."""
        first = self.skeleton.count(" ", 0, start)
        last = first + self.skeleton.count(" ", start, end)
        return " ".join(self.words[first : last + 1]).strip(_EDGES)

    def quoted_in(self, start: int, end: int) -> list[str]:
        """The quoted texts in a stretch of the skeleton."""
        before = len(re.findall(r"\bTEXT\b", self.skeleton[:start]))
        count = len(re.findall(r"\bTEXT\b", self.skeleton[start:end]))
        return list(self.texts[before : before + count])


Marks = list[tuple[str, str]]
"""Pieces of a question that were taken out: sort (TEXT, UNIT, DATA) and meaning."""


def parse(question: str, sites: Mapping[str, Any], *, image: bool = False) -> Question:
    """Parses a question about a target with these sites.

    Args:
        question: As it was asked.
        sites: The target's sites by name.
        image: Whether the target takes pictures.
    """
    text = re.sub(r"[\x00\x01]", " ", question[:LONGEST])
    marks: Marks = []
    text = _QUOTES.sub(lambda match: _quote(match, marks), text)
    text = _DATA.sub(lambda match: _data(match, marks), text)
    for pattern in (*_UNITS, _NUMBERED, _CLASS):
        text = pattern.sub(lambda match: _unit(match, marks, sites, image), text)
    loose = tuple(int(match["index"]) for match in _ALONE.finditer(text))
    text = _ALONE.sub(" \x01 ", text)
    pieces: list[tuple[str, str]] = []  # of the skeleton, and as it was written
    named: dict[str, list[str]] = {"TEXT": [], "UNIT": [], "DATA": []}
    for match in islice(_WORD.finditer(text), _MOST_WORDS):
        word, bare = match.group(), _plain(match.group())
        sign = re.fullmatch(r"\W*\x00(\d+)\x00\W*", word)
        if sign is not None:
            sort, meaning = marks[int(sign[1])]
            pieces.append((sort, " ".join(meaning.split()) or meaning))
            if meaning not in named[sort] or sort == "TEXT":
                named[sort].append(meaning)
        elif bare == "\x01":
            pieces.append(("LOOSE", "LOOSE"))
        elif bare:
            pieces.append((bare.lower(), word.replace("\x00", "")))
    skeleton = " ".join(piece for piece, _ in pieces)
    words = tuple(written for _, written in pieces)
    texts, units, data = map(tuple, named.values())
    return Question(skeleton, words, texts, units, data, loose)


def unit_name(sites: Mapping[str, Any], name: str) -> str:
    """A site as the target calls it: `MLP3` is `mlp.3`; unknown ones stay as they are."""
    if name in sites:
        return name
    low = {known.lower(): known for known in sites}
    spaced = re.sub(r"^([a-z_]+)\.?(\d+)$", r"\1.\2", name.lower())
    return low.get(name.lower(), low.get(spaced, name))


def _plain(word: str) -> str:
    """A word without the punctuation around it, with straight apostrophes."""
    return word.replace("’", "'").strip(_EDGES + "'\"“”‘`")


def _put(marks: Marks, sort: str, meaning: str) -> str:
    """Takes a piece out; the sign in its place, which is one word."""
    marks.append((sort, meaning))
    return f" \x00{len(marks) - 1}\x00 "


def _quote(match: "re.Match[str]", marks: Marks) -> str:
    inside = next((group for group in match.groups() if group is not None), "")
    for pattern in (*_UNITS, _DATA):
        if pattern.fullmatch(inside.strip()):
            return f" {inside.strip()} "
    return _put(marks, "TEXT", inside) if inside else " "


def _data(match: "re.Match[str]", marks: Marks) -> str:
    written = match.group()
    if re.fullmatch(r"/\d+", written):
        return written
    return _put(marks, "DATA", written)


def _unit(match: "re.Match[str]", marks: Marks, sites: Mapping[str, Any], image: bool) -> str:
    parts = match.groupdict()
    sign = "-" if parts.get("sign") == "-" else ""
    if parts.get("site") is not None:
        name = unit_name(sites, parts["site"])
        if name not in sites and (len(name) < 3 or name[0].isdigit()):
            return match.group()
    elif "layer" in parts:
        name = f"{_family(parts, sites, image)}.{int(parts['layer'])}"
    else:
        name = "logit"
        if name not in sites:
            return match.group()
    unit = f"{name}/{int(parts['index'])}{sign}"
    return _put(marks, "UNIT", unit)


def _family(parts: Mapping[str, str | None], sites: Mapping[str, Any], image: bool) -> str:
    """Where a neuron, head or channel lives."""
    kind, where = (parts.get("kind") or "").lower(), (parts.get("where") or "").lower()
    if where in ("mlp", "conv", "head"):
        return where
    if kind in ("head", "h") or where == "attention":
        return "head"
    convolutions = any(name.startswith("conv.") for name in sites)
    if kind in ("channel", "filter", "kernel") or (image and convolutions):
        return "conv"
    return "mlp"


def is_file(text: str) -> bool:
    """Whether a text is the name of a file with texts."""
    return re.search(r"\.(?:txt|jsonl|csv)$", text) is not None and "\n" not in text


def only_site(sites: Sequence[str]) -> str | None:
    """The site of neurons or channels, where there is one alone."""
    found = [name for name in sites if name.startswith(("mlp.", "conv."))]
    return found[0] if len(found) == 1 else None
