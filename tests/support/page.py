"""A page of HTML as a test reads it: tags, links and text, and what could act in a browser."""

from html.parser import HTMLParser
from pathlib import Path

HOSTILE = "</table></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
"""Text that acts wherever it is not escaped."""
_VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """The page, parsed; its tags must be closed in order."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
        self.ids |= {str(value) for name, value in attrs if name == "id"}
        self.links += [str(value) for name, value in attrs if name == "href"]
        sources = ("src", "srcset", "data", "xlink:href")
        self.loaded += [str(value) for name, value in attrs if name in sources]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def check_hostile(page: Path) -> Page:
    """The page, which shows `HOSTILE` as text, with no script but its own and nothing that acts."""
    found = Page(page)
    assert found.tags.count("script") == 1
    assert "img" not in found.tags
    assert not found.handlers
    assert HOSTILE in found.text
    return found
