"""The page: its tabs, and what links them."""

import gradio as gr
from gradio import themes

from .chat_tab import chat_tab
from .door import QUIET, Door, html
from .playground_tab import playground_tab
from .rendering import drawn
from .units_tab import units_tab


def build(door: Door) -> gr.Blocks:
    """The page of a door, ready to be mounted."""
    name = door.units.name if door.units is not None else door.bench.settings.target
    with gr.Blocks(
        title=f"{name} · neuroscribe", analytics_enabled=False, delete_cache=(3600, 86_400)
    ) as page:
        folder = str(door.units.index.folder) if door.units is not None else ""
        html(drawn("top.html", name=name, folder=folder), elem_id="top")
        with gr.Tabs(elem_id="tabs") as tabs:
            listed = None
            if door.units is not None:
                with gr.Tab("Units", id="units"):
                    listed = units_tab(door, door.units, page)
            with gr.Tab("Playground", id="playground"):
                play = playground_tab(door)
            with gr.Tab("Ask", id="ask"):
                chat_tab(door, page, tabs)
        if listed is not None:
            listed.to_playground.click(
                lambda unit: [unit, gr.Tabs(selected="playground")],
                listed.opened,
                [play.unit, tabs],
                **QUIET,
            )
    return page


def theme() -> themes.Base:
    """Quiet colours and the fonts of the reader's own system: nothing is fetched."""
    base = themes.Base(
        primary_hue=themes.colors.cyan,
        neutral_hue=themes.colors.slate,
        radius_size=themes.sizes.radius_md,
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
    return base.set(
        color_accent="#0b7285",
        button_primary_background_fill="#0b7285",
        button_primary_background_fill_hover="#095c6b",
        button_primary_background_fill_dark="#0e7f94",
        button_primary_background_fill_hover_dark="#1193ab",
        button_primary_text_color="#ffffff",
    )
