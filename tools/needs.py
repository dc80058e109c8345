"""What a lab must have for a tool to be offered: whether it has it, and how a person gives it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .lab import Lab


class Need(NamedTuple):
    """One thing that tools need."""

    words: str
    """What it is, with the option that gives it."""
    met: "Callable[[Lab], bool]"


NEEDS: Mapping[str, Need] = {
    "llm": Need("a language model (--planner openai:MODEL)", lambda lab: lab.llm is not None),
    "vocabulary": Need(
        "a target that predicts tokens or classes", lambda lab: "logit" in lab.target.sites
    ),
    "text": Need("a target that reads text", lambda lab: lab.reads_text),
    "words": Need("a language model or an encoder", lambda lab: lab.target.kind != "module"),
    "image": Need("a target that takes pictures", lambda lab: lab.target.image is not None),
    "inputs": Need(
        "a target that reads text or rows of numbers, or takes pictures",
        lambda lab: lab.reads_text or lab.target.image is not None or lab.target.numbers > 0,
    ),
    "written": Need(
        "a target that reads text or rows of numbers",
        lambda lab: lab.reads_text or lab.target.numbers > 0,
    ),
    "open": Need("a bench on which no single unit is under study", lambda lab: lab.open),
    "run": Need("a finished run (--run FOLDER)", lambda lab: lab.run is not None),
    "index": Need(
        "an index of the model over the corpus (--index FOLDER)", lambda lab: lab.index is not None
    ),
    "clip": Need("a CLIP as target or as --reader", lambda lab: lab.clip is not None),
    "programs": Need("leave to run programs (without --no-programs)", lambda lab: lab.programs),
    "heads": Need("a head of attention as the unit under study", lambda lab: lab.of_heads),
    "numbers": Need("texts that are about numbers", lambda lab: lab.numeric),
    "hidden": Need("units that are hidden (label --leave-out units)", lambda lab: lab.units_hidden),
}
