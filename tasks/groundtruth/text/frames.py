"""Sentence frames of tier A, written for this suite; the texts are in `frames.json`.

Slots: `{noun} {verb} {adjective} {adverb}` take a word of a category of that part; `{person}`,
`{place}`, `{month}` a name; `{plain}` and `{thing}` an adjective and a noun of no category; `{who}`
a pronoun or a plain noun phrase; `{number}` and `{many}` a numeral; `{shout}` a word in capitals.
"""

import json
from pathlib import Path

_TEXTS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
PLACES: list[str] = _TEXTS["places"]
"""Categories of names that fill `{place}`."""
TIMES: list[str] = _TEXTS["times"]
"""Categories of names that fill `{month}`; all other names are persons."""
PLAIN: list[str] = _TEXTS["plain"]
THINGS: list[str] = _TEXTS["things"]
WHO: list[str] = _TEXTS["who"]
"""Plain subjects."""
SOMEONE: list[str] = _TEXTS["someone"]
"""Plain persons, subject or object."""
SHOUTS: list[str] = _TEXTS["shouts"]
FRAMES: list[str] = _TEXTS["frames"]
