"""The verb `study`: ready-made investigations.

neuroscribe study arithmetic
neuroscribe study arithmetic --target ./my-model --prompts sums.jsonl
neuroscribe study spurious
neuroscribe study failures --target pictures
"""

import sys
import time
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..studies.options import Arithmetic, Brackets, Failures, Recall, Spurious
from . import options
from .printing import print_json
from .verb_help import Group

if TYPE_CHECKING:
    from ..studies.result import Study

app = typer.Typer(
    name="study",
    cls=Group,
    help="Ready-made investigations: run one, read its sentences, tables and report.",
    no_args_is_help=True,
    add_completion=False,
)

Out = Annotated[
    Path | None, typer.Option(help="The folder; by default runs/study-NAME.", file_okay=False)
]
Untrained = Annotated[
    bool, typer.Option("--untrained", help="Study a copy with weights drawn anew: a control.")
]
FILES = {
    "organism:adder": "--prompts FILE.jsonl",
    "organism:facts": "--recall FILE.jsonl --reasoning FILE.jsonl",
    "organism:brackets": "--prompts FILE.jsonl",
}


def _language_study(name: str, module: str, kind: type, least: int, text: str) -> None:
    """Adds the verb of a study of a language model, which is `study` of a module."""

    @options.from_settings(kind, many=least)
    def verb(
        *,
        untrained: Untrained = False,
        out: Out = None,
        device: options.Device = None,
        dtype: options.Dtype = None,
        as_json: options.Json = False,
        **given: Any,
    ) -> None:
        study = import_module(f"...studies.{module}", __name__).study
        log = _clock()
        _finish(_of_language(study, kind, given, untrained, device, dtype, log), out, as_json, log)

    app.command(name, help=text)(verb)


_language_study(
    "arithmetic",
    "arithmetic_report",
    Arithmetic,
    16,
    "Which neurons produce the answer, which heads feed them, when the operands arrive.",
)
_language_study(
    "recall-vs-reasoning",
    "recall_report",
    Recall,
    16,
    "Do facts of one hop and of two rest on the same layers, heads and neurons?",
)
_language_study(
    "code-brackets",
    "brackets_report",
    Brackets,
    8,
    "Who closes brackets, where the right answer wins, does turning the heads up help?",
)


def _of_language(
    study: Callable[..., "Study"],
    kind: type,
    given: dict[str, Any],
    untrained: bool,
    device: str | None,
    dtype: str | None,
    log: Callable[[str], None],
) -> "Study":
    """Runs a study of a language model."""
    from ...tools.errors import UsageError
    from ...tools.models import Target
    from ...tools.models.untrained import untrained as drawn_anew

    options.one_of("--several", given["several"], (None, "first"))
    if untrained and any(field.name == "keep_wrong" for field in fields(kind)):
        given["keep_wrong"] = True
    settings = kind(**given)
    default = kind().target
    if settings.prompts is None and settings.target != default:
        raise UsageError(
            f"the prompts of this study are made for {default}; for '{settings.target}' give your "
            f"own: {FILES[default]}, with prompt and target in each line"
        )
    loaded = Target.load(settings.target, device=device, dtype=dtype)
    if untrained:
        loaded = drawn_anew(loaded)
    log(f"loaded {loaded.name}")
    return study(loaded, settings, log)


@app.command()
@options.from_settings(
    Spurious,
    seeds=(Annotated[str, typer.Option(help="Networks, such as 0-4 or 1,2,7.")], "0-4"),
    scenes=200,
    epochs=None,
    tested=None,
    explore=60,
    steps=1,
    processes=(0, 0),
)
def spurious(*, out: Out = None, as_json: options.Json = False, **given: Any) -> None:
    """Units of a biased classifier, chosen by description, against l1 and random selection."""
    import os

    from ..studies.spurious_report import study

    log = _clock()
    given |= {
        "seeds": options.seeds(given["seeds"]),
        "processes": given["processes"] or os.cpu_count() or 1,
    }
    _finish(study(Spurious(**given), log), out, as_json, log)


@app.command()
@options.from_settings(
    Failures,
    classes=(
        Annotated[str, typer.Option(help="With commas; default: all that can be drawn.")],
        "",
    ),
    explore=40,
    tried=None,
    tested=40,
)
def failures(
    *,
    out: Out = None,
    device: options.Device = None,
    as_json: options.Json = False,
    **given: Any,
) -> None:
    """Which pictures of a class are misclassified: described, then drawn beside matched ones."""
    from ...tools.models import Target
    from ..studies.failures_report import study
    from ..studies.failures_world import biased_of, drawable

    settings = Failures(**{**given, "classes": options.listed(given["classes"])})
    settings.check()
    log = _clock()
    classes = biased_of(settings.target, settings.classes)
    if classes is None:
        classes = drawable(Target.load(settings.target, device=device), settings.classes)
    log(f"{classes.target.name}: {len(classes.names)} classes")
    _finish(study(classes, settings, log), out, as_json, log)


def _clock() -> Callable[[str], None]:
    """A log to stderr."""
    start = time.monotonic()

    def log(line: str) -> None:
        print(f"{time.monotonic() - start:5.1f} s  {line}", file=sys.stderr)

    return log


def _finish(study: "Study", out: Path | None, as_json: bool, log: Callable[[str], None]) -> None:
    from ..studies.report import show, write

    report = write(study, out or Path("runs") / f"study-{study.name}")
    if as_json:
        print_json(study.as_dict())
    else:
        show(study)
    log(f"report: {report}")
