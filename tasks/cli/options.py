"""Options that several verbs share: each is written here, once.

An alias is used as the annotation of a parameter, whose name is the option's; the default stands in
the verb. `from_settings` makes parameters from a dataclass, whose docstrings are the help.
"""

import ast
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from typer import Argument, Option

from ...tools.errors import UsageError

# models
_MODELS = "minilm, planted, a Hugging Face id, a folder, or path.py:factory."
Target = Annotated[str, Argument(help=_MODELS, show_default=False)]
TargetNamed = Annotated[str, Option("--target", help=_MODELS)]
LanguageModel = Annotated[
    str, Argument(help="A language model: a folder, a hub id, ...; with --metric any network.")
]
Weights = Annotated[
    Path | None,
    Option(help="A state dict for the model: .pt, .safetensors.", show_default=False),
]
Revision = Annotated[str | None, Option(help="Revision of the model.")]
Dtype = Annotated[str | None, Option(help="Number type of the weights.")]
Device = Annotated[str | None, Option(help="cpu, cuda, mps.")]
TrustRemoteCode = Annotated[bool, Option(help="Run the model's own code.")]
TrustNamed = Annotated[bool, Option(help="Run the own code of the model that --target names.")]

# corpora
Data = Annotated[
    str, Option(help="builtin:pydocs, self:N, a .txt, .jsonl or .csv, FILE.py:NAME, hf:NAME.")
]
TextField = Annotated[str | None, Option(help="The text field of the data.")]
Records = Annotated[
    str | None,
    Option(help="What a document of a .txt is: lines or blocks; default: by blank lines."),
]
ContextLength = Annotated[int, Option(help="Tokens a window.")]
Seeds = Annotated[str, Option(help="Such as 1,2,5-8; from 1000 on: for reports.")]
Shard = Annotated[str, Option(help="I/N: the I-th of N parts of the units.")]
CorpusTokens = Annotated[int, Option(help="Tokens of all three splits together.")]
Special = Annotated[
    str | None,
    Option(
        help="count or skip special tokens as places; skip-first: the first token of a row too; "
        "last: of each text its last token counts alone; default: count where the network's answer "
        "is read there, skip-first where that token is an attention sink, else skip."
    ),
]
Images = Annotated[
    list[str] | None, Option(help="Image models to draw with: openai:MODEL, diffusers:FOLDER.")
]

# a contrast
Active = Annotated[
    Path | None,
    Option(help="Texts in which units should be active: one a line, or a .jsonl or .csv."),
]
Silent = Annotated[Path | None, Option(help="Texts in which they should not be.")]

# language models
BaseUrl = Annotated[str | None, Option(help="An OpenAI-compatible endpoint.")]
Timeout = Annotated[float, Option(help="Seconds of one request to an LLM.")]
PriceIn = Annotated[float, Option(help="Money for a million tokens in.")]
PriceOut = Annotated[float, Option(help="Money for a million tokens out.")]
Direction = Annotated[
    str | None,
    Option(
        help="Of heads read as along.N/H: HEAD=FILE,... (.npy or .safetensors of one vector); "
        "default: found on explore."
    ),
]
Judge = Annotated[str, Option(help="openai:MODEL reads the labels.", show_default=False)]
Reader = Annotated[
    str | None,
    Option(
        help="A second network that reads, for 'like': of texts minilm, smollm2 or another; of "
        "photos efficientnet or another vision model."
    ),
]
PlaceJudge = Annotated[
    str | None,
    Option(
        "--judge",
        help="openai:MODEL at --base-url reads places, for 'judged'; default: the planner's model.",
    ),
]
JudgeRequests = Annotated[
    int, Option(min=1, help="Requests for judged predictors in all, 8 places each.")
]
MaxTokens = Annotated[int, Option(min=0, help="LLM tokens of this call; 0: no limit.")]
Planner = Annotated[str, Option(help="builtin or openai:MODEL.")]
Programs = Annotated[
    bool,
    Option("--programs/--no-programs", help="Let an LLM compose tools in sandboxed programs."),
]
UnitTokens = Annotated[int, Option(help="LLM tokens a unit, cached ones not counted; 0: no limit.")]
UnitSeconds = Annotated[float, Option(help="Seconds a unit; 0: no limit.")]
Steps = Annotated[
    int | None,
    Option(min=1, help="Turns of the planner a unit.", show_default="7 of an LLM, else 16"),
]
QuestionSteps = Annotated[int, Option(help="Turns of the planner a question.")]
QuestionTokens = Annotated[
    int, Option(help="LLM tokens a question, cached ones not counted; 0: no limit.")
]
QuestionSeconds = Annotated[float, Option(help="Seconds a question; 0: no limit.")]

