"""What a question asks for, once it is parsed."""

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "describe", "find", "drive", "change", "compare", "show", "lens", "labels",
    "attend", "why", "check", "sure", "help", "unclear", "other",
]  # fmt: skip


@dataclass(frozen=True)
class Intent:
    """A kind of question with what it names."""

    kind: Kind
    units: tuple[str, ...] = ()
    prompt: str | None = None
    target: str | None = None
    topic: str = ""
    """What units are to respond to, or what labels are to say."""
    words: tuple[str, ...] = ()
    """The same where it was quoted."""
    data: str | None = None
    """A corpus."""
    texts: tuple[str, ...] = ()
    """Texts to check something on."""
    sites: tuple[str, ...] = ()
    """Where to look."""
    taken: str = ""
    """What an unclear question was taken to mean; empty where it was clear."""

    def noting(self, note: str) -> "Intent":
        """With a further note on what was taken."""
        return replace(self, taken=f"{self.taken}; {note}" if self.taken else note)
