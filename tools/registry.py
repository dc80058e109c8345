"""Tools: typed functions whose schema, command, protocol entry and documentation are derived.

    @tool
    def exemplars(lab: Lab, unit: str, *, many: int = 8) -> Result:
        \"\"\"Shows where a unit is most active.

        Args:
            unit: The unit, such as mlp.3/7.
            many: How many exemplars.
        \"\"\"

The docstring describes the tool, and its first paragraph alone is what a planner reads (it is sent
with every request); `Args:` describe its parameters, and the annotations give their types; what
`Returns:` says of the payload is for programs. `call` validates arguments, runs the tool and keeps
the evidence.

An instrument that asks the same of text and of pictures has one name and one set of arguments, and
a function for each: registering a name again, with other needs, adds a form to the tool, and a lab
is offered the form that it can run.
"""

import inspect
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema

from .errors import UsageError
from .evidence import Evidence, Result, plain
from .io.strict_json import decoded, read_json
from .lab import Lab
from .needs import NEEDS


@dataclass(frozen=True)
class UpTo:
    """Marks a count that a tool brings within limits: the schema says the most, the result what
    was changed. `many: Annotated[int, UpTo(40)] = 10`.
    """

    most: int
    least: int = 1

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "maximum": self.most}


@dataclass(frozen=True)
class Tool:
    """A registered tool."""

    name: str
    description: str
    function: Callable[..., Result]
    arguments: type[BaseModel]
    needs: tuple[str, ...] = ()
    """What a lab must have for the tool to be offered: names of `NEEDS`."""
    action: bool = False
    """A planner's own act: no command and no protocol entry."""
    retired: bool = False
    """Answers calls of recorded investigations, and is not offered."""
    composable: bool = True
    """Programs may call it."""
    gives: str = ""
    """The keys of its payload that programs use most."""
    beside: Callable[[Lab], str] | None = None
    """What a planner reads behind the description, where that depends on the lab."""
    rare: bool = False
    """An LLM that investigates with programs reads its signature alone: schemas cost tokens."""
    forms: tuple["Tool", ...] = ()
    """The same instrument for other targets."""

    @property
    def schema(self) -> dict[str, Any]:
        """The tool in Chat Completions form."""
        parameters = self.arguments.model_json_schema()
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": _untitled(parameters),
            },
        }

    def shown(self, lab: Lab) -> dict[str, Any]:
        """The schema as a planner reads it: short, because every request carries it.

        References are resolved, an optional argument is one that is not required, and while one
        unit is under study its `unit` is not asked for (it is still accepted).
        """
        function = self.schema["function"]
        parameters = compact(function["parameters"])
        if lab.unit is not None and not lab.open:
            parameters["properties"].pop("unit", None)
        summary = self.description.partition("\n\n")[0]
        if self.beside is not None:
            summary = f"{summary} {self.beside(lab)}"
        return {
            "type": "function",
            "function": {**function, "description": summary, "parameters": parameters},
        }

    def offered(self, lab: Lab) -> bool:
        """Whether this lab has what the tool needs."""
        return self.name not in lab.left_out and not self.lacking(lab)

    def lacking(self, lab: Lab) -> list[str]:
        """What the tool needs and this lab does not have."""
        return [need for need in self.needs if not NEEDS[need].met(lab)]

    def form(self, lab: Lab) -> "Tool | None":
        """The form that this lab can run; None: none."""
        return next((item for item in (self, *self.forms) if item.offered(lab)), None)


TOOLS: dict[str, Tool] = {}


def offered(lab: Lab) -> dict[str, Tool]:
    """The tools that a lab has what they need for, by name, each in the form for that lab."""
    result = {name: item.form(lab) for name, item in TOOLS.items() if not item.retired}
    return {name: item for name, item in result.items() if item is not None}


