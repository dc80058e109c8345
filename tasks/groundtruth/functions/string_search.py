"""The built-in investigator of functions of words: no language model.

1. Call some words, different in length, beginning and end.
2. Find every program of `programs.py` that agrees with all calls.
3. Call the inputs on which these programs disagree most, near misses of earlier calls among them;
   go back to 2 until all of them agree.
4. Spend some calls on new words. The cheapest program that still agrees is the answer; if there is
   none, the answer says so and is a list of what was called.
"""

import re
import string
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from ....tools.data.stories import stories
from .blackbox import Answer, Arguments, Calls
from .programs import Program
from .sandbox import Value
from .synthesis import consistent

_SAYS = (
    "length; longer; even length; remainder of length; length times; contains; "
    "one but not another; either letter; same ends; starts with a vowel; repeated letter; "
    "ends with; starts with; either ending; ending of long words; beginning and end; reverse; "
    "append; drop and append; replace; no vowels; swap ends; shift; sort; prefix and reverse; "
    "capital; two endings; backwards if; capitals if; length if; count; count and length; "
    "vowels times; vowels against consonants; sum of places; remainder of places; "
    "different letters; same length; longer than; same start; rhyme; chain; before; "
    "shared letters; join; total; as many vowels"
)
SAYS = frozenset(_SAYS.split("; "))
"""Templates of `strings.py` that the language can say; whether it does is what is measured."""
_FIRST = 40  # calls before any program is looked for
_ROUND = 6  # calls between two searches
_LAST = 20  # calls that check the programs that are left
_RIVALS = 60
_ENDINGS = "ing ed er ly ness ous al ion est y s es ful less ment able ity"
_BEGINNINGS = "re un in de dis st con pre pro mis s"


def search_strings(calls: Calls, *, seed: int = 0) -> Answer:
    """Investigates a function of one or two words.

    Args:
        calls: The function.
        seed: Of the words that are called.
    """
    if calls.left < _FIRST + _LAST:
        return Answer("", "", f"the search needs {_FIRST + _LAST} calls; {calls.left} are allowed")
    rng = np.random.default_rng(seed)
    words = _vocabulary(rng)
    for item in _inputs(words[:_FIRST], calls.arity, rng):
        calls(*item)
    programs: list[Program] = []
    checked = 0
    while calls.left:
        inputs, outputs = _seen(calls)
        programs = consistent(inputs, outputs) if inputs else []
        asked = _separating(programs, calls, words, rng)
        if not asked:
            if programs and checked >= _LAST:
                break
            checked += _ROUND
            asked = _inputs([str(w) for w in rng.choice(words, _ROUND)], calls.arity, rng)
            asked += _near(calls, rng, 2)
        for item in asked[: calls.left]:
            calls(*item)
    inputs, outputs = _seen(calls)
    programs = consistent(inputs, outputs) if inputs else []
    if not programs:
        return _listed(calls)
    best = programs[0]
    truth = all(isinstance(value, bool) for value in outputs)
    fixed = best.words in ("always", "never")
    said = f"true if {best.words}, else false" if truth and not fixed else best.words
    return Answer(f"{said} true" if fixed else said, best.code(calls.arity))


def _vocabulary(rng: np.random.Generator) -> list[str]:
    """Words with common beginnings and endings, one of each first; words of short stories; letters
    by chance."""
    text = " ".join(stories(150)).lower()
    plain = [str(w) for w in rng.permutation(sorted(set(re.findall(r"\b[a-z]{2,12}\b", text))))]
    stems = [word for word in plain if 3 <= len(word) <= 7]
    first, later = [], []
    for chosen in (first, later, later, later):
        chosen += [str(rng.choice(stems)) + end for end in _ENDINGS.split()]
        chosen += [start + str(rng.choice(stems)) for start in _BEGINNINGS.split()]
    for _ in range(150):
        letters = rng.choice(list(string.ascii_lowercase), int(rng.integers(1, 13)))
        later.append("".join(map(str, letters)))
    rest = [str(w) for w in rng.permutation(plain[:400] + later)]
    return list(dict.fromkeys([*first, *rest]))


