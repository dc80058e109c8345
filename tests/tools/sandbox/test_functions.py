"""Hostile code is stopped, named as the reason, and reaches nothing; honest code runs."""

import signal
import threading
import time

import pytest
from neuroscribe.tools.cancellation import Stopped, stoppable
from neuroscribe.tools.sandbox.functions import Limits, Ran, run_code
from neuroscribe.tools.sandbox.programs import run_program

QUICK = Limits(seconds=1.0, memory=256 * 2**20)


def ran(code: str, *inputs: tuple) -> Ran:
    return run_code(code, inputs or [(1,)], limits=QUICK)


def test_honest_code_runs():
    imports = "import math, re, collections, itertools, functools, string, random"
    code = f"{imports}\ndef f(x, y=0): return math.sqrt(x) + y + len(string.digits)"
    done = ran(code, (4,), (9, 1))
    assert (done.failed, done.values, done.errors) == (None, [12.0, 14.0], [None, None])
    done = ran("def f(x): return {0: True, 1: 'é\\n', 2: 7, 3: 1.5, 4: None}[x]", *zip(range(5)))
    assert done.values == [True, "é\n", 7, 1.5, None]
    assert isinstance(done.values[0], bool)
    done = ran("def f(x): return 1 / x", (0,), (2,))  # an error on one input is that input's
    assert (done.failed, done.values) == (None, [None, 0.5])
    assert "ZeroDivisionError" in (done.errors[0] or "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(x) return x", "SyntaxError"),
        ("g = 1", "no function f"),
        *(
            (f"import {name}\ndef f(x): return 1", "ModuleNotFoundError")
            for name in ("neuroscribe", "ctypes", "socket", "subprocess")
        ),
        ("while True: pass", "time-out"),
        ("def f(x):\n    while True: pass", "time-out"),
        (
            "def f(x):\n  while True:\n    try:\n      1 / 0\n    except BaseException: pass",
            "time-out",
        ),
        ("import time\ndef f(x): time.sleep(60)", "time-out"),
        ("def f(x): return len('a' * 10**10)", "memory"),
        ("def f(x):\n    kept = []\n    while True: kept.append('a' * 10**6)", "memory"),
    ],
)
def test_hostile_code_fails_with_the_reason(code, reason):
    started = time.monotonic()
    done = ran(code)
    assert reason in (done.failed or "")
    assert done.values == [None]
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(x): return f(x)", "RecursionError"),
        ("def f(x): return [1]", "returned list"),
        ("def f(x): return 10 ** 400", "1e300"),
        ("def f(x): return 'a' * 10**6", "10000 letters"),
        ("def f(x): raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import os\ndef f(x): return os.system('true')", "Error"),
        ("def f(x): return __import__('os')", "Error"),
        ("def f(x): return (1).__class__.__base__.__subclasses__()", "Error"),
    ],
)
def test_a_bad_answer_is_an_error_of_its_input(code, reason):
    done = ran(code)
    assert done.failed is None
    assert done.values == [None]
    assert reason in (done.errors[0] or "")


def test_what_is_printed_goes_nowhere_and_results_cannot_be_forged(capfd):
    done = ran("print('junk')\ndef f(x):\n    print('junk' * 10000)\n    return x")
    assert done.values == [1]
    assert capfd.readouterr() == ("", "")
    code = "def f(x):\n    global _results\n    _results = [[None, 5]] * 9\n    return 1"
    assert 5 not in ran(code, (1,), (2,)).values


def test_files_and_the_environment_are_out_of_reach(tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("the truth")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    for act in (
        f"open({str(secret)!r}).read()",
        f"open({str(tmp_path / 'new')!r}, 'w').write('x')",
        "' '.join(os.listdir('/'))",
        "open('/proc/self/environ').read()",
        "os.environ['OPENAI_API_KEY']",
        "os.getenv('OPENAI_API_KEY')",
    ):
        done = ran(f"import os\ndef f(x): return {act}")
        assert done.values == [None], act
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


def test_limits_hold_for_many_inputs():
    started = time.monotonic()
    inputs = [(value,) for value in range(2000)]
    assert ran("def f(x): return 2 * x", *inputs).values == [2 * value for (value,) in inputs]
    assert time.monotonic() - started < 3


ENDLESS = "def f(x):\n    while True: pass\n"


@pytest.mark.parametrize(
    "run", [lambda: run_code(ENDLESS, [(1,)]), lambda: run_program(f"{ENDLESS}f(1)", (), print)]
)
def test_ctrl_c_and_a_stop_end_it_within_a_second(run):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run()
        assert time.monotonic() - started < 1.2
    finally:
        signal.signal(signal.SIGINT, before)
    started = time.monotonic()
    with pytest.raises(Stopped), stoppable(lambda: time.monotonic() - started > 0.2):
        run()
    assert time.monotonic() - started < 1.2
