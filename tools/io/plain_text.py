"""Text on its way to a terminal: what labels, corpora, models and endpoints wrote cannot act there.

A terminal obeys escape sequences: they overwrite lines, set titles, write files, ask for answers.

1. `plain` takes out control characters (C0, C1, escape, delete) and overrides of the direction of
   writing; tabs and ends of lines stay.
2. Inside `plain_streams` the same is done to whatever is written to stdout and stderr, so a new
   command cannot forget it. On stderr a carriage return stays, for bars of other libraries.
3. Styles are escape sequences too: rich writes past the streams, through `terminal.Console`, which
   makes all text plain and adds its styles after that.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .strict_json import without_surrogates

_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_OVERRIDES}]")
_CONTROL_BUT_RETURN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_OVERRIDES}]")


def plain(text: str) -> str:
    """The text without control characters; lone surrogates, which no stream takes, replaced."""
    return without_surrogates(_CONTROL.sub("", text))


def clip(text: str, limit: int, mark: str = "…") -> str:
    """At most so many characters of a text; the mark stands for what is left out."""
    return text if len(text) <= limit else f"{text[: limit - len(mark)]}{mark}"


class _Plain:
    """A stream that writes plain text."""

    def __init__(self, stream: Any, control: re.Pattern[str]) -> None:
        self.rich_proxied_file = stream
        """Where rich writes."""
        self._control = control

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(without_surrogates(self._control.sub("", text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Inside, stdout and stderr are plain."""
    before: Any = sys.stdout, sys.stderr
    made: Any = _Plain(before[0], _CONTROL), _Plain(before[1], _CONTROL_BUT_RETURN)
    sys.stdout, sys.stderr = made
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
