"""The bench of one tool that a person runs: a lab with all that is offered in conversations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...agent.planners import language_model
from ...tools.activations.head_directions import offer_head_directions
from ...tools.data.windows import cut
from ...tools.errors import UsageError
from ...tools.evidence import EvidenceStore
from ...tools.lab import Backend, Lab
from ...tools.models import Target
from ...tools.predicates.judging import Judge
from .data import default_data, explore, read_by


def open_bench(
    target: Target,
    data: str | None,
    *,
    texts: Sequence[str] = (),
    unit: str | None = None,
    tokens: int = 20_000,
    length: int = 64,
    seed: int = 0,
    pictures: Path | None = None,
    run: Path | None = None,
    index: Path | None = None,
    planner: str | None = None,
    base_url: str | None = None,
    reader: str | None = None,
    judge: Judge | None = None,
    backends: Mapping[str, Backend] | None = None,
    direction: str | None = None,
) -> Lab:
    """A lab over the explore split of a corpus.

    Args:
        target: The model.
        data: The corpus; None: the texts alone where some are given, else one that it reads.
        texts: What the person gave of their own.
        unit: The unit under study.
        tokens: Of all splits of the corpus together.
        length: Tokens a window.
        seed: Of everything random.
        pictures: The folder of pictures that tools make.
        run: A run of labels over this model.
        index: An exemplar index of this model over this corpus.
        planner: `openai:MODEL`, for tools that ask a language model.
        base_url: Its endpoint.
        reader: A second network that reads.
        judge: Who reads places.
        backends: Image models.
        direction: Of heads that are read as along.N/H: HEAD=FILE,...

    Raises:
        UsageError: if something given cannot be used.
    """
    if target.tokenizer is None and target.image is None and not target.numbers:
        raise UsageError(f"{target.name} takes neither text nor pictures; the tools work on these")
    llm = None if planner is None else language_model(planner, base_url=base_url)
    if data is None and texts and target.image is None:
        rows: Any = cut(target, texts, length=target.context_length, document_per_row=True)
    else:
        spec = data or default_data(target)
        rows = explore(target, spec, tokens=tokens, length=length, seed=seed)
    lab = equipped(
        target,
        rows,
        reader=reader,
        direction=direction,
        run=run,
        index=index,
        evidence=EvidenceStore(pictures),
        seed=seed,
        backends=backends or {},
        judge=judge,
        llm=llm,
    )
    lab.unit = None if unit is None else target.unit(unit)  # along.N is a site by now
    return lab


def equipped(
    target: Target,
    rows: Any,
    *,
    reader: str | None,
    direction: str | None,
    run: str | Path | None,
    index: str | Path | None,
    **given: Any,
) -> Lab:
    """An open lab over rows; `given` are its further fields, the others those of `open_bench`.

    Raises:
        UsageError: if something named is not there, or not of this model and corpus.
    """
    rows, network = read_by(target, rows, reader)
    offer_head_directions(target, rows, direction)
    lab = Lab(target, rows, reader=network, open=True, **given)
    if run is not None:
        from ..search import RunSearch
        from ..search.measure import data_of

        lab.run = RunSearch(run, data=lambda: data_of(Path(run), target=lab.target))
    if index is not None:
        from ...tools.exemplars import ExemplarIndex

        lab.index = ExemplarIndex.open(index, target=lab.target, windows=lab.explore)
    return lab
