"""What terms of grammar, spelling and punctuation mean: cues in a description, as predicates.

Sentence encoders know next to nothing of such terms, and descriptions of units are full of them.
Each entry is a pattern that is sought in the description and the predicate that it stands for.
"""

import re
from functools import lru_cache
from typing import Any

from ...tools.english.inflection import participle, past
from ...tools.english.irregular import VERBS
from ...tools.predicates import Predicate, parse

_WORDS: dict[str, str] = {
    r"pronouns?": "i me my mine myself you your yours yourself he him his himself she her hers"
    " herself it its itself we us our ours ourselves they them their theirs themselves",
    r"first[- ]person": "i me my mine myself we us our ours ourselves",
    r"second[- ]person": "you your yours yourself yourselves thou thee thy thine",
    r"third[- ]person": "he him his himself she her hers herself it its they them their theirs",
    r"(masculine|male) pronouns?": "he him his himself",
    r"(feminine|female) pronouns?": "she her hers herself",
    r"possessives?( pronouns?| adjectives?| determiners?)?": "my mine your yours his her hers its"
    " our ours their theirs whose",
    r"prepositions?": "of in to for with on at by from up about into over after beneath under above"
    " across against along among around before behind below beside between beyond during inside"
    " near off onto out outside since through throughout toward towards until upon within without",
    r"conjunctions?": "and or but nor so yet because although though while whereas unless if since"
    " that whether",
    r"coordinating conjunctions?": "and or but nor so yet for",
    r"articles?": "the a an",
    r"definite articles?": "the",
    r"indefinite articles?": "a an",
    r"determiners?": "the a an this that these those each every some any no my your his her its our"
    " their",
    r"demonstratives?": "this that these those",
    r"negations?|negative words?|negatives?|negating|denial": "not no never none nor neither nobody"
    " nothing nowhere without cannot can't don't doesn't didn't won't wouldn't isn't aren't wasn't"
    " weren't couldn't shouldn't hasn't haven't hadn't ain't n't",
    r"question words?|interrogatives?|wh-?words?": "who whom whose what which when where why how",
    r"modal( verb| auxiliar)?(s|y|ies)?|modals": "can could may might must shall should will would"
    " ought",
    r"auxiliar(y|ies)( verbs?)?|helping verbs?": "am is are was were be been being have has had do"
    " does did can could may might must shall should will would",
    r"forms? of (the verb )?to be|copulas?|linking verbs?": "am is are was were be been being",
    r"forms? of (the verb )?to have": "have has had having",
    r"quantifiers?": "all any both each every few many more most much none several some",
    r"contrast(s|ive|ing)?|contradict(s|ion|ory)": "but however although though yet nevertheless"
    " nonetheless despite whereas instead",
    r"hedg(es?|ing)|uncertain(ty)?|tentative": "maybe perhaps possibly probably might may could"
    " seems seem likely apparently",
    r"comparatives?|comparisons?": "more less than better worse bigger smaller larger greater fewer"
    " older younger higher lower",
    r"superlatives?": "most least best worst biggest largest greatest smallest highest"
    " lowest oldest",
    r"ordinals?|ordinal numbers?": "first second third fourth fifth sixth seventh eighth ninth"
    " tenth last",
    r"greetings?": "hello hi hey greetings welcome morning goodbye farewell",
    r"conditionals?|hypotheticals?": "if unless would whether otherwise",
    r"causal|causes?|causation|reasons?": "because since therefore thus hence due cause causes"
    " caused",
}
_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
    " hundred thousand million billion dozen"
)
_MARKS: dict[str, str] = {
    r"commas?": ",",
    r"periods?|full stops?": ".",
    r"question marks?": "?",
    r"exclamation (marks?|points?)": "!",
    r"semi-?colons?": ";",
    r"(?<!semi)(?<!semi-)colons?": ":",
    r"hyphens?|dash(es)?": "-–—",
    r"quotation marks?|quote marks?|inverted commas|quotes": "\"'“”‘’`",
    r"parenthes[ie]s|round brackets?": "()",
    r"(square )?brackets?": "[]()",
    r"(curly )?braces|curly brackets?": "{}",
    r"apostrophes?": "'’",
    r"slash(es)?": "/\\",
    r"ellips[ie]s": "…",
    r"underscores?": "_",
    r"percent(age)?( signs?)?": "%",
    r"dollar signs?|currency (signs?|symbols?)": "$£€¥",
    r"asterisks?": "*",
    r"ampersands?": "&",
}
_REGEXES: dict[str, str] = {
    r"gerunds?|present participles?|-ing (words?|forms?|verbs?|endings?)": r"(?i)^\w{2,}ing$",
    r"adverbs?": r"(?i)^\w{3,}ly$",
    r"plurals?( nouns?| forms?)?": r"(?i)^\w{2,}[^s\W]s$",
    r"years?|dates?": r"^(1[0-9]|20)\d\d$",
    r"alphanumeric|mix(ture)? of letters and (digits|numbers)": r"^(\d+[A-Za-z]|[A-Za-z]+\d)\w*$",
    r"(single|individual) letters?|one-letter": r"^[A-Za-z]$",
    r"long words?|many letters": r"^\w{9,}$",
    r"short words?|few letters": r"^\w{1,3}$",
}
_SHAPES: dict[str, str] = {
    r"capitali[sz]ed|capital letters?|upper-?case (first|initial)|title case|proper (nouns?|names?)"
    r"|(person|people|individual|character)('s|s'|s)? names?"
    r"|names? of (people|persons|individuals|\w* ?characters?)"
    r"|first names?|surnames?|last names?": "capitalised",
    r"upper-?case|all[- ]caps|in caps|acronyms?|initialisms?": "upper",
    r"lower-?case": "lower",
    r"punctuation( marks?)?": "punctuation",
    r"non-?ascii|accented|foreign (letters?|characters?|scripts?)": "non_ascii",
}
_AFFIX = re.compile(
    r"\b(?P<where>end|ends|ending|finish\w*|start|starts|starting|begin|begins|beginning|contain\w*"
    r"|with)\b(?: (?:in|with|on|by|at))?(?: the)?(?: (?:letters?|suffix|prefix|ending|sound))?"
    r" [\"'“‘`]?(?P<dash>-?)(?P<letters>[A-Za-z]{1,6})(?P<tail>-?)[\"'”’`]?(?=[\s,.;)]|$)"
)
_SENTENCE_END = {"kind": "regex", "pattern": r"[.!?][\"'”’)]*$", "on": "word"}
_REPEATED = r"repeat(s|ed|ing|ition|itions)?|duplicat\w+|(appeared|occurred|seen) (before|earlier)"
_PLACES = r"(?:tokens?|positions?|places?|words?)(?! of (?:a|the|each|every|any) (?:new )?[sc])"
_FIRST = re.compile(rf"\bfirst (?:(\d{{1,4}}) )?{_PLACES}\b")
_LAST = re.compile(rf"\b(?:last|final) (?:(\d{{1,4}}) )?{_PLACES}\b")
_NTH = re.compile(rf"\b(\d{{1,4}})(?:st|nd|rd|th) {_PLACES}\b(?! from the end)")
_BETWEEN = re.compile(
    r"\b(?:tokens|positions|places)(?: from)? (\d{1,4})"
    r"(?: (?:to|through|until|-) (\d{1,4})| on\w*)\b"
)
_OF_SENTENCE = r"s? of (a |the |each |every )?(new )?(sentence|clause)s?"
_STARTS = rf"(first (word|token)|start|beginning|opening){_OF_SENTENCE}"
_ENDS = rf"(last (word|token)|end|ending|close){_OF_SENTENCE}"


