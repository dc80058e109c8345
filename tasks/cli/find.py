"""The verb `find`: search over a run, or over the units of a model by two sets of texts. Heavy
imports happen inside it.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from ...agent.statuses import STATUSES
from . import options
from .printing import console, print_json, warn

if TYPE_CHECKING:
    from ..labelling.data import RunData


def find(
    run: options.Run,
    query: Annotated[
        str | None,
        typer.Argument(help="What to look for; none: all that pass.", show_default=False),
    ] = None,
    similar_to: Annotated[str | None, typer.Option(help="Units that do what this does.")] = None,
    groups: Annotated[bool, typer.Option("--groups", help="Units that share a function.")] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Units and labels that are there twice.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            help="How units are compared: activations (the default), exemplars or label.",
            show_default=False,
        ),
    ] = None,
    at_least: Annotated[
        float | None, typer.Option(help="Least similarity within a group or of duplicates.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Least held-out correlation.")] = None,
    min_confidence: Annotated[float | None, typer.Option(help="Least confidence, 0 to 1.")] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="3, 2-5 or a pattern of sites: mlp.*; repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(STATUSES)}; repeatable."),
    ] = None,
    sign: Annotated[str | None, typer.Option(help="+ or -: which side was labelled.")] = None,
    units: Annotated[str | None, typer.Option(help="Pattern of names: mlp.3/1*")] = None,
    many: Annotated[int, typer.Option(help="Units, groups or pairs to show.")] = 10,
    encoder: Annotated[
        str, typer.Option(help="Who reads labels: minilm, a sentence encoder, or none.")
    ] = "minilm",
    active: options.Active = None,
    silent: options.Silent = None,
    special: options.Special = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="Embed all labels first, however many.")
    ] = False,
    target: Annotated[
        str | None, typer.Option(help="The run's model, for a run that you did not make.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The run's corpus, for a run that you did not make.")
    ] = None,
    trust_remote_code: options.TrustNamed = False,
    as_json: options.Json = False,
) -> None:
    """Search the labels of a run by words and meaning, or its units by what they do.

    With --active, all units of the run's model, or of a model that stands in the place of the run,
    for those that are active on some texts and not on others.
    """
    from ...tools.errors import UsageError
    from ...tools.evidence import plain
    from ..search import terminal
    from ..search.records import Filters
    from ..search.search import RunSearch

    questions = [query is not None, similar_to is not None, groups, duplicates]
    if sum(questions) + (active is not None) > 1:
        raise UsageError("give one of: a query, --similar-to, --groups, --duplicates, --active")
    if active is not None or silent is not None:
        from .find_contrast import find_contrast

        given = {"target": target, "data": data, "trust_remote_code": trust_remote_code}
        given["special"] = special
        find_contrast(run, active, silent, sites=layer, n=many, as_json=as_json, **given)
        return
    if special is not None:
        raise UsageError("--special goes with --active; a run says itself which places count")
    if (by is not None or at_least is not None) and not any(questions[1:]):
        raise UsageError("--by and --at-least go with --similar-to, --groups or --duplicates")
    if at_least is not None and similar_to is not None:
        raise UsageError("--at-least goes with --groups or --duplicates")
    if sign not in (None, "+", "-"):
        raise UsageError(f"--sign is '{sign}'; it must be + or -")
    filters = Filters(
        score=min_score,
        confidence=min_confidence,
        layers=tuple(layer or ()),
        kinds=tuple(kind or ()),
        sign=None if sign is None else 1 if sign == "+" else -1,
        units=units,
    )

    def load() -> "RunData":
        from ..search.measure import data_of

        return data_of(run, target=target, data=data, trust_remote_code=trust_remote_code)

    search = RunSearch(run, encoder=encoder, data=load)
    for line in search.faults:
        warn(line)
    if embed:
        search.embed_labels()
    how = by or "activations"
    if similar_to is not None:
        near = search.similar(similar_to, many, how, filters)
        document, table = near.as_dict(), terminal.similar(near, search.records)
    elif groups:
        shared = search.groups(how, at_least, filters)
        document, table = shared.as_dict(many), terminal.groups(shared, many)
    elif duplicates:
        twice = search.duplicates(0.9 if at_least is None else at_least, how, filters)
        document = twice.as_dict(search.records, many)
        table = terminal.duplicates(twice, search.records, many)
    else:
        hits = search.search(query or "", many, filters)
        document, table = hits.as_dict(search.records), terminal.hits(hits, search.records)
    if as_json:
        asked = {"run": str(run), "query": query, "filters": filters.english() or None}
        print_json(plain({**asked, **document}))
    else:
        console(wide=True).print(table)
