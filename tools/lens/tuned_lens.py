"""Tuned lens: an affine map for every point of the stream (Belrose et al. 2023).

    lens(r) = W_U LN_f(W r + b), trained on KL(the model's own prediction || lens)

1. W is the identity and b zero at first: training starts at the logit lens.
2. Documents are split by a hash of their text: trained on `explore`, watched on `validation`,
   reported on `test`, all windows of one length, every place but the first (an attention sink).
3. Adam with a linear decay. The change is learnt in standardised coordinates (mean and deviation
   of each on the first batch), so that coordinates of very different size are learnt alike; the map
   is folded back to W and b.
4. Every few steps each point is measured on `validation`; what is kept is the best that was seen,
   the identity among it.

A saved lens is a folder: `lens.safetensors` (W and b of each point) and `lens.json` (the target's
fingerprint, the corpus and its hash, settings, and the KL of both lenses on `test`). It opens on
the network it was trained on and on no other.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor

from ..data.corpus import Corpus
from ..data.windows import TokenWindows, cut
from ..errors import UsageError, said
from ..models import Target
from .logit_lens import divergence
from .stream import Reader, reader

WEIGHTS, CARD = "lens.safetensors", "lens.json"
_ROOM = 1 << 24  # logits in memory at a time


@dataclass(frozen=True)
class Training:
    """How a tuned lens is trained."""

    steps: int = 300
    batch: int = 1024
    """Tokens a step, about."""
    rate: float = 1e-2
    length: int = 64
    """Tokens of a window."""
    looks: int = 8
    """How often `validation` is measured."""
    watched: int = 4_000
    """Tokens of `validation`, and of `test`, at most."""
    seed: int = 0


@dataclass(frozen=True)
class PointScore:
    """The KL of both lenses at a point, on documents that were not trained on."""

    point: str
    logit: float
    tuned: float
    interval: tuple[float, float]
    """95% of logit - tuned, bootstrapped over windows."""


@dataclass(frozen=True)
class Card:
    """What a tuned lens was trained on."""

    target: str
    fingerprint: str
    points: tuple[str, ...]
    width: int
    corpus: str
    corpus_hash: str
    tokens: int
    """Of `explore` that training went through, repeats included."""
    training: Training
    scores: tuple[PointScore, ...] = ()
    format: int = 1


@dataclass(frozen=True, eq=False)
class TunedLens:
    """Translators of one network."""

    card: Card
    weight: Tensor
    """W, `[point, d, d]`: W r."""
    bias: Tensor
    """`[point, d]`."""

    def translate(self, point: int, residual: Tensor) -> Tensor:
        """`[n, d]` at a point to what stands for it at the end."""
        weight, bias = self.weight[point].to(residual), self.bias[point].to(residual)
        return residual @ weight.T + bias

    def save(self, folder: Path) -> None:
        """Writes the folder.

        Raises:
            UsageError: if it cannot be written.
        """
        from safetensors.torch import save

        named = {}
        for i, point in enumerate(self.card.points):
            named[f"{point}.weight"] = self.weight[i].float().cpu().contiguous()
            named[f"{point}.bias"] = self.bias[i].float().cpu().contiguous()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / WEIGHTS).write_bytes(save(named))
            card = json.dumps(asdict(self.card), indent=2, ensure_ascii=True)
            (folder / CARD).write_text(card + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the tuned lens to {folder}: {error}") from error


def load_tuned(folder: Path, target: Target) -> TunedLens:
    """Opens a tuned lens on the network it was trained on.

    Raises:
        UsageError: if there is none, it is damaged, or it belongs to another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        card = TypeAdapter(Card).validate_json((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no tuned lens in {folder} ({CARD} is missing); train one on a corpus "
            "(--data) or name another folder"
        ) from error
    except (OSError, ValueError) as error:
        text = said(error)
        raise UsageError(f"{folder / CARD} is no card of a tuned lens: {text}") from error
    read = reader(target)
    if not target.is_known_as(card.fingerprint):
        raise UsageError(
            f"the tuned lens in {folder} was trained on {card.target} ({card.fingerprint}), not on "
            f"{target.name} ({target.fingerprint}); train one on this model"
        )
    if card.points != read.points:
        raise UsageError(f"the tuned lens in {folder} has other points than {target.name}")
    try:
        result = load_file(folder / WEIGHTS)
        weight = torch.stack([result[f"{point}.weight"] for point in card.points])
        bias = torch.stack([result[f"{point}.bias"] for point in card.points])
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"{folder / WEIGHTS} is damaged or missing: {error}") from error
    if weight.shape[1:] != (card.width, card.width) or bias.shape[1:] != (card.width,):
        raise UsageError(f"{folder / WEIGHTS} does not fit its card: train the lens again")
    if not bool(weight.isfinite().all() and bias.isfinite().all()):
        raise UsageError(f"{folder / WEIGHTS} holds NaN or infinity: train the lens again")
    return TunedLens(card, weight.to(target.device), bias.to(target.device))


