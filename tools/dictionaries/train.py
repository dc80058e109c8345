"""Trains a sparse autoencoder on the activations of one site.

1. Activations at the counted places of explore are read once, in one pass, and kept on disk; they
   are scaled so that the mean square of a coordinate about the mean is 1.
2. The decoder starts as random unit rows, the encoder as its transpose, the bias as the mean.
3. Adam over batches drawn by lot, one order an epoch; the rate rises over the first twentieth of
   the steps and falls to zero over the last fifth. The decoder's rows stay unit, and its gradient
   loses its part along them.
4. From time to time everything is written to a state in the folder; a run that was stopped goes on
   there, with the same result.
5. At the end the scale is folded into the weights, so that the dictionary reads and writes the
   site's own values, and the folder is written in SAELens's form, with what it was trained on.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows, batches
from ..errors import UsageError
from ..io.files import write_whole
from ..io.lock import owned
from ..models import Target
from ..models.dictionaries import Dictionary, read_dictionary, write_saelens
from ..models.dictionaries.attach import OWN
from ..models.dictionaries.saelens import CONFIG, card_of
from ..models.dictionaries.safe import read_tensors
from .variants import VARIANTS, Variant, loss

_STATE, _FACTS, _ACTIVATIONS = "state.safetensors", "state.json", "activations.npy"
_ROWS = 32  # windows of one forward pass
_EVERY = 30.0  # seconds between states
_AVERAGE = 0.01  # of the moving average of the threshold
_PENALTIES = {"l1": 3.0, "jumprelu": 10.0}  # of a planted dictionary, tests/tools/dictionaries
_SILENT = 20_000  # places after which a silent latent counts as dead


@dataclass(frozen=True)
class Training:
    """How a dictionary is trained."""

    variant: Variant = "topk"
    """topk, batchtopk, matryoshka, jumprelu or l1."""
    latents: int = 0
    """How many; 0: eight times the width."""
    k: int = 32
    """Latents of a place; on average, of batchtopk, matryoshka and jumprelu."""
    penalty: float | None = None
    """Weight of the sparsity term; None: 3 of l1 (per unit of activation), 10 of jumprelu."""
    steps: int = 1000
    """Batches in all."""
    batch: int = 1024
    """Places a step."""
    rate: float = 1e-3
    """Largest learning rate of Adam."""
    seed: int = 0
    """Of the start and the order."""


def train_dictionary(
    target: Target,
    windows: TokenWindows,
    site: str,
    how: Training,
    folder: Path,
    *,
    corpus: str = "",
    tell: Callable[[int, int, float, float], None] | None = None,
) -> Dictionary:
    """Trains, or goes on where the same call was stopped; the finished one is read again.

    Args:
        target: The network.
        windows: Explore.
        site: Whose tensor is encoded.
        how: Options.
        folder: Where it goes.
        corpus: Name and hash of the corpus, for people to read.
        tell: Called with step, steps, the share of variance left over and latents a place.

    Raises:
        UsageError: if the options make no sense, the folder holds something else, the corpus is too
            small, or training leaves the finite.
    """
    place = target.site(site)
    if place.code is not None:
        raise UsageError(f"{site} is a code already; a dictionary is trained on a tensor")
    width = place.units * place.channels
    how = _checked(how, width)
    facts = {
        "target": target.name,
        "fingerprint": target.fingerprint,
        "site": site,
        "corpus": corpus,
        "windows": windows.fingerprint,
        "training": asdict(how),
    }
    with owned(folder):
        if (folder / CONFIG).exists():
            made = read_dictionary(folder)
            if _facts_of(made) != facts:
                raise UsageError(f"{folder} holds another dictionary; give another folder")
            return made
        started = _read_state(folder, facts)
        activations = _collected(target, windows, site, folder, how.batch)
        run = Learning(activations, how, target.device)
        if started is not None:
            run.load(started)
        else:
            write_whole(folder / _FACTS, json.dumps(facts).encode())
        _train(run, how, folder, tell)
        made = run.finished(facts, target)
        write_saelens(made, folder)
        for name in (_STATE, _FACTS, _ACTIVATIONS):
            with suppress(OSError):
                (folder / name).unlink()
    return made


def _checked(how: Training, width: int) -> Training:
    latents = how.latents or 8 * width
    if how.variant not in VARIANTS:
        raise UsageError(f"variant '{how.variant}' is none of {', '.join(VARIANTS)}")
    if not 0 < how.k < latents:
        raise UsageError(f"k is {how.k}; it should be above 0 and below the {latents} latents")
    penalty = _PENALTIES.get(how.variant, 0.0) if how.penalty is None else how.penalty
    return replace(how, latents=latents, penalty=penalty)


def _facts_of(made: Dictionary) -> Mapping[str, Any]:
    metadata = made.card.config.get("metadata")
    facts = metadata.get(OWN) if isinstance(metadata, dict) else None
    return facts if isinstance(facts, dict) else {}


def _read_state(folder: Path, facts: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """The state of the same training that was stopped; None: begin.

    Raises:
        UsageError: if the folder holds the state of another, or other files.
    """
    try:
        there = json.loads((folder / _FACTS).read_bytes())
    except FileNotFoundError:
        others = [one.name for one in folder.iterdir() if one.name != "owner.lock"]
        if others and others != [_ACTIVATIONS]:
            raise UsageError(f"{folder} holds other files; give an empty or new folder") from None
        return None
    except ValueError as error:
        raise UsageError(f"{folder / _FACTS} is damaged; delete the folder") from error
    if there != facts:
        raise UsageError(
            f"{folder} holds the beginning of another training (site, options, model or corpus "
            "differ); give another folder or delete this one"
        )
    return read_tensors(folder / _STATE) if (folder / _STATE).exists() else None


def _collected(
    target: Target, windows: TokenWindows, site: str, folder: Path, least: int
) -> np.ndarray:
    """The site's tensor at counted places, float32 `[place, width]`, mapped from disk."""
    place = target.site(site)
    n, width = int(windows.counted.sum()), place.units * place.channels
    if n < least:
        raise UsageError(f"the corpus has {n} places to train on, less than one batch ({least})")
    path = folder / _ACTIVATIONS
    if path.exists():
        with suppress(OSError, ValueError):
            there = np.load(path, mmap_mode="r")
            if there.shape == (n, width):
                return there
    part = path.with_suffix(".part")
    out = np.lib.format.open_memmap(part, "w+", np.float32, (n, width))
    start = 0
    for _, rows in batches(windows, _ROWS):
        short = rows.trimmed()
        values = target.trace(short, [site], output=False).values[site]
        kept = values.flatten(2)[torch.as_tensor(short.counted)].float().cpu().numpy()
        if not np.isfinite(kept).all():
            raise UsageError(f"{site} gives values that are not finite: nothing can be trained")
        out[start : start + len(kept)] = kept
        start += len(kept)
    out.flush()
    part.rename(path)
    return np.load(path, mmap_mode="r")


