"""The data stage on raw files of real size: ranking rows and all tasks of ESCI, and rows from a sample of many reviews.

Run: .venv/bin/python benchmarks/data.py [--repeat 1] [--lines 10000000] [--only esci|tasks|reviews], after `make setup`
The raw files are made up, of the real sets' shape and size; they are written once, to runs/benchmarks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import yaml
from measure import Measured, best, measure, report
from synthetic import write_esci, write_reviews

RUN = Path("runs/benchmarks")
SHOPTUNE = Path(sys.executable).with_name("shoptune")
PANDAS = Path(".venvs/train/bin/python")  # core has no pandas
ESCI_SIZE = {"judgements": 2_600_000, "products": 1_800_000}
RANKING_ROWS = 130_000
TASK_ROWS = 20_000
SAMPLED = 100_000


def main() -> None:
    """Run both benchmarks and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--only", choices=["esci", "tasks", "reviews"])
    options = parser.parse_args()
    os.environ["SHOPTUNE_CACHE"] = str(RUN / "cache")
    if options.only in {None, "esci"}:
        esci(options.repeat)
    if options.only in {None, "tasks"}:
        esci_tasks()
    if options.only in {None, "reviews"}:
        reviews(options.repeat, options.lines)


def esci(repeat: int) -> None:
    """130 000 ranking rows, cleaned, deduplicated, decontaminated, written; pandas only merges, groups and renders."""
    raw = write_esci(RUN / "raw", **ESCI_SIZE)
    ours, columns = [], []
    for _ in range(repeat):
        ours.append(build("shoptune data build", {"esci_query_product_ranking": RANKING_ROWS}, "--raw", raw))
        columns.append(pandas(raw, "columns"))
    rows = [best(ours), best(columns), best([pandas(raw, "loop")])]
    made = json.loads((RUN / "rows" / "stats.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        row["rows/s"] = made / float(str(row["seconds"]))
        row["times ours"] = float(str(row["seconds"])) / float(str(rows[0]["seconds"]))
    report(f"{made} ranking rows from 2.6M judgements of 1.8M products", rows, RUN / "data-esci.json")


def esci_tasks() -> None:
    """Rows of every task on ESCI, on files of the real size."""
    raw = write_esci(RUN / "raw", **ESCI_SIZE)
    recipes = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(Path("data_recipes").glob("*.yaml"))]
    tasks = [task["name"] for recipe in recipes if recipe["source"] == "esci" for task in recipe["tasks"]]
    measured = build(f"{len(tasks)} tasks", dict.fromkeys(tasks, TASK_ROWS), "--raw", raw)
    made = json.loads((RUN / "rows" / "stats.json").read_text(encoding="utf-8"))["rows"]
    report(
        f"{TASK_ROWS} rows of every task on ESCI", [{**best([measured]), "rows": made}], RUN / "data-esci-tasks.json"
    )


def reviews(repeat: int, lines: int) -> None:
    """Ingest a file of reviews, and build rows from a sample of the tables, against DuckDB's bare scan of the file."""
    table = []
    for count in (lines // 10, lines):
        raw = write_reviews(RUN / f"raw-{count}", lines=count, products=50_000)
        tables = RUN / f"tables-{count}"
        ingest = [SHOPTUNE, "data", "ingest", "--raw", raw, "--out", tables, "--source", "reviews2023", "--force"]
        scans, ingests, builds = [], [], []
        for _ in range(repeat):
            scans.append(measure("bare scan", [sys.executable, "benchmarks/bare_scan.py", raw]))
            ingests.append(measure("ingest", ingest))
            sample = ["--set", f"sample={{reviews: {SAMPLED}}}", "--tables", tables]
            builds.append(build("build from a sample", {"review_rating": SAMPLED // 10}, *sample))
        rows = [best(scans), best(ingests), best(builds)]
        for row in rows:
            row["times scan"] = float(str(row["seconds"])) / float(str(rows[0]["seconds"]))
            table.append({"lines": count, **row})
    report(f"{SAMPLED} of many reviews", table, RUN / "data-reviews.json")


def pandas(raw: Path, how: str) -> Measured:
    """The reference."""
    return measure(f"pandas, {how}", [PANDAS, "benchmarks/pandas_ranking.py", raw / "esci", how])


def build(name: str, tasks: dict[str, int], *arguments: str | Path) -> Measured:
    """Build rows of tasks, from raw files that are not in the cache or from tables."""
    out = RUN / "rows"
    for leftover in (out, Path(os.environ["SHOPTUNE_CACHE"]) / "tables"):
        shutil.rmtree(leftover, ignore_errors=True)
    changes = [f"tasks={json.dumps(tasks)}", "when_short=shrink", "max_rejected=0.9", "max_tokens=2048"]
    settings = [part for change in changes for part in ("--set", change)]
    mixture = "data_recipes/mixtures/demo-a.yaml"
    return measure(name, [SHOPTUNE, "data", "build", mixture, "--out", out, *settings, *arguments])


if __name__ == "__main__":
    main()
