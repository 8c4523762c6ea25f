"""Rows stored as Parquet."""

from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import SCHEMA, Row, decode_reference, encode_reference, to_questions, to_table
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

QUESTION = Question(
    "Select 3.\n1. a\n2. b\n3. c\n4. d\nOutput: ",
    [1, 4],
    TaskType.RETRIEVAL,
    "pick",
    Metric.HIT_RATE_3,
    False,
    Track.BEHAVIOR,
)


def test_a_row_has_the_benchmarks_fields_and_ours() -> None:
    table = to_table([Row(QUESTION, "esci", "en"), Row(QUESTION, "mmlu", "de")])
    assert table.schema == SCHEMA
    row, other = table.to_pylist()
    assert (other["source"], other["language"], other["messages"]) == ("mmlu", "de", row["messages"])
    assert row["output_field"] == "[1, 4]"
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
    assert row["messages"][2]["content"] == "1,4"
    assert to_table([]).schema == SCHEMA
    assert to_questions(table) == [QUESTION, QUESTION]


def test_the_id_depends_on_the_question_alone() -> None:
    assert Row(QUESTION, "esci", "en").row_id == Row(QUESTION, "other", "de").row_id
    changed = Question(**{**QUESTION.__dict__, "output_field": [1]})
    assert Row(changed, "esci", "en").row_id != Row(QUESTION, "esci", "en").row_id
    # blake2b, 12 bytes, of 'pick', the text and '[1, 4]', U+001F between
    assert Row(QUESTION, "esci", "en").row_id == "2eb059be86f4658f3020cdd3"


def test_references_survive_the_column() -> None:
    for task_type, reference in [
        (TaskType.MULTIPLE_CHOICE, 2),
        (TaskType.RANKING, [1, 0.1, 0.01, 0, 0]),
        (TaskType.NAMED_ENTITY_RECOGNITION, ["grün"]),
        (TaskType.GENERATION, "[not json]"),
    ]:
        assert decode_reference(task_type, encode_reference(reference)) == reference
