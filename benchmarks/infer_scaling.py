"""Inference with one and with two replicas on Ray, and with the local engine: time, ratio, and differing predictions.

Run: .venv/bin/python benchmarks/infer_scaling.py [--model DIR] [--profile FILE] [--questions FILE]

Seconds are those of answering, from timing.json, without the start of engines; the wall time is that of the command. On
a CPU, a single replica uses all cores, and two share them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from measure import Measured, measure, report

RUN = Path("runs/benchmarks/infer_scaling")
BATCH = 32
WAYS = {
    "local": (),
    "1 replica": ("--engine", "ray", "--replicas", "1"),
    "2 replicas": ("--engine", "ray", "--replicas", "2"),
}


def main() -> None:
    """Answer in each way, and print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="examples/tiny_base")
    parser.add_argument("--profile", default="infer/cpu-float32.yaml")
    parser.add_argument("--questions", default="examples/questions/held_out.json")
    options = parser.parse_args()
    RUN.mkdir(parents=True, exist_ok=True)
    print(f"load before: {os.getloadavg()[0]:.1f}")
    arguments = [options.profile, "--model", options.model, "--questions", options.questions]
    runs = {name: infer(name, [*arguments, *way]) for name, way in WAYS.items()}
    expected = predictions("local")
    rows = [
        {
            "way": name,
            "wall_seconds": run.seconds,
            **{key: timing(name)[key] for key in ("seconds", "questions_per_second", "prefix_cache_hit_rate")},
            "different": sum(a != b for a, b in zip(predictions(name), expected, strict=True)),
        }
        for name, run in runs.items()
    ]
    report(f"Inference with replicas, {len(expected)} questions in batches of {BATCH}", rows, RUN / "scaling.json")
    ratio = timing("1 replica")["seconds"] / timing("2 replicas")["seconds"]
    print(f"two replicas answer {ratio:.2f} times as fast as one; load after: {os.getloadavg()[0]:.1f}")


def infer(name: str, arguments: list[str]) -> Measured:
    """Run one way from nothing."""
    shutil.rmtree(folder(name), ignore_errors=True)
    shoptune = Path(sys.executable).with_name("shoptune")
    return measure(name, [shoptune, "infer", *arguments, "--set", f"batch_size={BATCH}", "--out", folder(name)])


def folder(name: str) -> Path:
    """The artifact of a way."""
    return RUN / name.replace(" ", "-")


def timing(name: str) -> dict[str, float]:
    """The timing.json of a way."""
    read: dict[str, float] = json.loads((folder(name) / "timing.json").read_text(encoding="utf-8"))
    return read


def predictions(name: str) -> list[str]:
    """The predictions of a way, in question order."""
    return (folder(name) / "predictions.jsonl").read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
