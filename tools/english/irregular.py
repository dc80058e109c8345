"""The words of English that inflect by no rule, from `irregular.json`; and those that do not."""

import json
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

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
