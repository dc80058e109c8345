"""The style of transcripts for pages that are not ours: a notebook, a browser's framework.

Everything is nested under the class `.ns`, so that it touches nothing else of the page.
"""

from markupsafe import Markup

from . import heat
from .page import HERE


def nested_style() -> Markup:
    """The rules, to be put into a `<style>`."""
    shared = (HERE / "style.css").read_text(encoding="utf-8").replace(":root{", "&{", 1)
    return Markup(".ns{{{}{}}}").format(Markup(shared), heat.rules())
