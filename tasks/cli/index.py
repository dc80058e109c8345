"""The verb `index`: an exemplar index of a model over a corpus."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tools.errors import UsageError
from ..labelling.settings import Shard
from . import options
from .printing import print_json, progress

if TYPE_CHECKING:
    from ...tools.exemplars import ExemplarIndex

_SKIPPED = 5  # sites that cannot be used, named one a line


def index(
    target: options.Target,
    data: Annotated[
        str,
        typer.Option(
            help="builtin:pydocs, builtin:stories, self:N, a .txt or .jsonl, hf:NAME; for a vision "
            "model builtin:scenes, a folder of pictures, hf:NAME."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the index.", file_okay=False)],
    sites: Annotated[
        str,
        typer.Option(
            "--sites",
            "--site",
            help="mlp.3,head.*,conv and so on; left out: the neurons or channels.",
        ),
    ] = "",
    split: Annotated[
        str, typer.Option(help="explore: what a planner may see; or all of the corpus.")
    ] = "explore",
    tokens: options.CorpusTokens = 200_000,
    context_length: options.ContextLength = 64,
    k: Annotated[int, typer.Option(help="Largest values to keep, a unit and sign.")] = 20,
    sample: Annotated[int, typer.Option(help="Places at which all values are kept.")] = 1024,
    shard: Annotated[str, typer.Option(help="I/N: the I-th of N parts of the corpus.")] = "1/1",
    field: options.TextField = None,
    records: options.Records = None,
    special: options.Special = None,
    seed: options.Seed = 0,
    revision: options.Revision = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Index every unit of the chosen sites: largest values, samples, counts; resumable."""
    part = Shard.parse(shard)
    options.one_of("--split", split, ("explore", "all"))
    from ...tools.data.image_rows import image_rows
    from ...tools.data.pictures import ImageCorpus, skipped_lines
    from ...tools.data.sources import load_corpus
    from ...tools.data.windows import cut
    from ...tools.exemplars import ExemplarIndex, build_index
    from ...tools.models import Target
    from ..labelling.selection import matching, usable

    started = time.monotonic()
    model = Target.load(target, revision=revision, dtype=dtype, device=device, special=special)
    named = options.listed(sites)
    chosen = matching(model, list(named))
    if not named:
        chosen, skipped = usable(model, chosen)
        for name, why in list(skipped.items())[:_SKIPPED]:
            print(f"skipped {name}: {why}", file=sys.stderr)
        if len(skipped) > _SKIPPED:
            print(f"skipped {len(skipped) - _SKIPPED} more sites", file=sys.stderr)
    if model.tokenizer is None and model.image is None:
        raise UsageError(f"{model.name} has no tokenizer and takes no pictures")
    corpus = load_corpus(
        data, target=model, most_tokens=tokens, field=field, records=records, seed=seed
    )
    name = f"{data}#{split} {corpus.hash}"
    some = corpus if split == "all" else corpus.splits(least=1).explore
    for line in skipped_lines(corpus):
        print(line, file=sys.stderr)
    windows = (
        image_rows(model, some)
        if isinstance(some, ImageCorpus)
        else cut(model, some, length=context_length)
    )
    with progress("windows", total=len(windows)) as show:
        build_index(
            model,
            windows,
            chosen,
            out,
            k=k,
            sample=sample,
            shard=(part.number - 1, part.of),
            corpus=name,
            progress=show,
        )
    print_index(ExemplarIndex.open(out, target=model, windows=windows), started, as_json)


def print_index(made: "ExemplarIndex", started: float, as_json: bool) -> None:
    """The facts of an index, in a line or as JSON."""
    size = sum(path.stat().st_size for path in made.folder.rglob("*") if path.is_file())
    shards = made.header["shards"]
    facts = {
        "folder": str(made.folder),
        "target": made.header["target"],
        "corpus": made.header["corpus"],
        "sites": {name: made.size(name) for name in made.sites},
        "units": made.units,
        "pictures" if made.pictures else "tokens": made.count,
        "shards": [f"{i + 1}/{n}" for i, n in shards],
        "bytes": size,
        "seconds": round(time.monotonic() - started, 2),
    }
    if as_json:
        print_json(facts)
        return
    whole = "" if shards == [[0, 1]] else f", shards {', '.join(facts['shards'])}"
    what = "pictures" if made.pictures else "tokens"
    print(
        f"{made.folder}: {made.units:,} units of {len(facts['sites'])} sites over {made.count:,} "
        f"{what}{whole}, {size / 1e6:.1f} MB, {facts['seconds']:.1f} s"
    )
