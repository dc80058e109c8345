"""Feature visualisation: a picture made by gradient ascent on a unit's activation, with controls.

1. The picture is parametrised by its Fourier coefficients, weighted by one over frequency, in
   decorrelated colours (Olah, Mordvintsev and Schubert, 2017), so that all scales grow alike. It
   starts as the faintest noise at which the unit has a slope: where a rectifier gives 0 everywhere
   there is none to climb.
2. Each step it is shifted, scaled and turned a little, so that no single pixel matters, and Adam
   raises the unit: its largest place, or the mean over its map. Coefficients decay, so that noise
   which the unit does not ask for fades.
3. What the target then sees is measured as any picture is, with whole 8-bit pixels, and said
   beside the maximum over the corpus.
4. Controls: the same ascent on random units of the site, and how active *their* pictures make this
   unit. An ascent reaches beyond the corpus for nearly any unit; what tells a unit's picture is
   that it moves this unit and theirs do not.
"""

import math
from contextlib import suppress
from typing import Annotated, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..activations.records import flat
from ..activations.unit_stats import matched
from ..data.image_files import key_of
from ..data.image_rows import image_rows
from ..data.pictures import Picture
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..models.forward import Batch
from ..models.forward import call as run
from ..models.trace import hooked
from ..registry import UpTo, tool
from ..render.captions import regions
from ..render.contact_sheet import contact_sheet, keep
from ..render.picture_words import main_colours, region_words, said_by
from ..render.text import number

_RATE = 0.1
_DECAY = 0.1
"""Of each coefficient, for a step of rate 1: what the unit does not ask for fades."""
_CONTROLS = 2
_NOISE = (0.01, 0.1, 0.5, 2.0, 10.0)
"""Standard deviations of the coefficients that an ascent may start from."""
_TRIES = 8
_COLOURS = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
"""How red, green and blue vary together over ImageNet, a root of their covariance (Olah et al.)."""


@tool(needs=("image",))
def visualise(
    lab: Lab,
    unit: str | None = None,
    *,
    steps: Annotated[int, UpTo(512, 16)] = 64,
    pictures: Annotated[int, UpTo(4)] = 1,
    of: Literal["peak", "mean"] = "peak",
) -> Result:
    """Makes pictures that raise the unit, by gradient ascent from noise: textures and shapes that
    it looks for, beside random units.

    No corpus is needed; it says nothing of how often they occur.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
        steps: Of the ascent.
        pictures: How many, from different noise.
        of: Its largest place (peak), or the mean over its map.
    """
    chosen = lab.chosen(unit)
    rng = lab.rng("starts")
    others = matched(lab, chosen, 64)
    drawn = [others[int(at)] for at in lab.rng("controls").permutation(len(others))[:_CONTROLS]]
    seeds = [int(rng.integers(2**31)) for _ in range(pictures + len(drawn))]
    made = [ascended(lab, chosen, seed, steps=steps, of=of) for seed in seeds[:pictures]]
    made += [
        ascended(lab, one, seed, steps=steps, of=of)
        for one, seed in zip(drawn, seeds[pictures:], strict=True)
    ]
    rows = image_rows(lab.target, [_picture(one) for one in made])
    values = lab.activations(rows, [chosen, *drawn])[:, :, 0]  # [unit, picture]
    own, theirs = values[0, :pictures], values[0, pictures:]
    reached = [float(values[1 + at, pictures + at]) for at in range(len(drawn))]
    corpus = flat(lab, chosen).values
    top = float(corpus.max()) if corpus.size else float("nan")
    classes = said_by(lab, rows)
    text = [
        f"{chosen} raised by gradient ascent ({steps} steps, {of}): "
        + ", ".join(number(float(v)) for v in own)
        + f"; largest on explore {number(top)} ({_ratio(float(own.mean()), top)})",
    ]
    active = regions(lab, chosen, rows)
    for at in range(pictures):
        colours = main_colours(made[at])
        parts = [f"{at + 1}. mostly {colours}"]
        parts += [] if active is None else [region_words(lab, rows, at, active[at])]
        text.append(" | ".join([*parts, *([classes[at]] if classes[at] else [])]))
    if drawn:
        text.append(
            f"control: pictures made so for {', '.join(map(str, drawn))} bring this unit to "
            + ", ".join(number(float(v)) for v in theirs)
            + "; they bring their own units to "
            + ", ".join(_ratio(*pair) for pair in zip(reached, _tops(lab, drawn), strict=True))
        )
    names = [f"{number(float(v))}" for v in own] + [f"{u} (control)" for u in drawn]
    sheet = contact_sheet(made, names)
    return Result(
        "\n".join(text),
        {
            "unit": str(chosen),
            "steps": steps,
            "of": of,
            "seeds": seeds[:pictures],
            "reached": own,
            "corpus_max": top,
            "controls": [
                {"unit": str(one), "this_unit": float(theirs[at]), "own_unit": reached[at]}
                for at, one in enumerate(drawn)
            ],
        },
        keep(lab, sheet, "visualise"),
    )