def tool(
    function: Callable[..., Result] | None = None,
    *,
    name: str | None = None,
    needs: tuple[str, ...] = (),
    **options: Any,
) -> Any:
    """Registers a function as a tool, under its own name or another; the lab comes first.

    Args:
        function: What it runs.
        name: Its name; None: the function's.
        needs: What a lab must have: names of `NEEDS`.
        options: Other fields of `Tool`.
    """
    if unknown := set(needs) - NEEDS.keys():
        raise ValueError(f"a tool cannot need {', '.join(unknown)}: it stands in no list")

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        description, notes, gives = _docstring(function)
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, Any] = {}
        for key, parameter in list(inspect.signature(function).parameters.items())[1:]:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[key] = (hints[key], Field(default, description=notes.get(key)))
        known = name or function.__name__
        model = create_model(f"{known}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
        made = Tool(known, description, function, model, needs, gives=gives, **options)
        TOOLS[known] = _joined(TOOLS[known], made) if known in TOOLS else made
        return function

    return register if function is None else register(function)


def call(lab: Lab, name: str, arguments: str | Mapping[str, Any]) -> Evidence:
    """Runs a tool and keeps its result; what goes wrong becomes evidence with an `error`.

    Args:
        lab: What the tool works with.
        name: A registered tool.
        arguments: A mapping, or JSON text as a language model writes it.
    """
    started = time.monotonic()
    given: Mapping[str, Any] = {}
    try:
        given = _parsed(arguments)
        known = offered(lab)
        retired = TOOLS[name].form(lab) if name in TOOLS and TOOLS[name].retired else None
        chosen = known.get(name, retired)
        if chosen is None:
            names = [item.name for item in known.values() if not (item.action and lab.open)]
            raise UsageError(
                f"there is no tool '{name}'{_why_not(lab, name)}; the tools are: {', '.join(names)}"
            )
        checked = _checked(chosen.arguments, given)
        values = {key: getattr(checked, key) for key in type(checked).model_fields}
        notes = _limit(chosen.arguments, values)
        result = chosen.function(lab, **values)
    except (UsageError, ValidationError) as error:
        return failed(lab, name, given, in_words(error), seconds=time.monotonic() - started)
    return lab.evidence.add(
        Evidence(
            lab.evidence.next_id,
            name,
            plain(given),
            "\n".join([result.text, *notes]),
            plain(result.data),
            tuple(str(path) for path in result.images),
            time.monotonic() - started,
            result.error,
        )
    )


def _why_not(lab: Lab, name: str) -> str:
    """What a known tool would need here: of the form that lacks least."""
    known = TOOLS.get(name)
    if known is None or known.action or name in lab.left_out:
        return ""
    lacking = min((form.lacking(lab) for form in (known, *known.forms)), key=len)
    return f" here: it needs {' and '.join(NEEDS[need].words for need in lacking)}"


def attempt(lab: Lab, name: str, arguments: str | Mapping[str, Any]) -> Evidence:
    """`call`, where a fault inside the tool becomes evidence with that error too."""
    try:
        return call(lab, name, arguments)
    except Exception as error:
        fault = f"internal error in {name}: {type(error).__name__}: {error}"[:500]
        return failed(lab, name, arguments, fault)


def failed(
    lab: Lab, name: str, arguments: str | Mapping[str, Any], error: str, *, seconds: float = 0.0
) -> Evidence:
    """Keeps a call that gave no result, as evidence with an error."""
    try:
        given = plain(_parsed(arguments))
    except UsageError:
        given = {}
    text = f"Error: {error}"
    return lab.evidence.add(
        Evidence(lab.evidence.next_id, name, given, text, seconds=seconds, error=error)
    )


def _limit(model: type[BaseModel], values: dict[str, Any]) -> list[str]:
    """Brings counts within the limits of the tool, and says which were changed."""
    notes = []
    for key, field in model.model_fields.items():
        for limit in field.metadata:
            if isinstance(limit, UpTo) and isinstance(values[key], int):
                given = values[key]
                values[key] = max(limit.least, min(given, limit.most))
                if values[key] != given:
                    edge = "most" if given > limit.most else "least"
                    notes.append(f"Note: {key}={given} was read as {values[key]}, the {edge}.")
    return notes


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema in fewer words: without references, nulls and defaults that mean "left out".

    Args:
        schema: As pydantic makes it.
    """
    known = schema.get("$defs", {})

    def short(part: Any) -> Any:
        if isinstance(part, list):
            return [short(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            target = known[part["$ref"].rpartition("/")[2]]
            return short({**_without(target, "description"), **_without(part, "$ref")})
        if "anyOf" in part:
            kinds = [one for one in part["anyOf"] if one.get("type") != "null"]
            rest = _without(part, "anyOf")
            part = {**kinds[0], **rest} if len(kinds) == 1 else {**rest, "anyOf": kinds}
            if "$ref" in part:
                return short(part)
        out = {}
        for key, value in part.items():
            if key == "properties":  # whose keys are names, not words of the schema
                out[key] = {name: short(item) for name, item in value.items()}
            elif key == "default" and value in (None, "", False, []):
                continue
            elif key == "default" and value == next(iter(part.get("enum", ())), None):
                continue  # the first of a choice
            elif key not in ("$defs", "title", "additionalProperties"):
                out[key] = short(value)
        return out

    return {"type": "object", "properties": {}, **short(schema)}


def _without(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != name}


def _joined(old: Tool, new: Tool) -> Tool:
    """A tool with one more form, or with that form replaced."""
    forms = [item for item in (old, *old.forms) if item.needs != new.needs]
    for item in forms:
        if set(item.arguments.model_fields) != set(new.arguments.model_fields):
            raise ValueError(f"the forms of '{new.name}' must take the same arguments")
    first, *others = [*forms, new]
    return replace(first, forms=tuple(replace(item, forms=()) for item in others))


def _parsed(arguments: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(arguments, str):
        try:
            arguments = read_json(arguments or "{}")
        except ValueError as error:
            raise UsageError(f"the arguments are not valid JSON: {error}") from error
    if not isinstance(arguments, Mapping):
        raise UsageError("the arguments must be one JSON object")
    return arguments


def _checked(model: type[BaseModel], given: Mapping[str, Any]) -> BaseModel:
    """The validated arguments; a list or object that came as JSON text is read first if needed."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        again = {key: decoded(value) if key in wrong else value for key, value in given.items()}
        if again == given:
            raise
        return model.model_validate(again)


def in_words(error: Exception) -> str:
    """What was wrong with a call, in one line."""
    if isinstance(error, ValidationError):
        parts = [
            f"{'.'.join(str(at) for at in item['loc']) or 'arguments'}: {item['msg']}"
            for item in error.errors()
        ]
        return "; ".join(parts)
    return str(error)


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str], str]:
    """What a docstring says: of the tool, of its parameters, and of the keys of its payload."""
    text, _, gives = (inspect.getdoc(function) or "").partition("\nReturns:\n")
    head, _, rest = text.partition("\nArgs:\n")
    section = re.split(r"\n\S", rest, maxsplit=1)[0]
    notes: dict[str, str] = {}
    for match in re.finditer(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
        notes[match[1]] = " ".join(match[2].split())
    summary = re.sub(r"(?<!\n)\n(?!\n)", " ", head).strip()
    return summary, notes, " ".join(gives.split())


def _untitled(schema: Any) -> Any:
    """Drops pydantic's titles, which cost a model tokens and say nothing."""
    if isinstance(schema, dict):
        return {
            key: _untitled(item)
            for key, item in schema.items()
            if not (key == "title" and isinstance(item, str))
        }
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    return schema
