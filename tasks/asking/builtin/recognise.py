"""From a question to a wish: the kind, and what it is about; "it" is the unit of earlier turns."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....tools.hypotheses.concept_query import split_words
from .kinds import Rule, wordings
from .reading import Reading, only_site, read
from .wish import Wish

_ONE = ("describe", "show", "change", "attend")
"""Kinds about one unit, which may be meant by "it"."""
_NAMED = {
    "stories": "builtin:stories",
    "story": "builtin:stories",
    "docs": "builtin:pydocs",
    "documentation": "builtin:pydocs",
    "docstrings": "builtin:pydocs",
    "pydocs": "builtin:pydocs",
    "code": "builtin:pydocs",
    "scenes": "builtin:scenes:300",
}
_SITES = re.compile(
    r"\b(?:in|of|from|at|on) (?:the )?(?:layer|block|mlp)[\s.]*(\d+)\b"
    r"|\b((?:mlp|head|conv|resid)\.\d+)\b"
)
_BEHIND = "after|behind|following|given|in|from|for|on|prompt|when|with|reads?"
_LOOKS = {
    "induction": r"\binduction\b|\bbehind (?:earlier )?cop(?:y|ies)\b",
    "previous": r"\b(?:previous|preceding|last|token before)\b",
    "first": r"\b(?:first|bos|start|beginning|sink)\b",
    "copies": r"\b(?:cop(?:y|ies|ying)|duplicate|same token|repeated)\b",
    "itself": r"\b(?:itself|themselves|current|own)\b",
}
"""What heads may be asked to look at, by the tool's name for it."""
_TAIL = re.compile(
    r" (?:in|of|from) (?:the|this|that|your) (?:model|network|net|corpus)$| please$"
    r"| (?:most|best|strongly|here|or not|at all|then)$"
)


def recognise(
    question: str,
    sites: Mapping[str, Any],
    earlier: Sequence[Wish] = (),
    *,
    image: bool = False,
    best: str | None = None,
) -> Wish:
    """What a question asks for.

    Args:
        question: As it was asked.
        sites: The target's sites by name.
        earlier: What was asked before, oldest first.
        image: Whether the target takes pictures.
        best: The unit that the last answer put first, which "it" means where none was named.
    """
    said = read(question, sites, image=image)
    said, taken = _settled(said, sites, earlier)
    if said is None:
        return Wish("unclear", taken=taken)
    if not said.skeleton:
        return Wish("other")
    last = next((wish for wish in reversed(earlier) if wish.kind in (*_ONE, "compare")), None)
    if wordings().again.match(said.skeleton):
        kind = "describe" if last is None or last.kind == "compare" else last.kind
        if last is None:
            return Wish(kind, said.units, taken=taken)
        if last.kind == "compare" and re.match(
            r"^(?:and|with|what about|how about)", said.skeleton
        ):
            return replace(last, units=(last.units[0], said.units[0]), taken=taken)
        return replace(last, kind=kind, units=said.units, taken=taken)
    wish = next(
        (found for rule in wordings().rules if (found := _fitted(rule, said, sites)) is not None),
        None,
    )
    if wish is None:
        return Wish("other", said.units, taken=taken)
    return _filled(wish if not taken else wish.noting(taken), earlier, best)


def _settled(
    said: Reading, sites: Mapping[str, Any], earlier: Sequence[Wish]
) -> tuple[Reading | None, str]:
    """Units without a layer get the one that is known; None where there is none."""
    if not said.loose:
        return said, ""
    site = only_site(list(sites))
    for wish in reversed(earlier):
        named = [name for unit in wish.units if (name := unit.rpartition("/")[0]) in sites]
        if named:
            site = named[-1]
            break
    if site is None:
        return None, f"neuron {said.loose[0]}"
    units = tuple(f"{site}/{number}" for number in said.loose)
    left = iter(units)
    words = tuple(next(left, word) if word == "LOOSE" else word for word in said.words)
    skeleton = said.skeleton.replace("LOOSE", "UNIT")
    note = f"taking neuron {said.loose[0]} to be {units[0]}"
    return replace(said, skeleton=skeleton, words=words, units=(*said.units, *units)), note


def _fitted(rule: Rule, said: Reading, sites: Mapping[str, Any]) -> Wish | None:
    """What a rule makes of a question; None where it does not fit."""
    match = rule.pattern.search(said.skeleton)
    if match is None:
        return None
    groups = match.groupdict()
    wish = Wish(rule.kind, said.units, data=said.data[0] if said.data else None)
    if rule.kind in ("drive", "lens"):
        return _prompted(wish, said)
    if rule.kind == "attend":
        return _looking(wish, said)
    if rule.kind == "change":
        return replace(_prompted(wish, said) or wish, kind="change")
    if rule.kind == "check":
        return _elsewhere(wish, said)
    if groups.get("topic") is not None:
        return _about(wish, said, match, sites)
    if rule.kind == "find":
        return None
    if rule.kind == "compare" and not said.units:
        return None
    return wish


