"""A warm interpreter runs commands like a cold one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import end
from tests.warm.interpreters import WarmInterpreters

_SHOW = """
import os, sys, fractions
print(sys.argv[1:], os.getcwd(), os.environ["COLOR"], sys.stdin.read(), __name__)
print("oops", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmInterpreters]:
    interpreters = WarmInterpreters(tmp_path_factory.mktemp("warm"), {"main": ("fractions",)})
    yield interpreters
    interpreters.close()


def _run(python: str | Path, *arguments: str, folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [python, *arguments], input="typed", capture_output=True, text=True, cwd=folder, check=False,
        env={**os.environ, "COLOR": "green"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_arguments_streams_and_status_are_those_of_a_cold_one(warm: WarmInterpreters, tmp_path: Path) -> None:
    (tmp_path / "show.py").write_text(_SHOW)
    for arguments in (["-W", "ignore", "-c", _SHOW, "a", "b c"], ["-m", "show", "a"], [str(tmp_path / "show.py"), "a"]):
        seen = _run(warm.python("main"), *arguments, folder=tmp_path)
        assert seen == _run(sys.executable, *arguments, folder=tmp_path)
        assert seen[0] == 3


def test_what_it_imported_is_never_collected(warm: WarmInterpreters, tmp_path: Path) -> None:
    script = (
        "import gc; gc.freeze(); before = gc.get_freeze_count(); gc.unfreeze(); print(gc.get_freeze_count() == before)"
    )
    assert _run(warm.python("main"), "-c", script, folder=tmp_path)[1] == "True\n"


_END = """
import atexit, sys, threading, time
atexit.register(print, "at the end")
threading.Thread(target=lambda: (time.sleep(0.2), print("in a thread"))).start()
print("here")
"""


@pytest.mark.parametrize("last", ["", "sys.exit()", "sys.exit(True)", "sys.exit(-1)", "sys.exit('no')", "1 / 0"])
def test_it_ends_as_a_cold_one_does(last: str, warm: WarmInterpreters, tmp_path: Path) -> None:
    status, output, errors = _run(warm.python("main"), "-c", _END + last, folder=tmp_path)
    cold = _run(sys.executable, "-c", _END + last, folder=tmp_path)
    assert (status, output) == cold[:2]
    assert errors.splitlines()[-1:] == cold[2].splitlines()[-1:]


def test_modules_are_imported_before_and_what_it_starts_is_warm(warm: WarmInterpreters, tmp_path: Path) -> None:
    look = "import sys; sys.exit('fractions' in sys.modules)"
    start = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {look!r}]))"
    assert _run(warm.python("main"), "-c", start, folder=tmp_path)[0] == 1
    assert _run(sys.executable, "-c", start, folder=tmp_path)[0] == 0


_SPAWN = """
import fractions, multiprocessing, os, sys, time
def work(pipe, here):
    pipe.send((here, sys.argv, "__mp_main__" in sys.modules))
    time.sleep(pipe.recv())
if __name__ == "__main__":
    spawn, (near, far) = multiprocessing.get_context("spawn"), multiprocessing.Pipe()
    process = spawn.Process(target=work, args=(far, "here"))
    process.start()
    print(near.recv())
    near.send(60)
    process.kill()
    process.join()
    print(process.exitcode, process.is_alive())
"""


def test_multiprocessing_spawns_warm_processes(warm: WarmInterpreters, tmp_path: Path) -> None:
    (tmp_path / "spawn.py").write_text(_SPAWN)
    seen = _run(warm.python("main"), "-W", "ignore", "spawn.py", "a", folder=tmp_path)
    assert seen == _run(sys.executable, "-W", "ignore", "spawn.py", "a", folder=tmp_path)
    look = _SPAWN.replace("import fractions, ", "import ").replace("sys.argv", "'fractions' in sys.modules")
    (tmp_path / "spawn.py").write_text(look)
    assert "True" in _run(warm.python("main"), "spawn.py", folder=tmp_path)[1].split(",")[1]
    assert "False" in _run(sys.executable, "spawn.py", folder=tmp_path)[1].split(",")[1]


def _started(warm: WarmInterpreters, script: str) -> tuple[subprocess.Popen[str], int]:
    """A process that prints its id and sleeps."""
    script = f"import os, signal, sys, time; {script}; print(os.getpid(), flush=True); time.sleep(60)"
    process = subprocess.Popen([warm.python("main"), "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, int(process.stdout.readline())


def test_a_signal_reaches_the_process(warm: WarmInterpreters) -> None:
    with _started(warm, "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))")[0] as process:
        process.terminate()
    assert process.returncode == 7
    with _started(warm, "pass")[0] as process:
        process.terminate()
    assert process.returncode == -signal.SIGTERM


def test_the_process_of_a_killed_client_is_killed(warm: WarmInterpreters) -> None:
    process, number = _started(warm, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    with process:
        process.kill()
    assert end([number], seconds=10)


def test_it_ends_with_the_test_run(tmp_path: Path) -> None:
    warm = WarmInterpreters(tmp_path, {"main": ()})
    _, number, _ = _run(warm.python("main"), "-c", "import os; print(os.getppid())", folder=tmp_path)
    warm.close()
    assert end([int(number)], seconds=10)
