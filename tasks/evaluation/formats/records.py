"""One record of a file as descriptions, whichever tool wrote it.

{unit, description, predictor}              any tool; `label` and `components` as neuroscribe
                                            exports them
{modelId, layer, index, description, ...}   Neuronpedia: explanation exports, and features with
                                            their `explanations`
{neuron_id: {layer_index, neuron_index}, scored_explanations: [{explanation, ...}]}
                                            OpenAI's neuron explainer
MODULE_latentN.txt with a JSON string       delphi
"""

import re
from collections.abc import Mapping
from typing import Any

from ....tools.data.windows import clean
from ....tools.errors import UsageError
from ....tools.predicates import parse
from .given import MOST_LETTERS, Given, Part, Place, SiteTemplate, short

_DELPHI = re.compile(r"(?P<module>.+)_(?:latent|feature)(?P<index>\d+)\.txt")
_DELPHI_FAILED = "explanation could not be parsed"


def of_record(record: Any, place: Place, site: SiteTemplate) -> list[Given]:
    """The descriptions in one record.

    Raises:
        ValueError: says what is wrong with it.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"not an object but {short(record)}")
    if "neuron_id" in record:
        return [_explainer(record, place, site)]
    if "unit" in record:
        return [_own(record, place)]
    if "layer" in record and "index" in record:
        return _neuronpedia(record, place, site)
    raise ValueError("names no unit: neither unit, nor layer and index, nor neuron_id")


def of_delphi(name: str, value: Any, place: Place, site: SiteTemplate) -> Given:
    """The description in a delphi file.

    Raises:
        ValueError: says what is wrong with it.
    """
    match = _DELPHI.fullmatch(name)
    if match is None:
        raise ValueError("the file's name is not MODULE_latentN.txt")
    text = checked_text(value)
    if text.lower().startswith(_DELPHI_FAILED):
        raise ValueError("delphi's explainer gave no explanation here")
    return Given(site.unit(match["module"].replace("--", "/"), match["index"]), text, place)


def is_delphi(name: str) -> bool:
    """Whether delphi names its files so."""
    return _DELPHI.fullmatch(name) is not None


def checked_text(value: Any, what: str = "the description") -> str:
    """A description, in one line.

    Raises:
        ValueError: if it is no text, empty or far too long.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} is {short(value)}, not text")
    if len(value) > MOST_LETTERS:
        raise ValueError(f"{what} has {len(value):,} characters, at most {MOST_LETTERS:,} are read")
    text = " ".join(clean(value).split())
    if not any(letter.isprintable() and not letter.isspace() for letter in text):
        raise ValueError(f"{what} is empty")
    return text


def _own(record: Mapping[str, Any], place: Place) -> Given:
    unit = record["unit"]
    if not isinstance(unit, str) or not unit.strip():
        raise ValueError(f"the unit is {short(unit)}, not a name such as mlp.3/7")
    names = ("description", "label", "explanation")
    said = next((record[name] for name in names if name in record), None)
    parts = _parts(record, said)
    if said is None and parts:
        said = "; ".join(part.words for part in parts)
    if said is None:
        raise ValueError("has no description")
    method = record.get("method")
    return Given(
        unit.strip(),
        checked_text(said),
        place,
        parts,
        method if isinstance(method, str) else "",
    )


def _parts(record: Mapping[str, Any], said: Any) -> tuple[Part, ...]:
    """The predictors of a record: one, or those of its components."""
    given = record.get("predictor")
    listed = [{"words": said, "predictor": given}] if given is not None else None
    listed = record.get("components") or () if listed is None else listed
    if not isinstance(listed, (list, tuple)):
        raise ValueError("components is not a list")
    result = []
    for item in listed:
        if not isinstance(item, Mapping):
            raise ValueError("a component is not an object")
        try:
            predicate = parse(item.get("predictor"))  # type: ignore[arg-type]
        except UsageError as error:
            raise ValueError(f"the predictor cannot be read: {error}") from None
        words = item.get("words")
        english = words if isinstance(words, str) and words.strip() else predicate.english()
        result.append(Part(english, predicate.model_dump(mode="json")))
    return tuple(result)


def _neuronpedia(record: Mapping[str, Any], place: Place, site: SiteTemplate) -> list[Given]:
    source = record["layer"]
    if isinstance(source, bool) or not isinstance(source, (str, int)):
        raise ValueError(f"the layer is {short(source)}, not a name such as 6-res-jb")
    unit = site.unit(str(source), record["index"])
    listed = record.get("explanations", [record])
    if not isinstance(listed, list):
        raise ValueError("explanations is not a list")
    if not listed:
        raise ValueError("has no explanation")
    result = []
    for item in listed:
        if not isinstance(item, Mapping) or "description" not in item:
            raise ValueError("has no description")
        made_by = [item.get(name) for name in ("explanationModelName", "typeName")]
        method = " ".join(name for name in made_by if isinstance(name, str))
        result.append(Given(unit, checked_text(item["description"]), place, method=method))
    return result


def _explainer(record: Mapping[str, Any], place: Place, site: SiteTemplate) -> Given:
    named = record["neuron_id"]
    if not isinstance(named, Mapping) or {"layer_index", "neuron_index"} - set(named):
        raise ValueError("neuron_id has no layer_index and neuron_index")
    unit = site.unit(str(named["layer_index"]), named["neuron_index"])
    listed = record.get("scored_explanations")
    if listed is None and "explanation" in record:
        listed = [record]
    if not isinstance(listed, list) or not listed:
        kind = "a record of activations, " if "most_positive_activation_records" in record else ""
        raise ValueError(f"{kind}without an explanation")
    entries = [item for item in listed if isinstance(item, Mapping)]
    if not entries:
        raise ValueError("its scored_explanations are not objects")
    best = max(entries, key=lambda item: _claimed(item) if _claimed(item) is not None else -2.0)  # type: ignore[arg-type,return-value]
    return Given(unit, checked_text(best.get("explanation")), place, claimed=_claimed(best))


def _claimed(item: Mapping[str, Any]) -> float | None:
    """The correlation that OpenAI's simulator reached; None where it is undefined."""
    scored = item.get("scored_simulation")
    value = scored.get("ev_correlation_score") if isinstance(scored, Mapping) else None
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return float(value) if good else None  # type: ignore[arg-type]