class Learning:
    """Weights in training, of activations that are centred and scaled."""

    def __init__(self, activations: np.ndarray, how: Training, device: torch.device) -> None:
        self.activations, self.how, self.device = activations, how, device
        draw = torch.Generator().manual_seed(how.seed)
        sample = torch.from_numpy(
            activations[np.random.default_rng(how.seed).permutation(len(activations))[:8192]].copy()
        )
        self.mean = sample.mean(0).to(device)
        spread = (sample - sample.mean(0)).square().mean()
        if not float(spread) > 0:
            raise UsageError("the activations do not vary: nothing can be trained on them")
        self.scale = float(spread.rsqrt())
        width = activations.shape[1]
        rows = torch.randn(how.latents, width, generator=draw)
        rows = rows / rows.norm(dim=1, keepdim=True)
        weights = {
            "W_enc": rows.T.clone(),
            "b_enc": torch.zeros(how.latents),
            "W_dec": rows,
            "b_dec": torch.zeros(width),
        }
        if how.variant == "jumprelu":
            weights["log_threshold"] = torch.full((how.latents,), 0.1).log()
        self.weights = {name: one.to(device).requires_grad_(True) for name, one in weights.items()}
        self.adam = torch.optim.Adam(self.weights.values(), lr=how.rate, betas=(0.9, 0.999))
        self.silent = torch.zeros(how.latents, device=device)  # places since it was active
        self.threshold = torch.zeros((), device=device)
        self.done = 0

    def step(self) -> tuple[float, float]:
        """One batch: the share of variance left over, and latents a place."""
        how = self.how
        x = (self._batch() - self.mean) * self.scale
        with torch.enable_grad():
            made = loss(
                x, self.weights, how.variant, how.k, how.penalty or 0.0, self.silent > _SILENT
            )
            self.adam.zero_grad()
            made.total.backward()
        self._tangent()
        for group in self.adam.param_groups:
            group["lr"] = how.rate * self._rate()
        self.adam.step()
        with torch.no_grad():
            rows = self.weights["W_dec"]
            rows /= rows.norm(dim=1, keepdim=True).clamp_min(1e-8)
            on = (made.active > 0).any(0)
            self.silent = torch.where(on, 0.0, self.silent + len(x))
            if made.least is not None:
                first = self.done == 0
                self.threshold += (1.0 if first else _AVERAGE) * (made.least - self.threshold)
        self.done += 1
        left = float(made.error) / x.shape[1]
        if not np.isfinite(left):
            raise UsageError(f"training left the finite at step {self.done}; use a smaller --rate")
        return left, float((made.active > 0).sum(-1).float().mean())

    def _rate(self) -> float:
        at, steps = self.done / self.how.steps, self.how.steps
        warm = min(1.0, (self.done + 1) / max(1.0, 0.05 * steps))
        return warm * min(1.0, (1 - at) / 0.2)

    def _batch(self) -> Tensor:
        """The places of this step: epochs run through all of them, each in an order of its own."""
        a_epoch = len(self.activations) // self.how.batch
        epoch, at = divmod(self.done, a_epoch)
        order = np.random.default_rng([self.how.seed, epoch]).permutation(len(self.activations))
        chosen = np.sort(order[at * self.how.batch : (at + 1) * self.how.batch])
        return torch.from_numpy(np.asarray(self.activations[chosen])).to(self.device)

    def _tangent(self) -> None:
        """Takes from the decoder's gradient what only changes the length of its rows."""
        rows = self.weights["W_dec"]
        gradient = rows.grad
        assert gradient is not None
        with torch.no_grad():
            gradient -= (gradient * rows).sum(1, keepdim=True) * rows

    def state(self) -> dict[str, Tensor]:
        """Everything, by name."""
        out = {name: one.detach() for name, one in self.weights.items()}
        for name, one in self.weights.items():
            moments = self.adam.state.get(one, {})
            out |= {
                f"{key} {name}": moments[key]
                for key in ("exp_avg", "exp_avg_sq", "step")
                if moments
            }
        more = {"silent": self.silent, "threshold": self.threshold}
        return {**out, **more, "done": torch.tensor(self.done)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Goes on from a state."""
        with torch.no_grad():
            for name, one in self.weights.items():
                one.copy_(state[name])
                kept = {key: state[f"{key} {name}"] for key in ("exp_avg", "exp_avg_sq", "step")}
                self.adam.state[one] = {
                    key: value.to(self.device if key != "step" else "cpu").clone()
                    for key, value in kept.items()
                }
        self.silent = state["silent"].to(self.device)
        self.threshold = state["threshold"].to(self.device)
        self.done = int(state["done"])

    def finished(self, facts: Mapping[str, Any], target: Target) -> Dictionary:
        """The dictionary of the site's own values.

        With x' = scale (x - mean): W_enc (x' - b) = scale W_enc (x - (mean + b / scale)), and the
        decoder's rows are divided by the scale, so that latents keep their values.
        """
        how, scale = self.how, self.scale
        kind = {"l1": "standard", "topk": "topk"}.get(how.variant, "jumprelu")
        with torch.no_grad():
            weights = {
                "W_enc": self.weights["W_enc"] * scale,
                "b_enc": self.weights["b_enc"].clone(),
                "W_dec": self.weights["W_dec"] / scale,
                "b_dec": self.mean + self.weights["b_dec"] / scale,
            }
            if how.variant == "jumprelu":
                weights["threshold"] = self.weights["log_threshold"].exp()
            elif kind == "jumprelu":
                weights["threshold"] = self.threshold.expand(how.latents).clone()
        width = weights["W_dec"].shape[1]
        config = {
            "architecture": kind,
            "d_in": width,
            "d_sae": how.latents,
            "dtype": "float32",
            "device": "cpu",
            "apply_b_dec_to_input": True,
            "normalize_activations": "none",
            "reshape_activations": "none",
            **({"k": how.k, "rescale_acts_by_decoder_norm": False} if kind == "topk" else {}),
            "metadata": {
                "sae_lens_version": "6.0.0",
                "model_name": target.name,
                "hook_name": _hook(facts["site"]),
                OWN: dict(facts),
            },
        }
        return Dictionary(card_of(config), {k: v.detach().cpu() for k, v in weights.items()})


def _hook(site: str) -> str:
    """A site's name in TransformerLens, where it has one."""
    kind, _, number = site.partition(".")
    named = {
        "resid": "hook_resid_post",
        "mlp_out": "hook_mlp_out",
        "attn_out": "hook_attn_out",
        "head": "attn.hook_z",
        "mlp": "mlp.hook_post",
    }.get(kind)
    return f"blocks.{number}.{named}" if named and number.isdigit() else site


def _train(
    run: Learning,
    how: Training,
    folder: Path,
    tell: Callable[[int, int, float, float], None] | None,
) -> None:
    saved = time.monotonic()
    while run.done < how.steps:
        left, number = run.step()
        if tell is not None:
            tell(run.done, how.steps, left, number)
        if run.done < how.steps and time.monotonic() - saved >= _EVERY:
            _save(run, folder)
            saved = time.monotonic()


def _save(run: Learning, folder: Path) -> None:
    from safetensors.torch import save

    state = {name: one.detach().cpu().contiguous() for name, one in run.state().items()}
    write_whole(folder / _STATE, save(state))
