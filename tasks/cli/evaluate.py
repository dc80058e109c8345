"""The verb `evaluate`: how good planners and descriptions are."""

import typer

from .evaluate_ask import ask
from .evaluate_choose import choose
from .evaluate_confidence import confidence
from .evaluate_functions import functions
from .evaluate_labels import labels
from .evaluate_networks import networks
from .evaluate_planner import planner
from .evaluate_runs import runs
from .verb_help import Group

app = typer.Typer(
    name="evaluate",
    cls=Group,
    help="Measure planners and other people's descriptions against known truth.",
    no_args_is_help=True,
    add_completion=False,
)
for verb in (planner, functions, networks, ask, choose, labels, runs, confidence):
    app.command()(verb)
