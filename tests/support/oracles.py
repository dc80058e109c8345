"""Judges whose answers are known to be right, random or unreadable: what tests of scorers use.

An oracle reads a description perfectly: it knows the predicate that each description means, and
answers from that predicate on the texts that it is shown. Given the true description it answers
from the true function; given a wrong one it believes it. What a score does with an oracle is the
score's own doing, and no judge's.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from neuroscribe.tasks.evaluation.scorers.contract import Panel
from neuroscribe.tasks.evaluation.scorers.control import DESCRIPTION
from neuroscribe.tasks.evaluation.scorers.judges import Answer, Judge, Question
from neuroscribe.tools.data.carriers import sentences_with
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.render.marked import CLOSE, OPEN

LENGTH = 96
"""Tokens of a text that an oracle reads."""


def unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and the spans that they enclosed."""
    plain, spans, start = "", [], 0
    for character in text:
        if character == OPEN:
            start = len(plain)
        elif character == CLOSE:
            spans.append((start, len(plain)))
        else:
            plain += character
    return plain, spans


@dataclass
class Replies:
    """A judge that answers from a function of the question, and keeps what it was asked."""

    reply: Callable[[Question], str]
    at_a_time: int = 1
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        """The reply."""
        self.asked.append(question)
        return Answer(self.reply(question))


class Meaning(NamedTuple):
    """What a description means."""

    predictor: Mapping[str, Any]
    """Where it says that the unit is active."""
    fits: tuple[str, ...] = ()
    """Words to write fitting texts with."""
    near: tuple[str, ...] = ()
    """Words that are like them, and that it does not name."""
    unrelated: tuple[str, ...] = ()
    promotes: tuple[str, ...] = ()
    """Words that it says the unit makes likely."""


class Oracle:
    """Believes the description and reads it perfectly.

    Args:
        target: Gives the tokenizer.
        meanings: By description.
        truth: The description that a judge who is told none goes by.
        rng: Decides between answers that are equally good.
    """

    at_a_time = 1

    def __init__(
        self,
        target: Target,
        meanings: Mapping[str, Meaning],
        *,
        truth: str,
        rng: np.random.Generator,
    ) -> None:
        self._target = target
        self._meanings = meanings
        self._truth = truth
        self._rng = rng

    def answer(self, question: Question) -> Answer:
        """The answer, as JSON."""
        data = json.loads(json.dumps(question.data))
        return Answer(json.dumps(getattr(self, f"_{question.job}")(data)))

    def degrees(self, description: str, texts: Sequence[str]) -> list[np.ndarray]:
        """Each text's degree by character: where the description holds, `[character]`."""
        plain = [unmarked(text)[0] for text in texts]
        windows = cut(self._target, plain, length=LENGTH, document_per_row=True)
        predictor = _of_control(description) or self._meanings[description].predictor
        found = parse(predictor).evaluate(windows)
        out = []
        for row, text in enumerate(plain):
            degree = np.zeros(len(text))
            for place in np.flatnonzero(found[row]):
                degree[windows.start[row, place] : windows.end[row, place]] = found[row, place]
            out.append(degree)
        return out

    def holds(self, description: str, texts: Sequence[str]) -> np.ndarray:
        """bool `[text]`: the description holds somewhere."""
        degrees = self.degrees(description, texts)
        return np.array([bool((degree >= 0.5).any()) for degree in degrees])

    def _at_marks(self, description: str, texts: Sequence[str]) -> np.ndarray:
        """`[text]`: share of the marks at which the description holds."""
        degrees = self.degrees(description, texts)
        found = []
        for text, degree in zip(texts, degrees, strict=True):
            spans = unmarked(text)[1]
            found.append(np.mean([(degree[a:b] >= 0.5).any() for a, b in spans] or [0.0]))
        return np.array(found)

    def _best(self, letters: Sequence[str], merit: np.ndarray) -> dict[str, str]:
        """The letter with the greatest merit, one of them where several have it."""
        best = np.flatnonzero(merit == merit.max())
        return {"choice": letters[int(self._rng.choice(best))]}

    def _detection(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"answers": self.holds(data["description"], data["texts"]).astype(int).tolist()}

    def _fuzzing(self, data: dict[str, Any]) -> dict[str, Any]:
        right = self._at_marks(data["description"], data["texts"]) > 0.5
        return {"answers": right.astype(int).tolist()}

    def _intruder(self, data: dict[str, Any]) -> dict[str, Any]:
        texts = data["texts"]
        described = data.get("description", self._truth)
        return self._best([*texts], -self._at_marks(described, [*texts.values()]))

    _intruder_blind = _intruder

    def _simulation(self, data: dict[str, Any]) -> dict[str, Any]:
        degree = self.degrees(data["description"], [data["text"]])[0]
        found, at = {}, len(data["text"])
        for number in sorted(
            map(int, data["tokens"]), reverse=True
        ):  # the last token ends the text
            token = data["tokens"][str(number)].strip()
            at = max(data["text"].rfind(token, 0, at), 0)
            found[str(number)] = round(10 * float(degree[at : at + len(token)].max(initial=0)))
        return {"activations": dict(sorted(found.items(), key=lambda entry: int(entry[0])))}

    def _predictive(self, data: dict[str, Any]) -> dict[str, Any]:
        meaning = self._meanings[data["description"]]
        words = {
            "fit": meaning.fits,
            "near_miss": meaning.near,
            "unrelated": meaning.unrelated,
        }
        return {kind: self._written(given, data["many"]) for kind, given in words.items()}

    def _written(self, words: Sequence[str], many: int) -> list[str]:
        out: dict[str, None] = {}
        while len(out) < many:
            word = words[int(self._rng.integers(len(words)))]
            out[sentences_with([word], 1, self._rng)[0]] = None
        return list(out)

    def _choice(self, data: dict[str, Any]) -> dict[str, Any]:
        merit = [
            (self._at_marks(described, data["active"]) > 0.5).sum()
            + (~self.holds(described, data["inactive"])).sum()
            for described in data["descriptions"].values()
        ]
        return self._best([*data["descriptions"]], np.array(merit))

    def _output(self, data: dict[str, Any]) -> dict[str, Any]:
        said = {word.lower() for word in self._meanings[data["description"]].promotes}
        merit = [
            len(said & {token.strip().lower() for token in shift["promoted"]})
            for shift in data["shifts"].values()
        ]
        return self._best([*data["shifts"]], np.array(merit))