def cues(text: str) -> list[Predicate]:
    """The predicates that terms of grammar in a description stand for."""
    low = text.lower()
    found = [parse(meant) for pattern, meant in _table() if pattern.search(low)]
    return found + _positions(low)


def without_cues(text: str) -> str:
    """The text without those terms, which say nothing by their meaning."""
    for pattern, _ in _table():
        text = pattern.sub(" ", text)
    return _AFFIX.sub(" ", text)


@lru_cache(maxsize=1)
def _table() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = [
        (pattern, {"kind": "words", "words": words.split()})
        for pattern, words in _WORDS.items()
        if words
    ]
    found += [
        (pattern, {"kind": "regex", "pattern": f"[{re.escape(marks)}]", "on": "word"})
        for pattern, marks in _MARKS.items()
    ]
    found += [
        (pattern, {"kind": "regex", "pattern": regex, "on": "word"})
        for pattern, regex in _REGEXES.items()
    ]
    found += [(pattern, {"kind": "shape", "shape": shape}) for pattern, shape in _SHAPES.items()]
    digits = {"kind": "regex", "pattern": r"\d", "on": "word"}
    spelt = {"kind": "words", "words": _NUMBER_WORDS.split()}
    before = {"kind": "previous", "of": _SENTENCE_END, "by": "word"}
    first = {"kind": "position", "start": 0, "stop": 1}
    pasts = sorted({past(verb) for verb in VERBS} | {participle(verb) for verb in VERBS})
    tense = [
        {"kind": "regex", "pattern": r"(?i)^\w{2,}ed$", "on": "word"},
        {"kind": "words", "words": pasts},
    ]
    found += [
        (r"digits?|numerals?|numeric(al)?", digits),
        (r"numbers?(?! of)|quantit(y|ies)|counts?|amounts?", {"kind": "or", "of": [digits, spelt]}),
        (r"past[- ]tense|past participles?|simple past", {"kind": "or", "of": tense}),
        (_STARTS, {"kind": "or", "of": [before, first]}),
        (_ENDS, _SENTENCE_END),
        (_REPEATED, {"kind": "repeated"}),
    ]
    return [(re.compile(rf"(?<![\w-])(?:{p})(?!\w)", re.IGNORECASE), m) for p, m in found]


