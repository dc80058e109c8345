"""From a question to an intent, by templates (`templates.toml`): one a tool, with plain wordings.

    /find months in mlp.2        which units in mlp.2 respond to months?

1. `/NAME ...` names the template; what it is about is read from the rest: units, corpora, quoted
   texts (a prompt, then what follows `->`), words.
2. Otherwise the first template with a wording that is the whole question.
3. "It" is the unit of earlier turns, and a unit alone asks the same of another unit.
4. Nothing is guessed from other words: the answer then names the nearest template.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from ....tools.hypotheses.concept_query import split_words
from .question import Intent, Kind, Question, only_site, parse

IT = r"(?:UNIT|it|(?:this|that|the) (?:unit|neuron|head|channel))"
_AGAIN = re.compile(r"(?:and|what about|how about|same for|with| )*(?:UNIT|LOOSE)(?: too)?")
_NEEDS = {"describe": 1, "show": 1, "change": 1, "attend": 1, "check": 1, "compare": 2}
"""Units that a template is about."""
_ONE = ("describe", "show", "change", "attend")
"""Templates about one unit, which are repeated for another."""
_WITH_TOKEN = re.compile(r"(?:the )?(?:(?:total )?(?:count|number) of\b|field .+?(?:=|\bis\b))")
_SITE = re.compile(r" (?:in|of) (?:layer \d+|[a-z_]+\.\d+)$")
_ATTENDED = {
    "induction": r"\binduction\b",
    "previous": r"\bprevious\b",
    "first": r"\bfirst\b",
    "copies": r"\b(?:cop(?:y|ies|ying)|duplicate)\b",
    "itself": r"\bitself\b",
}
"""What heads may be asked to attend to, by the tool's name for it."""


class Template(NamedTuple):
    """A question that is answered by experiments."""

    kind: Kind
    usage: str
    what: str
    wordings: tuple["re.Pattern[str]", ...]


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """The templates by name, in the order in which they are tried."""
    path = Path(__file__).parent / "templates.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Template(
            cast(Kind, name),
            row["usage"],
            row["what"],
            tuple(re.compile(re.sub(r"\bIT\b", IT, wording)) for wording in row["wordings"]),
        )
        for name, row in table.items()
    }


def intent_of(
    text: str,
    sites: Mapping[str, Any],
    earlier: Sequence[Intent] = (),
    *,
    image: bool = False,
    best: str | None = None,
) -> Intent:
    """What a question asks for.

    Args:
        text: The question as it was asked.
        sites: The target's sites by name.
        earlier: What was asked before, oldest first.
        image: Whether the target takes pictures.
        best: The unit that the last answer put first, which "it" means where none was named.
    """
    name, slash = "", re.match(r"\s*/([a-z]+)\b(?!/)", text)
    if slash is not None and slash[1] in templates():
        name, text = slash[1], text[slash.end() :]
    if name == "run":
        return Intent("run", topic=text.strip())
    question = parse(text, sites, image=image)
    question, note = _with_layer(question, sites, earlier)
    if question is None:
        return Intent("unclear", taken=note)
    if not name:
        again = _again(question, earlier)
        if again is not None:
            return again.noting(note) if note else again
    found = _named(name, question, sites) if name else _worded(question, sites)
    if found is None:
        return Intent("other", question.units, topic=text)
    return _filled(found.noting(note) if note else found, earlier, best)


def nearest(text: str) -> Template:
    """The template whose name a mistyped one is near, or that shares most words with a question;
    rare words count for more."""
    slash = re.match(r"\s*/([a-z]+)", text)
    close = difflib.get_close_matches(slash[1], templates(), n=1) if slash else []
    if close:
        return templates()[close[0]]
    words = {
        name: _stems(" ".join([one.usage, one.what, *(known.pattern for known in one.wordings)]))
        for name, one in templates().items()
    }
    asked = _stems(text)

    def shared(name: str) -> float:
        return sum(1 / sum(stem in own for own in words.values()) for stem in asked & words[name])

    return templates()[max(words, key=shared)]


def _stems(text: str) -> set[str]:
    """Beginnings of words, which inflections share."""
    return {word[:5] for word in re.findall(r"[a-z]{3,}", text.lower())}


def topics(intent: Intent) -> str | list[str]:
    """What `find_units` is to look for; a token that a phrase ends with stands in quotes there."""
    if len(intent.words) == 1 and (phrase := _WITH_TOKEN.match(intent.topic)):
        return f"{phrase[0].strip()} '{intent.words[0]}'"
    if intent.words:
        return [word for text in intent.words for word in split_words(text) or [text]]
    return intent.topic


def _with_layer(
    question: Question, sites: Mapping[str, Any], earlier: Sequence[Intent]
) -> tuple[Question | None, str]:
    """Units without a layer get the one that is known; None where there is none."""
    if not question.loose:
        return question, ""
    named = [
        name
        for intent in earlier
        for unit in intent.units
        if (name := unit.rpartition("/")[0]) in sites
    ]
    site = named[-1] if named else only_site(list(sites))
    if site is None:
        return None, f"neuron {question.loose[0]}"
    units = tuple(f"{site}/{number}" for number in question.loose)
    note = f"taking neuron {question.loose[0]} to be {units[0]}"
    skeleton = question.skeleton.replace("LOOSE", "UNIT")
    return replace(question, skeleton=skeleton, units=(*question.units, *units)), note


def _again(question: Question, earlier: Sequence[Intent]) -> Intent | None:
    """The question before, about another unit; None where it is no unit alone."""
    last = next((one for one in reversed(earlier) if one.kind in (*_ONE, "compare")), None)
    if last is None or not _AGAIN.fullmatch(question.skeleton):
        return None
    if last.kind != "compare":
        return replace(last, units=question.units)
    if question.skeleton.startswith(("and", "with", "what about", "how about")):
        return replace(last, units=(last.units[0], question.units[0]))
    return Intent("describe", question.units)


