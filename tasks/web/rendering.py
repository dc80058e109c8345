"""Pages as HTML: templates that escape everything, the style, the one script of the page."""

import functools
import html
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...agent.transcript.page import HERE as TRANSCRIPT
from ...agent.transcript.page import environment
from ...tools.data.windows import clean
from ...tools.errors import UsageError
from ..asking.answer_html import HERE as ASKING
from ..asking.answer_html import style

HERE = Path(__file__).parent


def drawn(template: str, **known: Any) -> str:
    """A template of this folder, filled in; all text in it is escaped."""
    return clean(_templates().get_template(template).render(known=set(), **known))


def note(text: str, *, wrong: bool = False) -> str:
    """One line for the person."""
    kind = "note wrong" if wrong else "note"
    return clean(f'<p class="{kind}" role="status">{html.escape(text)}</p>')


def attempt(work: Callable[[], str]) -> str:
    """What the work gives, or a line that says why it gives nothing."""
    try:
        return work()
    except Exception as error:
        return failure(error)


def failure(error: Exception) -> str:
    """A line that says what went wrong; the traceback of what nobody expected goes to stderr."""
    text = " ".join(str(error).split())
    if isinstance(error, UsageError):
        return note(text, wrong=True)
    traceback.print_exception(error, file=sys.stderr)
    return note(f"unexpected {type(error).__name__}: {text[:300]}", wrong=True)


def head() -> str:
    """Style and script of the page, for the document's head."""
    own = (HERE / "style.css").read_text(encoding="utf-8")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return f"<style>{style()}\n{own}</style><script>{script}</script>"


@functools.cache
def _templates() -> Any:
    return environment(HERE, TRANSCRIPT, ASKING)
