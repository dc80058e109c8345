"""What the study of arithmetic says, in sentences computed from its numbers."""

from collections.abc import Sequence
from typing import Any

from ...tools.interventions.route import Route
from ...tools.models import Unit
from .arithmetic import UNITS
from .links import Links
from .result import Sentence
from .zeroing import Zeroed, number, said


def of_neurons(tested: Sequence[Zeroed], each: int) -> list[Sentence]:
    shared, own = tested
    return [
        Sentence(
            (
                f"{UNITS} neurons chosen by their mean Imp on other prompts matter: with them "
                "zeroed, "
                if shared.found
                else f"{UNITS} neurons chosen by their mean Imp on other prompts do no more than "
                "matched units: with them zeroed, "
            )
            + shared.words()
            + ".",
            shared.found,
        ),
        Sentence(
            (
                "What attribution says of a single prompt holds: zeroing that prompt's own "
                f"{UNITS}, "
                if own.found
                else f"Zeroing each prompt's own {UNITS} does no more than zeroing matched units: "
            )
            + own.words()
            + f". These are chosen without ablation but on the prompt itself; {each} different "
            "neurons are among the best ten of some prompt of the first half.",
            own.found,
        ),
    ]


def of_heads(heads: Sequence[Unit], tested: Zeroed) -> Sentence:
    names = ", ".join(str(unit) for unit in heads)
    if tested.found:
        start = f"The prediction needs the heads {names}, chosen on other prompts: with them zeroed"
    else:
        start = f"Zeroing the heads {names} does no more than zeroing as many others"
    return Sentence(f"{start}, {tested.words()}.", tested.found)


def of_route(grid: Route | None, smallest: dict[str, Any] | None) -> list[Sentence]:
    if grid is None or smallest is None:
        return []
    (wait, transfer), depth = smallest["cell"], len(grid.cama) - 1
    accuracy, keep = said(smallest["accuracy"]), f"{grid.keep:.0%}"
    ends = (
        f"(whole model {number(smallest['clean'])}; with nobody looking at any other place "
        f"{number(smallest['closed'])})"
    )
    held = smallest["accuracy"]["value"] >= grid.keep * smallest["clean"]
    if grid.smallest is None or not held:
        text = (
            f"No route that waits and then lets the last place alone look back keeps {keep} of the "
            f"accuracy: the best, wait {wait} and transfer {transfer}, gives {accuracy} on "
            f"held-out prompts {ends}."
        )
        if wait == 0 and smallest["accuracy"]["low"] > smallest["closed"]:
            text += (
                " Most of it does need only the last place to look back, but from the first layer "
                f"on: with CAMA at layer 1 accuracy is {number(float(grid.cama[1]))}."
            )
        return [Sentence(text, False)]
    if smallest["accuracy"]["low"] <= smallest["closed"]:
        return [
            Sentence(
                f"No route is shown: wait {wait} and transfer {transfer} keep the accuracy, "
                f"{accuracy} on held-out prompts, but are not above the model "
                f"without any route {ends}.",
                False,
            )
        ]
    where = f"layers {wait} to {wait + transfer - 1}" if transfer > 1 else f"layer {wait}"
    text = (
        f"The operands reach the last place in {where} of {depth}: with all places kept from their "
        f"context before that, and from each other after, accuracy is {accuracy} on held-out "
        f"prompts {ends}."
    )
    if wait:
        text += (
            f" With the plain mean in place of E[ | token] at that layer: "
            f"{number(float(grid.mean[wait]))}."
        )
    return [Sentence(text, True)]


def of_links(found: Links | None) -> list[Sentence]:
    if found is None:
        return [
            Sentence(
                "What the chosen neurons add to the target on held-out prompts is not reliably "
                "above 0, so that no head can be shown to take it from them.",
                False,
            )
        ]
    at = found.heads.index(found.next_best)
    tail = (
        f"under {len(found.heads) - 1} other heads {said(found.control)} in the mean, most under "
        f"{found.next_best} ({number(float(found.second[:, at].mean()))}); difference "
        f"{said(found.difference)}, {len(found.second)} held-out prompts"
    )
    start = (
        f"The chosen neurons depend on {found.linked}"
        if found.found
        else "That the chosen neurons depend on one head more than on others is not shown"
    )
    out = [
        Sentence(
            f"{start}: with {found.linked} zeroed, at which they lost most on other prompts, they "
            f"lose {said(found.drop)} of what they add to the target ({found.before:.1f} nats); "
            f"{tail}.",
            found.found,
        )
    ]
    if found.chain is not None:
        out.append(
            Sentence(
                f"Behind the first block the answer needs {found.chain.head} most; of the {UNITS} "
                f"neurons that lose most Imp without it, {found.shared} are among the chosen "
                f"{UNITS}.",
            )
        )
    return out
