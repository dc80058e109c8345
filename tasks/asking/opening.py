"""Opens conversations: loads the target, the exploration corpus, a run, and what answers."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...agent.budget import Budget
from ...agent.planners import kind_of
from ...agent.planners.chat import ChatFactory
from ...agent.state import PlannerFactory
from ...tools.data.special import checked_special
from ...tools.errors import UsageError
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from ...tools.llm.endpoints import public_url
from ...tools.models import Target
from ...tools.models.trust import Named
from ...tools.predicates.judging import REQUESTS, judge_of
from . import all_tools as _tools  # noqa: F401  registers every tool
from . import threads
from .bench import equipped
from .conversation import BUDGET, Conversation
from .data import default_data, explore
from .events import Answer
from .threads import About, Thread, checked, key_for, key_seal

if TYPE_CHECKING:
    from ..labelling.settings import Settings


def open_conversation(
    target: str | Target,
    *,
    data: str | None = None,
    run: str | Path | None = None,
    index: str | Path | None = None,
    planner: str | PlannerFactory = "builtin",
    base_url: str | None = None,
    prices: tuple[float, float] | None = None,
    timeout: float = 120.0,
    tokens: int = 50_000,
    context_length: int = 64,
    seed: int = 0,
    programs: bool = True,
    reader: str | None = None,
    judge: str | None = None,
    judge_requests: int = REQUESTS,
    budget: Budget = BUDGET,
    ask_first: bool = True,
    folder: str | Path | None = None,
    device: str | None = None,
    trust_remote_code: bool = False,
    direction: str | None = None,
    special: str | None = None,
) -> Conversation:
    """Begins a conversation about a model.

    Args:
        target: A model, as for `label`; or the folder of a finished run, for its model and corpus.
        data: The corpus that experiments look at; its explore split alone is used. None: a built-in
            one whose words the model knows, else the model's own samples.
        run: A run folder, whose labels can be searched.
        index: An exemplar index of this model over this corpus, made by `neuroscribe index`.
        planner: `builtin`, `openai:MODEL`, or what makes the answers.
        base_url: The endpoint of an `openai:` planner.
        prices: Money for a million tokens, in and out.
        timeout: Seconds of one request to a language model.
        tokens: Of all splits of the corpus together.
        context_length: Tokens a window.
        seed: Of everything random.
        programs: Whether a language model may compose tools in sandboxed programs.
        reader: A second network that reads, for `like` predictors; None: the run's.
        judge: `openai:MODEL` reads places for `judged` predictors; None: the planner's model.
        judge_requests: To the judge in all.
        budget: Of each question.
        ask_first: Whether costly calls wait for approval; see `Conversation.go_on`.
        folder: Where conversations are kept; default: under `NEUROSCRIBE_HOME`.
        device: cpu, cuda, mps.
        trust_remote_code: Run the model's own code.
        direction: Of heads that are read as along.N/H: HEAD=FILE,...; None: the run's, or found.
        special: `count`, `skip` or `skip-first`, see `Target.special_tokens`; None: it decides.

    Raises:
        UsageError: if the target, data, run, index or planner cannot be used.
    """
    name = target if isinstance(target, str) else target.name
    if isinstance(target, str) and run is None and Path(target, "run.json").is_file():
        run = target
    facts = None
    if run is not None:
        whole = name == str(run)
        facts = _run_facts(run, data=data, loaded=not whole)
        data, seed, name = facts.data, facts.seed, facts.target if whole else name
        reader, direction = reader or facts.reader, direction or facts.direction
        special = special or facts.special
    factory = _factory(planner, base_url=base_url, prices=prices, timeout=timeout)
    if run is not None and facts is not None and target == str(run):
        from ..labelling.trusted import load_allowed

        code = trust_remote_code
        target = load_allowed(Path(run), facts, target=None, trust_remote_code=code, device=device)
    elif isinstance(target, str):
        target = Target.load(target, device=device, trust_remote_code=trust_remote_code)
    if special is not None:
        target.special = checked_special(special)
    if target.tokenizer is None and target.image is None and not target.numbers:
        raise UsageError(f"{name} takes neither text nor pictures; experiments work on these")
    target.check_output()
    about = About(
        name,
        data or default_data(target),
        factory.name,
        None if base_url is None else public_url(base_url),
        None if run is None else str(Path(run).resolve()),
        None if index is None else str(Path(index).resolve()),
        tokens,
        context_length,
        seed,
        programs,
        reader,
        direction,
        judge,
        special=target.special_tokens,
        created=time.strftime("%Y-%m-%d %H:%M:%S"),
        key=key_seal(base_url),
    )
    lab = _lab(target, about, factory, judge_requests, base_url=base_url, timeout=timeout)
    thread = Thread(folder=folder)
    return Conversation(lab, factory, thread, about, budget=budget, ask_first=ask_first)


def ask(target: str | Target, question: str, **options: Any) -> Answer:
    """Answers one question: `ask("planted", "What does unit planted/0 do?")`.

    Costly experiments are run without asking. A notebook shows the answer with its evidence.

    Args:
        target: A model, as on the command line or loaded; or a run folder.
        question: In plain English.
        options: Those of `open_conversation`, such as `data`, `run`, `planner` or `budget`.

    Raises:
        UsageError: if something given is unusable; says what and what to do.
    """
    with open_conversation(target, **options) as conversation:
        return conversation.ask(question)


def resume(
    name: str | None = None,
    *,
    planner: str | PlannerFactory | None = None,
    base_url: str | None = None,
    prices: tuple[float, float] | None = None,
    timeout: float = 120.0,
    programs: bool | None = None,
    reader: str | None = None,
    judge: str | None = None,
    judge_requests: int = REQUESTS,
    budget: Budget = BUDGET,
    ask_first: bool = True,
    folder: str | Path | None = None,
    device: str | None = None,
    trust_remote_code: bool = False,
    target: Target | str | None = None,
    data: str | None = None,
    ask: bool = True,
) -> Conversation:
    """Goes on with a kept conversation, with all its turns and results.

    Args:
        name: Its name; None: the newest.
        planner: Instead of the one it had.
        base_url: Instead of the endpoint it had.
        prices: As in `open_conversation`, with those that follow.
        timeout: Seconds of one request to a language model.
        programs: Whether a language model may compose tools in programs; None: as before.
        reader: Instead of the one it had.
        judge: Instead of the one it had.
        judge_requests: To the judge in all.
        budget: Of each question.
        ask_first: Whether costly calls wait for approval.
        folder: Where conversations are kept.
        device: cpu, cuda, mps.
        trust_remote_code: Run the own code of the model that `target` names.
        target: The model, where it is loaded already, or named by the person.
        data: The corpus, where the person names it.
        ask: Whether a person at a terminal may be asked about what the conversation names.

    Raises:
        UsageError: if there is no such conversation, or its parts cannot be loaded any more, or
            may not be (`tools/models/trust.py`).
    """
    if name is None:
        known = threads.threads(folder)
        if not known:
            raise UsageError("there is no conversation to resume yet; begin one: neuroscribe ask")
        name = known[0][0]
    about = threads.about(name, folder)
    thread = Thread(name, folder=folder)
    file = thread.path / "thread.json"
    try:
        about = checked(about, file, target=target, data=data, reader=reader, ask=ask)
        about = about if judge is None else replace(about, judge=judge)
        api_key = None
        answers = planner or about.planner
        if isinstance(planner, str):
            about = replace(about, planner=planner)
        if programs is not None:
            about = replace(about, programs=programs)
        if base_url is not None:
            about = replace(about, base_url=public_url(base_url), key=key_seal(base_url))
        elif (isinstance(answers, str) and answers != "builtin") or about.judge is not None:
            api_key = key_for(about, file)
        client = {
            "base_url": base_url or about.base_url,
            "timeout": timeout,
            "api_key": api_key,
        }
        factory = _factory(answers, prices=prices, **client)
        if target is None or isinstance(target, str):
            code = trust_remote_code
            options = Named(file).options({}, given=target, code=code)
            target = Target.load(about.target, device=device, special=about.special, **options)
        lab = _lab(target, about, factory, judge_requests, **client)
        return Conversation(lab, factory, thread, about, budget=budget, ask_first=ask_first)
    except BaseException:
        thread.close()
        raise


def _lab(
    target: Target, about: About, factory: PlannerFactory, judge_requests: int, **client: Any
) -> Lab:
    """The lab of a conversation; `client` are options of a judge's client."""
    llm = getattr(factory, "llm", None)
    # says what is wrong before anything heavy
    judged_by = judge_of(about.judge, llm, limit=judge_requests, **client)
    sizes = {"tokens": about.tokens, "length": about.context_length}
    windows = explore(target, about.data, **sizes, seed=about.seed)
    return equipped(
        target,
        windows,
        reader=about.reader,
        direction=about.direction,
        run=about.run,
        index=about.index,
        seed=about.seed,
        programs=about.programs,
        judge=judged_by,
        llm=llm,
    )


def _factory(planner: str | PlannerFactory, **client: Any) -> PlannerFactory:
    """What answers, by the name that a person gave; `client` are options of an LLM's client."""
    if not isinstance(planner, str):
        return planner
    kind, model = kind_of(planner, ("builtin", "openai:MODEL"))
    if kind == "builtin":
        from .builtin import AnswererFactory

        return AnswererFactory()
    return ChatFactory(LLM(model, **client), converses=True)


def _run_facts(run: str | Path, *, data: str | None, loaded: bool) -> "Settings":
    """What a run names, so far as it may be loaded."""
    from ..labelling.folder import RunFolder
    from ..labelling.trusted import allowed

    known = RunFolder(run).read_run()
    if known is None:
        raise UsageError(
            f"{run} is no run folder: it has no run.json; `neuroscribe label` makes one"
        )
    named = f"the model beside it: neuroscribe ask TARGET --run {run}"
    return allowed(Path(run), known, data=data, images=(), loaded=loaded, option=named)
