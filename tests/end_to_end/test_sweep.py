"""Sweeps with a real engine: both ways of changing the model, and a search."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.pipeline import ROOT, SHOPTUNE, Pipeline, python_in, run_shoptune

pytestmark = pytest.mark.slow

_BOTH_WAYS = """
import sys
from pathlib import Path
from shoptune.shopbench.questions import load_questions
from shoptune.sweep.config import load_sweep
from shoptune.sweep.live import live_ensemble
from shoptune.sweep.points import Candidate

if __name__ == "__main__":
    file, questions, workspace = map(Path, sys.argv[1:])
    asked = load_questions(questions)[::6]
    said = []
    for changes in ([], ["--lora"]):
        plan = load_sweep(file)
        if changes:
            engine = plan.profile.engine.model_copy(update={"enable_lora": True, "max_lora_rank": 32})
            plan = type(plan)(plan.file, plan.config, plan.merge.model_copy(update={"dtype": "float32"}),
                              plan.profile.model_copy(update={"engine": engine}))
        else:
            plan = type(plan)(plan.file, plan.config, plan.merge.model_copy(update={"dtype": "float32"}), plan.profile)
        ensemble = live_ensemble(plan, workspace)
        said.append([ensemble.answer(Candidate(alpha, (0.5, 0.5)), asked) for alpha in (8.0, 0.0, 1.0)])
    print("SAME" if said[0] == said[1] else f"DIFFERENT {said}", len({str(answers) for answers in said[0]}))
"""


def test_a_served_adapter_answers_as_merged_weights_do(pipeline: Pipeline, tmp_path: Path) -> None:
    output = python_in("infer", _BOTH_WAYS, pipeline.sweep_config, pipeline.questions, tmp_path)
    assert "SAME" in output, output[-2000:]
    assert not output.endswith(" 1\n"), "the three ensembles answered alike: nothing was compared"


def test_a_killed_sweep_resumes_with_the_same_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    command = ["sweep", str(pipeline.sweep_config), "--out", str(out)]
    process = subprocess.Popen([SHOPTUNE, *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (saved := list(out.with_name("sweep.partial").glob("points/point-*.json"))):
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.wait(60)
    assert len(saved) == 1, "nothing was left to resume"
    run_shoptune(*command)
    assert {file.name for file in out.iterdir()} == {file.name for file in pipeline.sweep.iterdir()}
    for file in set(pipeline.sweep.iterdir()) - {pipeline.sweep / "manifest.json"}:
        assert (out / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_search_leaves_a_merge_config_ready_to_run(pipeline: Pipeline, tmp_path: Path) -> None:
    values = yaml.safe_load(pipeline.sweep_config.read_text())
    del values["alphas"]
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump(values | {"search": {"trials": 2, "alpha": [0.0, 1.5]}}))
    said = run_shoptune("sweep", file, "--out", tmp_path / "search", cold=True)
    assert "is best with" in said
    assert {path.name for path in (tmp_path / "search").iterdir()} == {
        "best.yaml",
        "curve.svg",
        "manifest.json",
        "points.parquet",
        "study.db",
        "verdict.txt",
    }
    run_shoptune("merge", tmp_path / "search" / "best.yaml", "--out", tmp_path / "merged")
    manifest = json.loads((tmp_path / "merged" / "manifest.json").read_text())
    assert sum(member["weight"] for member in manifest["config"]["adapters"]) == pytest.approx(1, abs=1e-3)
