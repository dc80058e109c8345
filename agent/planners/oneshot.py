"""One request, one description: what a language model says of a unit after one look.

1. Without a language model: a first look and the rules of a fit (`first_look.py`); for a language
   model also the tokens that the unit's weights write toward.
2. One request of about two thousand tokens shows these results and nothing else. A reply without a
   description that can be read is asked for once more; a second one ends it as failed.
3. The description is tested on explore beside a rival that needs no model, the words at the peaks.
   It is concluded as it was given, with what the fit found as further components: a language model
   is better at words, a fit at predictors.

What the model saw stands in the transcript, as results of tools.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...tools.activations.examples import top
from ...tools.activations.unit_stats import mean_direction
from ...tools.errors import UsageError
from ...tools.io.strict_json import read_json
from ...tools.lab import Lab
from ...tools.lens.projection import token_ends, unit_logits
from ...tools.llm.client import LLM, Reply
from ...tools.models import Unit
from ...tools.predicates import parse
from ..prompts import prompt
from ..replies import calling
from ..state import Message, PlannerFactory, State
from .first_look import fitted, looks, recorded, rules

_WRITTEN = 8
_AHEAD = """{"kind":"next","of":P,"distance":1}  {"kind":"later","of":P,"within":8}  behind it
"""
_SEEN = {
    "exemplars": "You are shown where it is most active, bands from high to low, and places of the "
    "same token of which it is active at one and silent at the other; where it is known, also "
    "which tokens it writes toward.",
    "survey": "You are shown how often it is active and at which tokens it is strongest; where it "
    "is known, also which tokens it writes toward.",
    "outputs": "Its activations are hidden: you are shown what the whole network gives for some "
    "inputs. Say what the unit most likely responds to, with the confidence of a guess.",
}
_RULES = """You are also shown rules that a fit to the activations found. They predict well and are
worded badly: they stay beside your predictor, so say in the label what they and the places mean,
and let your predictor say what they do not.
"""
_PEAKS = 20
_FOOTER = re.compile(r"^(further ones: skip=\d+|\(left:.*)$", re.MULTILINE)
"""What is said to planners that go on."""


@dataclass(frozen=True)
class OneShotFactory:
    """Makes one-shot planners over one shared client."""

    llm: LLM
    least_steps = 6
    """Turns that an investigation must allow: three, and what the loop keeps back."""

    @property
    def name(self) -> str:
        """`oneshot:MODEL`."""
        return f"oneshot:{self.llm.model}"

    def __call__(self, lab: Lab) -> "OneShot":
        if lab.target.image is not None:
            raise UsageError(
                f"{self.name} reads text, and {lab.target.name} looks at pictures; "
                f"use openai:{self.llm.model}"
            )
        return OneShot(self.llm, lab, self.name)


@dataclass(frozen=True)
class TriageFactory:
    """A one-shot planner first, a whole investigation where that pays; a run decides which.

    By itself it makes one-shot planners.
    """

    first: OneShotFactory
    whole: PlannerFactory

    @property
    def llm(self) -> LLM:
        """The client of both."""
        return self.first.llm

    @property
    def name(self) -> str:
        """`triage:MODEL`."""
        return f"triage:{self.llm.model}"

    def __call__(self, lab: Lab) -> "OneShot":
        return self.first(lab)


class OneShot:
    """Looks, asks once, tests, concludes."""

    resumable = True

    def __init__(self, llm: LLM, lab: Lab, name: str) -> None:
        self._llm, self._lab, self.name = llm, lab, name

    def next(self, state: State) -> Message:
        """The next turn.

        Raises:
            LLMError: if no answer came.
            UsageError: if the answer holds no description.
        """
        step = sum(message["role"] == "assistant" for message in state["messages"])
        if step == 0:
            hidden = self._lab.units_hidden
            words = "" if hidden else output_words(self._lab, self._lab.chosen(None))
            calls, worth = fitted(self._lab)
            content = "\n".join(filter(None, (words, worth)))
            return calling([*looks(self._lab), *calls], step, content or None)
        if step == 1:
            return self._asked(state, step)
        answer = next(
            (
                read_answer(str(message["content"]))
                for message in state["messages"]
                if message["role"] == "assistant" and message is not state["messages"][2]
            ),
            None,
        )
        if answer is None:
            raise UsageError("the answer of the language model is gone from the conversation")
        return calling([("conclude", self._conclusion(answer))], step)

    def _asked(self, state: State, step: int) -> Message:
        """Asks the model; its answer, with the calls that test it."""
        shown = [str(m["content"]) for m in state["messages"][1:] if m["role"] in ("user", "tool")]
        written = state["messages"][2]["content"]
        parts = [shown[0].partition("Budget:")[0].strip()]
        parts += [_FOOTER.sub("", text).strip() for text in shown[1 : 1 + len(looks(self._lab))]]
        found = rules(list(self._lab.evidence))
        parts += filter(None, (written, found))
        told = {"ahead": self._ahead, "shown": self._seen, "rules": _RULES * bool(found)}
        request = [
            {"role": "system", "content": prompt("oneshot", **told)},
            {"role": "user", "content": "\n\n".join(parts)},
        ]
        reply, answer = self._answered(request, state["remaining"]["seconds"])
        if "test_hypotheses" in self._lab.left_out:
            calls = [("conclude", self._conclusion(answer))]
            return {**calling(calls, step, reply.text), "finish_reason": reply.finish_reason}
        hypotheses = [answer["predictor"]]
        rival = self._peak_words()
        if rival is not None and rival != parse(answer["predictor"]).model_dump():
            hypotheses.append(rival)
        hypotheses += self._lab.hypotheses
        message = calling([("test_hypotheses", {"hypotheses": hypotheses})], step, reply.text)
        return {**message, "finish_reason": reply.finish_reason}

    @property
    def _seen(self) -> str:
        """What of the unit is shown, as the request says it."""
        return _SEEN[looks(self._lab)[0][0]]

    def _answered(
        self, request: list[Message], seconds: float | None
    ) -> tuple[Reply, dict[str, Any]]:
        """The reply and what it holds; asked again once where that cannot be read."""
        reply = self._llm.complete(request, meter=self._lab.meter, seconds=seconds)
        try:
            return reply, read_answer(reply.text)
        except UsageError as error:
            said = f"That cannot be read: {error}. Answer again, with the mended JSON object alone."
        again = [{"role": "assistant", "content": reply.text}, {"role": "user", "content": said}]
        reply = self._llm.complete([*request, *again], meter=self._lab.meter, seconds=seconds)
        return reply, read_answer(reply.text)

    @property
    def _ahead(self) -> str:
        """The predictors that look behind the place, where the target does."""
        return "" if self._lab.target.kind == "causal" else _AHEAD

    def _peak_words(self) -> dict[str, Any] | None:
        """The predictor that needs no model: the words at the peaks."""
        explore, unit = self._lab.explore, self._lab.chosen(None)
        at = [int(explore.word[row, place]) for row, place in top(self._lab, unit, _PEAKS)]
        words = sorted({explore.words[word].lower() for word in at if word >= 0})
        return parse({"kind": "words", "words": words}).model_dump() if words else None

    def _conclusion(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `conclude`: what was given, and the rival where it tested worse."""
        tested = [item for item in self._lab.evidence if item.tool == "test_hypotheses"]
        known = [item for item in tested if item.error is None]
        cited = [item.id for item in known]
        part = {"words": answer["label"], "predictor": answer["predictor"], "evidence": cited}
        rejected = []
        rows = known[-1].data["tests"] if known else []
        fit = [
            {"words": item.data["statement"], "predictor": item.data["id"], "evidence": cited}
            for item in recorded(list(self._lab.evidence))
        ]
        r = [row.get("correlation") or 0.0 for row in rows[: len(rows) - len(fit)]]
        if len(r) == 2 and r[1] < r[0]:
            reason = f"correlates {r[1]:.2f} with the unit on explore, this {r[0]:.2f}"
            words = "the words at its strongest places"
            rejected = [{"words": words, "reason": reason, "evidence": cited}]
        return {
            "label": answer["label"],
            "components": [part, *fit],
            "rejected": rejected,
            "confidence": answer["confidence"],
        }


