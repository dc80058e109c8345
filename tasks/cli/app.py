"""The command line: `neuroscribe VERB TARGET ...`.

A verb is a function with typer annotations in a module named as the verb is typed, which imports
nothing heavy. What a verb needs (torch, transformers) is imported when it runs: `--help` stays
quick.
"""

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from ...tools.errors import UsageError
from ...tools.io.numbers import check_numbers
from ...tools.io.plain_text import plain_streams
from . import evaluate, study
from .ask import ask
from .attribute import attribute
from .cache import cache
from .compare import compare
from .doctor import doctor
from .export import export
from .find import find
from .index import index
from .index_merge import index_merge
from .intervene import intervene
from .label import label
from .lens import lens
from .mcp import mcp
from .merge import merge
from .organisms import organisms
from .patch import patch
from .patch_map import patch_map
from .replay import replay
from .route import route
from .score import score
from .serve import serve
from .show import show
from .tool import tool
from .tools import tools
from .transcript import transcript
from .verb_help import explain

PANELS: dict[str, tuple[Callable[..., Any] | typer.Typer, ...]] = {
    "Label and read": (
        label,
        show,
        score,
        find,
        merge,
        export,
        index,
        index_merge,
        replay,
        transcript,
        cache,
    ),
    "Ask": (ask, tool, tools, doctor),
    "Evaluate": (evaluate.app,),
    "Explain a prediction": (attribute, lens, compare, patch, patch_map, intervene, route),
    "Serve": (serve, mcp),
    "Study": (study.app, organisms),
}
"""The verbs, as the help groups them."""


class InOrder(TyperGroup):
    """Lists the panels in the order of `PANELS`: typer has groups of verbs last."""

    def list_commands(self, ctx: Any) -> list[str]:
        order = list(PANELS)

        def place(name: str) -> int:
            return order.index(getattr(self.commands[name], "rich_help_panel", order[-1]))

        return sorted(super().list_commands(ctx), key=place)


app = typer.Typer(
    name="neuroscribe",
    cls=InOrder,
    help="Experiments on a neural network and says, with evidence, what its parts do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def guard(typer_app: typer.Typer) -> None:
    """From now on every verb of an application refuses unusable numbers before it does anything."""
    for group in typer_app.registered_groups:
        if group.typer_instance is not None:
            guard(group.typer_instance)
    for command in typer_app.registered_commands:
        if command.callback is not None:
            command.callback = _guarded(command.callback)


def _guarded(verb: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(verb)
    def checked(*args: Any, **options: Any) -> Any:
        check_numbers(options)
        return verb(*args, **options)

    return checked


for _panel, _verbs in PANELS.items():
    for _verb in _verbs:
        if isinstance(_verb, typer.Typer):
            app.add_typer(_verb, rich_help_panel=_panel)
        else:
            app.command(_verb.__name__.replace("_", "-"), rich_help_panel=_panel)(_verb)
guard(app)
explain(app)


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
