"""The garbage collector of a command, in a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from shoptune.runtime.gc_tuning import tune_garbage_collection, freeze_loaded_objects
{begin}
before = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
freeze_loaded_objects()
print(gc.get_threshold()[0], gc.get_freeze_count() - before >= 1000)
"""


@pytest.mark.parametrize(("begin", "expected"), [("tune_garbage_collection()", "200000 True"), ("pass", "700 False")])
def test_objects_are_left_alone_in_a_command_only(begin: str, expected: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(begin=begin)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == expected
