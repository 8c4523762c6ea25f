"""Progress and failures of a server, from the lines that vLLM writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.studio.reading.server_log import last_line, why_it_failed

_LOADING = "(EngineCore pid=7) INFO 11-21 10:00:00 [loader.py:10] Loading weights took 0.2 s\n"
_WARNING = "<frozen importlib._bootstrap>:241: DeprecationWarning: SwigPyPacked\n    wrapper = lookup(value)\n"
_GENERIC = "RuntimeError: Engine core initialization failed. See root cause above.\n"
_SAID = "serve: starting; log in server.log\nerror: http://127.0.0.1:1: the server did not start; see server.log\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", ""),
        (_LOADING, "Loading weights took 0.2 s"),
        (_LOADING + _WARNING, "Loading weights took 0.2 s"),
        ("\x1b[32mINFO\x1b[0m 11-21 10:00:00 [a.py:1] 10%\rINFO 11-21 10:00:01 [a.py:1] 50%\n\n", "50%"),
        (_WARNING, "wrapper = lookup(value)"),
        ("x" * 500, "x" * 159 + "…"),
    ],
)
def test_progress_is_the_last_message(log: str, expected: str) -> None:
    assert last_line(log) == expected


@pytest.mark.parametrize(
    ("said", "log", "status", "expected"),
    [
        (_SAID, f"torch.OutOfMemoryError: CUDA out of memory\n{_GENERIC}", 1, "ran out of memory (torch."),
        (_SAID, f"ValueError: No available memory for the cache blocks.\n{_GENERIC}", 1, "ran out of memory (Value"),
        (_SAID, "", 137, "was killed, most likely because memory ran out"),
        (_SAID, "", -9, "was killed, most likely because memory ran out"),
        ("error: model: no tokenizer; copy it\n", "", 2, "model: no tokenizer; copy it"),
        (_SAID, f"ValueError: bad shape\n{_GENERIC}", 1, "did not start (exit status 1): ValueError: bad shape"),
        ("", "", 1, "The server did not start (exit status 1)."),
    ],
)  # fmt: skip
def test_failures_are_explained(said: str, log: str, status: int, expected: str) -> None:
    assert expected in why_it_failed(said, log, status)


@given(st.text(), st.text(), st.integers(-64, 255))
def test_any_output_is_one_line(said: str, log: str, status: int) -> None:
    assert "\n" not in why_it_failed(said, log, status)
    assert len(last_line(log)) <= 160
