"""The references of benchmarks/data.py: ranking rows with a pandas merge and groupby, written as Parquet.

Run: .venvs/train/bin/python benchmarks/pandas_ranking.py FOLDER loop|columns
`loop` handles the groups one by one, `columns` sorts and counts all groups together.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

GAINS = {"E": 1, "S": 0.1, "C": 0.01, "I": 0}
ITEMS, LABELS = 5, 2
PROMPT = (
    "Rank these 5 products for a customer who searches for '{query}'.\n{options}\nAnswer with a permutation.\nOutput: "
)


QUERY = ["product_locale", "query_id"]
Group = tuple[str, list[str], list[str]]  # query, titles and labels of five products


def main() -> None:
    """Merge, group by query, and render five products of each."""
    folder, how = Path(sys.argv[1]), sys.argv[2]
    examples = pd.read_parquet(folder / "shopping_queries_dataset_examples.parquet")
    products = pd.read_parquet(
        folder / "shopping_queries_dataset_products.parquet", columns=["product_id", "product_locale", "product_title"]
    )
    joined = examples.merge(products, on=["product_id", "product_locale"])
    rows = list(rendered(by_loop(joined) if how == "loop" else by_columns(joined)))
    pd.DataFrame(rows).to_parquet("runs/benchmarks/pandas.parquet")
    print(len(rows))


def by_loop(joined: pd.DataFrame) -> Iterator[Group]:
    """The first product of each label, then the second of each: five of every query."""
    for _, group in joined.groupby(QUERY, sort=False):
        ordered = group.sort_values("product_id")
        nth = ordered.groupby("esci_label").cumcount()
        chosen = ordered.assign(nth=nth).sort_values(["nth", "esci_label"]).head(ITEMS)
        yield chosen["query"].iloc[0], chosen["product_title"].tolist(), chosen["esci_label"].tolist()


def by_columns(joined: pd.DataFrame) -> Iterator[Group]:
    """The same for all queries together."""
    joined = joined.sort_values("product_id")
    joined["nth"] = joined.groupby([*QUERY, "esci_label"]).cumcount()
    chosen = joined.sort_values([*QUERY, "nth", "esci_label"]).groupby(QUERY).head(ITEMS)
    groups = chosen.groupby(QUERY).agg({"query": "first", "product_title": list, "esci_label": list})
    yield from groups.itertuples(index=False)


def rendered(groups: Iterable[Group]) -> Iterator[dict[str, str]]:
    """A question and its gains for each query that has two labels."""
    rng = random.Random(0)
    for query, titles, labels in groups:
        if len(titles) < ITEMS or len(set(labels)) < LABELS:
            continue
        listed = list(zip(titles, labels, strict=True))
        rng.shuffle(listed)
        options = "\n".join(f"{number}. {title}" for number, (title, _) in enumerate(listed, start=1))
        gains = str([GAINS[label] for _, label in listed])
        yield {"input_field": PROMPT.format(query=query, options=options), "output_field": gains}


if __name__ == "__main__":
    main()
