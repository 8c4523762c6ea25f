"""The data stage on raw files of real size: 130 000 ranking rows of ESCI, and a sample of a large review file.

Run: .venv/bin/python benchmarks/data.py [--repeat 1] [--lines 10000000] [--only esci|reviews]   (after `make setup`)
The raw files are made up, of the real sets' shape and size; they are written once, to runs/benchmarks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from measure import Measured, best, measure, report
from synthetic import write_esci, write_reviews

RUN = Path("runs/benchmarks")
SHOPTUNE = Path(sys.executable).with_name("shoptune")
PANDAS = Path(".venvs/train/bin/python")  # core has no pandas
RANKING_ROWS = 130_000
SAMPLED = 100_000


def main() -> None:
    """Run both benchmarks and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--only", choices=["esci", "reviews"])
    options = parser.parse_args()
    if options.only != "reviews":
        esci(options.repeat)
    if options.only != "esci":
        reviews(options.repeat, options.lines)


def esci(repeat: int) -> None:
    """130 000 ranking rows, cleaned, deduplicated, decontaminated, written; pandas only merges, groups and renders."""
    raw = write_esci(RUN / "raw", judgements=2_600_000, products=1_800_000)
    ours, columns = [], []
    for _ in range(repeat):
        ours.append(build("shoptune data build", raw, "esci_query_product_ranking", RANKING_ROWS))
        columns.append(pandas(raw, "columns"))
    rows = [best(ours), best(columns), best([pandas(raw, "loop")])]
    made = json.loads((RUN / "rows" / "stats.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        row["rows/s"] = made / float(str(row["seconds"]))
        row["times ours"] = float(str(row["seconds"])) / float(str(rows[0]["seconds"]))
    report(f"{made} ranking rows from 2.6M judgements of 1.8M products", rows, RUN / "data-esci.json")


def reviews(repeat: int, lines: int) -> None:
    """A sample of 100 000 reviews, drawn while the file is read, against DuckDB's bare scan of the same columns."""
    table = []
    for count in (lines // 10, lines):
        raw = write_reviews(RUN / f"raw-{count}", lines=count, products=50_000)
        scans, samples = [], []
        for _ in range(repeat):
            scans.append(measure("bare scan", [sys.executable, "benchmarks/review_sample.py", raw, "scan"]))
            samples.append(measure("sample", [sys.executable, "benchmarks/review_sample.py", raw, str(SAMPLED)]))
        rows = [best(scans), best(samples)]
        for row in rows:
            row["times scan"] = float(str(row["seconds"])) / float(str(rows[0]["seconds"]))
            table.append({"lines": count, **row})
    report(f"{SAMPLED} of many reviews, in one pass", table, RUN / "data-reviews.json")


def pandas(raw: Path, how: str) -> Measured:
    """The reference."""
    return measure(f"pandas, {how}", [PANDAS, "benchmarks/pandas_ranking.py", raw / "esci", how])


def build(name: str, raw: Path, task: str, rows: int) -> Measured:
    """Build the rows of one task, from nothing."""
    out = RUN / "rows"
    shutil.rmtree(out, ignore_errors=True)
    changes = [f"tasks={{{task}: {rows}}}", "when_short=shrink", "max_rejected=0.9", "max_tokens=2048"]
    settings = [part for change in changes for part in ("--set", change)]
    mixture = "data_recipes/mixtures/demo-a.yaml"
    return measure(name, [SHOPTUNE, "data", "build", mixture, "--raw", raw, "--out", out, *settings])


if __name__ == "__main__":
    main()
