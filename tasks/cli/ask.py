"""The verb `ask`. Heavy imports happen inside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .printing import print_json

if TYPE_CHECKING:
    from ..asking.conversation import Conversation


def ask(
    target: Annotated[
        str | None,
        typer.Argument(help="A model, as for label, or a run folder.", show_default=False),
    ] = None,
    question: Annotated[
        str | None,
        typer.Argument(help="Left out: a conversation in the terminal.", show_default=False),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The corpus; left out: one whose words the model knows.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="A run folder, to search its labels.")] = None,
    index: options.Index = None,
    planner: Annotated[str | None, typer.Option(help="builtin or openai:MODEL.")] = None,
    base_url: options.BaseUrl = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest conversation, or --thread.")
    ] = False,
    thread: Annotated[
        str | None, typer.Option(help="The conversation to resume; see --threads.")
    ] = None,
    threads: Annotated[bool, typer.Option("--threads", help="List the conversations.")] = False,
    programs: options.Programs = True,
    reader: options.Reader = None,
    direction: options.Direction = None,
    special: options.Special = None,
    judge: options.PlaceJudge = None,
    judge_requests: options.JudgeRequests = 1000,
    yes: Annotated[bool, typer.Option("--yes", help="Run costly calls without asking.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show results in full.")] = False,
    steps: options.QuestionSteps = 12,
    question_tokens: options.QuestionTokens = 200_000,
    question_seconds: options.QuestionSeconds = 600.0,
    question_cost: Annotated[float, typer.Option(help="Money a question; 0: no limit.")] = 0.0,
    price_in: options.PriceIn = 0.0,
    price_out: options.PriceOut = 0.0,
    tokens: Annotated[int, typer.Option(min=1000, help="Tokens of the corpus.")] = 50_000,
    context_length: Annotated[int, typer.Option(min=8, help="Tokens a window.")] = 64,
    timeout: options.Timeout = 120.0,
    seed: options.Seed = 0,
    device: options.Device = None,
    trust_remote_code: options.TrustRemoteCode = False,
    as_json: options.Json = False,
) -> int:
    """Ask a model; the answer comes from experiments and cites them.

    Exit codes: 0 answered, 1 no answer, 2 unusable arguments, 130 stopped.
    """
    if threads:
        return _list()
    resume = resume or thread is not None
    if resume and question is None:
        target, question = None, target
    from ...agent.budget import Budget
    from ...tools.errors import UsageError

    if as_json and question is None:
        raise UsageError("--json needs a question")
    common = {
        "prices": options.prices(price_in, price_out),
        "base_url": base_url,
        "timeout": timeout,
        "budget": Budget(
            steps, question_tokens or None, question_seconds or None, question_cost or None
        ),
        "ask_first": not yes,
        "reader": reader,
        "judge": judge,
        "judge_requests": judge_requests,
        "device": device,
        "trust_remote_code": trust_remote_code,
    }
    if resume:
        from ..asking.opening import resume as opened

        common["programs"] = None if programs else False
        conversation = opened(thread, planner=planner, target=target, data=data, **common)
    elif target is None:
        raise UsageError('name a model: neuroscribe ask planted "what does unit planted/3 do?"')
    else:
        from ..asking.opening import open_conversation

        conversation = open_conversation(
            target,
            data=data,
            run=run,
            index=index,
            planner=planner or "builtin",
            tokens=tokens,
            context_length=context_length,
            seed=seed,
            programs=programs,
            direction=direction,
            special=special,
            **common,
        )
    with conversation:
        return _answered(conversation, question, yes=yes, verbose=verbose, as_json=as_json)


def _answered(
    conversation: "Conversation", question: str | None, *, yes: bool, verbose: bool, as_json: bool
) -> int:
    from ..asking.terminal import Terminal, as_dict

    terminal = Terminal(conversation, yes=yes, verbose=verbose)
    if question is None:
        about = conversation.about
        terminal.talk(
            f"{about.target} over {about.data}, answered by {conversation.planner}"
            f" · conversation {conversation.thread.name}"
        )
        return 0
    if as_json:
        terminal.console.quiet = True
    answer = terminal.ask(question)
    if as_json:
        print_json(as_dict(answer, conversation.thread.name))
    elif answer.ended == "answered":
        terminal.note(f"go on: neuroscribe ask --thread {conversation.thread.name}")
    return {"answered": 0, "stopped": 130}.get(answer.ended, 1)


def _list() -> int:
    from ..asking.threads import threads

    known = threads()
    for name, about in known:
        typer.echo(f"{name}  {about.target}  {about.title}")
    if not known:
        typer.echo("no conversations yet")
    return 0
