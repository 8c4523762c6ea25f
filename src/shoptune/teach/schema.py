"""The JSON Schema of answers: its columns, their Arrow types, and the check of what a teacher wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_LARGEST = 2**53  # larger integers are not exact in every JSON reader (RFC 8259, section 6), nor in a column of doubles
_MOST_DIGITS = 17  # of such an integer with its sign; text with more is refused unread
_VALUES = ("string", "integer", "number", "boolean", "null")


class AnswerError(ValueError):
    """An answer is not JSON, or does not match its schema; the message is the reason for its rejection."""


def problem_of_schema(schema: Any) -> str | None:
    """Return what is wrong with the schema of an answer, or None."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"is not a JSON Schema: {error.message}"
    if schema.get("type") != "object" or not schema.get("properties"):
        return "must be the schema of an object: `type: object` with `properties`"
    for name, of_property in schema["properties"].items():
        if problem := _problem_of_type(of_property):
            return f"properties.{name}: {problem}"
    return None


def _problem_of_type(schema: Any) -> str | None:
    """Check that a schema has one type, apart from null, so that a column of a table can have it."""
    kind = _kind(schema) if isinstance(schema, dict) else None
    if kind is None:
        return "needs one `type`, or one and null (`type: [string, 'null']`)"
    if kind == "array":
        return _problem_of_type(schema.get("items"))
    if kind == "object":
        nested = schema.get("properties")
        if not nested:
            return "an object needs `properties`"
        return next((problem for each in nested.values() if (problem := _problem_of_type(each))), None)
    return None


def _kind(schema: Mapping[str, Any]) -> str | None:
    """Return the type of a schema, apart from null; None if it has none, or several."""
    listed = schema.get("type")
    kinds = [listed] if isinstance(listed, str) else list(listed or [])
    proper = [kind for kind in kinds if kind != "null"]
    return proper[0] if len(proper) == 1 and proper[0] in {*_VALUES, "array", "object"} else None


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose objects have all of their properties and no others, unless it says otherwise.

    Endpoints that constrain answers strictly accept no other schemas.
    """
    result = dict(schema)
    if "properties" in result:
        result["properties"] = {name: closed(each) for name, each in result["properties"].items()}
        result.setdefault("required", list(result["properties"]))
        result.setdefault("additionalProperties", False)
    if isinstance(result.get("items"), dict):
        result["items"] = closed(result["items"])
    return result


def columns_of(schema: Mapping[str, Any], each: str | None, column: str | None) -> dict[str, Mapping[str, Any]]:
    """Return the schema of each column that answers add to the table.

    Args:
        schema: the schema of an answer.
        each: the property whose elements become rows, or None.
        column: the column for elements that are not objects.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for name, of_property in schema["properties"].items():
        if name != each:
            found[name] = of_property
        elif column:
            found[column] = of_property["items"]
        else:
            found |= of_property["items"].get("properties", {})
    return found


def arrow_type(schema: Mapping[str, Any]) -> pa.DataType:
    """Return the Arrow type of a column."""
    import pyarrow as pa

    kind = _kind(schema)
    if kind == "array":
        return pa.list_(arrow_type(schema["items"]))
    if kind == "object":
        return pa.struct([pa.field(name, arrow_type(each)) for name, each in schema["properties"].items()])
    types = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return types[str(kind)]


def parse_answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a teacher wrote.

    Args:
        text: the answer; a Markdown code fence around it is ignored.
        schema: its schema.

    Raises:
        AnswerError: it is not JSON, or does not match the schema.
    """
    from jsonschema import Draft202012Validator

    try:
        value = json.loads(_without_fence(text), parse_constant=_refuse, parse_int=_integer, parse_float=_float)
        json.dumps(value, ensure_ascii=False).encode()  # fails for half a surrogate pair, which is not a character
    except (ValueError, RecursionError) as error:
        raise AnswerError("not JSON") from error
    problem = next(Draft202012Validator(schema).iter_errors(value), None)
    if problem is not None:
        place = ".".join(str(part) for part in problem.absolute_path if isinstance(part, str))
        what = f"{place or 'answer'}: {problem.validator}"
        raise AnswerError(f"does not match the schema ({what})")
    return dict(value)


def _refuse(text: str) -> None:
    raise ValueError(text)


def _integer(text: str) -> int:
    """Read an integer that every column of numbers holds exactly."""
    if len(text) > _MOST_DIGITS or abs(value := int(text)) > _LARGEST:
        _refuse(text)
    return value


def _float(text: str) -> float:
    if not math.isfinite(value := float(text)):
        _refuse(text)
    return value


def _without_fence(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped.removesuffix("```").partition("\n")[2]
    return stripped