def train_tuned(
    target: Target,
    corpus: Corpus,
    training: Training | None = None,
    *,
    tell: Callable[[int, int, float], None] | None = None,
) -> TunedLens:
    """Trains translators for every point but the last, and measures them.

    Args:
        target: A language model.
        corpus: Text; split by document.
        training: How.
        tell: Called with step, steps and the mean KL.

    Raises:
        UsageError: if the target has no vocabulary head, the corpus is too small, or training
            leaves the finite.
    """
    how = training or Training()
    read = reader(target)
    splits = corpus.splits()
    explore, validation, test = (
        _windows(target, part, how, most)
        for part, most in (
            (splits.explore, None),
            (splits.validation, how.watched),
            (splits.test, how.watched),
        )
    )
    points, width = len(read.points), read.architecture.width
    made = _Learning(read, points - 1, how)
    rng = np.random.default_rng(how.seed)
    tokens = 0
    kept = made.folded()
    best = _kl(read, validation, how, kept).mean(1)  # [point]
    looks = {round(how.steps * (i + 1) / how.looks) for i in range(how.looks)}
    batches = _batches(explore, how, rng)
    for step in range(how.steps):
        rows = next(batches)
        loss = made.step(rows, how.rate * (1 - step / how.steps))
        tokens += int(rows.attended.sum())
        if not np.isfinite(loss):
            raise UsageError(
                f"training the tuned lens of {target.name} left the finite at step {step}; use a "
                "smaller rate, or float32"
            )
        if tell is not None:
            tell(step + 1, how.steps, loss)
        if step + 1 in looks:
            now = made.folded()
            score = _kl(read, validation, how, now).mean(1)
            better = score < best
            best = torch.where(better, score, best)
            kept = tuple(
                torch.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(now, kept, strict=True)
            )
    weight, bias = (torch.cat([part, part.new_zeros(1, *part.shape[1:])]) for part in kept)
    weight[-1] = torch.eye(width, device=weight.device)
    card = Card(
        target.name,
        target.fingerprint,
        read.points,
        width,
        corpus.name,
        corpus.hash,
        tokens,
        how,
    )
    card = replace(card, scores=_scores(read, test, how, (weight[:-1], bias[:-1]), rng))
    return TunedLens(card, weight, bias)


def evaluate(target: Target, lens: TunedLens, corpus: Corpus) -> tuple[PointScore, ...]:
    """The KL of both lenses on all of a corpus, by point (the last left out)."""
    read = reader(target)
    how = lens.card.training
    windows = _windows(target, corpus, how, how.watched)
    rng = np.random.default_rng(how.seed)
    return _scores(read, windows, how, (lens.weight[:-1], lens.bias[:-1]), rng)


