"""A study from its template: a Markdown file that Jinja fills, read into title, sections and notes.

    = title          of the study; the lines below it are its question
    : name: value    a fact of the run
    # title          a section; the lines below it say what was done
    + - *            a sentence: found, looked for and not found, a remark
    ## title         a table: its columns between `|`, a rule (`:-` under words, `-:` under
                     numbers), its rows; behind `>` a note
    ! name: caption  a plot
    ~ text           a note of the run

A line that begins with none of these marks goes on with the one before. Free text that may hold `|`
or a new line goes through the filter `kept`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ..report.plots import Bars, Drawing, Intervals
from ..report.tables import number, with_interval
from .result import Plot, Section, Sentence, Study, Table
from .zeroing import Zeroed

_MARKS = ("=", ":", "#", "+", "-", "*", "##", "|", ">", "!", "~")
_FOUND = {"+": True, "-": False, "*": None}
_BAR, _LINE = "\0", "\1"  # stand for what is not a mark


def zeroed_plot(*tested: Zeroed, what: str = "drop of p(target)") -> Intervals:
    """Each chosen set's drop with its interval, and its controls as dots."""
    return Intervals(
        [one.name for one in tested],
        [Bars([one.drop for one in tested], "chosen units")],
        f"{what} on held-out prompts, 95% interval",
        dots=[one.draws for one in tested],
        dot_label="a control set",
        spread=0.16,
        rule=0,
    )


def written(
    name: str,
    template: str,
    target: str,
    *,
    plots: Mapping[str, Drawing],
    data: Mapping[str, Any],
    **values: Any,
) -> Study:
    """A study.

    Args:
        name: Of the study.
        template: Its file beside this one.
        target: What was studied.
        plots: By the names that the template gives them.
        data: All numbers.
        values: What the template is filled with.
    """
    study = Study(name, target, data)
    text = _templates().get_template(template).render(target=target, **values)
    for mark, said in _items(text):
        _put(study, mark, said, plots)
    return study


def _templates() -> jinja2.Environment:
    """Text, not HTML: pages escape what they show."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    made.filters |= {
        "interval": with_interval,
        "kept": lambda text: str(text).replace("|", _BAR).replace("\n", _LINE),
        "mark": {found: mark for mark, found in _FOUND.items()}.__getitem__,
        "number": number,
        "percent": "{:.0%}".format,
        "reprs": lambda items: " ".join(map(repr, items)),
        "short": lambda text, size: text if len(text) <= size else text[: size - 1] + "…",
    }
    return made


def _items(text: str) -> Iterator[tuple[str, str]]:
    """Marks with their text; what stands below a title has no mark."""
    mark, said = "", ""
    for line in text.split("\n"):
        head, _, rest = line.strip().partition(" ")
        if head not in _MARKS and not head.startswith("|"):
            said = f"{said} {line.strip()}".strip()
            continue
        if said or mark:
            yield mark, said
        mark, said = head, rest.strip()
        if head.startswith("|"):
            mark, said = "|", line.strip()
        if mark in ("=", "#", "##"):
            yield mark, said
            mark, said = "", ""
    if said:
        yield mark, said


def _put(study: Study, mark: str, text: str, plots: Mapping[str, Drawing]) -> None:
    """Puts one item where it belongs."""
    if mark == "|":
        _row(study.sections[-1].tables[-1], text)
        return
    text = _plain(text if mark == ":" else " ".join(text.split()))
    if mark == "=":
        study.title = text
    elif mark == ":":
        name, _, value = text.partition(": ")
        study.facts[name] = value
    elif mark == "~":
        study.notes.append(text)
    elif mark == "#":
        study.sections.append(Section(text))
    elif mark == "##":
        study.sections[-1].tables.append(Table(text))
    elif mark == ">":
        study.sections[-1].tables[-1].note = text
    elif mark == "!":
        name, _, caption = text.partition(": ")
        study.sections[-1].plots.append(Plot(name, plots[name], caption))
    elif mark in _FOUND:
        study.sections[-1].sentences.append(Sentence(text, _FOUND[mark]))
    elif study.sections:
        study.sections[-1].text = text
    else:
        study.question = text


def _row(table: Table, line: str) -> None:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if not table.columns:
        table.columns = [_plain(cell) for cell in cells]
    elif not table.rows and all(cell in (":-", "-:") for cell in cells):
        table.left = cells.count(":-")
    else:
        table.rows.append([_plain(cell) for cell in cells])


def _plain(text: str) -> str:
    return text.replace(_BAR, "|").replace(_LINE, "\n")
