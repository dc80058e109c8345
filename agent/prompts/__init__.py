"""Prompts: one Markdown file per job; `$name` in it is filled in."""

from functools import cache
from importlib.resources import files
from string import Template


def prompt(name: str, **values: object) -> str:
    """The text of `name.md` with its fields filled in."""
    return Template(_text(name)).substitute(values).strip()


@cache
def system() -> str:
    """The system prompt, with the names of the lexicon's concepts at its end."""
    from ...tools.data.lexicon import categories

    return f"{prompt('system')}\n\nConcept names: {', '.join(categories())}."


@cache
def system_pictures() -> str:
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
        name: f"{at:.2f}" for name, at in (("small", SMALL), ("large", LARGE), ("edge", EDGE))
    }
    return "\n".join([prompt("system_pictures", **limits), "", "What can be drawn.", *lines])


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
