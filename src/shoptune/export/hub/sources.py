"""The licences of the public data sources, as their publishers state them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """A public source of data.

    Attributes:
        title: the name of the data set.
        license: its licence as an identifier of the Hub, or `unknown` if its publisher states none.
        page: where it is published.
        note: what the licence does not say.
    """

    title: str
    license: str
    page: str
    note: str = ""


UNKNOWN = "unknown"
_ORIGINS: Mapping[str, Origin] = {
    "alpaca": Origin(
        "Alpaca, cleaned", "cc-by-nc-4.0", "https://github.com/gururise/AlpacaDataCleaned", "no commercial use"
    ),
    "amazon_m2": Origin("Amazon-M2", "apache-2.0", "https://kddcup23.github.io"),
    "attributes": Origin(
        "AE-110K and OA-Mine", UNKNOWN, "https://github.com/xinyangz/OAMine", "texts of product pages; see the projects"
    ),
    "ecinstruct": Origin("ECInstruct", "cc-by-4.0", "https://huggingface.co/datasets/NingLab/ECInstruct"),
    "esci": Origin("Shopping Queries (ESCI)", "apache-2.0", "https://github.com/amazon-science/esci-data"),
    "mmlu": Origin("MMLU", "mit", "https://github.com/hendrycks/test"),
    "reviews2023": Origin(
        "Amazon Reviews 2023", UNKNOWN, "https://amazon-reviews-2023.github.io", "no licence is assigned; research use"
    ),
    "teacher": Origin("A language model", UNKNOWN, "", "see the section on rows written with a model"),
}


def origin_of(source: str) -> Origin:
    """Return the facts about a source; the license of your own tables is unknown."""
    return _ORIGINS.get(source, Origin(source, UNKNOWN, "", "not a public source that shoptune knows"))
