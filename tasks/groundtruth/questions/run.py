"""Asks the known questions, each in a conversation of its own, and keeps what was answered.

plan.json         what is asked of whom
answers.jsonl     one line a question, whole on the disk before the next is asked
events/           what was said and done, event by event
pages/            the same to read
labels/           the run over planted units that questions about labels are asked over
evaluation.json   the numbers, and report.html
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....agent.budget import Budget
from ....agent.state import PlannerFactory
from ....tools.io.files import write_whole
from ....tools.io.lock import owned
from ....tools.llm.endpoints import public_options
from ...asking.answer_html import answer_html
from ...asking.conversation import Conversation
from ...asking.events import Answer, TextDelta, ToolCall, ToolResult
from ...asking.opening import open_conversation
from ...runs.folder import settle_plan
from ...runs.jsonl import append, heal, read_records_of
from .measure import LENGTH, SEED, Benches, tokens_of
from .question import KnownQuestion, Mark
from .suite import chosen
from .summary import citations, summary

ANSWERS = "answers.jsonl"
_LABELLED = "planted/0-11"


@dataclass(frozen=True)
class AskPlan:
    """What is asked; it decides the result."""

    planner: str = "builtin"
    base_url: str | None = None
    kinds: tuple[str, ...] = ()
    """None named: all."""
    only: tuple[str, ...] = ()
    """Ids of questions; none named: all."""
    questions: int | None = None
    """So many, drawn by seed; None: all."""
    seed: int = 0
    held_out: bool = False
    """Ask the questions that were kept back instead."""
    steps: int = 12
    """Turns of the planner a question."""
    question_tokens: int | None = 200_000
    question_seconds: float | None = 600.0
    timeout: float = 120.0
    """Seconds of one request to a language model."""

    def chosen(self) -> list[KnownQuestion]:
        """The questions, those of one target together."""
        found = chosen(
            kinds=self.kinds,
            only=self.only,
            many=self.questions,
            seed=self.seed,
            held_out=self.held_out,
        )
        return sorted(found, key=lambda question: question.target)


def run_questions(
    plan: AskPlan,
    out: Path,
    *,
    prices: tuple[float, float] | None = None,
    factory: PlannerFactory | None = None,
    progress: Callable[[Mapping[str, Any], int, int], None] | None = None,
) -> dict[str, Any]:
    """Asks what has not been asked yet and sums up everything.

    Args:
        plan: What is asked.
        out: The folder; the same call goes on with it, another plan in it is refused.
        prices: Money for a million tokens, in and out.
        factory: What answers, instead of the planner that the plan names.
        progress: Told of each record, of how many are done and how many there are.

    Raises:
        UsageError: if the plan is unusable or the folder holds another one.
    """
    questions = plan.chosen()
    out.mkdir(parents=True, exist_ok=True)
    with owned(out):
        settle_plan(out, public_options(plan))
        path = out / ANSWERS
        heal(path)
        done = {record["id"] for record in read_records_of(path)}
        benches = Benches()
        for question in questions:
            if question.id in done:
                continue
            record = _asked(question, plan, out, benches, prices, factory)
            append(path, record)
            done.add(question.id)
            if progress is not None:
                progress(record, len(done), len(questions))
        found = {"planner": plan.planner, **summary(read_records_of(path))}
        whole = {"plan": public_options(plan), **found}
        write_whole(out / "evaluation.json", json.dumps(whole, indent=1))
        from .report import write_report

        write_report(found, read_records_of(path), out)
        return found


def _asked(
    question: KnownQuestion,
    plan: AskPlan,
    out: Path,
    benches: Benches,
    prices: tuple[float, float] | None,
    factory: PlannerFactory | None,
) -> dict[str, Any]:
    """One question in a conversation that is thrown away; its record, events and page stay."""
    bench = benches[question.target]
    check = question.check(bench)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="neuroscribe-"))
    try:
        with open_conversation(
            bench.target,
            data=bench.data,
            run=labels(out) if question.run else None,
            planner=factory or plan.planner,
            base_url=plan.base_url,
            prices=prices,
            timeout=plan.timeout,
            tokens=tokens_of(question.target),
            context_length=LENGTH,
            seed=SEED,
            budget=Budget(plan.steps, plan.question_tokens, plan.question_seconds),
            ask_first=False,
            folder=folder,
        ) as conversation:
            answer, tools = _followed(conversation, question, out)
        _page(answer, out / "pages" / f"{_file(question.id)}.html")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    mark = check.mark(answer.text) if answer.text else Mark("wrong", f"no answer: {answer.reason}")
    return {
        "id": question.id,
        "kind": question.kind,
        "target": question.target,
        "question": question.text,
        "truth": check.truth,
        "text": answer.text,
        "verdict": mark.verdict,
        "reason": mark.reason,
        "ended": answer.ended,
        "why": answer.reason,
        "tools": tools,
        "citations": citations(answer),
        "spent": {**answer.spent, "seconds": round(time.monotonic() - started, 3)},
        "page": f"pages/{_file(question.id)}.html",
    }


def labels(out: Path) -> Path:
    """The run with labels of the planted units, made with the built-in planner where it is not."""
    from ...labelling.label import label

    folder = out / "labels"
    label(
        "planted",
        units=_LABELLED,
        data="builtin:stories:400",
        out=folder,
        tokens=tokens_of("planted"),
        controls="none",
    )
    return folder


def _followed(
    conversation: Conversation, question: KnownQuestion, out: Path
) -> tuple[Answer, list[str]]:
    """Asks, and writes each event as it comes; the answer and the tools that were used."""
    path = out / "events" / f"{_file(question.id)}.jsonl"
    path.parent.mkdir(exist_ok=True)
    answer: Answer | None = None
    tools: list[str] = []
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(question, conversation):
            event = line.pop("event")
            if isinstance(event, ToolResult):
                tools.append(event.evidence.tool)
            elif isinstance(event, Answer):
                answer = event
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    assert answer is not None
    return answer, tools


def _lines(question: KnownQuestion, conversation: Conversation) -> Iterator[dict[str, Any]]:
    """Events with what is written of each."""
    words = ""
    for event in conversation.stream(question.text):
        if isinstance(event, TextDelta):
            words += event.text
        elif isinstance(event, ToolCall):
            yield {"event": event, "calling": event.tool, "arguments": dict(event.arguments)}
        elif isinstance(event, ToolResult):
            item = event.evidence
            kept = {name: getattr(item, name) for name in ("id", "tool", "text", "error")}
            said = {"words": words} if words else {}
            yield {"event": event, **said, "found": kept, "arguments": dict(item.arguments)}
            words = ""
        elif isinstance(event, Answer):
            kept = {"text": event.text, "ended": event.ended, "reason": event.reason}
            yield {"event": event, "answer": kept, "spent": dict(event.spent)}


def _page(answer: Answer, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<title>neuroscribe</title></head><body style='max-width:60rem;margin:2rem auto'>"
        f"{answer_html(answer)}</body></html>",
        encoding="utf-8",
        errors="replace",
    )


def _file(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)
