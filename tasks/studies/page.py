"""The report of a study: one self-contained page, and its pictures as files beside it."""

import base64
import re
from pathlib import Path

from markupsafe import Markup

from ...agent.transcript.page import HERE as PAGE
from ...agent.transcript.page import environment, page_assets
from ...tools.io.files import write_whole
from .result import Picture, Study

HERE = Path(__file__).parent


def write_page(study: Study, out: Path) -> Path:
    """Writes `report.html` and the pictures into a folder."""
    shown = [
        {
            "title": section.title,
            "text": section.text,
            "tables": section.tables,
            "pictures": [_picture(one, out) for one in section.pictures],
        }
        for section in study.sections
    ]
    page = environment(HERE, PAGE).get_template("study.html")
    text = page.render(study=study, sections=shown, css=page_assets("page.js")["css"])
    path = out / "report.html"
    write_whole(path, text)
    return path


def _picture(one: Picture, out: Path) -> dict[str, object]:
    path = out / (re.sub(r"\W+", "-", one.name) + ".png")
    one.figure.savefig(path, dpi=130)
    raw = base64.b64encode(path.read_bytes()).decode()
    width = round(one.figure.get_figwidth() * 96)
    return {
        "name": one.name,
        "caption": one.caption,
        "width": width,
        "source": Markup("data:image/png;base64,") + Markup(raw),
    }
