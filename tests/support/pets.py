"""The unit of `tests/agent/conftest.py` that is active on pets, investigated turn by turn."""

from typing import Any

from endpoint import Act, Endpoint, endpoint, says
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners.chat import ChatFactory
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLM
from scripted import Turn

PET = {"kind": "words", "words": ["cat", "dog"]}
CAT = {"kind": "words", "words": ["cat"]}
RIVALS: Turn = [
    ("hypothesise", {"statement": "pets", "predictor": PET}),
    ("hypothesise", {"statement": "only cats", "predictor": CAT}),
]
MEASURE: Turn = [("activations", {"texts": ["the cat ran", "the dog ran", "my house"]})]


def concluding(*evidence: str, **more: Any) -> Turn:
    """A conclusion that cites these results."""
    component = {"words": "pets", "predictor": "H1", "evidence": list(evidence)}
    return [("conclude", {"label": "pets", "components": [component], "confidence": 0.8, **more})]


CONCLUDE = concluding("E3")


def acts(*turns: Any) -> list[Act]:
    """What an endpoint answers: turns of calls, or what it does already."""
    return [says(*turn) if isinstance(turn, list) else turn for turn in turns]


def by_model(
    lab: Lab, *turns: Any, timeout: float = 5.0, stream: bool = False, **more: Any
) -> tuple[Investigation, Endpoint]:
    """Investigates the pet unit with a language model that does this."""
    with endpoint(*acts(*turns)) as server:
        llm = LLM("m", base_url=server.url, timeout=timeout, backoff=0.01, stream=stream)
        return investigate(lab, "planted/0", ChatFactory(llm), **more), server
