"""Text of other people's files on a terminal: no control character gets through."""

import unicodedata


def plain(text: str, most: int = 100) -> str:
    """One line of at most so many characters, without what a terminal would obey."""
    kept = (c if c.isspace() or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)
    safe = "".join(kept)
    line = " ".join(safe.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
