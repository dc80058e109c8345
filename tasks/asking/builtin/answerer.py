"""Answers questions without a language model: parse, experiment, say what was found.

1. `intent_of` gives a question's template and what it names; "it" is the unit of earlier turns.
2. The calls of its kind are made, step by step (`calls.py`).
3. What they found is put into a few sentences (`answers.py`), from the evidence alone.
"""

from collections.abc import Sequence

from ....agent.replies import calling
from ....agent.state import Message
from ....tools.evidence import Evidence
from ....tools.lab import Lab
from ..state import ConversationState
from .answers import answer, cite
from .asked import Ask, Past
from .calls import calls_of
from .question import Intent
from .templates import intent_of

_MOST_STEPS = 4


class Answerer:
    """Answers the questions of one conversation; everything but the lab is in the state."""

    name = "builtin"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def next(self, state: ConversationState) -> Message:
        """Tool calls, or the answer."""
        ask = self._ask(state)
        calls = [] if state["last"] or ask.step >= _MOST_STEPS else calls_of(ask)
        if calls:
            return calling(calls, f"{len(state['earlier'])}_{state['step']}")
        text = answer(ask) or "I could not find out: no experiment was run."
        message = {"role": "assistant", "content": _with_taken(text, ask)}
        return message if _answers(ask) else {**message, "finish_reason": "unanswered"}

    def _ask(self, state: ConversationState) -> Ask:
        image = self._lab.target.image is not None
        earlier: list[Past] = []
        for turn in state["earlier"]:
            intent = self._intent(turn["question"], earlier, image)
            earlier.append(
                Past(intent, turn["question"], turn["text"], self._made(turn["evidence"]))
            )
        intent = self._intent(state["question"], earlier, image)
        return Ask(self._lab, intent, state["step"], self._made(state["found"]), tuple(earlier))

    def _intent(self, question: str, earlier: Sequence[Past], image: bool) -> Intent:
        before = [past.intent for past in earlier]
        sites = self._lab.target.sites
        return intent_of(question, sites, before, image=image, best=_best(earlier))

    def _made(self, ids: Sequence[str]) -> tuple[Evidence, ...]:
        return tuple(self._lab.evidence[name] for name in ids if name in self._lab.evidence)


class AnswererFactory:
    """Makes answerers that need no language model."""

    name = "builtin"

    def __call__(self, lab: Lab) -> Answerer:
        return Answerer(lab)


def _best(earlier: Sequence[Past]) -> str | None:
    """The unit that the last answer put first."""
    for one in reversed(earlier[-1].made if earlier else ()):
        hits = one.data.get("found")
        if one.tool == "find_units" and hits:
            return str(hits[0]["unit"])
        ranked = one.data.get("mlp")
        if one.tool == "attribute" and ranked and ranked["units"]:
            return str(ranked["units"][0]["unit"])
    return None


def _answers(ask: Ask) -> bool:
    """Whether there is something to answer from: a result, an earlier answer, the list of help."""
    if any(one.error is None for one in ask.made):
        return True
    spoken = ask.intent.kind in ("why", "sure") and any(past.made for past in ask.earlier)
    return not ask.made and (ask.intent.kind == "help" or spoken)


def _with_taken(text: str, ask: Ask) -> str:
    """The answer, and what the question was taken to mean."""
    if not ask.intent.taken or not ask.made:
        return text
    said = ask.intent.taken
    return f"{text}\n\n{said[:1].upper()}{said[1:]}{cite(*ask.made[:1])}."
