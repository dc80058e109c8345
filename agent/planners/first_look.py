"""What stands before a language model's first turn: a first look, and the rules of a fit.

1. Exemplars from several sides; without these the survey, of a black box its outputs.
2. The built-in planner's fit to explore, without its experiments. Its rules are recorded as
   hypotheses like any others. `--leave-out fit` does without.

Both are calls like any others, so that their results can be cited, are kept and can be replayed. A
one-shot request shows them and nothing else; a whole investigation begins with them as its first
turn, which its model reads as a part of the first message. Where the budget has no turn
for it, there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ...tools.evidence import Evidence
from ...tools.lab import Lab
from ...tools.registry import offered
from ...tools.tool_groups import FITTED, tools_of
from ..loop import Loop
from ..prompts import prompt
from ..replies import calling
from ..state import Message, Planner, State

_TEXTS = {"top": 10, "quantile": 8, "pairs": 7}
"""Exemplars of each kind: about 1,500 tokens together."""
_PICTURES = {"top": 6, "quantile": 6}
_RULES = 10
"""The most that are recorded: of a turn's calls no more than `loop.MAX_CALLS` are run."""
_BEGINNING = 2
"""Messages of an investigation that has not begun."""
_WORK = {
    False: "say what the rules and the places have in common, find what they miss{missed}, which\n"
    "places of one token differ",
    True: "tell which of the things that go together is the cause (`draw`, `edit_image`), find\n"
    "what they miss",
}
"""What a fit cannot do, of texts and of pictures."""
_RECORDING = ("hypothesise", "test_hypotheses")
"""Calls whose results are shown as a list of rules."""

Call = tuple[str, dict[str, Any]]


class Fitted(NamedTuple):
    """What a fit to explore says."""

    calls: list[Call]
    """They record its rules; none where it found nothing that holds elsewhere."""
    worth: str
    """What the rules explain of documents that they were not fitted to, in a sentence, or empty."""


def looks(lab: Lab) -> list[Call]:
    """The calls of a first look."""
    if lab.units_hidden:
        return [("outputs", {})]
    if "exemplars" in lab.left_out:
        return [("survey", {})]
    kinds = _TEXTS if lab.target.image is None else _PICTURES
    return [("exemplars", {"kind": kind, "many": n}) for kind, n in kinds.items()]


def fitted(lab: Lab) -> Fitted:
    """Fits explore, and says how the rules are recorded."""
    if FITTED in lab.left_out or "test_hypotheses" in lab.left_out:
        return Fitted([], "")
    from .builtin.planner import BuiltinFactory, course_of

    quiet = replace(lab, left_out=lab.left_out | tools_of("inputs"))
    course = course_of(quiet, lab.chosen(None), BuiltinFactory(experiments="none", effects=False))
    found, held_out = course.fitted()
    calls = [
        ("hypothesise", {"statement": one.words, "predictor": one.predicate})
        for one in found[:_RULES]
    ]
    if held_out is None:
        return Fitted(calls, "")
    low, high = held_out.interval
    return Fitted(
        calls,
        f"Together the rules of the fit explain {held_out.explained:.0%} of the variance of "
        f"{held_out.documents} {course.things} that they were not fitted to (95% interval "
        f"{low:.0%} to {high:.0%}).",
    )


def recorded(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The rules that were recorded."""
    return [item for item in evidence if item.tool == "hypothesise" and item.error is None]


def rules(evidence: Sequence[Evidence]) -> str:
    """The recorded rules as a model is shown them, with id and scores where they were tested; empty
    where there are none."""
    tests = {row["id"]: row for item in evidence for row in item.data.get("rows", ())}
    lines = [
        f"- {_scored(tests.get(item.data['id']))}{item.data['statement']}"
        for item in recorded(evidence)
    ]
    return "\n".join(["Rules that a fit to the activations found:", *lines]) if lines else ""


def _scored(test: Mapping[str, Any] | None) -> str:
    if test is None:
        return ""
    scores = {"r": test["correlation"], "w": test["auroc"]}
    shown = [f"{name} {value:.2f}" for name, value in scores.items() if value is not None]
    return f"{test['id']} ({', '.join(shown)}): "


class WithFirstLook:
    """A planner that is asked when a first look and a fit are there."""

    resumable = True

    def __init__(self, planner: Planner, lab: Lab) -> None:
        self.name, self._planner, self._lab = planner.name, planner, lab

    def next(self, state: State) -> Message:
        """The calls of a first look, then what the planner says.

        Raises:
            LLMError: if no answer came.
        """
        messages = state["messages"]
        if len(messages) == _BEGINNING and not state["last"]:
            calls, worth = fitted(self._lab)
            return calling([*looks(self._lab), *calls, *self._tests(len(calls))], 0, worth or None)
        if messages[_BEGINNING]["role"] == "assistant":
            messages = self._folded(messages, state["step"] + state["remaining"]["steps"])
        return self._planner.next({**state, "messages": messages})

    def _tests(self, n: int) -> list[Call]:
        """The calls that test so many recorded rules, and show what they leave."""
        if not n:
            return []
        ids = [f"H{i + 1}" for i in range(n)]
        left = [("residual", {"hypotheses": ids})] if "residual" in offered(self._lab) else []
        return [("test_hypotheses", {"hypotheses": ids, "examples": 0}), *left]

    def _folded(self, messages: Sequence[Message], turns: int) -> list[Message]:
        """The conversation with its first turn, of so many, as a part of the first message."""
        system, about, first, *rest = messages
        n = len(first["tool_calls"])
        made = list(self._lab.evidence)[:n]  # one result a call
        parts = [str(about["content"]).removesuffix("Begin.").rstrip()]
        parts += [f"[{item.id}] {item.text}" for item in made if item.tool not in _RECORDING]
        if shown := rules(made):
            tested = next(item.id for item in made if item.tool == "test_hypotheses")
            worth = first["content"] or ""
            missed = " (`residual` with their ids)" * any(one.tool == "residual" for one in made)
            work = _WORK[self._lab.target.image is not None].format(missed=missed)
            told = {"rules": shown, "worth": worth, "tested": tested, "work": work}
            parts.append(prompt("fitted", whole=self._whole(recorded(made)), **told))
        left = max(0, turns - 1 - Loop.reserve)
        parts.append(
            f"Of your turns this look took one: {left} of experiments are left, then `conclude`."
        )
        parts.append("Begin.")
        return [system, {**about, "content": "\n\n".join(parts)}, *rest[n:]]

    def _whole(self, rules: Sequence[Evidence]) -> str:
        """How a program reads rules in full; empty where there are no programs."""
        if "program" not in offered(self._lab):
            return ""
        first = rules[0]
        which = f", to {rules[-1].id} for {rules[-1].data['id']}" if len(rules) > 1 else ""
        return (
            f'{first.data["id"]} in full, in a program: result("{first.id}")["predictor"]{which}.'
        )
