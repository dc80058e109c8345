"""One self-contained page of results: the base template and style of transcripts around a body.

A body template extends `base.html` and fills its blocks `style`, `header` and `body`. It gets the
values of the page, and may import the macros of `parts.html`. Everything is escaped.
"""

from pathlib import Path
from typing import Any

from ...agent.transcript.page import HERE as BASE
from ...agent.transcript.page import environment, page_assets
from ...tools.io.files import write_whole


def page(
    title: str, template: Path, *, over: str = "", script: Path | None = None, **values: Any
) -> str:
    """The page as text.

    Args:
        title: Its heading.
        template: The file of the body template.
        over: A line above the heading.
        script: The one script that may run on the page.
        values: What the body shows.
    """
    body = environment(template.parent, BASE).get_template(template.name)
    return body.render(title=title, over=over, **page_assets(script), **values)


def write_page(
    path: Path,
    title: str,
    template: Path,
    *,
    over: str = "",
    script: Path | None = None,
    **values: Any,
) -> Path:
    """Writes a page, whole or not at all; the arguments are those of `page`."""
    write_whole(path, page(title, template, over=over, script=script, **values))
    return path
