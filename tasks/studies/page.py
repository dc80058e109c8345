"""The report of a study: one self-contained page, and its pictures as files beside it."""

import re
from pathlib import Path

from ..report.page import write_page as write_base
from ..report.plots import save
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
    path = out / "report.html"
    over = f"neuroscribe · study · {study.name}"
    return write_base(
        path, study.title, HERE / "study.html", over=over, study=study, sections=shown
    )


def _picture(one: Picture, out: Path) -> dict[str, object]:
    path = out / (re.sub(r"\W+", "-", one.name) + ".png")
    width = round(one.figure.get_figwidth() * 96)
    return {
        "name": one.name,
        "caption": one.caption,
        "width": width,
        "source": save(one.figure, path),
    }
