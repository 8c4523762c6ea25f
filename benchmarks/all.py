"""Run every benchmark with the interpreter that its docstring names; figures are printed and kept in runs/benchmarks.

Run: .venv/bin/python benchmarks/all.py   (after `make demo`, whose artifacts some need)
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# Scripts that need arguments are parts of other benchmarks.
_RUN = re.compile(r"^Run: (?P<python>\S+) (?P<script>benchmarks/\w+\.py)(?: +[\[(]|$)", re.MULTILINE)


def commands() -> list[list[str]]:
    """The command of every benchmark but this one, in the order of their names."""
    found = []
    for file in sorted(FOLDER.glob("*.py")):
        described = _RUN.search(ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "")
        if described and file != Path(__file__):
            found.append([described["python"], described["script"]])
    return found


def main() -> None:
    """Run them one after the other; one that fails does not keep the others from running."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    failed = [script for python, script in commands() if subprocess.run([python, script], check=False).returncode]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
