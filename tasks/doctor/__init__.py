"""What is found of a target, and whether it can be trusted: sites, reading and writing, padding.

1. Its rows are ordinary tokens of its vocabulary, a picture of noise, or the factory's example.
2. Findings are what anyone would want to know before an experiment: kind, context, output, sites,
   what is refused and why, how fast a forward is.
3. Checks are run, not assumed (`checks.py`). What fails says what to write.
4. Where tokens are numbers, the key frequencies of their embedding, and over data those of neurons.
"""

import time
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.data.surfaces import surfaces
from ...tools.data.windows import TokenRows
from ...tools.errors import UsageError
from ...tools.models import Target
from ...tools.models.reading import Reading, reading
from .checks import Check, checks_of, output_of, rows_of
from .numbers import frequencies_in, said_of

_SPEED_PLACES = 64


class Sites(NamedTuple):
    """Sites of one kind, such as all `mlp.N`."""

    kind: str
    names: tuple[str, ...]
    units: tuple[int, ...]
    """Of each."""
    channels: int
    """Of a unit: more than 1 for heads."""


class Diagnosis(NamedTuple):
    """What `neuroscribe doctor` shows."""

    target: str
    findings: dict[str, str]
    sites: tuple[Sites, ...]
    paths: tuple[str, ...]
    """Module paths that are sites too."""
    refused: dict[str, str]
    """Why, by site."""
    checks: tuple[Check, ...]
    frequencies: dict[str, Any]
    """Key frequencies where tokens are numbers: of the `embedding`, over data by site."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.status != "wrong" for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            **self._asdict(),
            "paths": len(self.paths),
            "sites": [each._asdict() for each in self.sites],
            "checks": [each._asdict() for each in self.checks],
            "sound": self.sound,
        }


def diagnose(target: Target, data: str | None = None) -> Diagnosis:
    """Looks at a target that was loaded.

    Args:
        target: The target.
        data: A corpus about numbers, over which neurons are read.

    Raises:
        UsageError: if it cannot even be run, or the data are not about numbers.
    """
    rows = rows_of(target)
    if data is not None and rows is None:
        raise UsageError(f"--data is of texts about numbers, and {target.name} reads no texts")
    kinds: dict[str, list[str]] = {}
    paths = []
    modules = dict(target.network.named_modules())
    for name in target.sites:
        if name in modules:
            paths.append(name)
        else:
            kinds.setdefault(name.partition(".")[0], []).append(name)
    output = output_of(target, rows)
    checks = list(checks_of(target, rows, output))
    usable = {kind: [n for n in names if n in target.sites] for kind, names in kinds.items()}
    sites = [
        Sites(
            kind,
            tuple(names),
            tuple(target.sites[name].units for name in names),
            target.sites[names[0]].channels,
        )
        for kind, names in usable.items()
        if names
    ]
    frequencies = {} if rows is None else frequencies_in(target, data)
    return Diagnosis(
        target.name,
        {**_findings(target, rows, output), **said_of(frequencies)},
        tuple(sites),
        tuple(paths),
        dict(target.refused),
        tuple(checks),
        frequencies,
    )


def _findings(target: Target, rows: Any, output: torch.Tensor) -> dict[str, str]:
    kinds = {
        "causal": "a causal language model: every place predicts the next token",
        "encoder": "an encoder: every place sees all",
        "image": "a network that sees pictures",
        "module": "a module of its own kind",
    }
    found = {
        "kind": kinds[target.kind],
        "parameters": f"{target.parameters:,}",
        "weights": f"{_dtype(target)} on {target.device}",
        "output": _shape(target, output),
    }
    if target.numbers:
        found["input"] = f"rows of {target.numbers} numbers"
    if target.notes:
        found["weights file"] = "; ".join(target.notes)
    if rows is not None:
        names = surfaces(target)
        special = [names[i] for i in target.tokenizer.all_special_ids]
        found["context"] = f"{target.context_length} tokens"
        found["tokens"] = f"{len(names):,}; special: {', '.join(special[:8]) or 'none'}"
        found["speed"] = _speed(target, rows)
        read = reading(target)
        if read is not None:
            found["answer"] = _read_at(read)
        if special or target.special_tokens in ("skip-first", "last"):
            found["special tokens"] = _PLACES_OF[target.special_tokens]
    if target.labels:
        found["classes"] = f"{len(target.labels):,}: {', '.join(target.labels[:5])}, ..."
    return found


_PLACES_OF = {
    "count": "count as places: the answer is read there",
    "skip": "do not count as places (--special count makes them)",
    "skip-first": "do not count as places, nor does the first token of a row, an attention sink "
    "(--special skip counts it)",
    "last": "of each text its last token counts alone",
}


def _read_at(read: Reading) -> str:
    if read.where == "every place":
        return f"read at every place of {read.site}"
    mark = ", a special token" if read.special else ""
    return (
        f"read at {read.where}{mark}: of {read.site} no other place reaches the output; exemplars "
        "and surveys mark such places"
    )


def _dtype(target: Target) -> str:
    weight = next(target.network.parameters(), None)
    return "none" if weight is None else str(weight.dtype).removeprefix("torch.")


def _shape(target: Target, output: torch.Tensor) -> str:
    rest = ", ".join(str(n) for n in output.shape[1:])
    meaning = {"causal": "logits [place, token]", "encoder": "the mean of the last states"}
    return f"[row, {rest}] {meaning.get(target.kind, '')}".strip()


def _speed(target: Target, rows: Any) -> str:
    """Tokens a second of a batch."""
    places = min(_SPEED_PLACES, target.context_length)
    ids = np.resize(rows.ids[0][rows.attended[0]], (8, places)).astype(np.int32)
    batch = TokenRows(ids, np.ones(ids.shape, bool), np.ones(ids.shape, bool))
    target.trace(batch)
    start = time.perf_counter()
    target.trace(batch)
    return f"{ids.size / max(time.perf_counter() - start, 1e-9):,.0f} tokens a second"


def counted(sites: Sites) -> str:
    """`mlp.0 .. mlp.5 (6 x 1,536)` or with each size where they differ."""
    sizes = Counter(sites.units)
    span = sites.names[0] if len(sites.names) == 1 else f"{sites.names[0]} .. {sites.names[-1]}"
    each = ", ".join(f"{n} x {size:,}" for size, n in sizes.items())
    return f"{span} ({each}{f', {sites.channels} channels each' if sites.channels > 1 else ''})"