def _positions(low: str) -> list[Predicate]:
    """`the first 5 tokens`, `positions 11 to 58`, `tokens from 47 on`; counted from 1."""
    found = []
    for pattern, from_end in ((_FIRST, False), (_LAST, True)):
        for match in pattern.finditer(low):
            many = int(match[1] or 1)
            found.append({"start": 0, "stop": max(1, many), "from_end": from_end})
    for match in _NTH.finditer(low):
        if int(match[1]):
            found.append({"start": int(match[1]) - 1, "stop": int(match[1])})
    for match in _BETWEEN.finditer(low):
        first, last = int(match[1]), int(match[2] or 0)
        if first and (not match[2] or last >= first):
            found.append({"start": first - 1, "stop": last or None})
    return [parse({"kind": "position", **where}) for where in found]


def affixes(text: str) -> list[Predicate]:
    """`ending in -ing`, `that start with "un"`, `containing the letter q`."""
    found = []
    for match in _AFFIX.finditer(text):
        letters, where = match["letters"].lower(), match["where"].lower()
        quoted = match.group().rstrip()[-1] in "\"'”’`" or bool(match["dash"] or match["tail"])
        named = (
            re.search(r"letters?|suffix|prefix|ending [\"'“‘`-]|sound", match.group()) is not None
        )
        if not (quoted or named):
            continue
        escaped = re.escape(letters)
        if match["dash"] or where.startswith(("end", "finish")):
            pattern = rf"(?i)\w{escaped}$"
        elif match["tail"] or where.startswith(("start", "begin")):
            pattern = rf"(?i)^{escaped}"
        elif where.startswith("contain"):
            pattern = rf"(?i){escaped}"
        else:
            continue
        found.append(parse({"kind": "regex", "pattern": pattern, "on": "word"}))
    return found
