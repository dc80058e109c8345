"""The verbs `index` and `index-merge`: an exemplar index of a model over a corpus."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tools.errors import UsageError
from ..labelling.settings import Shard

if TYPE_CHECKING:
    from ...tools.exemplars import ExemplarIndex

_SKIPPED = 5  # sites that cannot be used, named one a line
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def index(
    target: Annotated[
        str,
        typer.Argument(
            help="minilm, planted, a Hugging Face id, a folder, or path.py:factory.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="builtin:pydocs, builtin:stories, self:N, a .txt or .jsonl, hf:NAME; for a vision "
            "model builtin:scenes, a folder of pictures, hf:NAME."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the index.")],
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
    tokens: Annotated[int, typer.Option(help="Tokens of all three splits together.")] = 200_000,
    context_length: Annotated[int, typer.Option(help="Tokens a window.")] = 64,
    k: Annotated[int, typer.Option(help="Largest values to keep, a unit and sign.")] = 20,
    sample: Annotated[int, typer.Option(help="Places at which all values are kept.")] = 1024,
    shard: Annotated[str, typer.Option(help="I/N: the I-th of N parts of the corpus.")] = "1/1",
    field: Annotated[str | None, typer.Option(help="The text field of the data.")] = None,
    records: Annotated[
        str | None,
        typer.Option(
            help="What a document of a .txt is: lines or blocks; default: by blank lines."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is generated or sampled.")] = 0,
    revision: Annotated[str | None, typer.Option(help="Revision of the model.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number type of the weights.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps.")] = None,
    as_json: Json = False,
) -> None:
    """Index every unit of the chosen sites: largest values, samples, counts; resumable."""
    part = Shard.parse(shard)
    if split not in ("explore", "all"):
        raise UsageError(f"--split is explore or all, not '{split}'")
    if tokens < 1 or context_length < 1:
        raise UsageError("--tokens and --context-length must be above 0")
    from ...tools.data.image_rows import image_rows
    from ...tools.data.pictures import ImageCorpus, skipped_lines
    from ...tools.data.sources import load_corpus
    from ...tools.data.windows import cut
    from ...tools.exemplars import ExemplarIndex, build_index
    from ...tools.models import Target
    from ..labelling.selection import matching, usable

    started = time.monotonic()
    model = Target.load(target, revision=revision, dtype=dtype, device=device)
    named = [item.strip() for item in sites.split(",") if item.strip()]
    chosen = matching(model, named)
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
    with _bar(len(windows)) as show:
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
    _say(ExemplarIndex.open(out, target=model, windows=windows), started, as_json)


def index_merge(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of the shards.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder of the merged index.")],
    as_json: Json = False,
) -> None:
    """Merge shards of an index; the result is the same as from one run."""
    from ...tools.exemplars import ExemplarIndex, merge

    started = time.monotonic()
    merge(folders, out)
    _say(ExemplarIndex.open(out), started, as_json)


def register(app: typer.Typer) -> None:
    """Adds the verbs to the command line."""
    app.command("index")(index)
    app.command("index-merge")(index_merge)


def _bar(windows: int) -> Any:
    """A progress bar on stderr where that is a terminal; its value is the callback."""
    from contextlib import contextmanager

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ...tools.io.console import Console

    @contextmanager
    def shown() -> Any:
        columns = (TextColumn("windows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task("windows", total=windows)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    return shown()


def _say(made: "ExemplarIndex", started: float, as_json: bool) -> None:
    size = sum(path.stat().st_size for path in made.folder.rglob("*") if path.is_file())
    shards = made.header["shards"]
    facts = {
        "folder": str(made.folder),
        "target": made.header["target"],
        "corpus": made.header["corpus"],
        "sites": {name: made.summary(name).mean.shape[0] for name in made.sites},
        "units": made.units,
        "pictures" if made.pictures else "tokens": made.count,
        "shards": [f"{i + 1}/{n}" for i, n in shards],
        "bytes": size,
        "seconds": round(time.monotonic() - started, 2),
    }
    if as_json:
        print(json.dumps(facts))
        return
    whole = "" if shards == [[0, 1]] else f", shards {', '.join(facts['shards'])}"
    what = "pictures" if made.pictures else "tokens"
    print(
        f"{made.folder}: {made.units:,} units of {len(facts['sites'])} sites over {made.count:,} "
        f"{what}{whole}, {size / 1e6:.1f} MB, {facts['seconds']:.1f} s"
    )
