"""The reference of benchmarks/data.py: ranking rows with a pandas merge and groupby, written as Parquet.

Run: .venvs/train/bin/python benchmarks/pandas_ranking.py FOLDER
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pandas as pd

GAINS = {"E": 1, "S": 0.1, "C": 0.01, "I": 0}
ITEMS, LABELS = 5, 2
PROMPT = (
    "Rank these 5 products for a customer who searches for '{query}'.\n{options}\nAnswer with a permutation.\nOutput: "
)


def main() -> None:
    """Merge, group by query, and render five products of each."""
    folder = Path(sys.argv[1])
    examples = pd.read_parquet(folder / "shopping_queries_dataset_examples.parquet")
    products = pd.read_parquet(
        folder / "shopping_queries_dataset_products.parquet", columns=["product_id", "product_locale", "product_title"]
    )
    joined = examples.merge(products, on=["product_id", "product_locale"])
    rng, rows = random.Random(0), []
    for _, group in joined.groupby(["product_locale", "query_id"], sort=False):
        if len(group) < ITEMS or group["esci_label"].nunique() < LABELS:
            continue
        # The first product of each label, then the second of each.
        nth = group.sort_values("product_id").groupby("esci_label").cumcount()
        chosen = group.assign(nth=nth).sort_values(["nth", "esci_label"]).head(ITEMS)
        listed = list(zip(chosen["product_title"], chosen["esci_label"], strict=True))
        rng.shuffle(listed)
        options = "\n".join(f"{number}. {title}" for number, (title, _) in enumerate(listed, start=1))
        rows.append(
            {
                "input_field": PROMPT.format(query=chosen["query"].iloc[0], options=options),
                "output_field": str([GAINS[label] for _, label in listed]),
            }
        )
    pd.DataFrame(rows).to_parquet("runs/benchmarks/pandas.parquet")
    print(len(rows))


if __name__ == "__main__":
    main()
