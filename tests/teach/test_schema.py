"""The form of answers: which schemas are accepted, and which answers."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.teach.schema import AnswerError, arrow_type, closed, columns_of, parse_answer, problem_of_schema

TEXT = {"type": "string"}
SCHEMA = closed(
    {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "price": {"type": "number"},
            "aspects": {
                "type": "array",
                "items": {"type": "object", "properties": {"aspect": TEXT, "quotes": {"type": "array", "items": TEXT}}},
            },
        },
    }
)


def test_objects_have_all_of_their_properties_and_no_others() -> None:
    assert SCHEMA["required"] == ["name", "count", "price", "aspects"]
    assert SCHEMA["properties"]["aspects"]["items"]["additionalProperties"] is False
    assert closed({"type": "object", "properties": {"a": TEXT}, "required": []})["required"] == []


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "text"}, "is not a JSON Schema"),
        ({"type": "array", "items": TEXT}, "must be the schema of an object"),
        ({"type": "object", "properties": {}}, "must be the schema of an object"),
        ({"type": "object", "properties": {"a": {}}}, "properties.a: needs one `type`"),
        ({"type": "object", "properties": {"a": {"type": ["string", "integer"]}}}, "properties.a: needs one `type`"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "properties.a: needs one `type`"),
        ({"type": "object", "properties": {"a": {"type": "object"}}}, "properties.a: an object needs `properties`"),
    ],
)
def test_a_schema_that_cannot_be_a_table_is_refused(schema: Any, problem: str) -> None:
    assert (problem_of_schema(schema) or "").startswith(problem)
    assert problem_of_schema(SCHEMA) is None


def test_columns_of_a_list_of_objects_and_of_a_list_of_values() -> None:
    assert list(columns_of(SCHEMA, None, None)) == ["name", "count", "price", "aspects"]
    assert list(columns_of(SCHEMA, "aspects", None)) == ["name", "count", "price", "aspect", "quotes"]
    listed = {"type": "object", "properties": {"phrasings": {"type": "array", "items": TEXT}}}
    assert columns_of(listed, "phrasings", "phrasing") == {"phrasing": TEXT}
    assert arrow_type(SCHEMA["properties"]["aspects"]) == pa.list_(
        pa.struct([("aspect", pa.string()), ("quotes", pa.list_(pa.string()))])
    )


ANSWER = {"name": None, "count": 2, "price": 1.5, "aspects": [{"aspect": "lid", "quotes": ["tight"]}]}


@pytest.mark.parametrize(
    "text", [json.dumps(ANSWER), f"```json\n{json.dumps(ANSWER)}\n```", f" {json.dumps(ANSWER)}\n"]
)
def test_an_answer_is_read(text: str) -> None:
    assert parse_answer(text, SCHEMA) == ANSWER


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("Sure! Here is the JSON you asked for.", "not JSON"),
        ("[]", "does not match the schema (answer: type)"),
        ({"count": "two"}, "does not match the schema (count: type)"),
        ({"count": 10**30}, "not JSON"),
        ({"price": float("nan")}, "not JSON"),
        ({"name": "\ud800"}, "not JSON"),
        ({"more": 1}, "does not match the schema (answer: additionalProperties)"),
        ({"aspects": [{"aspect": "lid"}]}, "does not match the schema (aspects: required)"),
    ],
)
def test_other_answers_are_rejected_with_a_reason_that_quotes_nothing(changes: Any, reason: str) -> None:
    text = changes if isinstance(changes, str) else json.dumps(ANSWER | changes)
    with pytest.raises(AnswerError) as raised:
        parse_answer(text, SCHEMA)
    assert str(raised.value) == reason


def test_a_number_that_is_infinite_is_rejected() -> None:
    with pytest.raises(AnswerError, match="not JSON"):
        parse_answer(json.dumps(ANSWER).replace("1.5", "1e999"), SCHEMA)


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 10**400])
def test_an_integer_that_a_double_rounds_is_rejected(number: int) -> None:
    with pytest.raises(AnswerError, match="not JSON"):
        parse_answer(json.dumps(ANSWER).replace("1.5", str(number)), SCHEMA)


@given(st.text())
def test_any_text_is_either_read_or_rejected(text: str) -> None:
    try:
        answer = parse_answer(text, SCHEMA)
    except AnswerError:
        return
    assert answer.keys() == SCHEMA["properties"].keys()


@given(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text(),
            "count": st.integers(-(2**53), 2**53),
            "price": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
            "aspects": st.lists(
                st.fixed_dictionaries({"aspect": st.text(), "quotes": st.lists(st.text(), max_size=2)}), max_size=2
            ),
        }
    )
)
def test_an_answer_that_matches_fits_into_the_columns(answer: dict[str, Any]) -> None:
    read = parse_answer(json.dumps(answer), SCHEMA)
    schema = pa.schema([(name, arrow_type(each)) for name, each in SCHEMA["properties"].items()])
    assert pa.Table.from_pylist([read], schema=schema).num_rows == 1
