"""English forms, and the function that gathers all forms of a word."""

import pytest
from neuroscribe.tools.english import inflection
from neuroscribe.tools.english.inflection import forms

PAIRS = {
    "plural": """cat cats, box boxes, church churches, city cities, boy boys, knife knives, wolf
        wolves, roof roofs, potato potatoes, piano pianos, mouse mice, child children, fireman
        firemen, human humans, goldfish goldfish, sheep sheep, quiz quizzes, bus buses, analysis
        analyses, Kennedy Kennedys, Mouse Mice, werewolf werewolves, hoof hooves""",
    "past": """stop stopped, visit visited, rain rained, cook cooked, build built, panic panicked,
        bake baked, try tried, play played, run ran, admit admitted, offer offered, quit quit,
        equip equipped, travel travelled, fix fixed, snow snowed, agree agreed, ruin ruined, tie
        tied, occur occurred, open opened, mop mopped, season seasoned""",
    "gerund": """stop stopping, lie lying, see seeing, dye dyeing, bake baking, be being,
        run running, picnic picnicking, agree agreeing, visit visiting, argue arguing,
        begin beginning""",
    "third": "go goes, try tries, play plays, fix fixes, be is, have has, do does, veto vetoes",
    "participle": "take taken, bake baked, run run, write written, swim swum",
    "comparative": "big bigger, nice nicer, happy happier, good better, grey greyer, dry drier",
    "superlative": "big biggest, nice nicest, happy happiest, bad worst, thin thinnest",
    "article": """apple an, hour an, unicorn a, uninvited an, European a, one a, onion an, eel an,
        ukulele a, umbrella an, university a, honest an, house a""",
}
CASES = [(name, *pair.split()) for name, pairs in PAIRS.items() for pair in pairs.split(",")]


@pytest.mark.parametrize(("name", "base", "form"), CASES)
def test_form(name, base, form):
    assert getattr(inflection, name)(base) == form


def test_forms_of_an_unknown_part_of_speech():
    assert forms("Month") >= {"month", "months", "month's"}
    assert forms("run") >= {"run", "runs", "ran", "running"}
    assert forms("big") >= {"bigger", "biggest"}
    assert forms("burn") >= {"burnt", "burned"}


@pytest.mark.parametrize(
    ("base", "never"),
    [
        *(("bit", "bitter"), ("mat", "matter"), ("corn", "corner"), ("may", "mays")),
        *(("a", "as"), ("i", "is"), ("even", "evening"), ("new", "knew"), ("for", "fored")),
    ],
)
def test_forms_invent_no_other_word(base, never):
    assert never not in forms(base)


def test_the_part_of_speech_narrows_the_forms():
    assert forms("dog", "noun") == {"dog", "dogs", "dog's", "dogs'"}
    assert forms("fish", "noun") >= {"fish"}
    assert "fishing" not in forms("fish", "noun")
    assert forms("saw", "verb") == {"saw", "saws", "sawed", "sawing", "sawn"}
    assert forms("seven", "number") == {"seven"}
    assert forms("often", "adverb") == {"often"}
    assert forms("3rd") == {"3rd"}