def _inputs(words: Sequence[str], arity: int, rng: np.random.Generator) -> list[Arguments]:
    if arity == 1:
        return [(word,) for word in words]
    found: list[Arguments] = []
    for word in words:
        other = str(rng.choice(list(words)))
        kind = int(rng.integers(4))
        if kind == 1:
            other = other[:-2] + word[-2:]
        if kind == 2:
            other = str(rng.choice([word[0], word[-1]])) + other[1:]
        if kind == 3:
            other = "".join(map(str, rng.permutation(list(word))))
        found.append((word, (other or word)[:16]))
    return found


def _near(calls: Calls, rng: np.random.Generator, many: int) -> list[Arguments]:
    """Earlier calls with one letter changed, added or dropped; each output speaks as often."""
    groups: dict[Value, list[Arguments]] = {}
    for item, value in calls.log:
        groups.setdefault(value, []).append(item)
    keys = list(groups)
    found = []
    for _ in range(many):
        held = groups[keys[int(rng.integers(len(keys)))]]
        item = list(held[int(rng.integers(len(held)))])
        which = int(rng.integers(len(item)))
        word = str(item[which])
        at, letter = int(rng.integers(len(word))), str(rng.choice(list(string.ascii_lowercase)))
        changes = (word[:at] + letter + word[at + 1 :], word[:at] + letter + word[at:])
        changes = (*changes, word[:at] + word[at + 1 :], word + letter)
        item[which] = (changes[int(rng.integers(4))] or letter)[:16]
        found.append(tuple(item))
    return found


def _separating(
    programs: Sequence[Program], calls: Calls, words: Sequence[str], rng: np.random.Generator
) -> list[Arguments]:
    """Inputs on which programs disagree most, each program weighted by its simplicity."""
    if len(programs) < 2:
        return []
    programs = programs[:_RIVALS]
    pool = _inputs([str(w) for w in rng.choice(list(words), 150)], calls.arity, rng)
    pool += _near(calls, rng, 200)
    called = {item for item, _ in calls.log}
    pool = [item for item in dict.fromkeys(pool) if item not in called]
    if not pool:
        return []
    weight = np.array([2.0 ** (programs[0].cost - one.cost) for one in programs])
    weight /= weight.sum()
    votes = [one(pool) for one in programs]  # [program, input]
    doubt = []
    for at in range(len(pool)):
        shares: defaultdict[Value, float] = defaultdict(float)
        for one, mass in zip(votes, weight, strict=True):
            shares[one[at]] += float(mass)
        doubt.append(1 - sum(share**2 for share in shares.values()))
    order = np.argsort(doubt)[::-1][:_ROUND]
    return [pool[at] for at in order if doubt[at] > 1e-9]


def _seen(calls: Calls) -> tuple[list[Arguments], list[Value]]:
    """Calls and their values, without those that the function did not know."""
    known = [(item, value) for item, value in calls.log if value is not None]
    return [item for item, _ in known], [value for _, value in known]


def _listed(calls: Calls) -> Answer:
    """What was called, and the commonest value for the rest."""
    seen = dict(calls.log)
    inputs, outputs = _seen(calls)
    usual = Counter(outputs).most_common(1)[0][0] if outputs else None
    names = "a, b" if calls.arity == 2 else "s"
    key = "(a, b)" if calls.arity == 2 else "(s,)"
    code = f"SEEN = {seen!r}\n\ndef f({names}):\n    return SEEN.get({key}, {usual!r})\n"
    shown = ", ".join(f"{'/'.join(map(str, i))} gives {seen[i]!r}" for i in inputs[:3])
    return Answer(f"no rule found; most often {usual!r} ({shown})", code)
