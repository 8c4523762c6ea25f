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
    joined = examples.merge(products, on=["product_id", "product_locale"]).sort_values("product_id")
    query = ["product_locale", "query_id"]
    # The first product of each label, then the second of each: five of every query that has two labels.
    joined["nth"] = joined.groupby([*query, "esci_label"]).cumcount()
    joined = joined.sort_values([*query, "nth", "esci_label"]).groupby(query).head(ITEMS)
    groups = joined.groupby(query).agg({"query": "first", "product_title": list, "esci_label": list})
    rng, rows = random.Random(0), []
    for text, titles, labels in groups.itertuples(index=False):
        if len(titles) < ITEMS or len(set(labels)) < LABELS:
            continue
        listed = list(zip(titles, labels, strict=True))
        rng.shuffle(listed)
        options = "\n".join(f"{number}. {title}" for number, (title, _) in enumerate(listed, start=1))
        gains = str([GAINS[label] for _, label in listed])
        rows.append({"input_field": PROMPT.format(query=text, options=options), "output_field": gains})
    pd.DataFrame(rows).to_parquet("runs/benchmarks/pandas.parquet")
    print(len(rows))


if __name__ == "__main__":
    main()
