"""The verb `evaluate`: how good descriptions are, and how good the scores of descriptions are."""

import typer

from .evaluate_ask import ask
from .evaluate_choose import choose
from .evaluate_functions import functions
from .evaluate_labels import labels
from .evaluate_planner import planner
from .evaluate_scorers import scorers

app = typer.Typer(
    name="evaluate",
    help="Measure planners, scorers and other people's descriptions against known truth.",
    no_args_is_help=True,
)
for verb in (planner, functions, ask, scorers, choose, labels):
    app.command()(verb)
