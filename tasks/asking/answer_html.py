"""An answer as HTML: its sentences with citations, the experiments behind it, what it cost.

Everything that came from a model or a corpus is escaped. Pictures are inside the text as data URLs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from ...agent.transcript.heat import scale_of
from ...agent.transcript.page import HERE as PAGE
from ...agent.transcript.page import environment, experiment_view, nested_style
from ...agent.transcript.pictures import Album
from ...tools.data.windows import clean
from ...tools.evidence import Evidence
from ..report.usage import spent_words
from .claims import BULLET, CITED, Claim, cited
from .events import SPOKEN, Answer

HERE = Path(__file__).parent
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`]+)`")
_TITLE = 160
_OPINION = "It claims something and cites no experiment."
_MISSING = "It states numbers that do not stand in the experiments that it cites."
_ENDINGS = {"budget": "The budget is spent", "stopped": "Stopped"}


def answer_html(answer: Answer) -> str:
    """The answer with its evidence, as a piece of a page that brings its own style."""
    known = {item.id: item for item in answer.evidence}
    text = _template().render(
        style=style(),
        question=answer.question,
        sentences=sentence_views(answer.claims, titles(answer.evidence)),
        ended="" if answer.ended in SPOKEN else ending(answer.ended, answer.reason),
        experiments=[experiment(item) for item in answer.evidence],
        spent=spent_words(answer.spent) if answer.spent else "",
        known=set(known),
    )
    return clean(text)


def style() -> Markup:
    """The rules for answers and experiments, nested under `.ns`."""
    return nested_style() + Markup((HERE / "answer.css").read_text(encoding="utf-8"))


def titles(evidence: Iterable[Evidence]) -> dict[str, str]:
    """What a citation says when it is pointed at, by the result's id."""
    return {item.id: f"{item.tool}: {' '.join(item.text.split())[:_TITLE]}" for item in evidence}


def sentence_views(said: Sequence[Claim], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """The sentences of an answer for a template: `kind`, `text` as HTML, `mark`, `why`, `begins`.

    Args:
        said: The sentences.
        known: What `titles` gave for the results that exist.
    """
    found = []
    for claim in said:
        bullet, heading = BULLET.match(claim.text), claim.text.lstrip().startswith("#")
        text = BULLET.sub("", claim.text) if bullet else claim.text.lstrip().lstrip("#").strip()
        kind = "bullet" if bullet else "heading" if heading else "plain"
        found.append(
            {
                "kind": kind,
                "text": _linked(text, known),
                "mark": claim.mark,
                "why": _OPINION if claim.opinion else _MISSING,
                "begins": claim.begins,
            }
        )
    return found


def ending(ended: str, reason: str | None) -> str:
    """Why there is no answer."""
    said = _ENDINGS.get(ended, "No answer")
    return f"{said}: {reason}" if reason else f"{said}."


def experiment(item: Evidence, pictures: Path | None = None) -> dict[str, Any]:
    """A result for `experiment` of `parts.html`; its pictures lie in a folder, or where it says."""
    folder = pictures or (Path(item.images[0]).parent if item.images else HERE)
    album = Album(folder.with_name(f"{folder.name}.jsonl"))  # the folder beside that name
    return experiment_view(item, (), scale_of(item.data.get("measured") or ()), album)


def _linked(text: str, known: Mapping[str, str]) -> Markup:
    """A sentence with its citations as links; everything else is escaped."""
    out, end = Markup(""), 0
    for match in CITED.finditer(text):
        out += _formatted(text[end : match.start()])
        for name in cited(match.group()):
            out += (
                Markup('<a class="cite" href="#{}" title="{}">{}</a>').format(
                    name, known[name], name
                )
                if name in known
                else Markup('<span class="cite lost" title="no such result">{}</span>').format(name)
            )
        end = match.end()
    return out + _formatted(text[end:])


def _formatted(text: str) -> Markup:
    safe = _BOLD.sub(r"<b>\1</b>", str(escape(text)))
    return Markup(_CODE.sub(r"<code>\1</code>", safe))


@cache
def _template() -> Any:
    return environment(HERE, PAGE).get_template("answer.html")


Answer._repr_html_ = answer_html
