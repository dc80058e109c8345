"""A unit: one slice of a site, with a sign. Written `mlp.3/1207`, `mlp.3/1207-`, `head.5/7`."""

import re
from dataclasses import dataclass

from ..errors import UsageError

_PATTERN = re.compile(r"(?P<site>.+)/(?P<index>\d+)(?P<sign>[+-]?)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Unit:
    """One unit of a target: its site, its index there and the direction that counts."""

    site: str
    index: int
    sign: int = 1

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """Reads `site/index` with an optional trailing sign; splits at the last `/`.

        Raises:
            UsageError: if the text is not a unit.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise UsageError(
                f"'{text}' is not a unit; write SITE/INDEX, such as mlp.3/1207 or head.5/7, "
                "with a trailing '-' for the negative direction"
            )
        return cls(match["site"], int(match["index"]), -1 if match["sign"] == "-" else 1)

    def __str__(self) -> str:
        return f"{self.site}/{self.index}{'-' if self.sign < 0 else ''}"
