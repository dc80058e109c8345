"""Units of known function on real text, with a true explanation in a person's wording and rivals.

The function says which words are active, so that what is true is known; explanations paraphrase it,
mostly without naming the words. Each has rivals that are broader or beside the point, and a list of
some of its own active words, which is a near miss. Half of the units are for development (`d`), the
weights of `choosing.py` were set on them; the rest (`h`) are for measuring.
"""

# ruff: noqa: E501  (tables of words)

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Test = Callable[[list[str], int], bool]


class Function(NamedTuple):
    """A unit."""

    name: str
    corpus: str
    """W: encyclopaedia, S: plays."""
    holds: Test
    true: str
    half: str
    rivals: tuple[str, str]


def ws(words: str) -> Test:
    """Any of these words."""
    known = set(words.split())
    return lambda text, at: text[at].lower() in known


def rx(pattern: str) -> Test:
    """Words that match."""
    compiled = re.compile(pattern)
    return lambda text, at: compiled.search(text[at]) is not None


def after(test: Test) -> Test:
    """Right behind such a word."""
    return lambda text, at: at > 0 and test(text, at - 1)


def proper(text: list[str], at: int) -> bool:
    """Capitalised, but not because a sentence begins."""
    return at > 0 and text[at][:1].isupper() and text[at - 1] not in ".!?"


