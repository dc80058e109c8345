"""Runs of the toy in forked children that are killed, starved of disk or interrupted.

Started as a program: `killing.py FOLDER MODEL TEXT KILLS SEED LLM_KILLS`; prints what happened as
JSON. The target is loaded once, here; every child inherits it, so that one start costs no import.
For `LLM_KILLS` the planner is a language model behind an endpoint, which is a process of its own,
and several units are worked on at a time.
"""

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

torch.set_num_threads(1)
sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

import endpoint  # noqa: E402
import toy  # noqa: E402
from neuroscribe.tasks.labelling.label import run_labels  # noqa: E402
from neuroscribe.tasks.labelling.progress import Progress  # noqa: E402
from neuroscribe.tasks.labelling.settings import How  # noqa: E402
from neuroscribe.tools.errors import UsageError  # noqa: E402
from neuroscribe.tools.models import Target  # noqa: E402

UNITS = "mlp.0/0-7"
MANY = 8
FEW = "mlp.0/0-3"
"""Units of a run under a language model."""


class Said(Progress):
    """Prints what a run says."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr)


def run(
    target: Target, text: str, out: Path, shown: Progress | None = None, url: str | None = None
) -> None:
    """One run over `UNITS`, by the toy planner, or by the language model at an address."""
    by_model = {} if url is None else {"planner": "openai:m", "base_url": url}
    settings = toy.settings(Path(text).parent, UNITS if url is None else FEW, **by_model)
    planner = toy.Toy() if url is None else None
    run_labels(settings, out, how=How(), progress=shown or Said(), planner=planner, target=target)


CAT = {"kind": "words", "words": ["cat"]}
COMPONENT = {"words": "cats", "predictor": "H1", "evidence": ["E4"]}
CONCLUSION = {"label": "cats", "components": [COMPONENT], "confidence": 0.3}
TURNS = (
    endpoint.says(
        ("survey", {}),
        ("hypothesise", {"statement": "cats", "predictor": CAT}),
        ("hypothesise", {"statement": "pets", "predictor": {**CAT, "words": ["cat", "dog"]}}),
    ),
    endpoint.says(("activations", {"texts": ["the cat sat", "the dog sat"]})),
    endpoint.says(("conclude", CONCLUSION)),
)


def by_turn(handler: Any, request: dict[str, Any]) -> None:
    """Answers as far as the conversation is; a state of its own would not outlive a kill."""
    said = sum(message["role"] == "assistant" for message in request["messages"])
    time.sleep(0.02)  # kills fall into requests too
    TURNS[min(said, len(TURNS) - 1)](handler, request)


def served() -> tuple[int, str]:
    """An endpoint in a process of its own: its id and address."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        with os.fdopen(reading) as file:
            return pid, file.readline().strip()
    with endpoint.endpoint(by_turn) as server:
        os.write(writing, f"{server.url}\n".encode())
        os.close(writing)
        signal.pause()
    os._exit(0)


def child(job: Callable[[], None]) -> int:
    """Forks; the child's process id. It leaves with 0, 2 for a usage error, 130 if interrupted."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        job()
        code = 0
    except UsageError as error:
        print(f"refused: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        code = 130
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int) -> int:
    """The child's exit code; minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def lines(out: Path) -> list[str]:
    """The whole lines of `labels.jsonl`."""
    path = out / "labels.jsonl"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def kills(job: Callable[[Path], None], folder: Path, many: int, seed: int) -> dict[str, Any]:
    """Kills runs at random moments, goes on each time, and looks for lost or doubled labels."""
    rng = random.Random(seed)
    started = time.monotonic()
    codes = [wait(child(lambda: job(folder / "measured")))]
    whole = time.monotonic() - started
    found: dict[str, Any] = {"codes": codes, "kills": 0, "lost": 0, "at": [], "runs": []}
    out, before = folder / "run0", []
    while found["kills"] < many:
        pid = child(lambda out=out: job(out))
        time.sleep(rng.uniform(0, whole))
        os.kill(pid, signal.SIGKILL)
        killed = wait(pid) == -signal.SIGKILL
        after = lines(out)
        found["lost"] += sum(line not in after for line in before)
        if killed:
            found["kills"] += 1
            found["at"].append(len(after))
            before = after
        else:  # it was done before: begin anew
            found["runs"].append(str(out))
            out, before = folder / f"run{len(found['runs'])}", []
    found["codes"].append(wait(child(lambda: job(out))))
    after = lines(out)
    found["lost"] += sum(line not in after for line in before)
    found["runs"].append(str(out))
    return found


def starved(target: Target, text: str, folder: Path) -> dict[str, Any]:
    """A run that may write no large file after its third label, then the same run with room."""
    out = folder / "starved"

    class Starving(Said):
        def unit(self, record: Any) -> None:
            if len(lines(out)) == 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))

    codes = [wait(child(lambda: run(target, text, out, Starving())))]
    before = lines(out)
    codes.append(wait(child(lambda: run(target, text, out))))
    return {"codes": codes, "before": before, "run": str(out)}


def interrupted(job: Callable[[Path], None], folder: Path) -> dict[str, Any]:
    """A run that gets Ctrl-C after its first label; a second process asks for it meanwhile."""
    for number in range(5):  # another try where the last unit was done before the stop
        out = folder / f"interrupted{number}"
        pid = child(lambda out=out: job(out))
        while not lines(out):
            time.sleep(0.01)
        os.kill(pid, signal.SIGSTOP)
        if len(lines(out)) < MANY - 2:
            break
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    second = wait(child(lambda: job(out)))
    os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGINT)
    codes = [wait(pid)]
    before = lines(out)
    codes.append(wait(child(lambda: job(out))))
    return {"owner": pid, "second": second, "codes": codes, "before": before, "run": str(out)}


def main() -> None:
    """Everything, in turn."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignore"
    folder, model, text = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    many, seed, llm = map(int, sys.argv[4:7])
    server, url = served()
    try:
        target = Target.load(model)

        def job(out: Path) -> None:
            run(target, text, out)

        def asking(out: Path) -> None:
            run(target, text, out, url=url)

        job(folder / "warm")
        found = {
            "kills": kills(job, folder, many, seed=seed),
            "llm": kills(asking, folder / "llm", llm, seed=seed + 1),
            "starved": starved(target, text, folder),
            "interrupted": interrupted(job, folder),
        }
        print(json.dumps(found))
    finally:
        os.kill(server, signal.SIGKILL)


if __name__ == "__main__":
    main()
