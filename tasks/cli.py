"""The command line: `neuroscribe VERB TARGET ...`. Heavy imports happen inside the verbs."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    name="neuroscribe",
    help="Experiments on a neural network and says, with evidence, what its parts do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"neuroscribe {version('neuroscribe')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs a verb. Exit codes: 0 done, 1 done with failures, 2 unusable input, 130 interrupted."""
    from ..tools.errors import UsageError

    try:
        app()
    except UsageError as error:
        print(f"neuroscribe: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("neuroscribe: interrupted", file=sys.stderr)
        sys.exit(130)