def _about(
    wish: Wish, said: Reading, match: "re.Match[str]", sites: Mapping[str, Any]
) -> Wish | None:
    """With what units are to respond to."""
    start, end = match.span("topic")
    quoted = said.quoted_in(start, end)
    topic = said.original(start, end)
    site = _SITES.search(topic)
    where: tuple[str, ...] = ()
    if site is not None:
        where = (_site(site, sites),)
        topic = (topic[: site.start()] + topic[site.end() :]).strip(" ,")
    else:
        named = [_site(match, sites) for match in _SITES.finditer(said.skeleton[:start])]
        where = tuple(name for name in named if name in sites)
    while (shorter := _TAIL.sub("", topic)) != topic:
        topic = shorter
    topic = re.sub(r"^(?:the |a |an |any |all )(?=\w)", "", topic.strip(), flags=re.IGNORECASE)
    if wish.kind == "labels" and re.fullmatch(r"run|there|it", topic):
        topic = ""
    elif not topic and not quoted:
        return None
    words = tuple(quoted) if quoted else ()
    return replace(wish, units=(), topic=topic, words=words, sites=where)


def _looking(wish: Wish, said: Reading) -> Wish:
    """With the kind of place that heads are to look at, the layer, and texts."""
    words = said.skeleton
    asked = next((kind for kind, pattern in _LOOKS.items() if re.search(pattern, words)), "")
    layer = re.search(r"\b(?:layer|block|head)[\s.]*(\d+)\b", words)
    sites = (f"head.{layer[1]}",) if layer else ("head",) if "heads" in words else ()
    return replace(wish, topic=asked, texts=said.texts, sites=() if wish.units else sites)


def _site(match: "re.Match[str]", sites: Mapping[str, Any]) -> str:
    """The site that was named: `mlp.1`, or by its layer."""
    return match[2] or f"{'mlp' if 'mlp.0' in sites else 'conv'}.{int(match[1])}"


def _prompted(wish: Wish, said: Reading) -> Wish | None:
    """With prompt and target, by their order and the words between them."""
    texts = said.texts
    if not texts:
        return _unquoted(wish, said)
    if len(texts) == 1:
        before = said.skeleton.partition("TEXT")[0]
        if wish.kind == "drive" and re.search(
            r"\b(?:say|says|predicts?|outputs?|writes?)\s*$", before
        ):
            return _unquoted(wish, said)
        return replace(wish, prompt=texts[0])
    first, second = texts[0], texts[1]
    before, between = said.skeleton.split("TEXT")[:2]
    onto = re.search(r"\bon\s*$", before)  # settle on X in Y
    if onto and re.fullmatch(rf"\s*(?:{_BEHIND})(?: the prompt)?\s*", between):
        target, prompt = first, second
    elif re.search(r"\b(?:after|behind|following|given|in|on|prompt|reads?|reading)\s*$", before):
        target, prompt = second, first
    elif re.search(rf"\b(?:{_BEHIND})\b", between):
        target, prompt = first, second
    else:
        target, prompt = sorted((first, second), key=len)
    return replace(wish, prompt=prompt, target=target)


def _unquoted(wish: Wish, said: Reading) -> Wish | None:
    """`say park after they went to the`: what is not quoted, taken as it stands."""
    whole = " ".join(said.words)
    found = re.search(
        r"\b(?:say|says|predicts?|outputs?|writes?|produces?|answers?)\s+(\S+)\s+(?:after|behind|following|given)\s+(.+)$",
        whole,
        re.IGNORECASE,
    )
    if found is None:
        return None
    target = said.texts[0] if said.texts and found[1] in said.texts[0] else found[1]
    prompt = found[2].strip("?!")
    note = f"taking the prompt to be “{prompt}” and the target “{target}”; quotes make that sure"
    return replace(wish, prompt=prompt, target=target).noting(note)


def _elsewhere(wish: Wish, said: Reading) -> Wish:
    """With the corpus or the texts that something is to be checked on."""
    if wish.data is not None or said.texts:
        return replace(wish, texts=said.texts)
    tail = re.search(
        r"\b(?:on|with|in|against|over|for)(?: the| some)? ((?:\w+ ){0,2}\w+)$", said.skeleton
    )
    topic = tail[1] if tail else ""
    named = next((_NAMED[word] for word in topic.split() if word in _NAMED), None)
    if named is not None:
        return replace(wish, data=named).noting(f"taking “{topic}” to be {named}")
    return replace(wish, topic=topic)


def _filled(wish: Wish, earlier: Sequence[Wish], best: str | None) -> Wish:
    """With the unit that "it" means, where a question needs one and names none."""
    needs = {"compare": 2, **dict.fromkeys(_ONE, 1), "check": 1, "why": 0, "sure": 0}
    needs["attend"] = 0 if wish.sites else 1
    missing = needs.get(wish.kind, 0) - len(wish.units)
    if missing <= 0:
        return wish
    known = [unit for turn in reversed(earlier) for unit in turn.units]
    if best is not None and not (earlier and earlier[-1].units):
        known.insert(0, best)
    known = [unit for unit in dict.fromkeys(known) if unit not in wish.units][:missing]
    if len(known) < missing:
        return Wish(
            "unclear", wish.units, taken="it" if wish.kind != "compare" else "the other unit"
        )
    given = " and ".join(known)
    filled = replace(wish, units=(*reversed(known), *wish.units))
    return filled.noting(f"taking “it” to be {given}" if missing == 1 else f"taking {given}")


def topics(wish: Wish) -> str | list[str]:
    """What `find_units` is to look for."""
    if wish.words:
        return [word for text in wish.words for word in split_words(text) or [text]]
    return wish.topic
