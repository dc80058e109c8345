"""Clauses that carry any word of a part of speech and form: `part:form`, one clause a line.

`@` is the word as written, `@@` the word with its article, `%` an object where the verb needs one;
slots are those of `templates`.
"""

CLAUSES: dict[str, str] = {
    "noun:n": """\
{N} looked at the @ for a long time
the @ was behind the {n:buildings}
nobody in {n:cities} talked about the @
{N} asked {M} about the @
there was nothing left of the @
{N} could not forget the @
the {n:professions} pointed at the @
{N} has always liked the @""",
    "noun:a": """\
{N} had never seen @@ before
there was @@ in the {n:rooms}
{N} dreamed of @@
{M} said that it was only @@
{N} went to {n:cities} to find @@""",
    "noun:mass": """\
{N} knew nothing about @
there was no @ left in {n:countries}
{M} wrote a book about @
{N} thought of @ all day""",
    "noun:s": """\
there were many @ behind the {n:buildings}
{N} counted the @ again
{M} did not like the @
in {n:countries} one can see {n:numbers} @
some @ were still there in {n:months}""",
    "verb:n": """\
{N} wanted to @%
they had to @% before {n:weekdays}
{M} will never @% again
it is not easy to @%""",
    "verb:p": """\
{N} @% in the morning
{M} @% again on {n:weekdays}
the {n:professions} @% and went home
they @% for {n:numbers} {s:units of time}""",
    "verb:g": """\
{N} was @% when {M} came in
they kept @% all evening
{M} does not like @%
the {n:professions} stopped @%""",
    "verb:t": """\
{N} often @% in {n:months}
nobody @% like {M}
the {n:professions} @% every morning""",
    "adjective:n": """\
the {n:animals} in the {n:rooms} was @
it looked rather @ in the light
{N} found the {n:clothes} very @
{M} wanted the @ {n:furniture}
the {n:landforms} was @ in {n:months}""",
    "adjective:c": """\
the {n:animals} was @ than before
this {n:buildings} is @ than the {n:buildings}
{N} wanted something @
it became @ every {n:units of time}""",
    "adverb:n": """\
{N} @ opened the door
{M} @ {p:verbs of motion} to the {n:shops}
the {n:professions} answered @
they worked @ until {n:weekdays}""",
    "number:n": """\
there were @ {s:vehicles} in front of the {n:buildings}
{N} waited @ {s:units of time}
{M} needs @ {s:school things}
only @ {s:fruits} were left""",
    "name:n": """\
{N} told {M} about @
the letter was about @
{M} had never heard of @
they spoke of @ for hours""",
    "name:weekday": """\
{N} arrived on @
it was @ when {M} came home
they met every @ in {n:cities}
{M} wanted to leave before @""",
    "name:month": """\
{N} went to {n:countries} in @
it was already @ in {n:cities}
they waited until @
{M} came back at the end of @""",
    "name:person": """\
@ {p:verbs of motion} to the {n:shops}
the {n:professions} was waiting for @
@ and {M} played {n:games} in the {n:rooms}
{N} wrote a letter to @""",
    "any:n": """\
{N} wrote "@" on the wall
the last word on the page was "@"
{M} read "@" aloud
there was a line that said "@" on the screen""",
}
JOINTS = (", and ", ", but ", ", while ", ", and then ", "; ")
