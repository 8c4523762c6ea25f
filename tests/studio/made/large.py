"""A build of 100,000 rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from shoptune.artifacts.manifest import Request
from shoptune.shopbench.rows import SCHEMA
from tests.publishing import make as publish

ROWS = 100_000
_QUERY = f"""
SELECT
    'Which category does product ' || n || ' belong to?' || repeat(' It is a long description.', 20) AS input_field,
    (n % 4)::VARCHAR AS output_field,
    'multiple-choice' AS task_type,
    'task_' || n % 20 AS task_name,
    'accuracy' AS metric,
    'amazon-kdd-cup-24-understanding-shopping-concepts' AS track,
    true AS is_multiple_choice,
    'source_' || n % 5 AS source,
    ['en', 'de', 'fr'][1 + n % 3] AS language,
    'row-' || n AS row_id,
    'group-' || n AS group_id,
    [{{'role': 'user', 'content': input_field}}, {{'role': 'assistant', 'content': output_field}}] AS messages
FROM range({ROWS}) AS numbers(n)
"""


def make(run: Path, examples: Path) -> None:
    """Publish `data-large`."""

    def fill(folder: Path) -> None:
        with duckdb.connect() as database:
            database.execute(f"COPY ({_QUERY}) TO '{folder}/train-00000-of-00001.parquet' (COMPRESSION zstd)")

    publish(Request("data", {"mixture": {}, "columns": SCHEMA.names}, {}), run / "data-large", fill)
