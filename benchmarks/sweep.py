"""A sweep of eleven alphas against a sweep of one, over the same questions: the engine starts once.

Run: .venv/bin/python benchmarks/sweep.py   (after `make demo`, whose adapters it merges)
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml
from measure import Measured, measure, report

RUN = Path("runs/benchmarks/sweep")
QUESTIONS = 96


def main() -> None:
    """Sweep both ways and print the table."""
    RUN.mkdir(parents=True, exist_ok=True)
    lines = Path("examples/questions/development.json").read_text(encoding="utf-8").splitlines(keepends=True)
    (RUN / "questions.json").write_text("".join(lines[:: len(lines) // QUESTIONS][:QUESTIONS]), encoding="utf-8")
    one, eleven = sweep("one alpha", [1.0]), sweep("eleven alphas", [number / 10 for number in range(11)])
    rows = [
        {"way": run.name, "seconds": run.seconds, "times one": run.seconds / one.seconds, "peak_gb": run.peak_gb}
        for run in (one, eleven)
    ]
    report(f"Sweep over {QUESTIONS} questions on the tiny model", rows, RUN / "sweep.json")


def sweep(name: str, alphas: list[float]) -> Measured:
    """Run one sweep from nothing."""
    values = yaml.safe_load(Path("merge/sweeps/demo.yaml").read_text(encoding="utf-8"))
    file, out = RUN / "sweep.yaml", RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    file.write_text(yaml.safe_dump(values | {"questions": str(RUN / "questions.json"), "alphas": alphas}))
    return measure(name, [Path(sys.executable).with_name("shoptune"), "sweep", file, "--out", out])


if __name__ == "__main__":
    main()
