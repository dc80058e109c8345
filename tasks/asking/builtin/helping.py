"""What can be asked of this target, with real units and prompts."""

from collections.abc import Iterator
from typing import NamedTuple

from ....tools.data.windows import TokenWindows
from ....tools.lab import Lab
from ....tools.registry import offered
from .question import Kind


class Example(NamedTuple):
    """A template with a question that this target can be asked."""

    kind: Kind
    command: str
    question: str


def examples(lab: Lab) -> list[Example]:
    """A question of each template that makes sense for this target."""
    return [Example(*row) for row in _rows(lab)]


def _rows(lab: Lab) -> Iterator[tuple[Kind, str, str]]:
    one, other = sample_units(lab)
    image = lab.target.image is not None
    topic = "red things" if image else "months"
    data = "builtin:scenes:200" if image else "builtin:stories"
    yield "describe", f"/describe {one}", f"what does {one} do?"
    yield "show", f"/show {one}", f"when does {one} fire?"
    yield "find", f"/find {topic}", f"which units respond to {topic}?"
    yield "compare", f"/compare {one} {other}", f"how does {one} differ from {other}?"
    if lab.target.kind != "module":
        yield "change", f"/change {one}", f"what happens to the output without {one}?"
    if not image and lab.target.kind == "causal":
        prompt = f"'{_prompt(lab)}'"
        yield "change", f"/change {one} in {prompt}", f"what if {one} is ablated in {prompt}?"
        yield "drive", f"/drive {prompt}", f"why does the model say what follows {prompt}?"
        decided = f"where in the layers is the next token of {prompt} decided?"
        yield "lens", f"/lens {prompt}", decided
    if "attention" in offered(lab):
        yield "attend", "/attend previous", "which heads attend to the previous token?"
    if lab.run is not None:
        yield "labels", f"/labels {topic}", f"which labels mention {topic}?"
    yield "why", "/why", "why did you say that?"
    yield "sure", "/sure", "how sure are you?"
    yield "check", f"/check {one} on {data}", f"does that hold on {data}?"


def sample_units(lab: Lab) -> tuple[str, str]:
    """Two units of the target: in the middle of its neurons."""
    sites = lab.target.sites
    neurons = [name for name in sites if name.startswith(("mlp.", "conv."))] or list(sites)
    middle = neurons[len(neurons) // 2]
    n = sites[middle].units
    return f"{middle}/{n // 3}", f"{middle}/{n // 2}"


def some_sites(lab: Lab) -> str:
    """The first sites of the target, and how many more there are."""
    names = list(lab.target.sites)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _prompt(lab: Lab) -> str:
    """The beginning of a text of explore, without quotes in it."""
    windows = lab.explore
    assert isinstance(windows, TokenWindows)
    for row in range(min(len(windows), 40)):
        words = windows.text(row).split()[:6]
        text = " ".join(words)
        if len(words) == 6 and not set(text) & set("'\"`“”‘’/"):
            return text
    return "The"