# a prediction
Prompt = Annotated[
    str, Option(help="What the model reads: a text; else a picture's file, or numbers: 0.5,-1,2.")
]
Answer = Annotated[
    str | None,
    Option("--target", help="What is to follow: ' the'; with no space, the likelier reading."),
]
Contrast = Annotated[str | None, Option(help="Another text: how far is the target ahead of it?")]
Several = Annotated[str | None, Option(help="A target of several tokens: first, or sum (of all).")]
_WITHOUT_WEIGHTS = ("patch_map",)  # it takes models of LLaVA's kind, in parts
SEVERAL = (None, "first", "sum")
Metric = Annotated[
    str | None,
    Option(
        help="log_probability, probability, logit_difference, kl of --target; left out: the "
        "log-probability, with --contrast the logit difference. Or an expression, without "
        "--target: class(cat) - class(dog), logit(' a')@3, mlp.1/17@-1."
    ),
]
Expression = Annotated[
    str | None,
    Option(
        "--metric",
        help="In the place of --target, what is measured: class(cat) - class(dog), logit(' a')@3, "
        "mlp.1/17@-1, output(0).",
    ),
]
Draws = Annotated[int, Option(min=0, help="Random sets of the control.")]

# everything else
Run = Annotated[Path, Argument(help="A run folder.", show_default=False)]
Transcript = Annotated[Path, Argument(help="A transcript: a .jsonl file.", show_default=False)]
Index = Annotated[
    Path | None, Option(help="An index of this model over this corpus, made by `index`.")
]
Seed = Annotated[int, Option(help="Seed of every random choice.")]
Json = Annotated[bool, Option("--json", help="Print one JSON document.")]


def prices(price_in: float, price_out: float) -> tuple[float, float] | None:
    """Prices for a million tokens; None where none is known."""
    return (price_in, price_out) if price_in or price_out else None


def measured(answer: str | None, metric: str | None) -> None:
    """Raises `UsageError` where neither a target nor an expression says what is measured."""
    from ...tools.metrics.asked import is_expression

    if answer is None and not is_expression(metric):
        raise UsageError(
            "what is measured? Name --target, or --metric with an expression such as class(0) or "
            "mlp.1/17@-1"
        )


def listed(text: str | None) -> tuple[str, ...]:
    """The parts of `a, b,c`."""
    return tuple(part for item in (text or "").split(",") if (part := item.strip()))


def seeds(text: str) -> tuple[int, ...]:
    """Reads `1,2,5-8`.

    Raises:
        UsageError: if it is no such list.
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"--seeds '{text}' is not a list of numbers such as 1,2,5-8")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(numbers))


def one_of(option: str, value: str | None, known: Sequence[str | None]) -> Any:
    """The value, which the caller knows as a literal.

    Raises:
        UsageError: if it is none of the known ones.
    """
    if value in known:
        return value
    from ...tools.predicates.phrases import series

    names = [str(name) for name in known if name is not None]
    raise UsageError(f"{option} is '{value}'; use {series(names)}")


def weighable(verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb that takes `--weights` where it takes a target; `TARGET@FILE` is what it gets."""
    signature = inspect.signature(verb)
    if "target" not in signature.parameters or verb.__name__ in _WITHOUT_WEIGHTS:
        return verb

    @functools.wraps(verb)
    def weighed(*, weights: Path | None = None, **given: Any) -> Any:
        if weights is not None:
            from ...tools.models.spec import joined

            if given["target"] is None:
                raise UsageError("--weights goes with a model: name that too")
            given["target"] = joined(given["target"], weights)
        return verb(**given)

    parameters = dict(signature.parameters)
    kept = {"default": None, "annotation": Weights}
    parameters["weights"] = inspect.Parameter("weights", inspect.Parameter.KEYWORD_ONLY, **kept)
    every = [parameters[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in parameters]
    weighed.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]
    weighed.__annotations__ = {one.name: one.annotation for one in every}
    return weighed


def from_settings(kind: type, **own: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a verb an option for each field of a dataclass, in the place of its `**settings`.

    The help is the docstring under the field; the type and the default are the field's.

    Args:
        kind: The dataclass.
        own: Annotations in the place of the field's own, or the least number that a field takes;
            `(annotation, default)` where the default differs too, and None for no option.
    """

    def taken(verb: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(verb)
        rest = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
        every = [*_parameters(kind, own), *rest]
        verb.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]
        verb.__annotations__ = {one.name: one.annotation for one in every}
        return verb

    return taken


def _parameters(kind: type, own: dict[str, Any]) -> Iterator[inspect.Parameter]:
    helps = _docstrings(kind)
    for field in fields(kind):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        annotation = own.get(field.name, ...)
        if isinstance(annotation, tuple):
            annotation, default = annotation
        if annotation is ... or isinstance(annotation, int):
            least = None if annotation is ... else annotation
            annotation = _annotation(field, helps.get(field.name), least=least)
        if annotation is not None:
            kept = {"default": default, "annotation": annotation}
            yield inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, **kept)


def _annotation(field: Field, text: str | None, *, least: int | None) -> Any:
    """The option of a field: a flag for a bool, a text for one of several words."""
    words = any(get_origin(part) is Literal for part in get_args(field.type))
    names = [f"--{field.name.replace('_', '-')}"] if field.type is bool else []
    kind = str | None if words else field.type
    return Annotated[kind, Option(*names, min=least, help=text)]


def _docstrings(kind: type) -> dict[str, str]:
    """The text under each field of a class."""
    body = _classes(inspect.getfile(kind))[kind.__name__]
    return {
        field.target.id: " ".join(line.strip() for line in str(doc.value.value).splitlines())
        for field, doc in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
    }


@lru_cache
def _classes(path: str) -> dict[str, ast.ClassDef]:
    """The classes of a file, which is parsed once."""
    body = ast.parse(Path(path).read_text(encoding="utf-8")).body
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}
