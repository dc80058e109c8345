"""The verb `evaluate`: how good descriptions are, and how good the scores of descriptions are."""

import typer

from .ask_command import ask
from .choose_command import choose
from .functions_command import functions
from .labels_command import labels
from .planner_command import planner
from .scorers_command import scorers


def register(app: typer.Typer) -> None:
    """Adds `evaluate planner|functions|ask|scorers|choose|labels`."""
    evaluate = typer.Typer(
        name="evaluate",
        help="Measure planners, scorers and other people's descriptions against known truth.",
        no_args_is_help=True,
    )
    evaluate.command()(planner)
    evaluate.command()(functions)
    evaluate.command()(ask)
    evaluate.command()(scorers)
    evaluate.command()(choose)
    evaluate.command()(labels)
    app.add_typer(evaluate)
