"""The verb `study`: ready-made investigations.

neuroscribe study arithmetic
neuroscribe study arithmetic --target ./my-model --prompts sums.jsonl
neuroscribe study spurious
neuroscribe study failures --target pictures
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import print_json

if TYPE_CHECKING:
    from ..studies.result import Study

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
KeepWrong = Annotated[
    bool, typer.Option("--keep-wrong", help="Keep prompts that the model gets wrong.")
]
Several = Annotated[
    str | None, typer.Option(help="first: ask for the first token of a target of several.")
]
Untrained = Annotated[
    bool, typer.Option("--untrained", help="Study a copy with weights drawn anew: a control.")
]

FILES = {
    "organism:adder": "--prompts FILE.jsonl",
    "organism:facts": "--recall FILE.jsonl --reasoning FILE.jsonl",
    "organism:brackets": "--prompts FILE.jsonl",
}


@app.command()
def arithmetic(
    target: TargetName = "organism:adder",
    prompts: Prompts = None,
    many: Many = 160,
    seed: options.Seed = 0,
    keep_wrong: KeepWrong = False,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Which neurons produce the answer, which heads feed them, when the operands arrive."""
    from ..studies.arithmetic import Options, study

    log, loaded = _begin(target, prompts, "organism:adder", untrained, device, dtype)
    how = Options(target, prompts, many, seed, keep_wrong or untrained, _several(several))
    _finish(study(loaded, how, log), out, as_json, log)


@app.command("recall-vs-reasoning")
def recall_vs_reasoning(
    target: TargetName = "organism:facts",
    recall: Annotated[Path | None, typer.Option(help="Your own prompts, JSONL.")] = None,
    reasoning: Annotated[Path | None, typer.Option(help="Your own prompts, JSONL.")] = None,
    many: Annotated[int, typer.Option(min=16, help="Prompts of each task, at most.")] = 80,
    seed: options.Seed = 0,
    keep_wrong: KeepWrong = False,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Do facts of one hop and of two rest on the same layers, heads and neurons?"""
    from ..studies.recall import Options, study

    files = recall or reasoning
    log, loaded = _begin(target, files, "organism:facts", untrained, device, dtype)
    how = Options(target, recall, reasoning, many, seed, keep_wrong or untrained, _several(several))
    _finish(study(loaded, how, log), out, as_json, log)


@app.command("code-brackets")
def code_brackets(
    target: TargetName = "organism:brackets",
    prompts: Prompts = None,
    many: Annotated[int, typer.Option(min=8, help="Prompts of each subtask, at most.")] = 100,
    seed: options.Seed = 0,
    untrained: Untrained = False,
    several: Several = None,
    out: Out = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Who closes brackets, where the right answer wins, does turning the heads up help?"""
    from ..studies.brackets import Options, study

    log, loaded = _begin(target, prompts, "organism:brackets", untrained, device, dtype)
    how = Options(target, prompts, many, seed, _several(several))
    _finish(study(loaded, how, log), out, as_json, log)


@app.command()
def spurious(
    seeds: Annotated[str, typer.Option(help="Networks, such as 0-4 or 1,2,7.")] = "0-4",
    own: Annotated[
        float, typer.Option(help="Share of training scenes in the setting of their class.")
    ] = 0.95,
    scenes: Annotated[int, typer.Option(min=200, help="Training scenes.")] = 2400,
    explore: Annotated[
        int, typer.Option(min=60, help="Training pictures that the planner sees.")
    ] = 300,
    planner: Annotated[
        str, typer.Option(help="Who describes the units: builtin or openai:MODEL.")
    ] = "builtin",
    base_url: options.BaseUrl = None,
    steps: options.UnitSteps = 24,
    processes: Annotated[int, typer.Option(min=0, help="Seeds at a time; 0: one a core.")] = 0,
    out: Out = None,
    as_json: options.Json = False,
) -> None:
    """Units of a biased classifier, chosen by description, against l1 and random selection."""
    import os

    from ..evaluation.planner_run import seeds_of
    from ..studies.spurious import Options, study

    log = _clock()
    how = Options(
        seeds=seeds_of(seeds),
        own=own,
        scenes=scenes,
        explore=explore,
        planner=planner,
        base_url=base_url,
        steps=steps,
        processes=processes or os.cpu_count() or 1,
    )
    _finish(study(how, log), out, as_json, log)


@app.command()
def failures(
    target: Annotated[
        str, typer.Option(help="biased, biased:SEED (trained now), pictures, or a classifier.")
    ] = "biased",
    classes: Annotated[str, typer.Option(help="With commas; default: all that can be drawn.")] = "",
    seed: options.Seed = 0,
    explore: Annotated[int, typer.Option(min=40, help="Scenes to explore, a class.")] = 400,
    tested: Annotated[int, typer.Option(min=40, help="Pairs of the check, a class.")] = 150,
    out: Out = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Which pictures of a class are misclassified: described, then drawn beside matched ones."""
    from ...tools.errors import UsageError
    from ..studies.failures import Options, study
    from ..studies.failures_world import biased, drawable

    wanted = options.listed(classes)
    how = Options(target, wanted, seed, explore, tested=tested)
    how.check()
    log = _clock()
    kind, _, number = target.partition(":")
    if kind == "biased":
        if number and not number.isdecimal():
            raise UsageError(f"'{target}' is no target of this study; give biased:3, say")
        found = biased(int(number or 0), wanted)
    else:
        from ...tools.models import Target

        found = drawable(Target.load(target, device=device), wanted)
    log(f"{found.target.name}: {len(found.names)} classes")
    _finish(study(found, how, log), out, as_json, log)


def _clock() -> Any:
    """A log to stderr."""
    start = time.monotonic()

    def log(line: str) -> None:
        print(f"{time.monotonic() - start:5.1f} s  {line}", file=sys.stderr)

    return log


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
    log = _clock()
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
    from ..studies.result import show, write

    report = write(study, out or Path("runs") / f"study-{study.name}")
    if as_json:
        print_json(study.as_dict())
    else:
        show(study)
    log(f"report: {report}")
