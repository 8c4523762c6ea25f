"""benchmarks/measure.py counts the work of all processes of a command."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
_SECONDS = 0.3
# Work in a process of multiprocessing's fork server, which is not a child of the command itself.
_WORKER = f"""
import multiprocessing, time

def work():
    while time.process_time() < {_SECONDS}:
        pass

if __name__ == "__main__":
    process = multiprocessing.get_context("forkserver").Process(target=work)
    process.start()
    process.join()
"""


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, which other benchmarks import from their own folder."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import measure

    return measure


def test_the_processor_time_of_workers_counts(measure: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(_WORKER, encoding="utf-8")
    measured = measure.measure("work", [sys.executable, tmp_path / "script.py"])
    assert measured.cpu_seconds >= _SECONDS


def test_a_command_that_fails_is_an_error(measure: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="work failed:\nno such luck"):
        measure.measure("work", [sys.executable, "-c", "raise SystemExit('no such luck')"])
