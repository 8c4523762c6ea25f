"""Write 1,212 more questions about the made-up shop, to compare ways of quantizing; none is in examples/questions.

Run: .venv/bin/python -m examples.make_grid_questions runs/grid/questions.json
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from examples.make_shop import SEED
from examples.shop.questions import TASKS, question_line
from examples.shop.world import World

_PER_TASK = 75
_TRIES = 3000  # explanations run out after a dozen more


def main(file: Path) -> None:
    """Write the questions, in the development format."""
    shipped = (Path(__file__).parent / "questions").glob("*.json")
    seen = {json.loads(line)["input_field"] for path in sorted(shipped) for line in path.open(encoding="utf-8")}
    world, rng = World(), random.Random(f"{SEED}/questions/grid")
    lines = []
    for name in TASKS:
        made = 0
        for _ in range(_TRIES):
            if made == _PER_TASK:
                break
            line = question_line(world, rng, name)
            if line["input_field"] not in seen:
                seen.add(str(line["input_field"]))
                lines.append(json.dumps(line, ensure_ascii=False) + "\n")
                made += 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
