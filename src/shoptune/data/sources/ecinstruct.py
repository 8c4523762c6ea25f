"""ECInstruct: one JSON array of ten tasks; `input` is a JSON object in a text, `options` a list in a text, or null.

Some lists are printed Python lists, not JSON. Options carry their letter: `A: very positive`.

Table: ecinstruct(key, split, task, instruction, input, fields, options, letters, output): `fields` is the input as JSON
(null when it is plain text), `options` the options without their letters, and `answer_index` the place of the option
that `output` names, from 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = """{split: 'VARCHAR', task: 'VARCHAR', setting: 'VARCHAR', instruction: 'VARCHAR', input: 'VARCHAR',
               options: 'VARCHAR', output: 'VARCHAR'}"""
# The items of a printed list, whether quoted as JSON or as Python does.
_ITEM = r""""((?:[^"\\]|\\.)*)"|''((?:[^''\\]|\\.)*)''"""


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's table."""
    connection.execute(f"""
        CREATE MACRO listed(text) AS CASE
            WHEN json_valid(text) THEN TRY_CAST(text AS VARCHAR[])
            ELSE list_transform(regexp_extract_all(text, '{_ITEM}'), lambda item: item[2:-2]) END;
        CREATE VIEW ecinstruct AS
        SELECT md5(concat_ws('|', task, instruction, input, options, output)) AS key, split, task, instruction, input,
               CASE WHEN json_valid(input) AND input LIKE '{{%' THEN CAST(input AS JSON) END AS fields,
               list_transform(listed(options), lambda item: regexp_replace(item, '^[A-Z]: ?', '')) AS options,
               CASE WHEN options IS NOT NULL AND regexp_matches(trim(output), '^[A-Z](:|$)')
                    THEN ascii(trim(output)) - ascii('A') END AS answer_index,
               output
        FROM read_json({quoted(find(directory, "*.json"))}, columns = {_COLUMNS})
        WHERE split IS DISTINCT FROM 'test'
        """)