class RandomJudge:
    """Gives readable answers without looking."""

    at_a_time = 1

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def answer(self, question: Question) -> Answer:
        """An answer of the right form."""
        data, draw = question.data, self._rng
        if "tokens" in data:
            said: Any = {"activations": {key: int(draw.integers(11)) for key in data["tokens"]}}
        elif "many" in data:
            many = data["many"]
            said = {
                kind: [
                    f"The {draw.choice(_PLAIN)} was there {draw.integers(999)}."
                    for _ in range(many)
                ]
                for kind in ("fit", "near_miss", "unrelated")
            }
        elif isinstance(data.get("texts"), list):
            said = {"answers": draw.integers(0, 2, len(data["texts"])).tolist()}
        else:
            options = [*(data.get("descriptions") or data.get("shifts") or data["texts"])]
            said = {"choice": str(draw.choice(options))}
        return Answer(json.dumps(said))


class Unreadable:
    """Says what cannot be read."""

    at_a_time = 1

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def answer(self, question: Question) -> Answer:
        """Nonsense."""
        return Answer(str(self._rng.choice(_NONSENSE)))


class Sometimes:
    """One judge, but for a share of the questions, which another one answers."""

    at_a_time = 1

    def __init__(
        self, judge: Judge, other: Judge, *, share: float, rng: np.random.Generator
    ) -> None:
        self._judges = judge, other
        self._share = share
        self._rng = rng

    def answer(self, question: Question) -> Answer:
        """The answer of one of the two."""
        return self._judges[bool(self._rng.random() < self._share)].answer(question)


def oracle_panel(oracle: Oracle, description: str) -> Panel:
    """A panel of perfect readers of one description."""
    return Panel(judge=oracle, embed=_embed(oracle, description), loss=_loss(oracle, description))


def random_panel(rng: np.random.Generator) -> Panel:
    """A panel that answers without looking."""

    def embed(texts: Sequence[str]) -> np.ndarray:
        vectors = rng.normal(size=(len(texts), 8))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return Panel(RandomJudge(rng), embed, lambda prefix, texts: rng.normal(size=len(texts)))


def _embed(oracle: Oracle, description: str) -> Callable[[Sequence[str]], np.ndarray]:
    """The description points along one axis, a text as far along it as the description holds."""

    def embed(texts: Sequence[str]) -> np.ndarray:
        rest = [text for text in texts if text != description]
        along = iter(oracle.holds(description, rest).astype(float))
        near = np.array([1.0 if text == description else next(along) for text in texts])
        return np.stack([near, np.sqrt(1 - near**2)], axis=1)

    return embed


def _loss(oracle: Oracle, description: str) -> Callable[[str, Sequence[str]], np.ndarray]:
    """A nat less on texts in which the description holds, if it stands in the prefix."""

    def loss(prefix: str, texts: Sequence[str]) -> np.ndarray:
        gain = oracle.holds(description, texts) if description in prefix else 0
        return 5.0 - gain * np.ones(len(texts))

    return loss


def _of_control(description: str) -> Mapping[str, Any] | None:
    """The predicate of a control question's description; None for another description."""
    match = re.fullmatch(DESCRIPTION.replace("{}", "(.+)"), description)
    return {"kind": "words", "words": [match.group(1)], "inflect": False} if match else None


_PLAIN = ("bench", "window", "table", "street", "letter")
_NONSENSE = (
    "",
    "I think so.",
    '{"answers": [2, 2, 2, 2, 2]}',
    '{"answers": [1]}',
    '{"choice": "Z"}',
    '{"activations": {"0": 11}}',
    "{",
    "[1, 0, 1, 0, 1]",
)
