"""Answer questions with vLLM, and end: as shoptune does, and as a program does that leaves it all to Python.

Most of the difference is garbage collection: vLLM collects while it starts, and the interpreter when it ends. Both walk
all objects of the loaded libraries, unless they are frozen (shoptune/runtime/gc_tuning.py) or never taken apart
(shoptune/runtime/process.py).

Run: .venv/bin/python benchmarks/process.py
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from measure import best, measure, report

RUN = Path("runs/benchmarks/process")
RUNS = 3
PLAIN = """
from shoptune.cli import app
from shoptune.infer import engine
app.tune_garbage_collection = engine.freeze_loaded_objects = lambda: None
app.main()
"""
WAYS = {"plain Python": ["-c", PLAIN], "shoptune": ["-m", "shoptune"]}


def main() -> None:
    """Answer in both ways and print the table."""
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir(parents=True)
    python = Path(".venvs/infer/bin/python").absolute()
    asked = ["--model", "examples/tiny_base", "--questions", "examples/questions/development.json"]
    rows, answers = [], set()
    for name, program in WAYS.items():
        out = RUN / name.replace(" ", "-")
        runs = []
        for _ in range(RUNS):
            shutil.rmtree(out, ignore_errors=True)
            command = [python, "-W", "ignore", *program, "infer", "infer/cpu-float32.yaml", *asked, "--out", out]
            runs.append(measure(name, command))
        rows.append(best(runs))
        answers.add((out / "predictions.jsonl").read_bytes())
    if len(answers) > 1:
        sys.exit("the predictions differ")
    ratio = rows[0]["seconds"] / rows[1]["seconds"]  # type: ignore[operator]
    report(f"Start, answer 204 questions, end: {ratio:.2f} times as fast", rows, RUN / "process.json")


if __name__ == "__main__":
    main()
