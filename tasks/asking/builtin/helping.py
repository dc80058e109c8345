"""What can be asked of this target, with real units and prompts, and how to connect a model."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ....tools.data.windows import TokenWindows
from ....tools.lab import Lab
from ....tools.registry import offered
from .asked import Ask
from .intent import Kind
from .templates import nearest, templates

CONNECT = (
    "I cannot answer other questions: for these, connect a language model with `--planner "
    "openai:MODEL --base-url URL`, or set OPENAI_API_KEY and use `--planner openai:MODEL`."
)


class Example(NamedTuple):
    """A template with a question that this target can be asked."""

    kind: Kind
    command: str
    question: str


def examples(lab: Lab) -> list[Example]:
    """A question of each template that makes sense for this target."""
    one, other = _units(lab)
    image = lab.target.image is not None
    topic = "red things" if image else "months"
    data = "builtin:scenes:200" if image else "builtin:stories"
    out = [
        Example("describe", f"/describe {one}", f"what does {one} do?"),
        Example("show", f"/show {one}", f"when does {one} fire?"),
        Example("find", f"/find {topic}", f"which units respond to {topic}?"),
        Example("compare", f"/compare {one} {other}", f"how does {one} differ from {other}?"),
    ]
    if lab.target.kind != "module":
        question = f"what happens to the output without {one}?"
        out.append(Example("change", f"/change {one}", question))
    if not image and lab.target.kind == "causal":
        prompt = f"'{_prompt(lab)}'"
        decided = f"where in the layers is the next token of {prompt} decided?"
        out += [
            Example(
                "change", f"/change {one} in {prompt}", f"what if {one} is ablated in {prompt}?"
            ),
            Example("drive", f"/drive {prompt}", f"why does the model say what follows {prompt}?"),
            Example("lens", f"/lens {prompt}", decided),
        ]
    if "attention" in offered(lab):
        out.append(
            Example("attend", "/attend previous", "which heads attend to the previous token?")
        )
    if lab.run is not None:
        out.append(Example("labels", f"/labels {topic}", f"which labels mention {topic}?"))
    return [
        *out,
        Example("why", "/why", "why did you say that?"),
        Example("sure", "/sure", "how sure are you?"),
        Example("check", f"/check {one} on {data}", f"does that hold on {data}?"),
    ]


def answer(ask: Ask) -> str:
    """The templates, one a line."""
    rows = [
        f"- {templates()[one.kind].what}: `{one.command}`, or: {one.question}"
        for one in examples(ask.lab)
    ]
    return "\n".join(["I can answer these questions by experiments:", *rows, CONNECT])


def other(ask: Ask) -> str:
    """For what fits no template: the nearest one, and all of them."""
    near = nearest(ask.intent.topic)
    return (
        f"I cannot answer that without a language model. The nearest question that I can answer "
        f"is `{near.usage}`: {near.what}. {answer(ask)}"
    )


def unclear(ask: Ask) -> str:
    """For a question that does not say which unit it is about."""
    one, _ = _units(ask.lab)
    what = ask.intent.taken or "it"
    return (
        f"I cannot tell which unit “{what}” is: name it with its site and index, as in {one}; the "
        f"sites are {_sites(ask.lab)}."
    )


def _units(lab: Lab) -> tuple[str, str]:
    """Two units of the target: in the middle of its neurons."""
    sites = lab.target.sites
    neurons = [name for name in sites if name.startswith(("mlp.", "conv."))] or list(sites)
    middle = neurons[len(neurons) // 2]
    n = sites[middle].units
    return f"{middle}/{n // 3}", f"{middle}/{n // 2}"


def _sites(lab: Lab) -> str:
    names: Sequence[str] = list(lab.target.sites)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _prompt(lab: Lab) -> str:
    """The beginning of a text of explore, without quotes in it."""
    windows = lab.explore
    assert isinstance(windows, TokenWindows)
    for row in np.arange(min(len(windows), 40)).tolist():
        words = windows.text(row).split()[:6]
        text = " ".join(words)
        if len(words) == 6 and not set(text) & set("'\"`“”‘’/"):
            return text
    return "The"