# fmt: off
FUNCTIONS = (
    Function('kin', 'S', ws('father mother son daughter brother sister uncle aunt cousin wife husband nephew'), 'names of relatives', 'd', ('people of any sort', 'women')),
    Function('body', 'S', ws('hand hands head heart eye eyes face arm arms blood tongue lips hair foot breast neck knee knees'), "parts of a person's anatomy", 'd', ('living things', 'medical problems')),
    Function('royal', 'S', ws('king queen prince duke lord lords crown throne majesty princess'), 'monarchs and people of noble rank', 'd', ('people with jobs', 'buildings')),
    Function('death', 'S', ws('death die dead died grave slain kill murder killed dies tomb buried'), 'mortality and people losing their lives', 'd', ('sad feelings', 'violence in general')),
    Function('weapon', 'W', ws('gun guns rifle rifles missile missiles bomb bombs torpedo torpedoes artillery ammunition cannon sword swords machine-gun machine-guns'), 'arms used in fighting', 'd', ('tools and machines', 'anything to do with the army')),
    Function('ship', 'W', ws('ship ships vessel vessels fleet battleship cruiser destroyer destroyers navy naval sailed aboard hull'), 'maritime craft and sea forces', 'd', ('means of transport', 'water')),
    Function('month', 'W', ws('january february march april june july august september october november december'), 'which part of the calendar year it is, e.g. spring dates', 'd', ('dates and numbers', 'seasons and the weather')),
    Function('year', 'W', rx('^(1[5-9]|20)\\d\\d$'), 'four-digit calendar years', 'd', ('numbers in general', 'any date')),
    Function('the', 'W', after(ws('the')), "whatever comes immediately after 'the'", 'd', ('common function words', 'nouns')),
    Function('comma', 'W', rx('^,$'), 'commas', 'd', ('punctuation of any kind', 'the end of a sentence')),
    Function('ing', 'W', rx('^[a-z]{3,}ing$'), 'present participles and gerunds', 'd', ('verbs in any form', 'nouns that name activities')),
    Function('music', 'W', ws('song songs album albums band guitar piano music singer vocals track tracks recording chorus lyrics melody'), 'vocabulary from the recording industry and tunes', 'd', ('art in general', 'things one can hear')),
    Function('film', 'W', ws('film films movie movies director actor actress scene scenes cinema screenplay episode episodes'), 'motion pictures and television', 'd', ('entertainment of any kind', 'photographs')),
    Function('neg', 'S', ws('not no never none nor neither nothing nobody'), 'negations', 'd', ('short function words', 'unhappy feelings')),
    Function('you', 'S', ws('you your yours thou thee thy thine ye'), 'addressing the listener in the second person', 'd', ('pronouns of any kind', 'imperatives')),
    Function('storm', 'W', ws('storm hurricane cyclone winds wind tropical rain rainfall flooding tornado depression landfall'), 'severe weather events', 'd', ('nature in general', 'disasters such as earthquakes')),
    Function('game', 'W', ws('game games season team teams player players coach league goal goals scored match championship touchdown quarterback'), 'athletic competition', 'd', ('entertainment and leisure', 'winning')),
    Function('cap', 'W', proper, 'proper names written with a capital letter', 'd', ('the first word of a sentence', 'words in all caps')),
    Function('by', 'W', after(ws('by')), 'the agent that follows "by"', 'd', ('prepositions', 'authors')),
    Function('ed', 'W', rx('^[a-z]{3,}ed$'), 'regular verbs in the past tense', 'd', ('adjectives', 'verbs in general')),
    Function('church', 'W', ws('church churches cathedral bishop priest monastery chapel religious god holy pope temple'), 'worship and clergy', 'd', ('buildings', 'beliefs and superstitions')),
    Function('road', 'W', ws('road highway route street bridge freeway lane lanes interstate intersection junction'), 'infrastructure for cars and travel', 'd', ('places', 'walking')),
    Function('num3', 'W', ws('two three four five six seven eight nine ten twelve twenty'), 'spelled-out numerals', 'd', ('numerals written with digits', 'counting and mathematics')),
    Function('bird', 'W', ws('bird birds species animal animals fish eggs nest prey habitat male female breeding feathers mammal'), 'wildlife biology', 'd', ('nature in general', 'pets')),
    Function('h_law', 'W', ws('court law legal judge trial case jury lawyer appeal constitution convicted criminal'), 'the justice system', 'h', ('rules', 'crimes')),
    Function('h_army', 'W', ws('army battalion regiment troops soldiers division brigade infantry corps officers commander general squadron'), 'units of the armed services and their men', 'h', ('wars and battles', 'groups of people')),
    Function('h_love', 'S', ws('love loves lover sweet kiss marry marriage wed dear beloved'), 'romantic affection', 'h', ('strong feelings of any kind', 'family')),
    Function('h_time', 'S', ws('day night hour morning morrow week days hours year years month'), 'when things happen: stretches of the clock or calendar', 'h', ('numbers', 'darkness and light')),
    Function('h_place', 'W', ws('england london france germany america york canada australia ireland scotland paris italy spain japan china'), 'locations on a map such as nations and their capitals', 'h', ('nationalities', 'journeys')),
    Function('h_school', 'W', ws('school university college students student professor education degree graduated campus'), 'academic life', 'h', ('young people', 'books')),
    Function('h_mod', 'S', ws('can could may might must shall should will would'), 'modal auxiliaries', 'h', ('verbs in general', 'wishes')),
    Function('h_prep', 'W', ws('of in to for with on at by from'), 'short prepositions', 'h', ('short words of any sort', 'directions')),
    Function('h_to', 'S', after(ws('to')), 'the word right after "to"', 'h', ('infinitives', 'prepositions')),
    Function('h_period', 'W', rx('^\\.$'), 'the full stop that closes a sentence', 'h', ('punctuation of any kind', 'abbreviations')),
    Function('h_ly', 'W', rx('^[a-z]{3,}ly$'), 'adverbs ending in "-ly"', 'h', ('adjectives', 'words that end in a vowel')),
    Function('h_dig', 'W', rx('^\\d'), 'numbers written with digits', 'h', ('number words', 'dates')),
    Function('h_upper', 'W', rx('^[A-Z]{2,}$'), 'acronyms in all caps', 'h', ('words that start with a capital letter', 'organisations')),
    Function('h_q', 'S', rx('^\\?$'), 'the mark that closes a question', 'h', ('punctuation of any kind', 'question words')),
    Function('h_1p', 'S', ws('i me my mine myself we us our'), 'the speaker talking of himself', 'h', ('pronouns of any kind', 'names')),
    Function('h_color', 'W', ws('red blue green white black yellow brown grey orange purple pink'), 'hues', 'h', ('adjectives', 'paint')),
    Function('h_money', 'W', ws('million dollars money cost costs price paid bank sales profit tax financial budget revenue'), 'finance and how expensive things are', 'h', ('numbers', 'trade between nations')),
    Function('h_family', 'W', ws('father mother son daughter brother sister uncle wife husband parents children family'), 'kinship', 'h', ('people of any sort', 'children')),
    Function('h_gov', 'W', ws('government president minister election party parliament senate political elected governor vote'), 'politicians and how a state is run', 'h', ('powerful people', 'wars')),
    Function('h_book', 'W', ws('book books novel author story published writer poem poetry stories writing literary'), 'literature and the people who write it', 'h', ('art in general', 'paper')),
    Function('h_art', 'W', ws('painting paintings art artist museum gallery sculpture portrait statue drawing'), 'visual arts', 'h', ('culture in general', 'photographs and films')),
    Function('h_speak', 'S', ws('say speak said tell says told spoke cry call talk word words'), 'verbs of saying', 'h', ('verbs in general', 'noises')),
    Function('h_and', 'W', ws('and or but'), 'coordinating conjunctions', 'h', ('common function words', 'lists of things')),
    Function('h_cause', 'S', ws('because since therefore thus hence'), 'connectives that give a reason', 'h', ('adverbs', 'questions')),
    Function('h_house', 'W', ws('building buildings house tower wall walls roof floor built construction hall castle'), 'architecture', 'h', ('places', 'materials')),
    Function('h_water', 'W', ws('river lake sea water ocean coast island islands bay creek shore'), 'bodies of water and what lies beside them', 'h', ('nature in general', 'ships')),
    Function('h_plant', 'W', ws('tree trees plant plants forest leaves flower flowers wood fruit garden seeds'), 'vegetation', 'h', ('nature in general', 'food')),
    Function('h_sick', 'W', ws('disease hospital medical health patients patient treatment doctor infection symptoms cancer illness'), 'illness and its care', 'h', ('the human body', 'sad feelings')),
    Function('h_hyphen', 'W', rx('^\\w+-\\w+$'), 'compound words joined by a hyphen', 'h', ('punctuation', 'long words')),
    Function('h_that', 'W', after(ws('that')), 'tokens following "that"', 'h', ('pronouns', 'common function words')),
    Function('and_or', 'W', ws('and or'), 'the words "and" and "or"', 'd', ('conjunctions of any kind', 'common function words')),
    Function('mother', 'S', ws('mother'), 'the word "mother"', 'd', ('family members', 'women')),
    Function('no', 'S', ws('no'), "the word 'no'", 'd', ('negations', 'short function words')),
    Function('h_he', 'W', ws('he him'), 'the pronouns "he" and "him"', 'h', ('pronouns of any kind', 'men')),
    Function('h_war', 'W', ws('war'), 'the word "war"', 'h', ('military matters', 'violence in general')),
    Function('h_first', 'W', ws('first second third'), '"first", "second" and "third"', 'h', ('numbers', 'beginnings')),
)
# fmt: on
ITEM = dict[str, object]


