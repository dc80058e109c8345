"""Which head feeds the chosen neurons, for a reader: sentences, tables, numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.attribution.comparative import Comparison
from ..report.tables import number
from .formatting import with_interval
from .links import Links
from .result import Section, Sentence, Table

_LISTED = 8


def links_section(links: Links | None, chosen: int) -> Section:
    """Args: chosen: how many neurons were chosen."""
    if links is None:
        text = (
            "What the chosen neurons add to the target on held-out prompts is not reliably above "
            "0, so that no head can be shown to take it from them."
        )
        return Section("", "", [Sentence(text, False)])
    order = np.argsort(-links.second.mean(0), kind="stable")[:_LISTED]
    rows = [
        (
            links.heads[i] + (" (linked)" if links.heads[i] == links.linked else ""),
            number(float(links.first[:, i].mean())),
            number(float(links.second[:, i].mean())),
        )
        for i in order
    ]
    lost = "Share of the chosen neurons' Imp that is lost"
    return Section(
        "Which head feeds the neurons",
        "Comparative neuron analysis: Imp of the chosen neurons with a head zeroed, under the "
        f"whole run's norm; {len(links.first)} prompts of each half.",
        _sentences(links, chosen),
        [
            Table(lost, ("head zeroed", "first half", "second half"), rows),
            *([] if links.chain is None else _chain_tables(links.chain)),
        ],
    )


def links_data(links: Links | None) -> dict[str, Any] | None:
    """Plain JSON."""
    if links is None:
        return None
    lost = zip(links.heads, links.first.mean(0), links.second.mean(0), strict=True)
    chain = links.chain
    return {
        "linked": links.linked,
        "found": links.found,
        "heads": {head: {"first": float(one), "second": float(two)} for head, one, two in lost},
        "drop": links.drop,
        "control": links.control,
        "difference": links.difference,
        "chain": chain
        and {
            "head": str(chain.head),
            "neurons": [[one.unit, one.value] for one in chain.neurons],
            "shared_with_chosen": links.shared,
            "paths": [
                {"deep": str(p.deep), "shallow": [[str(o.spot), o.value] for o in p.best(3)]}
                for p in chain.paths
            ],
        },
    }


def _sentences(links: Links, chosen: int) -> Sequence[Sentence]:
    strongest = links.heads.index(links.next_best)
    start = (
        f"The chosen neurons depend on {links.linked}"
        if links.found
        else "That the chosen neurons depend on one head more than on others is not shown"
    )
    out = [
        Sentence(
            f"{start}: with {links.linked} zeroed, at which they lost most on other prompts, they "
            f"lose {with_interval(links.drop)} of what they add to the target "
            f"({links.before:.1f} nats); under {len(links.heads) - 1} other heads "
            f"{with_interval(links.control)} in the mean, most under {links.next_best} "
            f"({number(float(links.second[:, strongest].mean()))}); difference "
            f"{with_interval(links.difference)}, {len(links.second)} held-out prompts.",
            links.found,
        )
    ]
    if links.chain is not None:
        out.append(
            Sentence(
                f"Behind the first block the answer needs {links.chain.head} most; of the {chosen} "
                f"neurons that lose most Imp without it, {links.shared} are among the chosen "
                f"{chosen}.",
            )
        )
    return out


def _chain_tables(chain: Comparison) -> list[Table]:
    rows = []
    for change in chain.neurons[:5]:
        low, high = change.interval or (None, None)
        lost = with_interval({"value": change.value, "low": low, "high": high})
        tokens = " ".join(map(repr, change.promotes))
        rows.append((change.unit, tokens, lost, number(change.base), number(change.other)))
    title = f"Neurons that lose most with {chain.head} zeroed (first half)"
    columns = ("neuron", "favours", "CNA, nats", "Imp", "without")
    tables = [Table(title, columns, rows, left=2)]
    paths = [
        (
            str(path.deep),
            " ".join(f"{one.spot} ({number(one.value)})" for one in path.best(3)),
            number(path.key),
            number(path.through),
        )
        for path in chain.paths
    ]
    if paths:
        title = f"Earlier neurons that reach them through {chain.head}, in one prompt"
        columns = ("deep neuron", "shallow neurons", "its key", "of it through the head")
        note = "parts of a sum, not effects: a neuron's share in the deep neuron's pre-activation"
        tables.append(Table(title, columns, paths, note, left=2))
    return tables
