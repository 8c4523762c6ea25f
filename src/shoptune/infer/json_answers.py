"""Constrain an answer to a JSON Schema."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any


def constrain_to(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of vLLM's `StructuredOutputsParams` for answers that satisfy a JSON Schema.

    By default, vLLM allows any amount of whitespace in JSON, and small models write line breaks up to the length limit.
    It can be disabled only for a whole engine, so the schema is converted to a grammar without whitespace here, by the
    library that vLLM uses. A schema that the library does not support is passed as it is, and vLLM uses another one.
    """
    return dict(_arguments(json.dumps(schema)))


@functools.lru_cache(maxsize=64)  # a run has a few schemas for all of its chats
def _arguments(schema: str) -> Mapping[str, Any]:
    from vllm.v1.structured_output.backend_xgrammar import has_xgrammar_unsupported_json_features
    from xgrammar import Grammar

    if has_xgrammar_unsupported_json_features(json.loads(schema)):
        return {"json": schema}
    return {"grammar": str(Grammar.from_json_schema(schema, any_whitespace=False, separators=(",", ":")))}
