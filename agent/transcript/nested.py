"""The style of transcripts for pages that are not ours: a notebook, a browser's framework.

Everything is nested under the class `.ns`, so that it touches nothing else of the page. A piece
that stands by itself (a notebook's output, light or dark) has the class `alone` too.
"""

from markupsafe import Markup

from . import heat
from .page import HERE

_ALONE = Markup(
    ".ns.alone{font:15px/1.55 var(--sans);color:var(--ink);background:var(--paper);"
    "padding:.7rem 1rem;border-radius:8px}"
)


def nested_style() -> Markup:
    """The rules, to be put into a `<style>`."""
    shared = (HERE / "style.css").read_text(encoding="utf-8").replace(":root{", "&{", 1)
    return Markup(".ns{{{}{}}}{}").format(Markup(shared), heat.rules(), _ALONE)
