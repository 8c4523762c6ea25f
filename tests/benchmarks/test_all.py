"""All benchmarks can be imported, and `make bench` runs all of them."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_a_benchmark_imports(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if script.stem == "pandas_ranking":
        pytest.importorskip("pandas", reason="pandas is in the train environment")
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    assert runpy.run_path(str(script), run_name="imported")


def test_bench_runs_every_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = runpy.run_path(str(ROOT / "benchmarks" / "all.py"), run_name="imported")["commands"]()
    # The others are modules imported by these, or scripts that benchmarks/data.py runs with arguments.
    shared = {"all", "big_shop", "checkpoints", "measure", "pandas_ranking", "bare_scan", "synthetic", "with_orphans"}
    assert {Path(script).stem for _, script in commands} == {script.stem for script in SCRIPTS} - shared
