"""Makes one self-contained HTML page of a transcript: nothing is fetched, nothing in it can act.

All text of models and data is escaped by the template engine; the one script on the page is named
by its hash in the page's content policy, so that no other script would run even if some got in.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ...tools.evidence import Evidence
from ...tools.instruments import program
from ...tools.io.files import write_whole
from ...tools.io.plain_text import clip
from ...tools.io.shapes import fault
from ..statuses import CONFIDENT
from . import heat
from .pictures import Album
from .record import Transcript, read
from .sections import (
    NAMES,
    TESTED,
    expected_activation,
    facts,
    histogram_of,
    ledger_over_time,
    score_table,
    tests_of,
    tops_of,
)
from .shape import Measured, Said
from .words import PICTURES, Words, words_of

HERE = Path(__file__).parent
_PAYLOAD = 20_000  # characters of a payload that are shown
_ROWS = 16  # measured inputs shown before "further inputs"
_BRIEF = 90
_SPENT = {
    "tokens_in": "in",
    "prompt_tokens": "in",
    "tokens_out": "out",
    "completion_tokens": "out",
}
_ALONE = Markup(
    ".ns.alone{font:15px/1.55 var(--sans);color:var(--ink);background:var(--paper);"
    "padding:.7rem 1rem;border-radius:8px}"
)
ODD = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What code raises that meets a payload of another shape than its tool writes."""
Guard = Callable[[str, Callable[[], Any], Any], Any]


def render(path: str | Path, out: str | Path, *, record: Mapping[str, Any] | None = None) -> Path:
    """Writes the page of a transcript.

    Args:
        path: The transcript.
        out: The page; missing folders are made.
        record: The unit's line of `labels.jsonl`, for its scores; without it, the scores in the
            transcript, or those in the run folder that the transcript lies in.

    Returns:
        `out`.

    Raises:
        UsageError: if the file is no transcript.
    """
    transcript = read(path)
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, html(transcript, record=record))
    return out


def html(transcript: Transcript, *, record: Mapping[str, Any] | None = None) -> str:
    """The page as text."""
    page = environment(HERE).get_template("page.html")
    return page.render(**contents(transcript, record=record), **page_assets(HERE / "page.js"))


def section(name: str, known: Mapping[str, Any]) -> Markup:
    """One block of the page by itself, such as `scores`, from `contents`."""
    page = environment(HERE).get_template("page.html")
    return Markup("".join(page.blocks[name](page.new_context(dict(known)))))


def contents(transcript: Transcript, *, record: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the page shows; the arguments are those of `render`.

    Payloads of results have no fixed shape: where one is not as its tool writes it, that part of
    the page is left out, and the footer says so.
    """
    scored = record or transcript.scored or _labelled(transcript) or {}
    said = {**(transcript.conclusion or {}), **{k: v for k, v in scored.items() if v is not None}}
    evidence = transcript.evidence
    scores = said.get("scores") or {}
    components = [component_view(item) for item in said.get("components") or ()]
    album = Album(transcript.path)
    words = words_of(transcript)
    items = [item for each in evidence.values() for item in _measured(each)]
    scale = heat.scale_of(items)
    cited = {key for part in components for key in part["evidence"]}
    cited.update(said.get("label_evidence") or ())
    for part in [said.get("effect") or {}, *(said.get("rejected") or ())]:
        cited.update(part.get("evidence") or ())
    faults: list[str] = []
    shown = _guard(faults)
    results = evidence.values()
    parts = {
        "target": str((transcript.header.get("target") or {}).get("name", "")),
        "unit": transcript.header.get("unit", "?"),
        "label": said.get("label"),
        "status": said.get("status") or ("interrupted" if transcript.ended is None else "no label"),
        "reason": said.get("reason"),
        "ending": _ending(transcript, said, words),
        "facts": facts(transcript),
        "components": components,
        "base": said.get("base"),
        "label_evidence": list(said.get("label_evidence") or ()),
        "effect": said.get("effect"),
        "rejected": said.get("rejected"),
        "notes": said.get("notes"),
        "known": set(evidence),
        "scores": shown("the scores", lambda: score_table(scores, words), []),
        "tested_on": _tested_on(scores, words),
        "histogram": shown("the histogram", lambda: histogram_of(results, words.places), None),
        "expected": shown("the curve", lambda: expected_activation(scores, results, words), None),
        "tops": shown("the top inputs", lambda: tops_of(results, scale=scale), []),
        "sheets": album.show(_first_sheets(results)),
        "data": words.other,
        "places": words.place,
        "scale": f"{scale:.3g}",
        "ledger": shown("the ledger", lambda: ledger_over_time(transcript), None),
        "timeline": _timeline(transcript, cited, scale, album, shown),
    }
    version = transcript.header.get("versions", {}).get("neuroscribe", "")
    footer = [f"{transcript.path.name} · neuroscribe {version}"]
    if transcript.torn:
        footer.append("the last line of the record was incomplete and is left out")
    if transcript.ended is None:
        footer.append("the record has no end: it was interrupted")
    return {**parts, "footer": " · ".join([*footer, *faults])}


def _guard(faults: list[str]) -> Guard:
    """Makes a part of a page, or notes why it cannot be shown and gives something in its place."""

    def guarded(name: str, make: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return make()
        except ODD as error:
            said = " ".join(str(error).split())[:80]
            faults.append(f"{name} cannot be shown ({type(error).__name__}: {said})")
            return otherwise

    return guarded


def environment(*folders: Path) -> jinja2.Environment:
    """Templates that escape everything, from these folders."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        trim_blocks=True,
    )


