"""What was compared and with which controls, in sentences: for the terminal and for planners."""

from collections.abc import Sequence

from .groups import Grouped
from .likeness import By, Control
from .results import Similar


def compared_with(answer: Similar) -> list[str]:
    """How far the likeness of neighbours says something."""
    error = f"; standard error at most {answer.error:.3f}" if answer.error else ""
    said = [f"{answer.compared}, with {answer.others} other units{error}"]
    return said + controls(answer.controls, answer.by, answer.others)


def controls(found: Sequence[Control], by: By, others: int | None = None) -> list[str]:
    """The 95th percentiles; and how many units would be beyond if all were as these pairs."""
    size = "|r|" if by == "activations" else "values"
    said = []
    for control in found:
        if control.p95 is None:
            said.append(f"control: no {control.what}")
            continue
        beyond = f"; of {others} units, {others / 20:.1f} would be beyond" if others else ""
        said.append(
            f"control, {control.what} ({control.pairs}): 95% have {size} up to "
            f"{control.p95:.2f}{beyond}"
        )
    return said


def reach_said(answer: Grouped) -> str:
    """What a group is, and how usual the bar is in this run."""
    reach = (
        "there are no random pairs"
        if answer.reach is None
        else (f"{answer.reach:.1%} of random pairs of units reach it")
    )
    left_out = f"; not compared: {len(answer.left_out)}" if answer.left_out else ""
    return (
        f"every pair of a group reaches {answer.at_least:g}, {answer.compared}; {reach}{left_out}"
    )
