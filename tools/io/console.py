"""The console of every command: rich's, on which no text can act (see `plain_text.py`)."""

from collections.abc import Iterable

from rich import console
from rich.segment import Segment

from .plain_text import plain


class Console(console.Console):  # noqa: TID251  the one place
    """A console whose text is plain; its own styles and movements are no text."""

    def render(
        self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(plain(text), style)
