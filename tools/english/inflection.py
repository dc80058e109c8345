"""English inflection by rule, with the irregular words of `irregular.json`: plurals, verb forms,
comparison.

Words are taken to be base forms (`mouse`, `run`, `big`). `forms` gives every form of a word whose
part of speech may be unknown; the other functions give one form each, for writing text.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

PartOfSpeech = Literal["noun", "verb", "adjective", "adverb", "name", "number"]

_DATA: dict[str, Any] = json.loads(
    Path(__file__).with_name("irregular.json").read_text(encoding="utf-8")
)

PLURALS: dict[str, str] = _DATA["plurals"]
INVARIANT = frozenset(_DATA["invariant"])
VERBS: dict[str, tuple[str, ...]] = {verb: tuple(forms) for verb, forms in _DATA["verbs"].items()}
"""Past, participle, -ing (empty: by rule), third person (empty: by rule), further forms."""
STRESSED_END = frozenset(_DATA["stressed_end"])
"""Verbs of several syllables that double their last consonant."""
ADJECTIVES: dict[str, tuple[str, str]] = {
    word: (comparative, superlative)
    for word, (comparative, superlative) in _DATA["adjectives"].items()
}
UNINFLECTED = frozenset(_DATA["uninflected"])
ALSO_WORDS = frozenset(_DATA["also_words"])
"""Names that are other words in lower case."""

_VOWELS = frozenset("aeiou")
_O_WORDS = "hero potato tomato echo veto torpedo mosquito volcano mango buffalo domino cargo go"
_O_ES = frozenset(_O_WORDS.split())
_F_WORDS = "calf elf half knife leaf life loaf self shelf thief wife wolf scarf"
_F_VES = frozenset(_F_WORDS.split())
_MAN_WORDS = "human german roman shaman ottoman talisman caiman norman"
_MANS = frozenset(_MAN_WORDS.split())


def plural(noun: str) -> str:
    """`cat` -> `cats`, `mouse` -> `mice`; the case of the first letter is kept."""
    low = noun.lower()
    if low in INVARIANT:
        return noun
    if low in PLURALS:
        return _cased(PLURALS[low], noun)
    for end in ("man", "fish"):  # fireman, goldfish
        if low.endswith(end) and len(low) > len(end) and low not in _MANS:
            return noun[: -len(end)] + ("men" if end == "man" else "fish")
    if low in _F_VES:
        return noun[:-2] + "ves" if low.endswith("fe") else noun[:-1] + "ves"
    if noun[:1].isupper() and low.endswith("y"):  # the Kennedys
        return noun + "s"
    return _with_s(noun, low in _O_ES)


def third(verb: str) -> str:
    """`go` -> `goes`."""
    low = verb.lower()
    if low in VERBS and VERBS[low][3]:
        return VERBS[low][3]
    return _with_s(verb, low in _O_ES or low in ("do", "undo", "redo", "forgo", "undergo"))


def past(verb: str) -> str:
    """`run` -> `ran`, `bake` -> `baked`."""
    low = verb.lower()
    return VERBS[low][0] if low in VERBS else _regular_past(low)


def participle(verb: str) -> str:
    """`take` -> `taken`."""
    low = verb.lower()
    return VERBS[low][1] if low in VERBS else _regular_past(low)


def gerund(verb: str) -> str:
    """`run` -> `running`, `bake` -> `baking`, `lie` -> `lying`."""
    low = verb.lower()
    if low in VERBS and VERBS[low][2]:
        return VERBS[low][2]
    if low.endswith("ie"):
        return low[:-2] + "ying"
    if low.endswith("e") and not low.endswith(("ee", "oe", "ye")) and len(low) > 2:
        return low[:-1] + "ing"
    return _doubled(low) + "ing"


def comparative(adjective: str) -> str:
    """`big` -> `bigger`, `good` -> `better`."""
    low = adjective.lower()
    return ADJECTIVES[low][0] if low in ADJECTIVES else _graded(low, "er")


def superlative(adjective: str) -> str:
    """`big` -> `biggest`, `good` -> `best`."""
    low = adjective.lower()
    return ADJECTIVES[low][1] if low in ADJECTIVES else _graded(low, "est")


def article(word: str) -> str:
    """`a` or `an`, by sound: `an hour`, `a unicorn`, `an X-ray`."""
    low = word.lower()
    if low.startswith(("hour", "honest", "honour", "honor", "heir")):
        return "an"
    if low.startswith(("uni", "use", "usu", "uti", "eu", "ewe", "one", "once", "ukulele", "ura")):
        return "an" if low.startswith(("unin", "unim", "unid")) else "a"
    return "an" if low[:1] in _VOWELS else "a"


def with_article(phrase: str) -> str:
    """`cat` -> `a cat`."""
    return f"{article(phrase)} {phrase}"


@lru_cache(maxsize=20_000)
def forms(word: str, part: PartOfSpeech | None = None) -> frozenset[str]:
    """Every form of a base word, in lower case, itself included.

    Without a part of speech: plural, possessive and verb forms; comparison only for adjectives
    that are known to have it (so `bit` has no form `bitter`). Function words have one form.
    """
    low = word.lower()
    if low in UNINFLECTED and part in (None, "adverb"):
        return frozenset((low,))
    if not low.isalpha() or part in ("adverb", "number"):
        return frozenset((low,))
    result = {low}
    if part in (None, "noun", "name"):
        plurals = plural(low)
        result |= {plurals, low + "'s", plurals + ("'" if plurals.endswith("s") else "'s")}
    if part in (None, "verb"):
        result |= {third(low), past(low), participle(low), gerund(low)}
        result |= set(VERBS[low][4:]) if low in VERBS else set()
    if part == "adjective" or (part is None and low in ADJECTIVES):
        result |= {comparative(low), superlative(low)}
    return frozenset(result)


def _with_s(word: str, es: bool) -> str:
    low = word.lower()
    if low.endswith("quy") or (low.endswith("y") and len(low) > 1 and low[-2] not in _VOWELS):
        return word[:-1] + "ies"
    if es or low.endswith(("s", "x", "z", "ch", "sh")):
        if low.endswith("z") and len(low) > 2 and low[-2] in _VOWELS and len(low) <= 4:
            return word + "zes"  # quiz, fez
        return word + "es"
    return word + "s"


def _regular_past(low: str) -> str:
    if low.endswith("e"):
        return low + "d"
    if low.endswith("y") and len(low) > 1 and low[-2] not in _VOWELS:
        return low[:-1] + "ied"
    return _doubled(low) + "ed"


def _graded(low: str, end: str) -> str:
    if low.endswith("e"):
        return low + end[1:]
    if low.endswith("y") and len(low) > 2 and low[-2] not in _VOWELS:
        return low[:-1] + "i" + end
    return _doubled(low) + end


def _doubled(low: str) -> str:
    """Doubles a last consonant after one stressed short vowel: `stop` -> `stopp`, not `visit`."""
    if len(low) < 2 or low[-1] in "wxyhaeiou" or low[-2] not in _VOWELS:
        return low + "k" if low.endswith("ic") and len(low) > 3 else low
    if len(low) > 2 and low[-3] in _VOWELS and low[-3:-1] not in ("ui", "ue", "ua"):
        return low  # rain, cook: two vowels
    if len(low) > 3 and low[-3] == "u" and low[-4] != "q":
        return low  # build: not after a plain `u`; quit, equip: `qu` is one consonant
    if low.endswith("ic"):
        return low + "k" if len(low) > 3 else low  # panic, mimic
    if _syllables(low) == 1 or low in STRESSED_END:
        return low + low[-1]
    return low


def _syllables(low: str) -> int:
    runs, inside = 0, False
    for i, letter in enumerate(low):
        vowel = letter in _VOWELS or (letter == "y" and i > 0)
        if vowel and not inside and not (letter == "u" and i > 0 and low[i - 1] == "q"):
            runs += 1
        inside = vowel
    if low.endswith("e") and not low.endswith(("le", "ee", "ye")) and runs > 1:
        runs -= 1
    return runs


def _cased(form: str, like: str) -> str:
    return form.capitalize() if like[:1].isupper() else form
