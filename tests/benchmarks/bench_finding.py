"""Search over ten thousand labels, against reading them from the disk."""

import json
import random
import tempfile
from pathlib import Path

from .bench import Measure, seconds


def run(quick: bool) -> list[Measure]:
    """The first search by words, which builds the index, and a later one."""
    from neuroscribe.tasks.search import RunSearch

    many = 1000 if quick else 10_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _write(folder / "labels.jsonl", many)
        search = RunSearch(folder, encoder="none")  # with what it imports
        read = seconds(lambda: RunSearch(folder, encoder="none"))
        first = seconds(lambda: search.search("word17 wrod18"))
        later = seconds(lambda: search.search("word19 word20"))
    note = f"{many:,} units, by words; reading them takes {read:.2f} s"
    return [
        Measure("first search over a run, over reading it", first / read, "x", 3.0, note=note),
        Measure("a later search, over reading it", later / read, "x", 0.5, note=note),
    ]


def _write(path: Path, many: int) -> None:
    rng = random.Random(0)
    vocabulary = [f"word{at}" for at in range(2000)]
    with path.open("w") as file:
        for at in range(many):
            words = rng.choices(vocabulary, k=50)
            rule = {"kind": "words", "words": words}
            record = {
                "unit": f"mlp.{at % 12}/{at // 12}",
                "label": " ".join(words[:6]),
                "status": "described",
                "components": [{"words": " ".join(words[6:14]), "predictor": rule}],
            }
            file.write(json.dumps(record) + "\n")
