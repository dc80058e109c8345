"""Sentence frames of tier A, written for this suite.

Slots: `{noun} {verb} {adjective} {adverb}` take a word of a category of that part; `{person}`,
`{place}`, `{month}` a name; `{plain}` and `{thing}` an adjective and a noun of no category; `{who}`
a pronoun or a plain noun phrase; `{number}` and `{many}` a numeral; `{shout}` a word in capitals.
"""

PLACES = ("towns", "countries")
"""Categories of names that fill `{place}`."""
TIMES = ("months",)
"""Categories of names that fill `{month}`; all other names are persons."""

PLAIN = """
good strange famous useful different familiar important special simple typical certain splendid
dreadful ordinary local
"""
THINGS = """
thing place object item sort matter corner picture story idea problem question gift collection
present surprise
"""
WHO = (
    "she",
    "he",
    "they",
    "we",
    "everyone",
    "somebody",
    "nobody",
    "someone",
    "the neighbours",
    "the visitors",
    "a stranger",
    "the children",
    "my friend",
    "her friends",
    "both of them",
    "the whole town",
    "two women",
    "a customer",
)
"""Plain subjects."""
SOMEONE = (
    "everyone",
    "somebody",
    "nobody",
    "my friend",
    "the stranger",
    "the visitor",
    "our neighbour",
    "the customer",
    "that woman",
    "this man",
    "the boss",
    "one of us",
)
"""Plain persons, subject or object."""
SHOUTS = "STOP SALE DANGER CLOSED OPEN HELP WARNING NO YES WAIT EXIT FREE LOST URGENT"

FRAMES = """
The {noun} was next to the {noun}.
The {noun} and the {noun} were both {adjective}.
{who} put the {noun} under the {adjective} {noun}.
{person} {verb} near the {noun} and then {verb} again.
{person} has {number} of them, but the {noun} is missing.
Did {person} ask about the {noun}?
Where did {who} leave the {noun}?
What a {plain} {noun}!
"This {noun} is {adjective}," said {person}.
"Look at the {noun}!" came from {person}.
In {month}, {who} came back with the {adjective} {noun}.
In {place}, the {noun} is {adverb} more {plain} than the {noun}.
{adverb}, the {noun} belonged to {person}.
{who} {adverb} thought of the {noun} and the {noun}.
The {adjective} {noun} is {adverb} better than the {adjective} one.
{noun}, {noun} and {noun}: that was all {who} wanted.
A sign in {place} said {shout}, but {who} {verb} anyway.
There were {many} people in the line, each with some kind of {noun}.
Not every {noun} is {adjective}.
Without the {noun}, the {noun} would be of no use.
{person} lives in {place} and talks about the {noun} all the time.
My {noun} is {adjective}; yours is {adjective}.
Her {noun}, {adjective} and {adjective}, stood beside the {noun}.
{who} {verb} {adverb} while {person} {verb}.
When {person} {verb}, the {noun} fell off.
If the {noun} is {adjective}, take the {noun} instead.
Why is there no {noun} in the {thing}?
Is it the {noun} or the {noun} that {person} likes?
The {thing} with the number {number} is the {noun}.
The price of this {noun} went up by {number} in {month}.
Chapter {number} is about the {noun}, chapter {many} about the {noun}.
"Nobody {verb}," {person} told the {noun}.
From {month} to {month}, the {noun} was in {place}.
{person} {verb} and {verb}, and the {noun} was {plain} again.
{adjective} {noun}, {adjective} {noun}: it was all the same to {person}.
Between the {noun} and the {noun} there was a {plain} {thing}.
{who} had not yet heard of such a {noun}, or of such a {noun}.
{person} wrote about the {noun} that {who} {verb} for.
After the {noun} came the {noun}, and after that the {noun}.
The {thing} of the {noun} made {person} think of {place}.
I like the {noun}, but the {noun} is too {adjective} for me.
It was {adverb} the {noun} that {verb}.
{shout}! The {noun} is {adjective}!
"{shout}!" {who} {verb} {adverb}.
Some say that the {noun} is {adjective}, others that it is {adjective}.
One {noun} here, one {noun} there, and {number} more in the {thing}.
{person} gave {person} the {noun}.
Have you heard about the {noun} in {place}?
Who {verb} in front of the {noun}?
The {noun} was {adverb} {adjective}, like the {noun} before it.
That {noun} came from {place}, the other {noun} from {place}.
Whose {adjective} {noun} is this?
{person} and {person} {verb} past the {noun}.
It took {number} people to move the {noun} away from the {noun}.
On page {number} there is a picture of the {noun}.
The {noun} has nothing to do with the {noun}, said {person}.
{who} {verb} about it, {verb} about it, and went home.
For {person}, the {noun} meant more than any {noun}.
How {adjective} the {noun} is!
What do {who} want with my {noun}?
{adjective} or not, the {noun} stays here.
Then the {noun} {adverb} disappeared behind the {noun}.
Everything about the {noun} was {plain}: the {noun}, the {noun}, even the {noun}.
In the end {person} {verb}.
We met {person} by the {noun} in {place}.
"I {verb} because of the {noun}," {person} said {adverb}.
"Is that your {noun}?" - "No, it is the {noun} of {person}."
Nothing is as {adjective} as the {noun} in {month}.
{person} counted to {number}, {verb}, and picked up the {noun}.
The {plain} {noun} (the {adjective} one) is for {person}.
The {noun} and {who} went to {place} together.
Give me the {noun}, please, and keep the {noun}.
Do not touch the {noun}!
Please bring the {adjective} {noun} to {person} in {place}.
{person} {verb} as if the {noun} were {adjective}.
The {noun} that {person} talked about was {adverb} a {noun}.
Last {month}, {who} found the {noun} in the {noun}.
First the {noun}, then the {noun}; {adverb} nobody {verb}.
With the {noun} in mind, {who} {verb} {adverb}.
Unlike the {noun}, the {noun} looks {adjective} and {adjective}.
{who} could not find the {noun}, so {person} {verb}.
About {many} of {many} people know the word "{noun}".
Room {number} has the {noun}; room {many} has the {noun}.
In {place} there is a {plain} {thing} about the {noun}.
They say {person} {verb} in {month}.
A {adjective} {noun} beats a {adjective} {noun}, as {person} puts it.
The {noun}, the {noun} and the {adjective} {noun} are here.
Thanks to the {noun}, {person} got to {place} by {month}.
Tell {person} that the {noun} is {adverb} ready.
Such is the {noun}: {adjective} today, {adjective} tomorrow.
Will the {noun} be {adjective} in {place}?
Can {who} see the {noun} from the {noun}?
{person}, who {verb}, knows each {noun} by name.
Because {person} {verb}, the {noun} was late.
{number} times {who} tried the {noun}; {number} times it was {adjective}.
{person} would give anything for this {adjective} {noun}.
{who} said YES to the {noun} and NO to the {noun}.
The FIRST {thing} had its own {noun}, the NEW one has none.
There lay the {noun}, {adjective} as before.
No {noun}, no {noun}.
Yesterday {person} {verb}; today the {noun} is {adjective}.
""".strip().splitlines()