def items(folder: Path, half: str, *, seed: int = 0) -> list[ITEM]:
    """One item a unit: three to five records with active words, and sometimes one without."""
    rng = random.Random(seed + 100)
    chosen = [unit for unit in FUNCTIONS if unit.half == half]
    texts = {"W": _encyclopaedia(folder), "S": _plays(folder)}
    found = []
    for unit in chosen:
        active = [t for t in texts[unit.corpus] if any(unit.holds(t, i) for i in range(len(t)))]
        silent = [t for t in texts[unit.corpus] if not any(unit.holds(t, i) for i in range(len(t)))]
        rows = rng.sample(active, rng.choice([3, 4, 5]))
        rows += [rng.choice(silent)] if silent and rng.random() < 0.5 else []
        records = [_record(unit, row, rng) for row in rows]
        others = [other.true for other in chosen if other is not unit]
        false = [*unit.rivals, *rng.sample(others, 1)]
        own = sorted({w.lower() for row in rows for i, w in enumerate(row) if unit.holds(row, i)})
        if len(own) >= 4:
            listed = ['"' + word.strip('"') + '"' for word in rng.sample(own, 3)]
            false.append(f"instances of the words {listed[0]}, {listed[1]}, and {listed[2]}")
        else:
            false.append(rng.choice([other for other in others if other not in false]))
        entry = {"name": unit.name, "explanation": unit.true, "false_explanations": false}
        found.append({**entry, "activation_records": records})
    return found


def _record(unit: Function, row: list[str], rng: random.Random) -> ITEM:
    """Tokens with noisy activations; one active word in twenty is missed."""
    tokens, activations = [], []
    for at, word in enumerate(row):
        if unit.holds(row, at) and rng.random() > 0.05:
            value = rng.uniform(5, 10)
        else:
            value = rng.uniform(0.2, 3) if rng.random() < 0.02 else 0.0
        space = "" if at == 0 or re.fullmatch(r"[.,;:!?)']", word) else " "
        if len(word) > 9 and rng.random() < 0.5:  # a word of two tokens
            cut = len(word) // 2
            tokens += [space + word[:cut], word[cut:]]
            activations += [value * rng.choice([0, 0.6]), value]
        else:
            tokens.append(space + word)
            activations.append(value)
    return {"tokens": tokens, "activations": activations}


def _encyclopaedia(folder: Path) -> list[list[str]]:
    names = ("wikitext2-valid.txt", "wikitext2-test.txt")
    text = "".join((folder / name).read_text(encoding="utf-8") for name in names)
    text = text.replace(" @-@ ", "-").replace(" @,@ ", ",").replace(" @.@ ", ".")
    lines = [line.strip() for line in text.split("\n")]
    return _cut([line.split() for line in lines if line and not line.startswith("=")])


def _plays(folder: Path) -> list[list[str]]:
    text = (folder / "tinyshakespeare.txt").read_text(encoding="utf-8")
    return _cut([re.findall(r"[\w'-]+|[^\w\s]", part) for part in text.split("\n\n")])


def _cut(parts: list[list[str]]) -> list[list[str]]:
    pieces = [part[at : at + 28] for part in parts for at in range(0, len(part), 28)]
    return [piece for piece in pieces if len(piece) >= 12]
