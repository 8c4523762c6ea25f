"""A teacher's tables in DuckDB: `teacher.NAME` for each, and the teacher's product types in place of the rule's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shoptune.data.recipe import Task
from shoptune.data.tables.teacher import PRODUCT_TYPES, SCHEMA, TeacherTables, texts_read
from shoptune.shopbench.provenance import PROVENANCE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PRODUCTS = "reviews_products"
_TYPE = re.compile(r"\bproduct_type\b")
# One answer per product, also if there are several samples.
_ANSWERS = f"""
    CREATE TEMP TABLE taught_types AS
    SELECT parent_asin, min(product_type) AS product_type, {{provenance}}
    FROM {SCHEMA}.{PRODUCT_TYPES} GROUP BY parent_asin"""
_TYPED = f"""
    CREATE VIEW {_PRODUCTS} AS
    SELECT listed.* REPLACE (
        CASE WHEN taught.parent_asin IS NULL THEN listed.product_type ELSE taught.product_type END AS product_type)
    FROM listed_products AS listed LEFT JOIN taught_types AS taught USING (parent_asin)"""
# The product of each record: a part of its key is that of the product, or of a review of it.
_WITH_PROVENANCE = """
    WITH record AS MATERIALIZED ({query}),
    about_products AS (
      SELECT DISTINCT ON (key) key AS about, parent_asin
      FROM (SELECT key, unnest(string_split(CAST(key AS VARCHAR), '/')[1:2]) AS part FROM record) JOIN (
        SELECT parent_asin AS part, parent_asin FROM reviews_products
        UNION ALL SELECT key, parent_asin FROM reviews) USING (part)
      ORDER BY key, parent_asin),
    teacher AS (SELECT min(teacher_model) AS model, min(prompt_version) AS version FROM taught_types)
    SELECT record.*, CASE WHEN about IS NULL THEN model ELSE taught.teacher_model END AS teacher_model,
           CASE WHEN about IS NULL THEN version ELSE taught.prompt_version END AS prompt_version,
           taught.answer_digest
    FROM record LEFT JOIN about_products AS product ON about = record.key
         LEFT JOIN taught_types AS taught ON taught.parent_asin = product.parent_asin CROSS JOIN teacher
    {order}"""


def create_teacher_tables(connection: DuckDBPyConnection, teacher: TeacherTables) -> None:
    """Create a view of each table. A table `product_types` takes precedence over the rule that finds product types.

    Args:
        connection: has the tables of the sources.
        teacher: the teacher's tables.
    """
    if teacher.tables:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    for name, table in teacher.tables.items():
        connection.execute(f"CREATE VIEW {SCHEMA}.{name} AS FROM {table.relation}")
    views = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    if PRODUCT_TYPES in teacher.tables and _PRODUCTS in views:
        connection.execute(_ANSWERS.format(provenance=", ".join(f"min({name}) AS {name}" for name in PROVENANCE)))
        connection.execute(f"ALTER VIEW {_PRODUCTS} RENAME TO listed_products")
        connection.execute(_TYPED)


def reads_product_types(task: Task) -> bool:
    """Whether a task's records depend on the types of Reviews 2023's products."""
    texts = texts_read(task.recipe.records, task.views)
    return any(_PRODUCTS in text for text in texts) and any(_TYPE.search(text) for text in texts)


def with_provenance(query: str, order: str, task: Task, teacher: TeacherTables) -> str:
    """Extend a query so that its records name the teacher's answer that gave their product type.

    Records about several products name the model and the version of the prompt only.

    Args:
        query: selects records, in order; its column `key` is unique.
        order: its `ORDER BY`.
        task: the task they are of.
        teacher: the teacher's tables.
    """
    if PRODUCT_TYPES not in teacher.tables or not reads_product_types(task):
        return query
    return _WITH_PROVENANCE.format(query=query, order=order)