def ascended(lab: Lab, unit: Unit, seed: int, *, steps: int, of: str = "peak") -> np.ndarray:
    """A picture that raises a unit: uint8 `[height, width, 3]`, what the target is to see.

    Raises:
        UsageError: if no gradient reaches the pixels.
    """
    target = lab.target
    assert target.image is not None
    device = target.device
    height, width = target.image.size
    draw = torch.Generator().manual_seed(seed)
    scale = _falloff(height, width).to(device)
    spectrum = _start(lab, unit, scale, draw).requires_grad_(True)
    climb = torch.optim.AdamW([spectrum], lr=_RATE, weight_decay=_DECAY)
    with target.lock, torch.enable_grad():
        for _ in range(steps):
            pixels = _pixels(spectrum, scale, (height, width))  # [3, height, width], 0..1
            moved = _moved(pixels, draw)
            values = _values(lab, unit, moved[None])[0]  # [place]
            raised = values.amax() if of == "peak" else values.mean()
            if not raised.requires_grad:
                raise UsageError(f"no gradient reaches the pixels from {unit}")
            climb.zero_grad()
            (-raised).backward()
            if spectrum.grad is None or not bool(torch.isfinite(spectrum.grad).all()):
                raise UsageError(f"the gradient of {unit} to the pixels is not finite")
            climb.step()
        final = _pixels(spectrum, scale, (height, width)).detach()
    return (255 * final).round().byte().movedim(0, -1).cpu().numpy()


class _Enough(Exception):  # noqa: N818
    """The site was read."""


def _values(lab: Lab, unit: Unit, pixels: Tensor) -> Tensor:
    """The unit over space, with its sign and its gradient: `[picture, place]`.

    Args:
        lab: The lab.
        unit: The unit.
        pixels: `[picture, 3, height, width]` in 0..1.
    """
    target = lab.target
    assert target.image is not None
    read: list[Tensor] = []

    def take(name: str, values: Tensor) -> None:
        read.append(values)
        raise _Enough  # what lies behind the site need not run

    hooks = hooked(target.network, target.sites, [unit.site], (), inputs=len(pixels), take=take)
    with hooks, suppress(_Enough):
        ready = target.image.normalise(255 * pixels.movedim(1, -1))
        run(target.network, Batch(ready, target.device))
    lab.meter.forward_tokens += len(pixels)
    scalar = target.site(unit.site).over_space(read[0][:, :, [unit.index]])
    return unit.sign * scalar[..., 0]


def _start(lab: Lab, unit: Unit, scale: Tensor, draw: torch.Generator) -> Tensor:
    """Coefficients of the faintest noise at which the unit has a slope; else of the loudest."""
    assert lab.target.image is not None
    size = lab.target.image.size
    shape = (_TRIES, 3, *scale.shape[:2], 2)
    spectra = torch.zeros(shape)
    for sd in _NOISE:
        spectra = (sd * torch.randn(shape, generator=draw)).to(scale).requires_grad_(True)
        with lab.target.lock, torch.enable_grad():
            pixels = torch.stack([_pixels(one, scale, size) for one in spectra])
            peaks = _values(lab, unit, pixels).amax(1)
            if peaks.requires_grad:
                peaks.sum().backward()
        if spectra.grad is not None:
            steep = spectra.grad.flatten(1).norm(dim=1) > 0
            if bool(steep.any()):
                best = int(torch.where(steep, peaks.detach(), -torch.inf).argmax())
                return spectra[best].detach().clone()
    return spectra[0].detach().clone()


def _falloff(height: int, width: int) -> Tensor:
    """One over frequency, `[height, width // 2 + 1, 1]`: natural pictures' own spectrum."""
    y = torch.fft.fftfreq(height)[:, None]
    x = torch.fft.rfftfreq(width)[None]
    frequency = (y**2 + x**2).sqrt().clamp_min(1 / max(height, width))
    return (1 / (4 * frequency))[..., None]


def _pixels(spectrum: Tensor, scale: Tensor, size: tuple[int, int]) -> Tensor:
    """The picture of Fourier coefficients, `[3, height, width]` in 0..1."""
    planes = torch.fft.irfft2(torch.view_as_complex(spectrum * scale), s=size, norm="ortho")
    mixed = torch.einsum("rc,chw->rhw", _COLOURS.to(planes) / 0.47, planes)
    return torch.sigmoid(mixed)


def _moved(pixels: Tensor, draw: torch.Generator) -> Tensor:
    """Shifted by up to a sixteenth, scaled and turned a little; the edges are mirrored."""
    shift = (torch.rand(2, generator=draw) - 0.5) / 8
    size = float(0.95 + 0.1 * torch.rand(1, generator=draw))
    angle = float((torch.rand(1, generator=draw) - 0.5) * math.radians(10))
    cos, sin = math.cos(angle) / size, math.sin(angle) / size
    matrix = torch.tensor([[cos, -sin, float(shift[0])], [sin, cos, float(shift[1])]])
    matrix = matrix.to(pixels)[None]
    where = torch.nn.functional.affine_grid(matrix, [1, *pixels.shape], align_corners=False)
    return torch.nn.functional.grid_sample(
        pixels[None], where, padding_mode="reflection", align_corners=False
    )[0]


def _picture(pixels: np.ndarray) -> Picture:
    """A picture that the target sees as it is."""
    image = Image.fromarray(pixels)
    key = key_of(image)
    return Picture(key[:12], key, lambda: image, seen=lambda: pixels)


def _tops(lab: Lab, units: list[Unit]) -> list[float]:
    lab.prefetch(units)
    return [float(np.nanmax(lab.column(unit))) for unit in units]


def _ratio(value: float, top: float) -> str:
    """How many times the corpus maximum."""
    return f"{value / top:.1f} times" if top > 0 else number(value)
