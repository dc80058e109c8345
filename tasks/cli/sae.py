"""The verb `sae`: sparse autoencoders of one site, trained and measured.

neuroscribe sae train smollm2 --site resid.12 --data builtin:pydocs --out runs/sae
neuroscribe sae eval smollm2+runs/sae --data builtin:stories
neuroscribe label smollm2+runs/sae --units random:5:sae.resid.12 --data builtin:pydocs --out runs/l
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import present, table
from .verb_help import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ...tools.data.windows import TokenWindows
    from ...tools.models import Target

app = typer.Typer(
    name="sae",
    cls=Group,
    help="Train sparse autoencoders on a site of a model, and measure them.",
    no_args_is_help=True,
    add_completion=False,
)
_DATA = "builtin:pydocs"
_NAMED = {
    "explained_variance": "explained variance",
    "active": "active latents a token (L0)",
    "loss": "loss of the model, nats a token",
    "loss_recovered": "loss recovered",
    "kl_recovered": "KL recovered",
}


@app.command()
def train(
    target: options.Target,
    site: Annotated[str, typer.Option(help="Whose tensor is encoded, such as resid.12.")],
    out: Annotated[Path, typer.Option(help="Folder of the dictionary.", file_okay=False)],
    data: options.Data = _DATA,
    tokens: options.CorpusTokens = 200_000,
    variant: Annotated[
        str, typer.Option(help="topk, batchtopk, matryoshka, jumprelu or l1.")
    ] = "topk",
    latents: Annotated[int, typer.Option(min=0, help="0: eight times the width.")] = 0,
    k: Annotated[int, typer.Option(min=1, help="Active latents a token.")] = 32,
    penalty: Annotated[
        float | None,
        typer.Option(min=0, help="Sparsity of l1 and jumprelu.", show_default="3 and 10"),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Batches in all.")] = 1000,
    batch: Annotated[int, typer.Option(min=1, help="Tokens a batch.")] = 1024,
    rate: Annotated[float, typer.Option(min=0, help="Learning rate of Adam.")] = 1e-3,
    context_length: options.ContextLength = 128,
    field: options.TextField = None,
    records: options.Records = None,
    special: options.Special = None,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Train a sparse autoencoder on the explore split of a corpus; repeat the command to resume.

    The folder is in SAELens's form; `MODEL+FOLDER` is the model with its latents as units. It is
    measured on the test split at the end.
    """
    from ...tools.dictionaries.train import Training, train_dictionary
    from ...tools.models import Target
    from ...tools.models.dictionaries import add_dictionary

    model = Target.load(target, dtype=dtype, device=device, special=special)
    how = Training(
        variant=options.one_of(
            "--variant", variant, ("topk", "batchtopk", "matryoshka", "jumprelu", "l1")
        ),
        latents=latents,
        k=k,
        penalty=penalty,
        steps=steps,
        batch=batch,
        rate=rate,
        seed=seed,
    )
    corpus, parts = _windows(model, data, tokens, context_length, field, records, seed)
    with _shown() as tell:
        made = train_dictionary(model, parts["explore"], site, how, out, corpus=corpus, tell=tell)
    add_dictionary(model, made, named=str(out))
    found = [_measured(model, f"sae.{site}", parts["test"])]
    document = {"folder": str(out), "target": target, "data": data, "dictionaries": found}
    present(document, as_json, _rows)


@app.command("eval")
def evaluate(
    target: Annotated[
        str, typer.Argument(help="MODEL+FOLDER, with a dictionary's folder.", show_default=False)
    ],
    site: Annotated[
        str | None, typer.Option(help="Which dictionary, such as sae.resid.12; default: all.")
    ] = None,
    data: options.Data = _DATA,
    tokens: options.CorpusTokens = 200_000,
    split: Annotated[str, typer.Option(help="explore, validation, test; or all.")] = "test",
    context_length: options.ContextLength = 128,
    field: options.TextField = None,
    records: options.Records = None,
    special: options.Special = None,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Measure dictionaries: explained variance, L0, loss and KL recovered, dead and dense latents.

    On the test split, which `sae train` with the same --data did not read.
    """
    from ...tools.errors import UsageError
    from ...tools.models import Target
    from ...tools.models.dictionaries import PREFIX

    options.one_of("--split", split, ("explore", "validation", "test", "all"))
    model = Target.load(target, dtype=dtype, device=device, special=special)
    named = [site] if site else [name for name in model.sites if name.startswith(PREFIX)]
    if not named:
        raise UsageError(f"'{target}' names no dictionary: write {target}+FOLDER")
    _, parts = _windows(model, data, tokens, context_length, field, records, seed, every=split)
    found = [_measured(model, name, parts[split]) for name in named]
    present({"target": target, "data": data, "dictionaries": found}, as_json, _rows)


def _windows(
    model: "Target",
    data: str,
    tokens: int,
    length: int,
    field: str | None,
    records: str | None,
    seed: int,
    *,
    every: str = "",
) -> tuple[str, "dict[str, TokenWindows]"]:
    """Name and hash of a corpus, and the windows of its splits, or of all of it."""
    from ...tools.data.pictures import ImageCorpus
    from ...tools.data.sources import load_corpus
    from ...tools.data.windows import cut
    from ...tools.errors import UsageError

    if model.tokenizer is None:
        raise UsageError(f"{model.name} has no tokenizer: dictionaries are trained on text")
    corpus = load_corpus(
        data, target=model, most_tokens=tokens, field=field, records=records, seed=seed
    )
    if isinstance(corpus, ImageCorpus):
        raise UsageError("dictionaries are trained on text; --data names pictures")
    name = f"{data} {corpus.hash}"
    if every == "all":
        return name, {"all": cut(model, corpus, length=length)}
    splits = corpus.splits()._asdict()
    return name, {key: cut(model, part, length=length) for key, part in splits.items()}


def _shown() -> Any:
    """A bar of the training, with what is left over and L0."""
    from contextlib import contextmanager

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from ...tools.io.console import Console

    @contextmanager
    def bar() -> Any:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task("reading activations", total=None)

            def tell(step: int, steps: int, left: float, number: float) -> None:
                words = f"{left:.3f} of the variance left, L0 {number:.1f}"
                shown.update(task, completed=step, total=steps, description=words)

            yield tell

    return bar()


def _measured(model: "Target", site: str, windows: "TokenWindows") -> dict[str, Any]:
    from ...tools.dictionaries.measures import measure_dictionary
    from .printing import progress

    with progress("windows", total=len(windows)) as show:
        quality = measure_dictionary(model, site, windows, tell=show)
    return {"site": site, **quality._asdict()}


def _rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    from ..report.tables import with_interval

    if "folder" in document:
        yield f"{document['folder']}: use it as '{document['target']}+{document['folder']}'"
    for found in document["dictionaries"]:
        yield (
            f"{found['site']} on {found['places']:,} tokens of {found['documents']} documents of "
            f"{document['data']}"
        )
        rows = table("measure", "value, 95% over documents")
        for key, name in _NAMED.items():
            if found[key] is not None:
                rows.add_row(name, with_interval(found[key], 3))
        rows.add_row("dead latents (active at none of them)", f"{found['dead']:.1%}")
        rows.add_row("dense latents (at over 10% of them)", f"{found['dense']:.1%}")
        yield rows
