"""What a file of descriptions gives: descriptions with the place they stand at, and problems."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ....tools.errors import UsageError

MOST_LETTERS = 20_000
"""Of one description; what is longer is no description of a unit."""
DEFAULT_SITE = "mlp.{layer}"
_FIELDS = ("layer", "source")


@dataclass(frozen=True)
class Place:
    """Where something stands: a line of a file, counted from 1."""

    line: int
    file: str | None = None
    """In a folder, which file of it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"line": self.line} | ({"file": self.file} if self.file is not None else {})

    def __str__(self) -> str:
        return f"line {self.line}" if self.file is None else f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class Part:
    """A clause of a description with its predictor."""

    words: str
    predictor: Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """One description of one unit, as some tool gave it."""

    unit: str
    """The unit's name in the target: `mlp.5/12`."""
    description: str
    place: Place
    parts: tuple[Part, ...] = ()
    """Predictors that came with it."""
    method: str = ""
    """What made it, where the file says so; a unit may have one description a method."""
    claimed: float | None = None
    """The score that its own tool gave it."""


@dataclass(frozen=True)
class Problem:
    """Something in the file that cannot be used."""

    place: Place
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**self.place.as_dict(), "reason": self.reason}


@dataclass
class Imported:
    """A file or folder of descriptions, read."""

    given: list[Given] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class SiteTemplate:
    """Names the site of a layer: `mlp.{layer}`, `{source}`.

    `{layer}` is the layer's number, `{source}` what the file calls the layer or module.

    Raises:
        UsageError: if the template has other fields, or none.
    """

    def __init__(self, template: str = DEFAULT_SITE) -> None:
        self.template = template
        fields = re.findall(r"\{([^{}]*)\}", template)
        rest = re.sub(r"\{[^{}]*\}", "", template)
        if not fields or set(fields) - set(_FIELDS) or "{" in rest or "}" in rest:
            raise UsageError(
                f"--site '{template}' is no template; write {{layer}} or {{source}} in it, "
                "such as mlp.{layer}"
            )

    def unit(self, source: str, index: Any) -> str:
        """The unit's name.

        Args:
            source: What the file calls the layer: `5`, `6-res-jb`, `layers.5.mlp`.
            index: The unit's index there, as a number or in digits.

        Raises:
            ValueError: says which part is missing.
        """
        digits = str(index).strip()
        if isinstance(index, bool) or not (digits.isascii() and digits.isdecimal()):
            raise ValueError(f"the index {short(index)} is not a number")
        if len(digits) > 9:
            raise ValueError(f"there is no unit with the index {short(digits)}")
        result = re.search(r"(?<![A-Za-z0-9])\d{1,6}(?![A-Za-z0-9])", source)
        result = result or re.search(r"\d{1,6}", source)
        if result is None and "{layer}" in self.template:
            raise ValueError(f"{short(source)} names no layer; give --site with {{source}}")
        layer = str(int(result.group())) if result else ""
        site = self.template.replace("{layer}", layer).replace("{source}", source)
        return f"{site}/{int(digits)}"


def short(value: Any) -> str:
    """A value of a file in a message: one line, in quotation marks, at most 60 characters."""
    text = repr(value if isinstance(value, (str, int, float, bool)) else type(value).__name__)
    return text if len(text) <= 60 else f"{text[:57]}..."


def one_line(text: str, limit: int = 100) -> str:
    """Text of a file as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
