"""Groups of tools that an investigation can do without: what each kind of experiment is worth.

`label --leave-out inputs,causal` is the same investigation at the same budget without them. What
tests a predictor (`test_hypotheses`, `fit`, `means`, `survey`) is in no group but `units`, which
leaves a black box: inputs and the model's outputs.
"""

from .errors import UsageError, nearest

FITTED = "fitted_rules"
"""No tool: the rules of the built-in fit, which a language model is shown before its first turn."""
GROUPS: dict[str, tuple[str, ...]] = {
    "exemplars": (
        *("exemplars", "places", "contrast", "residual", "separate"),
        *("describe_image", "what_is_common", "fitting_phrases"),
    ),
    "inputs": (
        *("activations", "edit_text", "write_texts", "scan"),
        *("draw", "edit_image", "occlude", "visualise"),
    ),
    "causal": (
        *("ablate", "ablate_pictures", "patch", "patch_pictures"),
        *("unit_effect", "output_effect"),
    ),
    "programs": ("program",),
    "fit": (FITTED,),
}
GROUPS["units"] = (
    *("survey", "means", "test_hypotheses", "fit", "frequencies"),
    *(name for group in ("exemplars", "inputs", "causal") for name in GROUPS[group]),
)
"""Exemplars: inputs of the corpus, shown for what the unit does there. Inputs: made by the planner.
Causal: the unit is changed, and the output read. Units: all that shows what a unit does; `outputs`
is offered in their stead: what the model gives for inputs."""


def tools_of(groups: str) -> frozenset[str]:
    """The tools of groups, comma-separated.

    Raises:
        UsageError: for a group that there is not.
    """
    names = [name.strip() for name in groups.split(",") if name.strip()]
    for name in names:
        if name not in GROUPS:
            raise UsageError(
                f"--leave-out '{name}' is no group of tools; there are {nearest(name, GROUPS)}"
            )
    return frozenset(tool for name in names for tool in GROUPS[name])
