"""Zeroed units beside their controls, for a reader: a clause, a row of a table, a plot."""

from collections.abc import Sequence

from ..report.plots import Bars, Intervals
from ..report.tables import number
from .formatting import with_interval
from .result import Plot, Table
from .zeroing import Zeroed

LEGEND = (
    "controls: mean over control sets; most: the control set that drops furthest; brackets: 95% "
    "over prompts"
)


def beside_controls(tested: Zeroed, verb: str) -> str:
    """`20 sets of as many other heads lower it by .02 [.01, .03] in the mean, .07 at most`."""
    return (
        f"{len(tested.draws)} sets of as many {tested.others} {verb} "
        f"{with_interval(tested.control)} in the mean, {number(tested.most)} at most"
    )


def clause(tested: Zeroed) -> str:
    """The numbers, for a sentence."""
    return (
        f"p(target) falls from {number(tested.before)} by {with_interval(tested.drop)}; "
        f"{beside_controls(tested, 'lower it by')}; difference {with_interval(tested.difference)}, "
        f"p = {number(tested.p, 3)}, {tested.prompts} held-out prompts"
    )


def zeroed_table(
    title: str,
    tested: Sequence[Zeroed],
    *,
    columns: tuple[str, str, str] = ("zeroed", "p before", "drop of p"),
    note: str = LEGEND,
) -> Table:
    """A row for each."""
    rows = [
        (
            one.name,
            number(one.before),
            with_interval(one.drop),
            with_interval(one.control),
            number(one.most),
            with_interval(one.difference),
            number(one.p, 3),
        )
        for one in tested
    ]
    return Table(title, (*columns, "controls", "most", "difference", "p"), rows, note)


def zeroed_plot(
    name: str, tested: Sequence[Zeroed], caption: str, *, what: str = "drop of p(target)"
) -> Plot:
    """Each chosen set's drop with its interval, and its controls as dots."""
    drawing = Intervals(
        [one.name for one in tested],
        [Bars([one.drop for one in tested], "chosen units")],
        f"{what} on held-out prompts, 95% interval",
        dots=[one.draws for one in tested],
        dot_label="a control set",
        spread=0.16,
        rule=0,
    )
    return Plot(name, drawing, caption)
