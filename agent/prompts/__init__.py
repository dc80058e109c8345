"""Prompts: one Markdown file per job; `$name` in it is filled in."""

from functools import cache
from importlib.resources import files
from string import Template

_WORDS = {
    "topic": "   The same form in another topic, and another form in the same topic, tell meaning "
    "from wording.\n",
    "good": "\"Forms of 'run' after a pronoun\"",
    "vague": '"verbs in text"',
}
_SYMBOLS = {
    "topic": "",
    "good": "\"'b' behind an odd count of 'a'\"",
    "vague": '"counts letters"',
}
"""What is said of texts of symbols in the place of what is said of words."""


def prompt(name: str, **values: object) -> str:
    """The text of `name.md` with its fields filled in."""
    return Template(_text(name)).substitute(values).strip()


@cache
def predictors(target_kind: str, meanings: tuple[str, ...] = ()) -> str:
    """How predictors for a target of that kind are written: one statement for every prompt."""
    from ...tools.predicates.grammar import grammar

    return grammar(target_kind, meanings)


@cache
def system(target_kind: str, meanings: tuple[str, ...] = (), *, programs: bool = True) -> str:
    """The system prompt for models of text, with the names of the concepts at its end.

    It depends on the kind of the target, on the kinds of predictors of meaning that can be had (of
    algorithms where texts are of symbols) and on whether programs are offered, alone: all units of
    a run share it.
    """
    from ...tools.english.lexicon import categories
    from ...tools.predicates.grammar import of_symbols

    symbols = of_symbols(meanings)
    known = predictors(target_kind, meanings)
    said = {"predictors": known, "programs": _programs(offered=programs)}
    text = prompt("system", **said, **(_SYMBOLS if symbols else _WORDS))
    return text if symbols else f"{text}\n\nConcept names: {', '.join(categories())}."


@cache
def system_pictures(*, programs: bool = True) -> str:
    """The system prompt for vision models, with the words of the scenes at its end."""
    from ...tools.scenes.backgrounds import SETTINGS
    from ...tools.scenes.palette import COLOURS
    from ...tools.scenes.scene import EDGE, LARGE, SMALL, TEXTURES
    from ...tools.scenes.things import GROUPS, NAMES

    words = {
        "Things": NAMES,
        "Groups": GROUPS,
        "Colours": COLOURS,
        "Textures": TEXTURES,
        "Backgrounds": ("plain", *SETTINGS),
    }
    lines = [f"{name}: {', '.join(found)}." for name, found in words.items()]
    limits = {
        name: f"{limit:.2f}" for name, limit in (("small", SMALL), ("large", LARGE), ("edge", EDGE))
    }
    limits |= {"predictors": predictors("image"), "programs": _programs(offered=programs)}
    text = prompt("system_pictures", **limits)
    return "\n".join([text, "", "What can be drawn.", *lines])


def _programs(*, offered: bool) -> str:
    return prompt("programs") if offered else ""


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
