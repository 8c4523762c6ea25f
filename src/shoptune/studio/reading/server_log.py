"""The output of `shoptune serve`: progress while it starts, and why it failed."""

from __future__ import annotations

import re
import signal

_LONGEST = 160
_KILLED = (128 + signal.SIGKILL, -signal.SIGKILL)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
# `(EngineCore pid=7) INFO 11-21 10:00:00 [loader.py:10] Loading weights took 2 s`: what comes before the message.
_PREFIX = re.compile(r"^(?:\([\w ]+pid=\d+\)\s*)?(?:(?:INFO|WARNING|ERROR|DEBUG)\s+[\d-]+ [\d:]+ (?:\[[^\]]*\]\s*)?)?")
_LEVEL = re.compile(r"\b(?:INFO|WARNING|ERROR) [\d-]+ [\d:]+ ")
_MEMORY = re.compile(
    r"out of memory|OutOfMemory|cannot allocate memory|can't allocate memory|not enough memory"
    r"|no available memory for the cache|free memory on device|MemoryError|std::bad_alloc",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(r"^(?:[\w.]*(?:Error|Exception)): (.+)$")
_GENERIC = "engine core initialization failed"  # what vLLM raises last; the cause comes before it
_ADVICE = "stop the other server, or start one by hand with less: shoptune serve PROFILE --set engine.max_model_len=N"


def last_line(log: str) -> str:
    """Return the last message of a log, in at most 160 characters; empty if there is none.

    Lines without a level, such as the second line of a warning, are passed over if other lines have one.
    """
    lines = _lines("\n".join(line for line in log.split("\n") if _LEVEL.search(line))) or _lines(log)
    return _shortened(lines[-1]) if lines else ""


def why_it_failed(said: str, log: str, status: int) -> str:
    """Explain in a sentence why a server ended.

    Args:
        said: what the command wrote to its terminal.
        log: the log of the server.
        status: the exit status.
    """
    lines = _lines(log)
    if memory := next((line for line in lines if _MEMORY.search(line)), None):
        return f"The machine ran out of memory ({_shortened(memory)}); {_ADVICE}."
    if status in _KILLED:
        return f"The server was killed, most likely because memory ran out; {_ADVICE}."
    if refused := [line for line in _lines(said) if line.startswith("error: ") and "; see " not in line]:
        return refused[-1].removeprefix("error: ")
    raised = [line for line in lines if _EXCEPTION.match(line) and _GENERIC not in line.lower()]
    cause = raised[-1] if raised else last_line(log) or last_line(said)
    return f"The server did not start (exit status {status})" + (f": {_shortened(cause)}" if cause else ".")


def _lines(text: str) -> list[str]:
    """Return the messages, without colors, progress that was overwritten, and what comes before a message."""
    shown = (_CONTROL.sub("", line.rpartition("\r")[2] or line) for line in text.split("\n"))
    return [message for line in shown if (message := _PREFIX.sub("", line.strip(), count=1).strip())]


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
