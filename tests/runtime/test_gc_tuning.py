"""How often a command collects garbage, and among which objects, measured in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_SCRIPT = """
import gc, json, sys, weakref
from shoptune.runtime.gc_tuning import freeze_loaded_objects, tune_garbage_collection

class Node:
    pass

gc.collect()
before = Node()
{begin}
runs = []
gc.callbacks.append(lambda phase, info: runs.append(phase))
kept = [[] for _ in range(100_000)]
collections = len(runs) // 2
loaded = Node()
freeze_loaded_objects()
examined = gc.get_objects()
cycle = Node()
cycle.itself, gone = cycle, weakref.ref(cycle)
del cycle
more = [[] for _ in range(250_000)]
print(json.dumps({{
    "collections": collections,
    "start-up examined": any(item is before for item in examined),
    "loaded examined": any(item is loaded for item in examined),
    "garbage freed": gone() is None,
}}))
"""


def _observe(begin: str) -> dict[str, int | bool]:
    command = [sys.executable, "-c", _SCRIPT.format(begin=begin)]
    observed: dict[str, int | bool] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return observed


@pytest.mark.parametrize(
    ("begin", "collects", "examines"), [("tune_garbage_collection()", False, False), ("pass", True, True)]
)
def test_a_command_collects_garbage_rarely_and_freezes_loaded_objects(
    begin: str, collects: bool, examines: bool
) -> None:
    observed = _observe(begin)
    assert (observed["collections"] > 0) is collects
    assert observed["start-up examined"] is observed["loaded examined"] is examines
    assert observed["garbage freed"] is True
