"""The cause of a failed run is found in its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.train.failures import diagnose


@pytest.mark.parametrize(
    ("log", "code", "what", "remedy"),
    [
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            1,
            "a GPU ran out of memory",
            "lower micro_batch_size or sequence_len",
        ),
        ("OSError: [Errno 28] No space left on device", 1, "the disk is full", "free some space"),
        ("RuntimeError: Failed to find C compiler.", 1, "Triton found no C compiler", "install gcc"),
        ("loading", -9, "a worker was killed", "lower micro_batch_size"),
        (
            "[rank0]: ValueError: bad rows\ntorch.distributed.elastic.multiprocessing.errors.ChildFailedError: x",
            1,
            "training failed: ValueError: bad rows",
            "read the end of this log",
        ),
        ("", 3, "training ended with status 3, without weights", "read the end of this log"),
    ],
)
def test_the_cause_is_named(tmp_path: Path, log: str, code: int, what: str, remedy: str) -> None:
    (tmp_path / "log").write_text("x" * 300_000 + "\n" + log + "\n")
    found = diagnose(tmp_path / "log", code)
    assert found[0].startswith(what)
    assert found[1].startswith(remedy)