def page_assets(script: Path | None = None) -> dict[str, Any]:
    """The style sheet, a script and the script's hash for the content policy."""
    code = script.read_text(encoding="utf-8") if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    style = (HERE / "style.css").read_text(encoding="utf-8")
    return {
        "css": Markup(style) + heat.rules(),
        "script": Markup(code),
        "script_hash": f"sha256-{digest}",
    }


def nested_style() -> Markup:
    """The rules for a piece inside a page that is not ours, all nested under the class `.ns`.

    A piece that stands by itself (a notebook's output, light or dark) has the class `alone` too.
    """
    shared = (HERE / "style.css").read_text(encoding="utf-8").replace(":root{", "&{", 1)
    return Markup(".ns{{{}{}}}{}").format(Markup(shared), heat.rules(), _ALONE)


def _labelled(transcript: Transcript) -> Mapping[str, Any] | None:
    """The unit's line in the run folder around the transcript, where there is one."""
    folder = transcript.path.resolve().parent.parent
    for path in sorted(folder.glob("labels*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
                here = str(folder / record["transcript"]) == str(transcript.path.resolve())
                if here and fault(record, Said) is None:
                    return record
            except (ValueError, KeyError, TypeError):
                continue
    return None


def english(predictor: Any) -> str:
    """A predictor in words; its JSON where it cannot be read."""
    from ...tools.errors import UsageError
    from ...tools.predicates import parse

    try:
        return str(parse(predictor).english())
    except (UsageError, ValueError, TypeError):
        return json.dumps(predictor, ensure_ascii=False)


def sources(predictor: Any) -> list[str]:
    """The code of the functions in a predictor, to be read; it runs in the sandbox alone."""
    if isinstance(predictor, Mapping):
        own = [str(predictor.get("code"))] if predictor.get("kind") == "computed" else []
        return own + [code for value in predictor.values() for code in sources(value)]
    return (
        [code for value in predictor for code in sources(value)]
        if isinstance(predictor, list)
        else []
    )


def naming(item: Mapping[str, Any]) -> str:
    """Whether a judge could use the words of a component, which it was asked about."""
    area = item.get("words_auroc")
    by = f" (a judge gets AUROC {area:.2f} from them)" if isinstance(area, int | float) else ""
    return f"{'unnamed' if item['unnamed'] else 'named'}{by}"


def component_view(item: Mapping[str, Any]) -> dict[str, Any]:
    """A component for a page: words, evidence, the predictor in words and as JSON, facts."""
    shown: list[tuple[str, str]] = []
    if isinstance(item.get("unnamed"), bool):
        shown.append(("words", naming(item)))
    if item.get("score") is not None:
        shown.append(("alone correlates", f"{item['score']:.2f}"))
    if item.get("share") is not None:
        shown.append(("holds on", f"{item['share']:.0%} of the activation"))
    if item.get("band") not in (None, "any"):
        shown.append(("band", str(item["band"])))
    if item.get("sign") == -1:
        shown.append(("sign", "negative"))
    return {
        "words": item.get("words"),
        "evidence": list(item.get("evidence") or ()),
        "untested": list(item.get("untested") or ()),
        "english": english(item.get("predictor")),
        "sources": sources(item.get("predictor")),
        "json": json.dumps(item.get("predictor"), ensure_ascii=False, indent=1),
        "facts": shown,
    }


def _ending(transcript: Transcript, said: Mapping[str, Any], words: Words) -> str:
    parts = []
    if said.get("confidence") is not None:
        parts.append(f"confidence {said['confidence']:.2f} {CONFIDENT}")
    if said.get("explained") is not None:
        parts.append(
            f"explains {said['explained']:.0%} of held-out activation beyond {words.beyond}"
        )
    if transcript.ended not in (None, "concluded"):
        parts.append(f"ended: {transcript.ended}")
    return " · ".join(parts)


def _tested_on(scores: Mapping[str, Any], words: Words) -> str:
    if not scores.get("tokens"):
        return ""
    where = f"{scores['tokens']:,} {words.places}"
    if words is not PICTURES:
        where += f" of {scores.get('documents', '?')} documents"
    return f"Measured on {where} that neither planner nor thresholds have seen."


def _first_sheets(evidence: Iterable[Evidence]) -> Sequence[str]:
    """The pictures of the first exemplars."""
    found = (item.images for item in evidence if item.tool == "exemplars" and item.images)
    return next(found, ())


def _measured(evidence: Evidence) -> Sequence[Mapping[str, Any]]:
    found = evidence.data.get("measured") or ()
    if not isinstance(found, Sequence):
        return ()
    return [item for item in found if fault(item, Measured) is None and item["tokens"]]


def _timeline(
    transcript: Transcript, cited: set[str], scale: float, album: Album, guard: Guard
) -> list[dict[str, Any]]:
    planner = str(transcript.header.get("planner", "planner"))
    evidence = transcript.evidence
    texts = {item.text for item in evidence.values()}
    shown: list[dict[str, Any]] = []
    within = {
        one.id: made.id for made in evidence.values() for one in program.inner(evidence, made)
    }
    for event in transcript.events:
        if event["event"] == "message":
            shown.extend(_message(event, planner, texts))
        elif event["event"] == "evidence":
            item = evidence[event["evidence"]["id"]]
            view = partial(
                experiment_view, item, cited, scale, album, within=within.get(item.id, "")
            )
            shown.extend(guard(f"the result {item.id}", lambda view=view: [view()], []))
    return shown


def _message(event: Mapping[str, Any], planner: str, texts: set[str]) -> list[dict[str, Any]]:
    message = event["message"]
    role, text = message.get("role"), _text_of(message.get("content"))
    if role == "user" and not isinstance(message.get("content"), str):
        return []  # pictures, which are shown with their experiments
    if role == "assistant":
        spent = [f"{event['seconds']:.1f} s"] if event.get("seconds") is not None else []
        usage = event.get("usage") or {}
        spent += [f"{usage[key]:,} tokens {way}" for key, way in _SPENT.items() if usage.get(key)]
        found: list[dict[str, Any]] = [
            {"kind": "turn", "who": planner, "spent": ", ".join(spent), "text": text.strip()}
        ]
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {}
            given = str(function.get("arguments") or "")
            found.append(
                {"kind": "call", "name": function.get("name"), "arguments": clip(given, _BRIEF)}
            )
        return found
    if role == "tool" and any(part and part in text for part in texts):
        return []  # shown with its experiment
    who = {"system": "instructions", "user": "to the planner", "tool": "tool result"}
    brief = clip(" ".join(text.split()), _BRIEF)
    return [{"kind": "prompt", "who": who.get(str(role), role), "brief": brief, "text": text}]


def experiment_view(
    item: Evidence, cited: Container[str], scale: float, album: Album, *, within: str = ""
) -> dict[str, Any]:
    """A result for `experiment` of `parts.html`: its text, heat maps, plot, pictures, payload.

    `within` is the program that made the call.
    """
    measured = _measured(item)
    rest = {key: value for key, value in item.data.items() if key != "measured"}
    arguments = json.dumps(item.arguments, ensure_ascii=False, indent=1)
    code = str(item.arguments.get("code") or "") if item.tool == "program" else ""
    drawn = histogram_of([item])
    return {
        "kind": "evidence",
        "id": item.id,
        "tool": item.tool,
        "brief": _brief_of(item),
        "arguments": arguments if len(arguments) > _BRIEF and not code else "",
        "code": code,
        "within": within,
        "text": item.text,
        "error": item.error,
        "pictures": album.show(item.images),
        "cited": item.id in cited,
        "seconds": f"{item.seconds:.2f} s",
        "plot": drawn["plot"] if drawn else "",
        "tests": tests_of(item),
        "tested": [NAMES.get(name, name.replace("_", " ")) for name in TESTED],
        "measured": grouped(measured[:_ROWS], scale=scale),
        "more": grouped(measured[_ROWS:], scale=scale),
        "further": len(measured) - _ROWS,
        "payload": clip(json.dumps(rest, ensure_ascii=False, indent=1), _PAYLOAD) if rest else "",
    }


def _brief_of(item: Evidence) -> str:
    """What was asked, in a few words."""
    for name in ("statement", "label"):
        if item.arguments.get(name):
            return clip(str(item.arguments[name]), _BRIEF)
    return clip(", ".join(f"{k}={_value(v)}" for k, v in item.arguments.items()), _BRIEF)


def grouped(items: Sequence[Mapping[str, Any]], *, scale: float) -> list[dict[str, Any]]:
    """Heat maps under the name of their source, in order."""
    groups: list[dict[str, Any]] = []
    for item in items:
        drawn = heat.row(item, scale=scale)
        if not groups or groups[-1]["name"] != drawn.source:
            groups.append({"name": drawn.source, "rows": []})
        groups[-1]["rows"].append(drawn)
    return groups


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "\n".join(str(part.get("text") or f"({part.get('type')})") for part in parts)
    return ""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
