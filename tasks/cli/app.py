"""The command line: `neuroscribe VERB TARGET ...`.

A verb is a function with typer annotations in a module that imports nothing heavy; one line below
adds it. What a verb needs (torch, transformers) is imported when it runs: `--help` stays quick.
"""

import os
import sys
import tempfile
import traceback
from typing import Annotated, NoReturn

import typer

from ...tools.errors import UsageError
from ...tools.io.plain_text import plain_streams
from . import ask as asking
from . import attribute as attributing
from . import compare as comparing
from . import evaluate as evaluation
from . import find as finding
from . import index as indexing
from . import intervene as intervening
from . import label as labelling
from . import lens as lensing
from . import mcp as serving
from . import organisms as organisms_command
from . import patch as patching
from . import patch_map as patch_mapping
from . import replay as replaying
from . import route as routing
from . import serve as web
from . import study as studies
from . import tool as tool_command
from .numbers import guard

app = typer.Typer(
    name="neuroscribe",
    help="Experiments on a neural network and says, with evidence, what its parts do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(asking.ask)
app.command()(labelling.label)
app.command()(labelling.show)
app.command()(finding.find)
app.command()(labelling.merge)
app.command()(labelling.export)
app.command()(replaying.replay)
app.command()(replaying.transcript)
app.command()(attributing.attribute)
app.command()(lensing.lens)
app.command()(comparing.compare)
app.command()(patching.patch)
app.command("patch-map")(patch_mapping.patch_map)
app.command()(intervening.intervene)
app.command()(routing.route)
app.command()(tool_command.tool)
app.command()(tool_command.tools)
app.command()(organisms_command.organisms)
app.command()(serving.mcp)
app.command()(web.serve)
indexing.register(app)
evaluation.register(app)
studies.register(app)
guard(app)


def _version(asked: bool) -> None:
    if asked:
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
        return _say(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        wrong = _usage(error)
        if wrong is not None:
            return _say(wrong, 2) if wrong else 2
        if debug:
            traceback.print_exc()
            return 70
        return _say(f"unexpected {_kept(error)}", 70)


def _usage(error: Exception) -> str | None:
    """What click says of unusable arguments; empty where it shows the help; None for others."""
    if not isinstance(error, typer.BadParameter.__mro__[2]):  # click's base, wherever typer has it
        return None
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return ""
    return error.format_message()  # type: ignore[attr-defined]


def _say(text: str, code: int) -> int:
    print(f"neuroscribe: {' '.join(text.split())}", file=sys.stderr)
    return code


def _kept(error: Exception) -> str:
    """The error in a line, and where its traceback was written."""
    said = f"{type(error).__name__}: {error}"
    with tempfile.NamedTemporaryFile(
        "w", prefix="neuroscribe-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    return f"{said}; the traceback is in {file.name} (or use --debug)"
