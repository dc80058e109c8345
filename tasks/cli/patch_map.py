"""The verb `patch-map`: which patches of a picture drive a vision-language model's answer.

neuroscribe patch-map llava-hf/llava-1.5-7b-hf --image cat.jpg \
    --prompt "USER: <image>\\nWhat animal is it? ASSISTANT:" --answer " cat" --out map.png
"""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .printing import picked, print_json


def patch_map(
    target: Annotated[str, typer.Argument(help="A model of LLaVA's kind: a folder or hub id.")],
    image: Annotated[Path, typer.Option(help="The picture.")],
    prompt: Annotated[str, typer.Option(help="What it reads; the picture stands at its mark.")],
    answer: Annotated[str, typer.Option(help="What it is to say next.")],
    out: Annotated[Path, typer.Option(help="The overlay, PNG.")] = Path("patch-map.png"),
    by: Annotated[
        str,
        typer.Option(
            help="How the head is chosen: picture, by what it brings from the patches; head, by "
            "all that it brings."
        ),
    ] = "picture",
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Map which patches of a picture drive an answer, beside mean attention."""
    from ...tools.attribution.patch_map import overlay
    from ...tools.attribution.patch_map import patch_map as run
    from ...tools.attribution.picture_models import load_picture_model
    from ...tools.data.decoding import decode
    from ...tools.errors import UsageError
    from ...tools.evidence import plain

    options.one_of("--by", by, ("picture", "head"))
    if not image.is_file():
        raise UsageError(f"there is no picture '{image}'")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder '{out.parent}' for --out")
    picture = decode(image).picture
    model = load_picture_model(target, dtype=dtype, device=device)
    result = run(model, picture, prompt, answer, by=by)  # pyright: ignore[reportArgumentType]
    overlay(result).save(out, "PNG")
    if as_json:
        document = {
            "target": target,
            "image": str(image),
            "prompt": prompt,
            "by": by,
            "heads": [one._asdict() for one in result.heads],
            "overlay": str(out),
            **picked(result, "answer", "probability", "rank", "increases", "elsewhere", "notes"),
            **picked(result, "map", mean_attention="attention"),
        }
        print_json(plain(document))
        return
    first = result.heads[0]
    typer.echo(f"{answer!r}: p = {result.probability:.3g} (rank {result.rank})")
    heads = ", ".join(f"{one.head} {one.imp:+.3g}" for one in result.heads)
    typer.echo(f"heads by increase: {heads}; mapped is {first.head}")
    height, width = result.map.shape
    order = result.map.ravel().argsort()[::-1][:5]
    for i in order:
        row, column = divmod(int(i), width)
        typer.echo(
            f"  patch {row + 1},{column + 1} of {height},{width}: "
            f"{result.increases[row, column]:+.3g}, {result.map[row, column]:.0%} of the map "
            f"(mean attention {result.attention[row, column]:.0%})"
        )
    for note in result.notes:
        typer.echo(f"note: {note}")
    typer.echo(str(out), err=True)
