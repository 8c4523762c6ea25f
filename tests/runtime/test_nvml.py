"""NVML through its C interface: a compiled stand-in for the driver's library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILER = shutil.which("cc")


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_plan_here_reads_the_drivers_library(tmp_path: Path, root: Path) -> None:
    source = Path(__file__).with_name("fake_nvml.c")
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", source], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "shoptune", "plan", "infer/t4x4.yaml", "--machine", "here", "--json"],
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "1,0"},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr  # four GPUs are wanted
    found = json.loads(done.stdout)["machine"]
    assert found["driver"] == "580.65.06"
    card = {"name": "Tesla T4", "memory_gb": 15.66, "capability": "7.5"}
    assert found["gpus"] == [{**card, "free_gb": 1.0}, {**card, "free_gb": 15.0}]
    assert "requires 4 GPUs, but machine 'here' has 2" in done.stderr
    assert "GPU 0 has 1.0 GB free of 15.7 GB" in done.stderr
