"""The tab of the playground: a text or a picture, a unit, a change."""

from typing import NamedTuple

import gradio as gr

from .door import WORK, Door, html
from .playground import (
    METHODS,
    picture_activations,
    picture_change,
    text_activations,
    text_change,
)
from .rendering import attempt


class PlaygroundTab(NamedTuple):
    """What other parts of the page use."""

    unit: gr.Textbox


def playground_tab(door: Door) -> PlaygroundTab:
    """Builds the tab inside the present context."""
    bench = door.bench
    with gr.Row():
        with gr.Column(scale=2):
            unit = gr.Textbox(label="Unit", placeholder="mlp.3/7", elem_id="play-unit")
            text = gr.Textbox(
                label="Text",
                lines=4,
                placeholder="Write what the model reads.",
                visible=door.kind != "image",
                elem_id="play-text",
            )
            picture = gr.Image(
                label="Picture",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard"],
                height=260,
                visible=door.kind in ("image", None),
                elem_id="play-picture",
            )
            look = gr.Button("Show activations", variant="primary", elem_id="play-look")
            with gr.Row():
                method = gr.Dropdown(
                    list(METHODS), value="set to 0", label="Change the unit", elem_id="play-method"
                )
                value = gr.Number(label="Number", value=1.0, elem_id="play-value")
            change = gr.Button("Show what changes", elem_id="play-change")
        with gr.Column(scale=3):
            seen = html(elem_id="play-seen")
            changed = html(elem_id="play-changed")

    def looked(name: str, words: str, path: str | None) -> str:
        def work() -> str:
            if bench.target.image is not None:
                return picture_activations(bench, name, path)
            return text_activations(bench, name, words)

        return attempt(work)

    def done(name: str, words: str, path: str | None, how: str, number: float | None) -> str:
        def work() -> str:
            if bench.target.image is not None:
                return picture_change(bench, name, path, how, number)
            return text_change(bench, name, words, how, number)

        return attempt(work)

    given = [unit, text, picture]
    gr.on([look.click, unit.submit], looked, given, seen, **WORK)
    change.click(done, [*given, method, value], changed, **WORK)
    return PlaygroundTab(unit)
