"""Logit lens: what the model would predict if it stopped behind each sub-layer.

logits = W_U LN_f(r) for the residual stream r at each point (nostalgebraist 2020), at every place.

1. The final norm uses the statistics of r itself (`own`, as in the original), or those of the full
   run at that place (`frozen`: then the logits of different points differ by what was added, and
   add up). At the last point both are the model's own prediction.
2. With translators (`tuned_lens`) r is first mapped to what it tends to become (Belrose et al.
   2023).
3. For each point and place: the top tokens, the entropy, and KL(final || lens) in nats; for each
   token asked for, its probability and rank. A trajectory is a token's column: from point to point
   at the place that predicts it.

Logits are computed in slices, so that `[point, place, vocabulary]` never exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..errors import UsageError
from ..metrics.prompt import prompt_of
from ..metrics.readings import saturation
from ..metrics.target_tokens import TargetPrompt
from ..models import Target
from ..residual.readout import check_vocabulary
from .stream import Reader, reader

Statistics = Literal["own", "frozen"]
_ROOM = 1 << 24  # logits in memory at a time


class Translators(Protocol):
    """What maps the stream at a point to the stream at the end."""

    def translate(self, point: int, residual: Tensor) -> Tensor:
        """`[n, d]` to `[n, d]`."""
        ...


class Trajectory(NamedTuple):
    """One token, from point to point."""

    token: int
    text: str
    role: str
    """`target`, `contrast`, or `own` (the model's own choice)."""
    place: int
    """The place that predicts it."""
    probability: tuple[float, ...]
    """By point."""
    rank: tuple[int, ...]
    """By point; 1 is the likeliest token."""

    def settled(self) -> int | None:
        """The first point from which on the token is the likeliest to the end; None: never."""
        wrong = [i for i, rank in enumerate(self.rank) if rank != 1]
        first = wrong[-1] + 1 if wrong else 0
        return first if first < len(self.rank) else None


@dataclass(frozen=True, eq=False)
class Lens:
    """What every point says at every place."""

    points: tuple[str, ...]
    tokens: tuple[str, ...]
    """The row that was read, by place."""
    kind: str
    """`logit` or `tuned`."""
    statistics: Statistics
    top: Tensor
    """Token ids, `[point, place, k]`, likeliest first."""
    top_probability: Tensor
    """`[point, place, k]`."""
    entropy: Tensor
    """`[point, place]`, nats."""
    kl: Tensor
    """KL(the model's own prediction || lens), `[point, place]`, nats."""
    trajectories: tuple[Trajectory, ...]
    wanted_probability: Tensor
    """Of each trajectory's token at all points and places, `[token, point, place]`."""
    wanted_rank: Tensor
    """`[token, point, place]`."""
    names: tuple[str, ...]
    """Text of every token id; empty without a tokenizer."""
    notes: tuple[str, ...] = ()

    def name(self, token: int) -> str:
        """A token as text."""
        return self.names[token] if token < len(self.names) else f"#{token}"


def logit_lens(
    target: Target,
    question: TargetPrompt,
    *,
    statistics: Statistics = "own",
    top: int = 5,
    translators: Translators | None = None,
) -> Lens:
    """Every point of one row.

    Args:
        target: A language model.
        question: The row and the tokens to follow, from `target_prompt`; `plain` for a prompt
            alone.
        statistics: Of the final norm: of the stream at each point, or `frozen`: of the full run.
        top: Tokens to keep at each point and place.
        translators: Of a tuned lens; they are trained under `own` statistics.

    Raises:
        UsageError: if the target predicts no token, or the stream is not finite.
    """
    if statistics not in ("own", "frozen"):
        raise UsageError(f"statistics are '{statistics}'; use own or frozen")
    if translators is not None and statistics == "frozen":
        raise UsageError("a tuned lens is trained under the stream's own statistics; use own")
    read = reader(target)
    predictions = question.predictions
    for prediction in predictions:
        check_vocabulary(target, prediction, read.readout)
    with torch.no_grad():
        streams = read.streams(question)[:, 0]  # [point, place, d]
        own = read.logits(streams[-1][-1:])
        asked = [(p.token, "target", p.place) for p in predictions]
        asked += [(p.other, "contrast", p.place) for p in predictions if p.other is not None]
        if not asked:
            asked = [(int(own.argmax()), "own", streams.shape[1] - 1)]
        tokens = torch.tensor([token for token, _, _ in asked], device=streams.device)
        cells = _cells(
            read, streams, tokens, min(top, len(read.readout.weight)), statistics, translators
        )
    names: tuple[str, ...] = surfaces(target) if target.tokenizer is not None else ()
    made = [
        Trajectory(
            token,
            names[token] if token < len(names) else f"#{token}",
            role,
            place,
            tuple(cells.wanted[at, :, place].tolist()),
            tuple(cells.rank[at, :, place].tolist()),
        )
        for at, (token, role, place) in enumerate(asked)
    ]
    ids = question.ids[0].tolist()
    return Lens(
        read.points,
        tuple(str(names[i]) if i < len(names) else f"#{i}" for i in ids),
        "logit" if translators is None else "tuned",
        statistics,
        cells.top,
        cells.top_probability,
        cells.entropy,
        cells.kl,
        tuple(made),
        cells.wanted,
        cells.rank,
        names,
        (*question.notes, *_sure(made[0], names, cells.top[-1]), *_notes(target)),
    )


def plain(target: Target, prompt: str) -> TargetPrompt:
    """A prompt by itself: the lens then follows the model's own choice behind it."""
    if target.kind != "causal":
        raise UsageError(
            f"{target.name} has no vocabulary head: a lens needs a language model that predicts "
            "the next token"
        )
    row = prompt_of(target, prompt)
    return TargetPrompt(row.ids, row.places, ())


class _Cells(NamedTuple):
    top: Tensor
    top_probability: Tensor
    entropy: Tensor
    kl: Tensor
    wanted: Tensor
    """`[token, point, place]`."""
    rank: Tensor


def _cells(
    read: Reader,
    streams: Tensor,
    wanted: Tensor,
    top: int,
    statistics: Statistics,
    translators: Translators | None,
) -> _Cells:
    """Args: streams `[point, place, d]`, wanted `[token]`."""
    points, places = streams.shape[:2]
    room = max(1, _ROOM // len(read.readout.weight))
    cells: list[list[tuple[Tensor, ...]]] = [[] for _ in range(points)]
    for some in torch.arange(places, device=streams.device).split(room):
        final = read.logits(streams[-1, some]).log_softmax(1)  # [place, vocabulary]
        frozen = read.scale(streams[-1, some]) if statistics == "frozen" else None
        for point in range(points):
            residual = streams[point, some]
            if translators is not None and point < points - 1:
                residual = translators.translate(point, residual)
            text = read.logits(residual, frozen).log_softmax(1)
            chosen = text.topk(top, 1)
            cells[point].append(
                (
                    chosen.indices,
                    chosen.values.exp(),
                    -(text.exp() * text).sum(1),
                    divergence(final, text),
                    text[:, wanted].exp().T,
                    torch.stack([1 + (text > text[:, [t]]).sum(1) for t in wanted.tolist()]),
                )
            )
    joined = [
        [torch.cat(parts, 1 if i >= 4 else 0) for i, parts in enumerate(zip(*row, strict=True))]
        for row in cells
    ]
    stacked = [torch.stack(parts) for parts in zip(*joined, strict=True)]
    return _Cells(*stacked[:4], *(part.transpose(0, 1) for part in stacked[4:]))


def divergence(final: Tensor, said: Tensor) -> Tensor:
    """KL(final || said) in nats, `[n]`, of log-probabilities `[n, vocabulary]`."""
    return (final.exp() * (final - said)).sum(1).clamp_min(0)


def _sure(one: Trajectory, names: tuple[str, ...], top: Tensor) -> list[str]:
    """What is said of a target that the model is nearly sure of; `top` `[place, k]` at the end."""
    others = [t for t in top[one.place].tolist() if t != one.token and t < len(names)]
    text = saturation(one.probability[-1], one.text, names[others[0]] if others else None)
    return [text] if text is not None and one.role == "target" else []


def _notes(target: Target) -> Sequence[str]:
    kind = next(target.network.parameters()).dtype
    if torch.finfo(kind).eps <= 1e-6:
        return ()
    name = str(kind).removeprefix("torch.")
    return (f"the model runs in {name}; the lens is computed in float32 from rounded streams",)
