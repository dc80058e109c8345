"""What a lab must have for a tool to be offered, and how a person gives it."""

from collections.abc import Mapping
from typing import Literal

Need = Literal[
    "llm",
    "vocabulary",
    "text",
    "words",
    "image",
    "inputs",
    "written",
    "open",
    "run",
    "index",
    "clip",
    "programs",
    "hidden",
    "numbers",
    "heads",
]

NEEDS: Mapping[Need, str] = {
    "llm": "a language model (--planner openai:MODEL)",
    "vocabulary": "a target that predicts tokens or classes",
    "text": "a target that reads text",
    "words": "a language model or an encoder",
    "image": "a target that takes pictures",
    "inputs": "a target that reads text or rows of numbers, or takes pictures",
    "written": "a target that reads text or rows of numbers",
    "open": "a bench on which no single unit is under study",
    "run": "a finished run (--run FOLDER)",
    "index": "an index of the model over the corpus (--index FOLDER)",
    "clip": "a CLIP as target or as --reader",
    "programs": "leave to run programs (without --no-programs)",
    "heads": "a head of attention as the unit under study",
    "numbers": "texts that are about numbers",
    "hidden": "units that are hidden (label --leave-out units)",
}
