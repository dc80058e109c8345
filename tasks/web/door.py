"""What is behind the page: a run, a bench to measure on, a language model, conversations."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ...tools.llm.client import LLM
from .rendering import HERE
from .talk import Talks
from .units import Units
from .workbench import Workbench

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events that answer at once."""
WORK: dict[str, Any] = {
    "show_progress": "minimal",
    "api_visibility": "private",
    "concurrency_id": "target",
    "concurrency_limit": 1,
}
"""Events that measure something: one at a time for all browsers."""


@dataclass(frozen=True)
class Door:
    """What one server serves."""

    bench: Workbench
    units: Units | None
    """None: no run was named."""
    talks: Talks
    llm: LLM | None = None
    """Judges descriptions in words alone."""
    kind: str | None = None
    """The target's kind, where the run says it: what the playground asks for."""


def html(value: str = "", *, script: str | None = None, **more: Any) -> gr.HTML:
    """A part of the page that holds our own HTML; `script` is a file of this folder."""
    code = None if script is None else (HERE / script).read_text(encoding="utf-8")
    return gr.HTML(
        value, js_on_load=code, apply_default_css=False, elem_classes=["ns"], padding=False, **more
    )
