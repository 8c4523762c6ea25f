"""The words that `esci_entities.yaml` finds in queries, as customers of three locales type them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from shoptune.config import read_yaml

RECIPE = Path(__file__).parents[2] / "data_recipes" / "esci_entities.yaml"
QUERIES = [
    ("us", "mens short sleeved business shirts", {"audience": "mens"}),
    ("us", "women long sleeved casual shirts", {"audience": "women"}),
    ("us", "toddler boy rain boots size 6", {"audience": "toddler boy"}),
    ("us", "3m 1080 vinyl wrap", {"composition": "vinyl"}),
    ("us", "stainless steel water bottle 32 oz", {"composition": "stainless steel", "capacity": "32 oz"}),
    ("us", "faux leather jacket women's", {"composition": "faux leather", "audience": "women's"}),
    ("us", "24 inch bar stools set of 4", {"size": "24 inch", "quantity": "set of 4"}),
    ("us", "king size comforter", {"size": "king size"}),
    ("us", "5x7 area rug", {"size": "5x7"}),
    ("us", "1tb external hard drive", {"capacity": "1tb"}),
    ("us", "aa batteries 48 pack", {"quantity": "48 pack"}),
    ("us", "iphone 12 case", {}),
    ("us", "menswear magazine", {}),
    ("es", "zapatillas mujer", {"audience": "mujer"}),
    ("es", "botella acero inoxidable 1 litro", {"composition": "acero inoxidable", "capacity": "1 litro"}),
    ("es", "alfombra 200 cm", {"size": "200 cm"}),
    ("jp", "レディース 本革 財布", {"audience": "レディース", "composition": "本革"}),
    ("jp", "水筒 ステンレス 500ml", {"composition": "ステンレス", "capacity": "500ml"}),
]


@pytest.mark.parametrize(("locale", "query", "expected"), QUERIES, ids=[query for _, query, _ in QUERIES])
def test_queries_name_what_they_name(locale: str, query: str, expected: dict[str, str]) -> None:
    words = read_yaml(RECIPE)["views"]["query_words"]
    found = duckdb.execute(
        f"SELECT entity_type, trim(regexp_extract($query, pattern)) FROM ({words}) "
        "WHERE locale = $locale AND regexp_matches($query, pattern)",
        {"query": query, "locale": locale},
    ).fetchall()
    assert dict(found) == expected
