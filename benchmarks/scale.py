"""Ingest and the whole of v8 on one million and on ten million reviews and products: time, memory, and their growth.

Run: .venv/bin/python benchmarks/scale.py [--sizes 1000000 10000000] [--workers 1 2]   (after `make setup`)
The raw files (0.13 GB per million, 2.6 GB when unpacked) are written to runs/benchmarks and deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from big_shop import write_big_shop
from measure import measure, report

RUN = Path("runs/benchmarks")
SHOPTUNE = Path(sys.executable).with_name("shoptune")
# The made-up shop has no development questions; its tokenizer is that of the tiny base.
SETTINGS = (
    "tokenizer=examples/tiny_base",
    "decontaminate_against=[examples/questions/development.json]",
    "decontaminate_items=false",  # they are about the same products
    "max_rejected=1",
)


def main() -> None:
    """Measure each size, and how much of the time each size takes is more than its share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    os.environ["SHOPTUNE_CACHE"] = str(RUN / "cache")
    rows: list[dict[str, object]] = []
    for size in options.sizes:
        rows += of_size(size, options.workers)
        for row in rows:
            first = next(other for other in rows if (other["step"], other["workers"]) == (row["step"], row["workers"]))
            linear = float(str(first["cpu_seconds"])) * int(str(row["records"])) / int(str(first["records"]))
            row["times linear"] = float(str(row["cpu_seconds"])) / linear
        report(f"Ingest and v8 at {size:,} reviews and as many products", rows, RUN / "scale.json")


def of_size(size: int, workers: list[int]) -> list[dict[str, object]]:
    """Write the raw files, ingest them, and build v8 from the tables with each number of workers."""
    folder = RUN / f"scale-{size}"
    raw, tables, out = folder / "raw", folder / "tables", folder / "rows"
    try:
        write_big_shop(raw, reviews=size, products=size)
        ingest = [SHOPTUNE, "data", "ingest", "--raw", raw, "--out", tables, "--workers", workers[-1], "--force"]
        found = [row("ingest", size, workers[-1], [str(part) for part in ingest])]
        shutil.rmtree(raw)
        for count in workers:
            settings = [part for change in (*SETTINGS, f"workers={count}") for part in ("--set", change)]
            build = [SHOPTUNE, "data", "build", "data_recipes/mixtures/v8.yaml", "--tables", tables, "--out", out]
            found.append(row("build v8", size, count, [*map(str, build), *settings, "--force"]))
            found[-1]["rows"] = json.loads((out / "stats.json").read_text(encoding="utf-8"))["rows"]
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cores(number: int) -> list[int]:
    """The cores that this number of workers may use: DuckDB would give a single worker all of them."""
    return sorted(os.sched_getaffinity(0))[:number]


def row(step: str, size: int, workers: int, command: list[str]) -> dict[str, object]:
    """One line of the table."""
    measured = measure(step, ["taskset", "--cpu-list", ",".join(map(str, cores(workers))), *command])
    figures = {"seconds": measured.seconds, "cpu_seconds": measured.cpu_seconds, "peak_gb": measured.peak_gb}
    return {"step": step, "records": size, "workers": workers, **figures, "rows": ""}


if __name__ == "__main__":
    main()
