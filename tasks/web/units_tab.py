"""The tab of units: the grid, and the page of one unit with parts that load when asked."""

import time
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from ..search.records import KINDS
from .contribution import beside, contribute, contributed
from .door import QUIET, WORK, Door, html
from .index import SORTS, View
from .rendering import attempt, failure, note
from .units import PARTS, Units

_ALL = "all"
_Text = str | None
"""What a field gives: None where it was never shown."""
_LONGEST = 200  # letters of a search
_LOOK = 3.0  # seconds between two looks at the run's files


class UnitsTab(NamedTuple):
    """What other parts of the page use."""

    opened: gr.State
    """The name of the unit whose page is open."""
    to_playground: gr.Button


def units_tab(door: Door, units: Units, page: gr.Blocks) -> UnitsTab:
    """Builds the tab inside the present context."""
    view, opened, seen = gr.State(View()), gr.State(""), gr.State(-1)
    with gr.Column() as listing:
        with gr.Row():
            text = gr.Textbox(
                label="Search",
                placeholder="unit, label or effect; Enter searches by meaning too",
                scale=4,
                elem_id="search",
            )
            status = gr.Dropdown([_ALL, *KINDS], value=_ALL, label="Status", scale=1)
        grid = html(script="grid.js", elem_id="grid")
    with gr.Column(visible=False) as one:
        with gr.Row():
            back = gr.Button("‹ All units", size="sm", scale=0, min_width=120)
            to_playground = gr.Button("Open in the playground", size="sm", scale=0, min_width=200)
        top = html(elem_id="unit")
        with gr.Tabs(selected="description", overflow_behavior="wrap") as tabs:
            with gr.Tab("Description", id="description"):
                described = html(elem_id="part-description")
            boxes = {name: _part_tab(units, name, opened) for name in PARTS}
            with gr.Tab("Your description", id="yours") as yours:
                people = html(elem_id="contributed")
                _form(door, units, opened, people)
            yours.select(partial(_beside, units), opened, people, **QUIET)

    def grid_of(chosen: View) -> tuple[str, View, int]:
        return attempt(lambda: units.grid(chosen)), chosen, len(units.index.rows)

    def looked(chosen: View, known: int) -> Any:
        unread = units.index.refresh(0.5)
        if known == len(units.index.rows) and not unread:
            return [gr.skip(), gr.skip(), gr.skip()]
        return grid_of(chosen)

    def filtered(words: _Text, kind: str, chosen: View) -> tuple[str, View, int]:
        wanted = kind if kind in KINDS else ""
        held = replace(chosen, text=(words or "")[:_LONGEST], status=wanted, page=0)
        if chosen.hits is not None and (held.text, held.status) == (chosen.text, chosen.status):
            return grid_of(chosen)  # the words that were just searched for
        return grid_of(replace(held, hits=None, note="", sort=held.sort or "score"))

    def found(words: _Text, kind: str, chosen: View) -> tuple[str, View, int]:
        _, plain, known = filtered(words, kind, chosen)
        if not plain.text.strip():
            return grid_of(plain)
        try:
            return grid_of(units.search(plain))
        except Exception as error:
            return failure(error), plain, known

    def unit_page(unit: str) -> list[Any]:
        shown = [attempt(lambda: units.header(unit)), attempt(lambda: units.description(unit))]
        return [
            gr.Column(visible=False),
            gr.Column(visible=True),
            gr.Tabs(selected="description"),
            unit,
            *shown,
            *[""] * (len(boxes) + 1),
        ]

    page_parts = [listing, one, tabs, opened, top, described, *boxes.values(), people]

    def clicked(event: gr.EventData, chosen: View) -> list[Any]:
        data = event._data if isinstance(event._data, dict) else {}
        if isinstance(data.get("unit"), str):
            return [gr.skip(), gr.skip(), gr.skip(), *unit_page(data["unit"])]
        if data.get("sort") in SORTS:
            down = not chosen.down if data["sort"] == chosen.sort else data["sort"] not in SORTS[:3]
            chosen = replace(chosen, sort=data["sort"], down=down, page=0)
        elif isinstance(data.get("page"), int):
            chosen = replace(chosen, page=data["page"])
        return [*grid_of(chosen), *[gr.skip()] * len(page_parts)]

    def first(request: gr.Request, chosen: View) -> list[Any]:
        unit = request.query_params.get("unit")
        rest = unit_page(unit) if unit else [gr.skip()] * len(page_parts)
        return [*grid_of(chosen), *rest]

    shown = [grid, view, seen]
    page.load(first, view, [*shown, *page_parts], queue=False, **QUIET)
    grid.click(clicked, view, [*shown, *page_parts], **QUIET)
    text.change(filtered, [text, status, view], shown, trigger_mode="always_last", **QUIET)
    text.submit(found, [text, status, view], shown, **QUIET)
    status.change(filtered, [text, status, view], shown, **QUIET)
    gr.Timer(_LOOK).tick(looked, [view, seen], shown, **QUIET)
    back.click(
        lambda: [gr.Column(visible=True), gr.Column(visible=False), ""],
        None,
        [listing, one, opened],
        js="() => history.replaceState(null, '', location.pathname)",
        **QUIET,
    )
    return UnitsTab(opened, to_playground)


def _part_tab(units: Units, name: str, opened: gr.State) -> gr.HTML:
    with gr.Tab(PARTS[name].capitalize(), id=name) as tab:
        box = html(elem_id=f"part-{name}")
    tab.select(lambda unit: attempt(lambda: units.part(unit, name)), opened, box, **QUIET)
    return box


def _form(door: Door, units: Units, opened: gr.State, people: gr.HTML) -> None:
    """Where a person describes the unit."""
    pictures = door.kind == "image"
    with gr.Row():
        label = gr.Textbox(label="What does it respond to?", lines=2, scale=3, elem_id="your-label")
        by = gr.Textbox(label="Your name", scale=1, elem_id="your-name")
    words = gr.Textbox(
        label="Things that it responds to" if pictures else "Words that it responds to",
        placeholder="cat, dog",
        elem_id="your-words",
    )
    with gr.Accordion("or a predictor as JSON", open=False):
        rule = gr.Textbox(
            label="Predictor",
            lines=4,
            placeholder='{"kind": "next", "of": {"kind": "words", "words": ["cat"]}}',
            elem_id="your-predictor",
        )
    send = gr.Button("Score it", variant="primary", elem_id="your-score")

    def scored(unit: str, said: _Text, name: _Text, listed: _Text, predictor: _Text) -> str:
        def work() -> str:
            started = time.monotonic()
            record = contribute(
                door.bench,
                units.index.folder,
                units.index.record(unit),
                by=name or "",
                label=said or "",
                words=listed or "",
                predictor=predictor or "",
                llm=door.llm,
            )
            kept = f"kept in contributed.jsonl, {time.monotonic() - started:.1f} s"
            line = record.get("reason") or kept
            return note(line, wrong=record["status"] == "not scored") + _beside(units, unit)

        return attempt(work)

    send.click(scored, [opened, label, by, words, rule], people, **WORK)


def _beside(units: Units, unit: str) -> str:
    return attempt(lambda: beside(units.index.record(unit), contributed(units.index.folder, unit)))
