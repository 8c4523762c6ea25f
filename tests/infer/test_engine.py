"""Requests that vLLM could not answer are not empty predictions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shoptune.infer.engine import refuse_failed


def _output(reason: str) -> Any:
    return SimpleNamespace(outputs=[SimpleNamespace(text="", finish_reason=reason)])


def test_a_failed_request_is_an_error() -> None:
    refuse_failed([_output("stop"), _output("length")])
    with pytest.raises(RuntimeError, match="failed to answer 2 of 3 requests"):
        refuse_failed([_output("error"), _output("stop"), _output("abort")])
