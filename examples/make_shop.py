"""Make the made-up shop: raw files in every source's own format, and questions. Same bytes each time.

Run: .venv/bin/python -m examples.make_shop --out examples
"""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.shop.atomic_source import write_atomic
from examples.shop.catalog_sources import write_amazon_m2, write_esci
from examples.shop.instruct_sources import write_alpaca, write_ecinstruct
from examples.shop.instruct_variants import write_attributes
from examples.shop.mmlu_source import write_mmlu
from examples.shop.other_teams import write_ecguide, write_eshopinstruct
from examples.shop.questions import write_questions
from examples.shop.reviews_source import write_reviews2023
from examples.shop.world import World

SEED = "shoptune"
QUESTIONS_PER_TASK = {"development": 12, "held_out": 40}


def main() -> None:
    """Write `raw/` and `questions/` into the directory that --out names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out: Path = parser.parse_args().out
    world = World()
    raw = out / "raw"
    write_amazon_m2(world, raw / "amazon_m2", f"{SEED}/amazon_m2")
    write_esci(world, raw / "esci", f"{SEED}/esci")
    write_reviews2023(world, raw / "reviews2023", f"{SEED}/reviews2023")
    write_ecinstruct(world, raw / "ecinstruct", f"{SEED}/ecinstruct")
    write_mmlu(world, raw / "mmlu", f"{SEED}/mmlu")
    write_alpaca(world, raw / "alpaca", f"{SEED}/alpaca")
    write_attributes(world, raw / "attributes", f"{SEED}/attributes")
    write_atomic(world, raw / "atomic", f"{SEED}/atomic")
    write_ecguide(world, raw / "ecguide", f"{SEED}/ecguide")
    write_eshopinstruct(world, raw / "eshopinstruct", f"{SEED}/eshopinstruct")
    write_questions(world, out / "questions", f"{SEED}/questions", QUESTIONS_PER_TASK)


if __name__ == "__main__":
    main()