def _worded(question: Question, sites: Mapping[str, Any]) -> Intent | None:
    """The first template of which a wording is the whole question."""
    for name, template in templates().items():
        for wording in template.wordings:
            match = wording.fullmatch(question.skeleton)
            if match is None:
                continue
            groups = match.groupdict()
            site = f" in {groups['site']}" if groups.get("site") else ""
            if groups.get("noun") == "heads":
                site = site.replace(" in layer ", " in head.") or " in head"
            span = match.span("topic") if groups.get("topic") else None
            found = _named(name, question, sites, topic=span, site=site)
            if found is not None and groups.get("noun") == "heads" and not found.sites:
                return found.noting("no heads of attention were found, so all units were searched")
            return found
    return None


def _named(
    name: str,
    question: Question,
    sites: Mapping[str, Any],
    *,
    topic: tuple[int, int] | None = None,
    site: str = "",
) -> Intent | None:
    """A template with what the question names; None where what it needs is missing."""
    found = Intent(cast(Kind, name), question.units, data=next(iter(question.data), None))
    texts = question.texts
    if name in ("find", "labels"):
        return _about(found, question, sites, topic or (0, len(question.skeleton)), site)
    if name in ("drive", "lens", "change"):
        if not texts:
            return found if name == "change" else None
        prompt, target = _prompt_and_target(question)
        return replace(found, prompt=prompt, target=target)
    if name == "attend":
        text = question.skeleton
        kind = next((key for key, known in _ATTENDED.items() if re.search(known, text)), "")
        layer = re.search(r"\b(?:layer|head)[ .](\d+)\b", text)
        heads = (f"head.{layer[1]}",) if layer else ("head",) if kind or "heads" in text else ()
        return replace(found, topic=kind, texts=texts, sites=() if found.units else heads)
    if name == "tell":
        return _told_apart(found, question)
    if name in ("activity", "alike"):
        words = re.findall(r"[\w.]*\w", question.skeleton)
        return replace(found, sites=tuple(word for word in words if _is_site(word, sites)))
    if name == "check":
        tail = re.search(r"\b(?:on|with) (.+)$", question.skeleton)
        return replace(found, texts=texts, topic=tail[1] if tail and not found.data else "")
    return found


def _told_apart(found: Intent, question: Question) -> Intent | None:
    """Two files, or quoted texts before and behind "from"; None where a side is missing."""
    if len(question.data) == 2:
        return replace(found, texts=question.data[:1], silent=question.data[1:])
    before, _, behind = question.skeleton.partition(" from ")
    n = len(re.findall(r"\bTEXT\b", before))
    if not n or not behind or not question.texts[n:]:
        return None
    return replace(found, texts=question.texts[:n], silent=question.texts[n:], data=None)


def _is_site(word: str, sites: Mapping[str, Any]) -> bool:
    return word in sites or any(name.startswith(f"{word}.") for name in sites)


def _about(
    found: Intent,
    question: Question,
    sites: Mapping[str, Any],
    span: tuple[int, int],
    site: str,
) -> Intent | None:
    """With what units are to respond to, and the site where one is named."""
    topic, quoted = question.original(*span), tuple(question.quoted_in(*span))
    named = re.search(r" in ([\w.]+)$", f" {topic}")
    if not site and named and (named[1] in sites or "." in named[1]):
        site, topic = named[0], topic[: -len(named[0])].strip()
    elif not site and (match := _SITE.search(f" {topic}")):
        site, topic = match[0], topic[: match.start()].strip()
    if layer := re.search(r"\blayer (\d+)", site):
        where = [f"{'mlp' if 'mlp.0' in sites else 'conv'}.{layer[1]}"]
    else:
        named = re.findall(r"[\w.]+", site)
        heads = [name for name in sites if re.fullmatch(r"head\.\d+", name)]
        where = heads if named[-1:] == ["head"] else [n for n in named if n in sites or "." in n]
    topic = re.sub(r"^(?:the |a |an |any )(?=\w)", "", topic, flags=re.IGNORECASE)
    if not topic and not quoted and found.kind == "find":
        return None
    return replace(found, units=(), topic=topic, words=quoted, sites=tuple(where))


def _prompt_and_target(question: Question) -> tuple[str, str | None]:
    """Prompt and target: in the order of `PROMPT -> TARGET`, or by the word before a text."""
    if len(question.texts) == 1:
        return question.texts[0], None
    first, second = question.texts[:2]
    before, between = question.skeleton.split("TEXT")[:2]
    prompt_first = ">" in between or re.search(r"\b(?:in|after|behind) $", before) is not None
    if prompt_first or not (before.strip() or between.strip()):
        return first, second
    return second, first


def _filled(found: Intent, earlier: Sequence[Intent], best: str | None) -> Intent:
    """With the unit that "it" means, where a question needs one and names none."""
    needed = 0 if found.sites else _NEEDS.get(found.kind, 0)
    missing = needed - len(found.units)
    if missing <= 0:
        return found
    known = [unit for intent in reversed(earlier) for unit in intent.units]
    if best is not None and not (earlier and earlier[-1].units):
        known.insert(0, best)
    known = [unit for unit in dict.fromkeys(known) if unit not in found.units][:missing]
    if len(known) < missing:
        what = "the other unit" if found.kind == "compare" else "it"
        return Intent("unclear", found.units, taken=what)
    filled = replace(found, units=(*reversed(known), *found.units))
    names = " and ".join(known)
    return filled.noting(f"taking “it” to be {names}" if missing == 1 else f"taking {names}")
