"""The help of a verb: one column, in which no word is cut, and a line that can be typed.

typer's table gives the names, negations and types of options so much room that a terminal of 80
columns cuts the rest.
"""

from typing import Any

from typer.core import TyperCommand, TyperGroup

_LLAVA = "llava-hf/llava-1.5-7b-hf"
_FACTS = "organism:facts --prompt 'the country of the city of Lena is' --target ' Italy'"
EXAMPLES = {
    "label": "planted --units planted/0-2 --data builtin:stories --out runs/planted",
    "show": "runs/planted planted/0",
    "score": "runs/planted --judge openai:MODEL --base-url http://127.0.0.1:8000/v1",
    "find": "runs/planted 'names of animals' --min-score 0.5",
    "merge": "runs/shard-1 runs/shard-2 --out runs/whole",
    "export": "runs/planted --csv labels.csv",
    "index": "minilm --data builtin:pydocs --tokens 30000 --out runs/index",
    "index-merge": "runs/index-1 runs/index-2 --out runs/index",
    "replay": "runs/planted/transcripts/planted_0.jsonl",
    "transcript": "runs/planted/transcripts/planted_0.jsonl --out page.html",
    "cache": "--clear",
    "ask": "planted 'which units respond to months?'",
    "tool": "exemplars minilm --unit mlp.3/7 --data builtin:pydocs --arg many=5",
    "tools": "exemplars",
    "doctor": "my_model.py:load",
    "evaluate planner": "--seeds 1 --tiers A --units 4 --tokens 20000 --out runs/known",
    "evaluate functions": "--suite strings --planner openai:MODEL --out runs/functions",
    "evaluate networks": "--only counter --seeds 0 --out runs/networks",
    "evaluate ask": "--only find-colours --out runs/asked",
    "evaluate choose": "questions.jsonl --judge openai:MODEL",
    "evaluate labels": "labels.jsonl --target minilm --data builtin:pydocs",
    "evaluate runs": "runs/builtin runs/llm",
    "evaluate confidence": "runs/known-1 runs/known-2",
    "attribute": f"{_FACTS} --top 5",
    "lens": _FACTS,
    "compare": f"{_FACTS} --prompt 'the country of the city of Frank is'",
    "patch": "organism:facts --clean 'the country of the city of Lena is' "
    "--corrupt 'the country of the city of Frank is' --target ' Italy'",
    "patch-map": f"{_LLAVA} --image cat.jpg --prompt 'What is this?' --answer ' cat'",
    "intervene": f"{_FACTS} --contrast ' Oder' --units head.0/3 --method zero",
    "route": "organism:adder",
    "sae train": "minilm --site resid.3 --steps 300 --out runs/sae",
    "sae eval": "minilm+runs/sae",
    "serve": "runs/planted",
    "mcp": "--target minilm --data builtin:pydocs",
    "organisms": "brackets",
    "study arithmetic": "--out runs/arithmetic",
    "study recall-vs-reasoning": "--out runs/recall",
    "study code-brackets": "--out runs/brackets",
    "study spurious": "--out runs/spurious",
    "study failures": "--out runs/failures",
}
"""What follows `neuroscribe VERB`."""


class Verb(TyperCommand):
    """A verb whose help is plain text."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.rich_markup_mode = None
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """A group of verbs whose help is plain text: each verb with its whole line, by panels."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.rich_markup_mode = None
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(len(name) for name in self.commands)
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, verb in self.commands.items():
            line = verb.short_help or " ".join((verb.help or "").partition("\n\n")[0].split())
            panel = getattr(verb, "rich_help_panel", None) or "Commands"
            panels.setdefault(panel, []).append((name.ljust(width), line))
        for panel, lines in panels.items():
            with formatter.section(panel):
                formatter.write_dl(lines)
