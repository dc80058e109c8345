"""The command line: `neuroscribe VERB TARGET ...`.

A verb is a function with typer annotations in a module named as the verb is typed. The module is
imported when the verb is asked for: the help of the command line needs `PANELS` alone. What a verb
needs (torch, transformers) is imported when it runs: the help of a verb stays quick too.
"""

import functools
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from ...tools.errors import UsageError
from ...tools.io.numbers import check_numbers
from ...tools.io.plain_text import plain_streams
from .options import weighable
from .verb_help import EXAMPLES, Group, Verb

PANELS = {
    "Label and read": {
        "label": "Label units of a model with scored descriptions; repeat the command to resume.",
        "show": "Show the labels of a run, or one unit in full.",
        "score": "Score the words of labels: a judge tells active places from silent ones by them.",
        "find": "Search the labels of a run by words and meaning, or its units by what they do.",
        "merge": "Bring the shards of a run together, from one folder or several.",
        "export": "Write the labels of a run as files; to stdout as CSV where no file is named.",
        "index": "Index every unit of the chosen sites: largest values, samples, counts; "
        "resumable.",
        "index-merge": "Merge shards of an index; the result is the same as from one run.",
        "replay": "Make every tool call of a transcript again and report results that differ.",
        "transcript": "Make one self-contained HTML page of a transcript.",
        "cache": "Show, or clear, what is kept on disk: activations, states of readers, answers of "
        "judges.",
    },
    "Ask": {
        "ask": "Ask a model; the answer comes from experiments and cites them.",
        "tool": "Run one tool on a model: what a planner would see.",
        "tools": "List the tools that planners have, or show what one takes.",
        "doctor": "Load a target and show what is found of it, and whether it can be trusted.",
    },
    "Evaluate": {
        "evaluate": "Measure planners and other people's descriptions against known truth.",
    },
    "Explain a prediction": {
        "attribute": "Rank all units of a model by their share in a prediction.",
        "lens": "Read every sub-layer of a model as a prediction (logit or tuned lens), and units "
        "as tokens.",
        "compare": "Compare two forward passes of a model: heads, the neurons they switch on, what "
        "feeds them.",
        "patch": "Patch one prompt's activations into another, layer by place: where is the answer "
        "carried?",
        "patch-map": "Map which patches of a picture drive an answer, beside mean attention.",
        "intervene": "Change units and measure what becomes of a prediction, beside matched units "
        "and directions.",
        "route": "Find the least attention that a task needs: how many layers may wait, "
        "how many must look.",
    },
    "Dictionaries": {
        "sae": "Train sparse autoencoders on a site of a model, and measure them.",
    },
    "Serve": {
        "serve": "Show a run in the browser, try units on texts and pictures, ask about the model.",
        "mcp": "Serve the tools to MCP clients, until they leave or Ctrl-C.",
    },
    "Study": {
        "organisms": "List small networks trained on known mechanisms; load them as organism:NAME.",
        "study": "Ready-made investigations: run one, read its sentences, tables and report.",
    },
}
"""The verbs, as the help groups them, each with the first paragraph of its own help."""


class LazyVerb(TyperCommand):
    """A verb, or a group of verbs, of which the name and a line are known before it is imported."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        assert self.name
        return load(self.name).make_context(*args, **extra)


class Verbs(Group):
    """All verbs, in the order of `PANELS`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for panel, lines in PANELS.items():
            for name, line in lines.items():
                self.add_command(LazyVerb(name, short_help=line, rich_help_panel=panel))


app = typer.Typer(
    name="neuroscribe",
    cls=Verbs,
    help="Runs experiments on a neural network and says, with evidence, what its parts do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@functools.cache
def load(name: str) -> Any:
    """The command of a verb, or the group of a module that has an `app`.

    Every verb gets plain help with its example, takes `--weights` with its target, and refuses
    unusable numbers before it does anything.
    """
    module = import_module(f".{name.replace('-', '_')}", __package__)
    own = getattr(module, "app", None)
    verbs = own or typer.Typer(add_completion=False)
    if own is None:
        verbs.command(name)(getattr(module, name.replace("-", "_")))
    for verb in verbs.registered_commands:
        assert verb.callback
        below = (verb.name or verb.callback.__name__).replace("_", "-")
        words = f"{name} {below}" if own else name
        verb.cls = Verb
        verb.epilog = f"\b\nExample:\n  neuroscribe {words} {EXAMPLES[words]}"
        verb.callback = _guarded(weighable(verb.callback))
    return typer.main.get_command(verbs)


def _guarded(verb: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(verb)
    def checked(*args: Any, **given: Any) -> Any:
        check_numbers(given)
        return verb(*args, **given)

    return checked


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"neuroscribe {version('neuroscribe')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Runs a verb and leaves with its exit code.

    0 done, 1 finished with failures recorded, 2 unusable arguments or input, 70 an error of
    neuroscribe itself, 130 interrupted.
    """
    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if code == 130:
        os._exit(code)  # threads that wait for a network would keep the process
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs a verb; the exit code. Every error that a user can mend is one line on stderr."""
    with plain_streams():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    arguments = [item for item in arguments if item != "--debug"]
    try:
        code = app(arguments, prog_name="neuroscribe", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        return _fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        wrong = _usage(error)
        if wrong is not None:
            return _fail(wrong, 2) if wrong else 2
        if debug:
            import traceback

            traceback.print_exc()
            return 70
        return _fail(f"unexpected {_kept(error)}", 70)


def _usage(error: Exception) -> str | None:
    """What click says of unusable arguments; empty where it shows the help; None for others."""
    if not isinstance(error, typer.BadParameter.__mro__[2]):  # click's base, wherever typer has it
        return None
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return ""
    return error.format_message()  # type: ignore[attr-defined]


def _fail(text: str, code: int) -> int:
    print(f"neuroscribe: {' '.join(text.split())}", file=sys.stderr)
    return code


def _kept(error: Exception) -> str:
    """The error in a line, and where its traceback was written."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="neuroscribe-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    line = f"{type(error).__name__}: {error}"
    return f"{line}; the traceback is in {file.name} (or use --debug)"