class _Learning:
    """Translators in training: r + size * (A z + c), z the standardised r."""

    def __init__(self, read: Reader, points: int, how: Training) -> None:
        self.read, self.points, self.how = read, points, how
        width, device = read.architecture.width, read.target.device
        self.weight = torch.zeros(points, width, width, device=device, requires_grad=True)
        self.bias = torch.zeros(points, width, device=device, requires_grad=True)
        self.adam = torch.optim.Adam([self.weight, self.bias], lr=how.rate)
        self.mean = torch.zeros(points, 1, width, device=device)
        self.deviation = torch.ones(points, 1, width, device=device)
        self.size = torch.ones(points, 1, 1, device=device)
        self.measured = False

    def step(self, rows: TokenWindows, rate: float) -> float:
        """One step of Adam; the mean KL before it."""
        streams = _streams(self.read, rows)  # [point, n, d]
        if not self.measured:
            self.mean = streams[:-1].mean(1, keepdim=True)
            self.deviation = streams[:-1].std(1, keepdim=True).clamp_min(1e-6)
            self.size = self.deviation.square().mean(2, keepdim=True).sqrt()
            self.measured = True
        with torch.no_grad():
            final = self.read.logits(streams[-1]).log_softmax(1)
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.zero_grad()
        total = 0.0
        with torch.enable_grad():
            for point in range(self.points):
                z = (streams[point] - self.mean[point]) / self.deviation[point]
                change = z @ self.weight[point].T + self.bias[point]
                moved = streams[point] + self.size[point] * change
                loss = divergence(final, self.read.logits(moved).log_softmax(1)).mean()
                loss.backward()
                total += float(loss.detach())
        self.adam.step()
        return total / self.points

    def folded(self) -> tuple[Tensor, Tensor]:
        """W `[point, d, d]` and b `[point, d]`."""
        with torch.no_grad():
            part = self.size * self.weight / self.deviation  # over columns
            weight = torch.eye(part.shape[1], device=part.device) + part
            bias = self.size[:, 0] * self.bias - (part @ self.mean.transpose(1, 2))[:, :, 0]
        return weight, bias


def _windows(target: Target, part: Corpus, how: Training, most: int | None) -> TokenWindows:
    windows = cut(target, part, length=how.length, most_tokens=most)
    full = windows.counted.sum(1) >= 2
    if not full.any():
        raise UsageError(f"'{part.name}' has no window with text to train or measure a lens on")
    return windows.rows(full)


def _batches(
    windows: TokenWindows, how: Training, rng: np.random.Generator
) -> Iterator[TokenWindows]:
    """Windows in random order, again and again."""
    many = max(1, how.batch // windows.ids.shape[1])
    while True:
        order = rng.permutation(len(windows))
        for i in range(0, len(order), many):
            yield windows.rows(order[i : i + many])


def _streams(read: Reader, rows: TokenWindows) -> Tensor:
    """The stream at counted places, `[point, n, d]`."""
    with torch.no_grad():
        streams = read.streams(rows)
    return streams[:, torch.as_tensor(rows.counted, device=streams.device)]


def _kl(
    read: Reader, windows: TokenWindows, how: Training, maps: tuple[Tensor, Tensor] | None
) -> Tensor:
    """Mean KL of each window, `[point, window]`; no maps: the logit lens."""
    many = max(1, how.batch // windows.ids.shape[1])
    out = []
    room = max(1, _ROOM // len(read.readout.weight))
    with torch.no_grad():
        for i in range(0, len(windows), many):
            rows = windows.rows(slice(i, i + many))
            streams = _streams(read, rows)
            final = streams[-1]
            each = torch.empty(len(streams) - 1, streams.shape[1], device=streams.device)
            for some in torch.arange(streams.shape[1], device=streams.device).split(room):
                own = read.logits(final[some]).log_softmax(1)
                for point in range(len(each)):
                    residual = streams[point, some]
                    if maps is not None:
                        residual = residual @ maps[0][point].T + maps[1][point]
                    each[point, some] = divergence(own, read.logits(residual).log_softmax(1))
            counts = rows.counted.sum(1).tolist()
            out.append(torch.stack([part.mean(1) for part in each.split(counts, 1)], 1))
    return torch.cat(out, 1)


def _scores(
    read: Reader,
    windows: TokenWindows,
    how: Training,
    maps: tuple[Tensor, Tensor],
    rng: np.random.Generator,
) -> tuple[PointScore, ...]:
    plain = _kl(read, windows, how, None).cpu().double().numpy()
    tuned = _kl(read, windows, how, maps).cpu().double().numpy()
    draws: Any = rng.integers(plain.shape[1], size=(500, plain.shape[1]))
    out = []
    for point, one, other in zip(read.points, plain, tuned, strict=False):
        low, high = np.quantile((one - other)[draws].mean(1), [0.025, 0.975])
        out.append(
            PointScore(point, float(one.mean()), float(other.mean()), (float(low), float(high)))
        )
    return tuple(out)
