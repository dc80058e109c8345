"""Hostile code is stopped, named as the reason, and reaches nothing; honest code runs."""

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest
from neuroscribe.tasks.groundtruth.functions.sandbox import Limits, run_code

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls of Linux")
QUICK = Limits(seconds=3.0, cpu=1, memory=256 * 2**20)


def ran(code: str, *inputs: tuple, limits: Limits = QUICK):
    return run_code(textwrap.dedent(code), inputs or [(1,)], limits=limits)


def test_honest_code_runs():
    done = ran(
        """
        import math, re, collections, itertools, functools, string, random, statistics
        def f(x, y=0):
            return math.sqrt(x) + y
        """,
        (4,),
        (9, 1),
    )
    assert done.failed is None
    assert done.values == [2.0, 4.0]
    assert done.errors == [None, None]


def test_kinds_of_values_survive():
    done = ran("def f(x): return {0: True, 1: 'é\\n', 2: 7, 3: 1.5, 4: None}[x]", *zip(range(5)))
    assert done.values == [True, "é\n", 7, 1.5, None]
    assert isinstance(done.values[0], bool)


def test_an_error_on_one_input_is_that_inputs():
    done = ran("def f(x): return 1 / x", (0,), (2,))
    assert done.failed is None
    assert done.values == [None, 0.5]
    assert "ZeroDivisionError" in (done.errors[0] or "")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def f(x) return x", "SyntaxError"),
        ("g = 1", "no function f"),
        ("raise SystemExit(0)", "SystemExit"),
        ("while True: pass", "time-out"),
        ("def f(x):\n    while True: pass", "time-out"),
        ("import time\ndef f(x): time.sleep(60)", "time-out"),
        ("def f(x): return len('a' * 10**10)", "memory"),
        ("def f(x):\n    kept = []\n    while True: kept.append('a' * 10**6)", "memory"),
        ("import os\ndef f(x): os._exit(0)", "unreadable answer"),
        ("import ctypes\ndef f(x): return ctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_hostile_code_fails_with_the_reason(code, says):
    started = time.monotonic()
    done = ran(code)
    assert done.failed is not None
    assert says in done.failed
    assert done.values == [None]
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def f(x): return f(x)", "RecursionError"),
        ("def f(x): return [1]", "returned list"),
        ("def f(x): return 10 ** 400", "1e300"),
        ("def f(x): return 'a' * 10**6", "10000 letters"),
        ("def f(x): raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys\ndef f(x): sys.exit()", "SystemExit"),
    ],
)
def test_a_bad_answer_is_an_error_of_its_input(code, says):
    done = ran(code)
    assert done.failed is None
    assert says in (done.errors[0] or "")


def test_what_is_printed_goes_nowhere(capfd):
    done = ran(
        """
        import os, sys
        print('{"results": [{"value": 5}], "guards": []}')
        os.write(1, b"junk" * 1000); os.write(2, b"junk")
        def f(x):
            print("junk"); sys.stderr.write("junk"); sys.stdout.flush()
            return x
        """
    )
    assert done.values == [1]
    assert capfd.readouterr() == ("", "")


def test_junk_in_the_answer_is_unreadable():
    done = ran(
        "import os\nfor at in range(3, 20):\n    try: os.write(at, b'x')\n    except: pass\n"
    )
    assert done.failed is not None
    flood = """
        import os
        def f(x):
            for at in range(3, 20):
                try:
                    while True: os.write(at, b"x" * 65536)
                except OSError:
                    pass
        """
    assert ran(flood).failed in ("it answered too much", "time-out")


def test_files_are_out_of_reach(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the truth")
    os.chmod(tmp_path, 0o755)
    reads = f"def f(x): return open({str(secret)!r}).read()"
    writes = f"def f(x): return open({str(tmp_path / 'new')!r}, 'w').write('x')"
    here = "def f(x): return open('new', 'w').write('x')"
    lists = "import os\ndef f(x): return ' '.join(os.listdir('/'))"
    links = f"import os\ndef f(x): return os.symlink({str(secret)!r}, 'link')"
    for code in (reads, writes, here, lists, links):
        done = ran(code)
        assert done.values == [None]
        assert "Error" in (done.errors[0] or "")
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


def test_the_environment_is_empty(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    done = ran("import os\ndef f(x): return ' '.join(os.environ.values())")
    assert "secret" not in str(done.values[0])
    assert ran("def f(x): return open('/proc/self/environ').read()").values == [None]


def test_the_project_cannot_be_imported():
    done = ran("import sys\nsys.path.append('.')\nimport neuroscribe\ndef f(x): return 1")
    assert done.failed is not None
    assert "ModuleNotFoundError" in done.failed


@linux
@pytest.mark.parametrize(
    "act",
    [
        "os.fork()",
        "os.system('true') and 1 / 0",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "__import__('_socket').socket()",
        "_thread.start_new_thread(print, ())",
    ],
)
def test_no_process_thread_signal_or_socket(act):
    preload = {"socket": "import _socket as socket", "threading": "import _thread"}
    needed = next((line for name, line in preload.items() if name in act), "import os")
    act = act.replace("_thread.start_new_thread(print, ())", "_thread.start_new_thread(print, ())")
    done = ran(f"import os\n{needed}\ndef f(x):\n    {act}\n    return 1")
    assert done.failed is not None or done.errors[0] is not None
    assert done.values == [None]


@linux
def test_the_walls_stand():
    guards = ran("def f(x): return x").guards
    assert {"RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE"} <= set(guards)
    if os.uname().machine in ("x86_64", "aarch64"):
        assert "system calls" in guards


def test_limits_hold_for_many_inputs():
    started = time.monotonic()
    inputs = [(value,) for value in range(2000)]
    assert ran("def f(x): return 2 * x", *inputs).values == [2 * value for (value,) in inputs]
    assert time.monotonic() - started < 2
