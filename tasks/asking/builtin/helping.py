"""What can be asked of this target, with real units and prompts, and how to connect a model."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ....tools.data.windows import TokenWindows
from ....tools.lab import Lab
from .asked import Ask

CONNECT = (
    "I cannot answer other questions: for these, connect a language model with `--planner "
    "openai:MODEL --base-url URL`, or set OPENAI_API_KEY and use `--planner openai:MODEL`."
)


class Example(NamedTuple):
    """A kind of question, with one that this target can be asked."""

    what: str
    question: str


def examples(lab: Lab) -> list[Example]:
    """A question of each kind that makes sense for this target."""
    one, other = _units(lab)
    image = lab.target.image is not None
    topic = "red things" if image else "months"
    data = "builtin:scenes:200" if image else "builtin:stories"
    out = [
        Example("what a unit does", f"what does {one} do?"),
        Example("when it is active", f"when does {one} fire?"),
        Example("which units respond to something", f"which units respond to {topic}?"),
        Example("two units", f"how does {one} differ from {other}?"),
    ]
    if lab.target.kind != "module":
        out.append(
            Example("what a unit does to the output", f"what happens to the output without {one}?")
        )
    if not image and lab.target.kind == "causal":
        prompt = _prompt(lab)
        out += [
            Example("the same on a prompt", f"what if {one} is ablated in '{prompt}'?"),
            Example(
                "which units drive a prediction", f"why does the model say what follows '{prompt}'?"
            ),
            Example(
                "where it is decided",
                f"where in the layers is the next token of '{prompt}' decided?",
            ),
        ]
    if lab.run is not None:
        out.append(Example("labels of the run", f"which labels mention {topic}?"))
    return [
        *out,
        Example("an earlier answer", "why did you say that?"),
        Example("how sure it is", "how sure are you?"),
        Example("other data", f"does that hold on {data}?"),
    ]


def answer(ask: Ask) -> str:
    """The kinds, one a line."""
    rows = [f"- {one.what}: {one.question}" for one in examples(ask.lab)]
    return "\n".join(["I can answer these kinds of questions by experiments:", *rows, CONNECT])


def other(ask: Ask) -> str:
    """For what is not recognised."""
    return f"I cannot answer that without a language model. {answer(ask)}"


def unclear(ask: Ask) -> str:
    """For a question that does not say which unit it is about."""
    one, _ = _units(ask.lab)
    what = ask.wish.taken or "it"
    return (
        f"I cannot tell which unit “{what}” is: name it with its site and index, as in {one}; the "
        f"sites are {_sites(ask.lab)}."
    )


def _units(lab: Lab) -> tuple[str, str]:
    """Two units of the target: in the middle of its neurons."""
    sites = lab.target.sites
    neurons = [name for name in sites if name.startswith(("mlp.", "conv."))] or list(sites)
    middle = neurons[len(neurons) // 2]
    many = sites[middle].units
    return f"{middle}/{many // 3}", f"{middle}/{many // 2}"


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
