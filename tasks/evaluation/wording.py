"""What a description in words says a unit responds to, as predicates: a reading without a model.

1. Boilerplate (`this neuron fires on`) is cut off; what follows `but not` or `except` counts
   against; what follows `after`, `before` and the like says what stands beside the place.
2. Quoted words and tokens stand for themselves.
3. Terms of grammar and spelling stand for what they name (`grammar.py`).
4. Names of the lexicon's concepts stand for their words.
5. The other content words stand for themselves, in any form.

Our formulation. What is left to meaning is `likeness.py`, with a sentence encoder.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from ...tools.english.inflection import plural
from ...tools.english.lexicon import categories
from ...tools.predicates import Predicate, parse
from ...tools.predicates.concepts import concept
from .grammar import affixes, cues, without_cues

KINDS = ("quoted", "grammar", "concept", "words")
MOST_WORDS = 60
_QUOTED = re.compile(
    r"(?<![\w])(?:\"([^\"\n]{1,60})\"|'([^'\n]{1,60})'|“([^”\n]{1,60})”|‘([^’\n]{1,60})’"
    r"|`([^`\n]{1,60})`|«([^»\n]{1,60})»)(?![\w])"
)
_LEAD = re.compile(
    r"^\W*(?:(?:this|the|a)\s+(?:neuron|feature|unit|latent|head|channel|explanation)s?\b"
    r"|(?:it|main thing)\b|(?:fires?|activat\w*|respond\w*|looks?|look(?:s|ing) for|detects?)\b).*?"
    r"\b(?:on|to|for|when|is|are|by|detects?|with|about|in|does)\b\s*",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"[,;(]?\s*\b(?:but not|except(?: for)?|excluding|rather than|not including|instead of"
    r"|other than|unless|and not)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"[,;(]?\s*\b(?:(?:right |directly |immediately |just |soon |shortly |that (?:come|appear)s? )?"
    r"(?:after|following|follows?|preceded by|that follow|succeeding))\b",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[,;(]?\s*\b(?:(?:right |directly |immediately |just |that (?:come|appear)s? )?"
    r"(?:before|preceding|precedes?|followed by|prior to|leading up to))\b",
    re.IGNORECASE,
)
_GENERIC_TEXT = """\
a about above across after all also an and any appear appearing appears are around as associated
at be before being between by can certain character characters clause clauses co common commonly
concept concepts concerning connected content context contexts contain containing contains denote
denoting describe described describes describing different do does document documents each eg
especially etc every example examples expression expressions feature fire fires following for
found frequently from general generally group have having how i ie if in include includes
including indicate indicates indicating instance instances into involve involves involving is it
item items its kind kinds language last like likely list lists mainly many may mention mentioned
mentioning mentions more most mostly name named names neuron not noun nouns occur occurrence
occurrences occurring occurs of often on one ones or other others over particular particularly
part parts passage passages pertaining phrase phrases piece pieces primarily refer reference
references referencing referring refers regarding related relating relates represent representing
respond responds same section sentence sentences several similar single so some something sort
specific specifically speak speaking such suggest suggesting suggests talk talking term terms text
texts than that the their them then there these they thing things this those to token tokens topic
topics type types typically under unit used uses using usually various very was were when where
which while who whose will with within word words would verb verbs adjective adjectives"""
_GENERIC = frozenset(_GENERIC_TEXT.split())
_HEADS_TEXT = """\
number numbers numeral numerals digit digits year years pronoun pronouns conjunction conjunctions
article articles preposition prepositions letter letters symbol symbols sign mark string suffix
prefix only exact literal just punctuation"""
_HEADS = frozenset(_HEADS_TEXT.split())
_EXAMPLES = re.compile(
    r"\b(?:such as|like|for example|for instance|includ\w+|similar|e\.g\.?|eg|etc)(?!\w)",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"(?<![\w.-])\d{1,6}(?![\w-])")
_OF_NUMERALS = re.compile(r"\b(?:numbers?|numerals?|digits?|years?)\b", re.IGNORECASE)
_NEAR = 3
"""Words that `after` may reach back over a phrase."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True)
class Reading:
    """What a description says, by the kind of its words."""

    here: dict[str, Predicate] = field(default_factory=dict)
    """Kind to predicate: what the place itself is."""
    beside: dict[str, Predicate] = field(default_factory=dict)
    """Kind to predicate: places that stand beside what the text names."""
    core: str = ""
    """The text without boilerplate, for its meaning."""
    closed: bool = False
    """It lists words or tokens and says nothing else: such a list is meant to be complete."""

    def parts(self) -> dict[str, Predicate]:
        """All of it, by name."""
        return {**self.here, **{f"beside {kind}": p for kind, p in self.beside.items()}}


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Reads a description."""
    said = _LEAD.sub("", text, count=1).strip() or text
    said, _, against = _split(said, _AGAINST)
    before, behind = _split(said, _BEFORE), _split(said, _BEHIND)
    cut = min((before, behind), key=lambda found: len(found[0]))
    named = _named(cut[0])
    beside: dict[str, Predicate] = {}
    closed = "quoted" in named and not cut[1] and not against and _lists_only(said)
    if cut[1]:
        kind = "previous" if cut is before else "next"
        own = [p for name, p in named.items() if name != "words"]
        for name, predicate in _named(cut[2]).items():
            beside[name] = _beside(kind, predicate, own, 1)
            beside[f"near {name}"] = _beside(kind, predicate, own, _NEAR)
    if against:
        no = _any(list(_named(against).values()))
        if no is not None:
            named = {k: _except(p, no) for k, p in named.items()}
            beside = {k: _except(p, no) for k, p in beside.items()}
    core = " ".join(_GENERIC_LEAD.sub("", cut[0] if len(cut[0]) > 3 else said).split())
    return Reading(named, beside, core or text, closed)


def _beside(kind: str, of: Predicate, own: list[Predicate], steps: int) -> Predicate:
    """Places with `of` at most so many words away, where they are also what the text names."""
    there = _any(
        [
            parse({"kind": kind, "of": of.model_dump(), "by": "word", "distance": step})
            for step in range(1, steps + 1)
        ]
    )
    assert there is not None
    both = [parse({"kind": "and", "of": [p.model_dump(), there.model_dump()]}) for p in own]
    return _any(both) or there


def _lists_only(text: str) -> bool:
    """Whether nothing is left of a text but what it quotes and the kind of word that this is."""
    if _EXAMPLES.search(text):
        return False
    rest = [word.lower() for word in _WORD.findall(_NUMERAL.sub(" ", _QUOTED.sub(" ", text)))]
    return all(word in _GENERIC or word in _HEADS for word in rest)


_GENERIC_LEAD = re.compile(
    r"\b(?:words?|tokens?|phrases?|terms?|mentions?|references?|text|texts|sentences?|passages?"
    r"|(?:that (?:are )?|which )?(?:relat(?:ed|ing)|referring|pertaining|connected) to"
    r"|instances? of"
    r"|associated with|having to do with|specifically|especially|particularly|primarily)\b",
    re.IGNORECASE,
)


def quoted(text: str) -> list[str]:
    """What stands in quotation marks."""
    return [next(part for part in match.groups() if part) for match in _QUOTED.finditer(text)]


def _split(text: str, cue: re.Pattern[str]) -> tuple[str, str, str]:
    """The text before a cue, the cue, the text behind it; no cue: all of it and two empty texts."""
    for match in cue.finditer(text):
        if not any(q.start() < match.start() < q.end() for q in _QUOTED.finditer(text)):
            return text[: match.start()], match.group(), text[match.end() :]
    return text, "", ""


def _named(text: str) -> dict[str, Predicate]:
    """Kind to predicate for a clause."""
    found: dict[str, Predicate] = {}
    for kind, predicates in (
        ("quoted", _of_quotes(text)),
        ("grammar", cues(_QUOTED.sub(" ", text)) + affixes(text)),
        ("concept", _concepts(_QUOTED.sub(" ", text))),
        ("words", _content(_QUOTED.sub(" ", text))),
    ):
        either = _any(predicates)
        if either is not None:
            found[kind] = either
    return found


def _of_quotes(text: str) -> list[Predicate]:
    words, tokens = [], []
    bare: list[str] = []
    if _OF_NUMERALS.search(text):  # the numbers 2 and 4
        bare = _NUMERAL.findall(_QUOTED.sub(" ", text))
    for item in [*quoted(text), *bare][:MOST_WORDS]:
        (words if _WORD.search(item) else tokens).append(item)
    found = []
    if words:
        found.append(parse({"kind": "words", "words": [word.strip(" -,.") for word in words]}))
    marks = [item.strip() for item in tokens if item.strip()]
    if marks:
        pattern = "|".join(re.escape(mark) for mark in marks)[:280]
        found.append(parse({"kind": "regex", "pattern": pattern, "on": "word"}))
    return found


def _concepts(text: str) -> list[Predicate]:
    """Concepts of the lexicon that the text names, the longest name first."""
    words = [word.lower() for word in _WORD.findall(text)]
    known = categories()
    spelt = {
        name.replace("colour", "color").replace("jewellery", "jewelry"): name for name in known
    }
    found: list[Predicate] = []
    at = 0
    while at < len(words):
        for size in (4, 3, 2, 1):
            phrase = " ".join(words[at : at + size])
            names = (phrase, plural(phrase) if phrase else "", spelt.get(phrase, ""))
            names += (spelt.get(plural(phrase), "") if phrase else "",)
            name = next((name for name in names if name in known), None)
            if name and at + size <= len(words):
                found.append(concept(name))
                at += size - 1
                break
        at += 1
    return found


def _content(text: str) -> list[Predicate]:
    words = [word for word in _WORD.findall(without_cues(text)) if _tells(word)]
    kept = list(dict.fromkeys(word.lower() for word in words))[:MOST_WORDS]
    return [parse({"kind": "words", "words": kept, "inflect": True})] if kept else []


def _tells(word: str) -> bool:
    return word.lower() not in _GENERIC and len(word) > 1


def _any(predicates: list[Predicate]) -> Predicate | None:
    if not predicates:
        return None
    if len(predicates) == 1:
        return predicates[0]
    return parse({"kind": "or", "of": [p.model_dump() for p in predicates]})


def _except(predicate: Predicate, but: Predicate) -> Predicate:
    return parse({"kind": "except", "of": predicate.model_dump(), "but": but.model_dump()})
