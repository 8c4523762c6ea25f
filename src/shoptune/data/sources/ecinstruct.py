"""ECInstruct: one JSON array of ten tasks; `input` is a JSON object in a text, `options` a list in a text, or null.

The files of a single task, `<Task>/<setting>/<split>.json`, have no fields `task` and `split`: their path says them.
Some lists are printed Python lists, not JSON, and Python writes `NaN` into some objects. Options carry their letter:
`A: very positive`. The same sample appears under several settings with other instructions: it is one row here.

Table: ecinstruct(key, task, input, fields, options, lettered, answer_index, output, instructions): `fields` is the
input as JSON (null when it is plain text), `options` the options without their letters, `lettered` the options as they
are, and `answer_index` the place of the option that `output` names, from 0. `instructions` are all of a sample.
"""

from __future__ import annotations

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*.json",)

_COLUMNS = dict.fromkeys(("split", "task", "setting", "instruction", "input", "options", "output"), "VARCHAR")
_TASKS = (
    "Answer_Generation",
    "Answerability_Prediction",
    "Attribute_Value_Extraction",
    "Multiclass_Product_Classification",
    "Product_Matching",
    "Product_Relation_Prediction",
    "Product_Substitute_Identification",
    "Query_Product_Rank",
    "Sentiment_Analysis",
    "Sequential_Recommendation",
)
# The items of a printed list, whether quoted as JSON or as Python does.
_ITEM = r""""((?:[^"\\]|\\.)*)"|''((?:[^''\\]|\\.)*)''"""


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    reader.json_array(Table("ecinstruct", reader.find(*FILES), _COLUMNS, ("input", "output")))
    reader.connection.execute(f"""
        UPDATE raw_ecinstruct SET
            task = coalesce(task, nullif(regexp_extract(filename, '{"|".join(_TASKS)}'), '')),
            split = coalesce(split, regexp_extract(parse_filename(filename), '^(train|val|test)'))
        """)
    reader.set_aside("ecinstruct", "task IS NULL", "no field `task`, and the file's path names no task of ECInstruct")
    reader.macro(
        "listed",
        f"""(text) AS CASE
            WHEN json_valid(text) THEN TRY_CAST(text AS VARCHAR[])
            ELSE list_transform(regexp_extract_all(text, '{_ITEM}'),
                                lambda item: replace(item[2:-2], '\\''', '''')) END
        """,
    )
    reader.create(
        "ecinstruct",
        """
        SELECT md5(concat_ws('|', task, input, options, output)) AS key, task, input,
               CASE WHEN input LIKE '{%' AND json_valid(input) THEN CAST(input AS JSON) END AS fields,
               list_transform(listed(options), lambda item: regexp_replace(item, '^[A-Z]: ?', '')) AS options,
               CASE WHEN options IS NOT NULL AND regexp_matches(trim(output), '^[A-Z](:|$)')
                    THEN ascii(trim(output)) - ascii('A') END AS answer_index,
               output, options AS lettered, instructions
        FROM (SELECT task, regexp_replace(input, ': NaN([,}])', ': null\\1', 'g') AS input, options, output,
                     coalesce(list(DISTINCT instruction ORDER BY instruction) FILTER (trim(instruction) <> ''), [])
                       AS instructions
              FROM raw_ecinstruct WHERE coalesce(split, 'train') = 'train' GROUP BY ALL)
        """,
    )
