"""The settings of a labelling run: what decides its result, and what only decides how it is done.

The first kind is kept in `run.json`; running again in the same folder with other values of them is
refused, because the labels would not belong together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from ...agent.planner_names import asks_model
from ...tools.data.special import checked_special
from ...tools.errors import UsageError
from ...tools.io.numbers import check_numbers
from ...tools.io.plain_text import clip
from ...tools.io.shapes import check
from ...tools.llm.endpoints import public_options
from ...tools.tool_groups import tools_of

CONTROLS = ("none", "quick", "full")
SIGNS = ("positive", "both")


class Shard(NamedTuple):
    """Which part of the units: the `number`-th of `of`, counted from 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads `2/4`.

        Raises:
            UsageError: if it is no such pair.
        """
        first, _, second = text.partition("/")
        if not (first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second)):
            raise UsageError(f"shard '{text}' is not I/N with I from 1 to N, such as 1/4 ... 4/4")
        return cls(int(first), int(second))

    def part_of(self, units: Sequence[Any]) -> list[Any]:
        """The units of this shard: every `of`-th."""
        return list(units[self.number - 1 :: self.of])

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Settings:
    """What decides the labels of a run; the docstring of a field is the help of its option."""

    target: str
    """As the user wrote it."""
    units: str
    """mlp.3/0-9,mlp.4/12-; random:20[:SITE]; top:20[:variance|firing][:SITE]; or a file."""
    data: str
    """builtin:pydocs, builtin:stories, self:N, a .txt or .jsonl, hf:NAME."""
    field: str | None = None
    """The text field of the data."""
    records: str | None = None
    """What a document of a .txt is: lines or blocks; default: by blank lines."""
    planner: str = "builtin"
    """builtin, openai:MODEL, oneshot:MODEL, triage:MODEL or human."""
    base_url: str | None = None
    """An OpenAI-compatible endpoint."""
    sites: tuple[str, ...] = ()
    """Where random and top look: mlp.3,mlp.4 or mlp.*"""
    signs: str = "positive"
    """positive, or both where both mean something."""
    tokens: int = 100_000
    """Tokens of all three splits together."""
    context_length: int = 64
    """Tokens a window."""
    seed: int = 0
    """Seed of every random choice."""
    tries: int = 1
    """Independent investigations a unit, merged on validation."""
    run_tokens: int | None = None
    """LLM tokens of the run, within which triage investigates; 0: no limit."""
    steps: int | None = None
    """Turns of the planner a unit; default: 7 of a language model, 16 of others."""
    unit_tokens: int | None = 200_000
    """LLM tokens a unit, cached ones not counted; 0: no limit."""
    unit_seconds: float | None = 600.0
    """Seconds a unit; 0: no limit."""
    unit_cost: float | None = None
    """Money a unit; 0: no limit."""
    controls: str = "quick"
    """none, quick or full."""
    revision: str | None = None
    """Revision of the model."""
    dtype: str | None = None
    """Number type of the weights."""
    shards: int = 1
    """Into how many parts the units are divided in this folder."""
    temperature: float | None = None
    """Of an LLM; default: the endpoint's own."""
    reader: str | None = None
    """A second network that reads: photos, efficientnet or another vision model, clip:MODEL or
    dino:MODEL[+sam:MODEL]; texts, minilm, smollm2 or another model; for the reference too."""
    images: tuple[str, ...] = ()
    """Image models to draw with: openai:MODEL, diffusers:FOLDER."""
    programs: bool = True
    """Whether an LLM may compose tools in sandboxed programs."""
    fields: bool = False
    """Whether descriptions may use fields of the data, which no other text has."""
    direction: str | None = None
    """Of heads read as along.N/H: HEAD=FILE,... (.npy, .safetensors: a vector); default: found."""
    also: str | None = None
    """Other data that descriptions are scored on too: another generator, another corpus."""
    special: str | None = None
    """count or skip special tokens as places; skip-first: the first token of a row too; last: of
    each text its last token counts alone; default: see `Target.special_tokens`."""
    leave_out: str = ""
    """Groups of tools that the planner does without: exemplars, inputs, causal, programs; fit: the
    rules of the built-in fit; units: a black box, of which inputs and outputs alone are seen."""

    def __post_init__(self) -> None:
        for name, least in (
            ("tokens", 1000),
            ("context_length", 8),
            ("tries", 1),
            ("seed", 0),
        ):
            value = getattr(self, name)
            if value < least:
                option = name.replace("_", "-")
                raise UsageError(f"--{option} is {value}; it must be at least {least}")
        if self.steps is not None and self.steps < 1:
            raise UsageError(f"--steps is {self.steps}; it must be at least 1")
        check_numbers(vars(self))
        tools_of(self.leave_out)
        checked_special(self.special)
        for name, known in (("controls", CONTROLS), ("signs", SIGNS)):
            if getattr(self, name) not in known:
                raise UsageError(f"--{name} '{getattr(self, name)}' is not {' or '.join(known)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, without the credentials in an endpoint's address."""
        return {**public_options(self), "sites": list(self.sites), "images": list(self.images)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Settings":
        """The inverse of `as_dict`; settings of a later version are ignored.

        Raises:
            UsageError: if one is missing, or of another type.
        """
        check(data, cls, "the settings of the run")
        names = {item.name for item in fields(cls)}
        known = {key: value for key, value in data.items() if key in names}
        lists = {name: tuple(known.get(name, ())) for name in ("sites", "images")}
        return cls(**{"special": "skip", **known, **lists})  # as runs did that do not say it

    @property
    def corpus_options(self) -> dict[str, Any]:
        """Keyword options of `load_corpus`."""
        names = {"most_tokens": self.tokens, "field": self.field, "records": self.records}
        return {**names, "seed": self.seed}


AT_A_TIME = 4
"""Units at a time where a planner waits for a network."""


@dataclass(frozen=True)
class How:
    """How a run is done; none of it changes the labels."""

    shard: Shard = field(default_factory=Shard)
    concurrency: int | None = None
    """Units at a time; None: several for language models, else one."""
    retry_failed: bool = False
    device: str | None = None
    device_map: str | None = None
    trust_remote_code: bool = False
    timeout: float = 120.0
    """Seconds of one attempt at a language model."""
    prices: tuple[float, float] | None = None
    """Money for a million language-model tokens, in and out."""
    judge: str | None = None
    """Who reads places for `judged` predictors: openai:MODEL; None: the planner's model."""
    judge_requests: int = 1000
    """Requests to it in all, 8 places each: about 20 a test and 60 a scored unit."""

    def __post_init__(self) -> None:
        price_in, price_out = self.prices or (0.0, 0.0)
        check_numbers({"timeout": self.timeout, "price_in": price_in, "price_out": price_out})
        if self.concurrency is not None and self.concurrency < 1:
            raise UsageError(f"--concurrency is {self.concurrency}; it must be at least 1")

    def at_a_time(self, planner: str) -> int:
        """Units at a time under a planner; a person takes one after the other."""
        if planner == "human":
            return 1
        return self.concurrency or (AT_A_TIME if asks_model(planner) else 1)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two sets of settings, each as `seed (0 there, 1 here)`."""

    def said(values: Mapping[str, Any], name: str) -> str:
        return clip(str(values.get(name)), 60)

    return [
        f"{name.replace('_', '-')} ({said(old, name)} there, {said(new, name)} here)"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
