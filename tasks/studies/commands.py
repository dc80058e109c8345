"""The verb `study`: ready-made investigations.

neuroscribe study arithmetic
neuroscribe study arithmetic --target ./my-model --prompts sums.jsonl
"""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .result import Study

app = typer.Typer(
    name="study",
    help="Ready-made investigations: run one, read its sentences, tables and report.",
    no_args_is_help=True,
)

TargetName = Annotated[str, typer.Option("--target", help="A causal model: organism:NAME, ...")]
Prompts = Annotated[
    Path | None, typer.Option(help="Your own: JSONL with prompt and target in each line.")
]
Out = Annotated[Path | None, typer.Option(help="The folder; by default runs/study-NAME.")]
Many = Annotated[int, typer.Option(min=16, help="Prompts, at most.")]
Seed = Annotated[int, typer.Option(help="Of prompts, halves and controls.")]
KeepWrong = Annotated[
    bool, typer.Option("--keep-wrong", help="Keep prompts that the model gets wrong.")
]
Several = Annotated[
    str | None, typer.Option(help="first: ask for the first token of a target of several.")
]
Untrained = Annotated[
    bool, typer.Option("--untrained", help="Study a copy with weights drawn anew: a control.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, mps.")]
Dtype = Annotated[str | None, typer.Option(help="Of the weights.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

FILES = {
    "organism:adder": "--prompts FILE.jsonl",
    "organism:facts": "--recall FILE.jsonl --reasoning FILE.jsonl",
    "organism:brackets": "--prompts FILE.jsonl",
}


def register(parent: typer.Typer) -> None:
    """Adds `study`."""
    parent.add_typer(app)


@app.command()
def arithmetic(
    target: TargetName = "organism:adder",
    prompts: Prompts = None,
    many: Many = 160,
    seed: Seed = 0,
    keep_wrong: KeepWrong = False,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Which neurons produce the answer, which heads feed them, when the operands arrive."""
    from .arithmetic import Options, study

    log, loaded = _begin(target, prompts, "organism:adder", untrained, device, dtype)
    options = Options(target, prompts, many, seed, keep_wrong or untrained, _several(several))
    _finish(study(loaded, options, log), out, as_json, log)


@app.command("recall-vs-reasoning")
def recall_vs_reasoning(
    target: TargetName = "organism:facts",
    recall: Annotated[Path | None, typer.Option(help="Your own prompts, JSONL.")] = None,
    reasoning: Annotated[Path | None, typer.Option(help="Your own prompts, JSONL.")] = None,
    many: Annotated[int, typer.Option(min=16, help="Prompts of each task, at most.")] = 80,
    seed: Seed = 0,
    keep_wrong: KeepWrong = False,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Do facts of one hop and of two rest on the same layers, heads and neurons?"""
    from .recall import Options, study

    files = recall or reasoning
    log, loaded = _begin(target, files, "organism:facts", untrained, device, dtype)
    options = Options(
        target, recall, reasoning, many, seed, keep_wrong or untrained, _several(several)
    )
    _finish(study(loaded, options, log), out, as_json, log)


@app.command("code-brackets")
def code_brackets(
    target: TargetName = "organism:brackets",
    prompts: Prompts = None,
    many: Annotated[int, typer.Option(min=8, help="Prompts of each subtask, at most.")] = 100,
    seed: Seed = 0,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Who closes brackets, where the right answer wins, does turning the heads up help?"""
    from .brackets import Options, study

    log, loaded = _begin(target, prompts, "organism:brackets", untrained, device, dtype)
    options = Options(target, prompts, many, seed, _several(several))
    _finish(study(loaded, options, log), out, as_json, log)


def _begin(
    target: str,
    prompts: Path | None,
    default: str,
    untrained: bool,
    device: str | None,
    dtype: str | None,
) -> tuple[Any, Any]:
    """A log to stderr and the target, loaded."""
    from ...tools.errors import UsageError
    from ...tools.models import Target
    from ...tools.models.untrained import untrained as drawn_anew

    if prompts is None and target != default:
        raise UsageError(
            f"the prompts of this study are made for {default}; for '{target}' give your own: "
            f"{FILES[default]}, with prompt and target in each line"
        )
    start = time.monotonic()

    def log(line: str) -> None:
        print(f"{time.monotonic() - start:5.1f} s  {line}", file=sys.stderr)

    loaded = Target.load(target, device=device, dtype=dtype)
    if untrained:
        loaded = drawn_anew(loaded)
    log(f"loaded {loaded.name}")
    return log, loaded


def _several(text: str | None) -> Any:
    from ...tools.errors import UsageError

    if text not in (None, "first"):
        raise UsageError(f"--several is '{text}'; a study asks for one token: use first")
    return text


def _finish(study: "Study", out: Path | None, as_json: bool, log: Any) -> None:
    from .result import show, write

    report = write(study, out or Path("runs") / f"study-{study.name}")
    if as_json:
        typer.echo(json.dumps(study.as_dict(), ensure_ascii=True))
    else:
        show(study)
    log(f"report: {report}")