def read_answer(text: str) -> dict[str, Any]:
    """Label, predictor and confidence of a reply: the JSON object in it.

    A reply without a predictor that can be read may give `words` in its stead.

    Raises:
        UsageError: if there is no label, or neither can be read.
    """
    try:
        given = read_json(text[text.index("{") : text.rindex("}") + 1])
        label = " ".join(str(given["label"]).split())
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"the reply holds no description: {text[:80]!r}") from error
    sure = given.get("confidence")
    sure = min(1.0, max(0.0, float(sure))) if isinstance(sure, int | float) else 0.5
    tries = [given.get("predictor"), _of_words(given.get("words"))]
    faults = []
    for one in filter(None, tries):
        try:
            return {"label": label, "predictor": parse(one).model_dump(), "confidence": sure}
        except UsageError as error:
            faults.append(str(error))
    raise UsageError(f"the reply holds no predictor that can be read: {'; '.join(faults)[:200]}")


def _of_words(given: Any) -> dict[str, Any] | None:
    return {"kind": "words", "words": given, "inflect": True} if isinstance(given, list) else None


def output_words(lab: Lab, unit: Unit) -> str:
    """The tokens that a unit's weights write toward and away from, as a sentence; or nothing."""
    if lab.target.kind != "causal":
        return ""
    logits = unit_logits(lab.target, unit, unit.sign * mean_direction(lab, unit))
    if logits is None:
        return ""
    up, down = (
        ", ".join(json.dumps(token, ensure_ascii=False) for token, _ in side)
        for side in token_ends(lab.target, logits, _WRITTEN)
    )
    return f"Its weights write toward the next tokens {up}, and away from {down}."
