"""Quantize on a CPU with huge pages in torch's allocator, as shoptune does, and without: same bytes, same memory.

AWQ's search for clips allocates and frees hundreds of megabytes at every step, which the kernel must clear each time.

Run: .venv/bin/python benchmarks/quantize.py
"""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path

from measure import best, measure, report

RUN = Path("runs/benchmarks/quantize")
RUNS = 2
SETTINGS = ("device=cpu", "calibration.max_samples=8", "calibration.max_length=256")


def main() -> None:
    """Quantize in both ways and print the table."""
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir(parents=True)
    base, questions = RUN / "base", RUN / "questions.json"
    measure("base", [sys.executable, "-m", "examples.make_rehearsal_base", base])
    lines = Path("examples/questions/development.json").read_text(encoding="utf-8").splitlines(keepends=True)
    questions.write_text("".join(lines[::6]), encoding="utf-8")
    settings = [f"model={base}", f"calibration.questions={questions}", *SETTINGS]
    command = [Path(sys.executable).with_name("shoptune"), "quantize", "quantize/awq-72b.yaml"]
    command += [part for setting in settings for part in ("--set", setting)]
    rows, digests = [], set()
    for name, huge_pages in (("usual pages", "0"), ("huge pages", "1")):
        out = RUN / name.replace(" ", "-")
        runs = []
        for _ in range(RUNS):
            shutil.rmtree(out, ignore_errors=True)
            runs.append(measure(name, [*command, "--out", out], THP_MEM_ALLOC_ENABLE=huge_pages))
        rows.append(best(runs))
        digests.add(_digest(out))
    if len(digests) > 1:
        sys.exit("the checkpoints differ")
    ratio = rows[0]["seconds"] / rows[1]["seconds"]  # type: ignore[operator]
    report(f"Quantize two layers of width 512, {ratio:.1f} times as fast", rows, RUN / "quantize.json")


def _digest(folder: Path) -> str:
    files = sorted(folder.glob("*.safetensors"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    main()
