"""Constrained against free decoding: seconds that the engine is busy, and the scores of both.

Run: .venv/bin/python benchmarks/constraints.py [--repeat 3]   (after `make demo`, whose merged model answers)
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from measure import measure, report

RUN = Path("runs/benchmarks/constraints")
SHOPTUNE = Path(sys.executable).with_name("shoptune")
MODEL, QUESTIONS = Path("runs/demo/merged"), Path("examples/questions/development.json")
FREE = ["multiple_choice=false", "retrieval=false", "ranking=false", "entity_bias=0"]


def main() -> None:
    """Answer both ways in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat: int = parser.parse_args().repeat
    ways = {"free": [f"constraints.{setting}" for setting in FREE], "constrained": []}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, settings in ways.items():
            seconds[way].append(answer(way, settings))
    fastest = {way: min(times) for way, times in seconds.items()}
    rows = [
        {"way": way, "seconds": fastest[way], "times free": fastest[way] / fastest["free"], "score": score(way)}
        for way in ways
    ]
    report(f"{MODEL} over {QUESTIONS}", rows, RUN / "constraints.json")


def answer(way: str, settings: list[str]) -> float:
    """Answer all questions and give the seconds that the engine took, its start not counted."""
    out = RUN / way
    shutil.rmtree(out, ignore_errors=True)
    changes = [part for setting in ["repair=false", *settings] for part in ("--set", setting)]
    where = ["--model", MODEL, "--questions", QUESTIONS, "--out", out]
    measure(way, [SHOPTUNE, "infer", "infer/cpu-float32.yaml", *where, *changes])
    return float(json.loads((out / "timing.json").read_text(encoding="utf-8"))["seconds"])


def score(way: str) -> float:
    """The mean score over questions."""
    out = RUN / f"{way}-scores"
    measure(way, [SHOPTUNE, "evaluate", RUN / way / "predictions.jsonl", "--questions", QUESTIONS, "--out", out])
    return float(json.loads((out / "scores.json").read_text(encoding="utf-8"))["overall"]["by_question"])


if __name__ == "__main__":
    main()
