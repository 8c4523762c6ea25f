"""Merges against PEFT, and under kill -9."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.pipeline import ROOT, SHOPTUNE, Pipeline, python_in, run_shoptune

pytestmark = pytest.mark.slow

_PEFT = """
import sys
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, adapter, merged, ensemble = sys.argv[1:]
load = lambda folder: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
theirs = PeftModel.from_pretrained(load(base), adapter).merge_and_unload().state_dict()
ours = load(merged).state_dict()
# Half a unit in the last place of float16 is 2^-11 of the value, or 2^-25 for the smallest.
beyond = max(((theirs[name] - ours[name]).abs() - theirs[name].abs() * 2**-11).max().item() for name in ours)
ids = torch.arange(40, 104).view(1, -1)
with torch.no_grad():
    served = PeftModel.from_pretrained(load(base), ensemble)(ids).logits
    apart = (served - load(base)(ids).logits).abs().max().item()
print(beyond, apart, (served - load(merged + "-both")(ids).logits).abs().max().item())
"""


def _merge(pipeline: Pipeline, out: Path, *settings: str, flags: tuple[str, ...] = ()) -> None:
    arguments = [part for setting in settings for part in ("--set", setting)]
    run_shoptune("merge", pipeline.merge_config, *arguments, *flags, "--out", out)


def test_merges_are_those_of_peft(pipeline: Pipeline, tmp_path: Path) -> None:
    _merge(pipeline, tmp_path / "one", f"adapters=[{{path: {pipeline.adapters[0]}}}]", "wise_ft_alpha=1")
    _merge(pipeline, tmp_path / "one-both", "wise_ft_alpha=8", "dtype=float32")
    _merge(pipeline, tmp_path / "ensemble", "wise_ft_alpha=8", flags=("--as-adapter",))
    base = ROOT / "examples" / "tiny_base"
    output = python_in("train", _PEFT, base, pipeline.adapters[0], tmp_path / "one", tmp_path / "ensemble")
    beyond, apart, distance = map(float, output.splitlines()[-1].split())
    assert beyond <= 2**-25
    assert distance < 1e-3 * apart


def test_a_killed_merge_leaves_the_old_artifact_or_none(pipeline: Pipeline, tmp_path: Path) -> None:
    out, chance = tmp_path / "merged", random.Random(7)
    command = [SHOPTUNE, "merge", str(pipeline.merge_config), "--out", str(out)]
    for _ in range(6):
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(chance.uniform(0.2, 2.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not out.exists() or (out / "manifest.json").is_file()
    run_shoptune(*command[1:])
    weights = "model.safetensors"
    assert (out / weights).read_bytes() == (pipeline.merged / weights).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merged"]
