"""`neuroscribe evaluate scorers`: which numbers notice a description that is wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..evaluation.scorers.contract import Panel


def scorers(
    judge: Annotated[
        str | None,
        typer.Option(help="openai:MODEL reads the descriptions; default: an oracle, offline."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Scorers, such as detection,fuzzing; default: all.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Samples of each planted unit.", min=1)] = 3,
    stories: Annotated[int, typer.Option(help="Stories that units are measured on.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A folder for scorers.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Test every metric and scorer with descriptions that miss half, or claim too much."""
    import numpy as np

    from ..evaluation.scorers import SCORERS, control
    from ..evaluation.scorers.sanity import metric_sanity
    from ..evaluation.scorers.sanity_units import sanity_bench, scorer_sanity
    from ..evaluation.scorers.table import document, tables
    from .show import console

    names = _names(only, tuple(SCORERS))
    panel = None if judge is None else _panel(judge, base_url)
    left_out: dict[str, str] = {}

    def progress(text: str) -> None:
        typer.echo(f"neuroscribe: {text}", err=True)

    progress("metrics")
    metrics = metric_sanity(seed=seed)
    progress("planted units")
    bench = sanity_bench(stories=stories)
    if panel is not None and panel.judge is not None:
        rng = np.random.default_rng(seed)
        panel = replace(panel, control=control(panel.judge, bench.splits[0].test.windows, rng))
    found = scorer_sanity(
        bench,
        names=names,
        panel=panel,
        trials=trials,
        seed=seed,
        progress=progress,
        left_out=left_out,
    )
    judged = None if panel is None else panel.control
    whole = document(metrics, found, left_out, judged)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(whole, indent=1)
        (out / "scorers.json").write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(whole))
    else:
        console().print(tables(metrics, found, left_out, judged))


def _names(only: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    from ...tools.errors import UsageError, nearest

    chosen = [name.strip() for name in (only or "").split(",") if name.strip()]
    for name in chosen:
        if name not in known:
            raise UsageError(f"there is no scorer '{name}'; nearest: {nearest(name, known)}")
    return tuple(chosen) or known


def _panel(judge: str, base_url: str | None) -> "Panel":
    """The judge that a user named, and the sentence encoder where it is installed."""
    from ...tools.errors import UsageError
    from ...tools.llm.client import LLM
    from ..evaluation.scorers.contract import Panel
    from ..evaluation.scorers.embedding import sentence_encoder
    from ..evaluation.scorers.judges import LLMJudge

    kind, _, model = judge.strip().partition(":")
    if kind != "openai" or not model:
        raise UsageError(f"there is no judge '{judge}'; name one as openai:MODEL")
    try:
        embed = sentence_encoder()
    except UsageError:
        embed = None
    return Panel(LLMJudge(LLM(model, base_url=base_url)), embed)
