"""ESCI, the Shopping Queries data set: judgements of products for queries, in two Parquet files.

Judgements of the published test split are left out.

Tables: esci_judgements(query_id, query, locale, product_id, label, split), with label E, S, C or I;
esci_products(product_id, locale, title, description, bullets, brand, color, language);
esci_judged, the two joined; esci_query_types(query, product_type), the type that an English query ends with;
esci_sources(query_id, source), where a query is from, when its CSV is there.

Macro: names_most_of(text, query), whether a text holds all of up to three words of a query, or three quarters of more.
Only words of more than three letters or with digits count, and not their last letters.
"""

from __future__ import annotations

from shoptune.data.parsing.functions import register_functions
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*examples*.parquet", "*products*.parquet", "*sources*.csv")

_GARBLED = r"^(!|[0-9]+\.[0-9]+[a-z]{4})"  # `!awnmower tires`, `0.0womens glasses`
_JUDGEMENT = ("query_id", "query", "product_locale", "product_id", "esci_label", "split")
_PRODUCT = (
    "product_id",
    "product_locale",
    "product_title",
    "product_description",
    "product_bullet_point",
    "product_brand",
    "product_color",
)
_QUERY_TYPES = """
    SELECT query, product_type_of(query, NULL) AS product_type
    FROM (SELECT DISTINCT query FROM esci_judgements WHERE locale = 'us' AND query IS NOT NULL)
    WHERE product_type IS NOT NULL
    """


def register(reader: SourceReader) -> None:
    """Create the source's tables."""
    judgements, products = (reader.find(pattern) for pattern in FILES[:2])
    given = reader.parquet(judgements, _JUDGEMENT)
    reader.create(
        "esci_judgements",
        f"""
        SELECT query_id, trim(query) AS query, product_locale AS locale, product_id, esci_label AS label, split
        FROM {given} WHERE split IS DISTINCT FROM 'test' AND NOT regexp_matches(trim(query), '{_GARBLED}')
        """,
        sample_by="query_id",
        partition_by="locale",
    )
    reader.create(
        "esci_products",
        f"""
        SELECT product_id, product_locale AS locale, product_title AS title, product_description AS description,
               product_bullet_point AS bullets, product_brand AS brand, product_color AS color,
               CASE product_locale WHEN 'es' THEN 'es' WHEN 'jp' THEN 'ja' ELSE 'en' END AS language
        FROM {reader.parquet(products, _PRODUCT)}
        """,
        sample_by="product_id",
        partition_by="locale",
    )
    reader.keep_with("esci_products", "esci_judgements")
    _add_macros(reader)
    reader.join(
        "esci_judged",
        """
        SELECT * FROM esci_judgements JOIN esci_products USING (product_id, locale)
        WHERE title IS NOT NULL AND query IS NOT NULL
        """,
    )
    register_functions(reader.connection)
    reader.create("esci_query_types", _QUERY_TYPES)
    if origins := reader.find(FILES[2], optional=True):
        reader.csv(Table("esci_sources", origins, {"query_id": "BIGINT", "source": "VARCHAR"}))
        reader.create("esci_sources", "SELECT query_id, source FROM raw_esci_sources")
    reader.count_missing(
        "judgements of the published test split, which is not trained on",
        f"SELECT count(*) FROM {given} WHERE split = 'test'",
    )
    reader.count_missing(
        "judgements of products that are not listed",
        "SELECT count(*) FROM esci_judgements ANTI JOIN esci_products USING (product_id, locale)",
    )


def _add_macros(reader: SourceReader) -> None:
    """Compare queries with titles: judges disagree most about exact matches that do not name what the query does."""
    reader.macro(
        "words_named",
        """(text, query) AS list_transform(
            list_filter(string_split_regex(strip_accents(lower(query)), '[^\\p{L}\\p{N}]+'),
                        lambda word: length(word) > 3 OR regexp_matches(word, '[0-9]')),
            lambda word: contains(strip_accents(lower(text)), left(word, length(word) - (length(word) > 4)::INT)))""",
    )
    reader.macro(
        "names_most_of",
        """(text, query) AS len(words_named(text, query)) = 0 OR list_bool_and(words_named(text, query))
            OR (len(words_named(text, query)) > 3
                AND 4 * list_sum(list_transform(words_named(text, query), lambda each: each::INT))
                    >= 3 * len(words_named(text, query)))""",
    )
