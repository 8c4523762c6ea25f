"""The garbage collector of a command, in a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from shoptune.runtime.gc_tuning import collect_rarely, leave_what_is_loaded
{begin}
before = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
leave_what_is_loaded()
print(gc.get_threshold()[0], gc.get_freeze_count() - before >= 1000)
"""


@pytest.mark.parametrize(("begin", "expected"), [("collect_rarely()", "200000 True"), ("pass", "700 False")])
def test_objects_are_left_alone_in_a_command_only(begin: str, expected: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(begin=begin)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == expected
