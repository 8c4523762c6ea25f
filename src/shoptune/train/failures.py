"""Why a training run failed, in one line, from the log that it left."""

from __future__ import annotations

import re
from pathlib import Path

_TAIL_BYTES = 200_000
_KILLED = {-9, 137}

# A pattern for the log, the cause, and the remedy; the first match counts.
_CAUSES = (
    (
        r"CUDA out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED",
        "a GPU ran out of memory",
        "lower micro_batch_size or sequence_len, or split the base with ZeRO-3 (training_configs/alternatives)",
    ),
    (r"\bMemoryError\b|DefaultCPUAllocator: can't allocate", "the machine ran out of memory", "lower micro_batch_size"),
    (r"No space left on device|Errno 28", "the disk is full", "free some space, or choose an --out on another disk"),
    (
        r"Failed to find C compiler|Python\.h: No such file",
        "Triton found no C compiler or no Python headers",
        "install gcc and the python3-dev package",
    ),
    (
        r"OfflineModeIsEnabled|offline mode is enabled|Couldn't reach|LocalEntryNotFoundError",
        "training is offline, and a model or data set that the config names is not on this machine",
        "download it first, and name its folder",
    ),
    (
        r"NCCL.*(timeout|timed out)|Watchdog caught collective operation timeout",
        "a worker waited for another until NCCL gave up",
        "look for the first worker that failed, and check the network between the machines",
    ),
    (
        r"RendezvousTimeoutError|RendezvousConnectionError",
        "the machines did not meet",
        "check --rendezvous HOST:PORT and that all --nodes were started",
    ),
    (
        r"CUDA driver version is insufficient|forward compatibility was attempted",
        "the GPU driver is too old for this CUDA",
        "install driver R580 or newer",
    ),
)
_EXCEPTION = re.compile(r"^(?:\[rank\d+\]: ?)?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt)): (.+)$", re.MULTILINE)


def diagnose(log: Path, code: int) -> tuple[str, str]:
    """Find the cause of a failure and its remedy.

    Args:
        log: what the workers printed.
        code: their exit status; negative for a signal.
    """
    text = _tail(log)
    for pattern, what, remedy in _CAUSES:
        if re.search(pattern, text):
            return what, remedy
    if code in _KILLED:
        return "a worker was killed, most likely because the machine ran out of memory", "lower micro_batch_size"
    raised = _EXCEPTION.findall(text)
    causes = [found for found in raised if found[0].rpartition(".")[2] != "ChildFailedError"]
    if causes:
        name, message = causes[-1]
        return f"training failed: {name.rpartition('.')[2]}: {message[:300]}", "read the end of this log"
    return f"training ended with status {code}, without weights", "read the end of this log"


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace")
