"""The configs and make targets of the 72B chain, run on a CPU with a small base that also needs padding and shards."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.shopbench.questions import load_questions
from tests.conftest import ROOT
from tests.warm.interpreters import WarmInterpreters

pytestmark = [pytest.mark.slow, pytest.mark.early]


def test_the_chain_of_72b_runs_on_a_cpu(tmp_path: Path) -> None:
    """A single test, since each worker of pytest-xdist would run the chain for its own tests."""
    run = tmp_path / "run"
    command = ["make", "--no-print-directory", "export", "report", "REHEARSAL=1", "TRACK=1", f"RUN={run}"]
    variables = os.environ | WarmInterpreters.current.variables()
    result = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    _the_base_keeps_the_difficulties_of_72b(Checkpoint(run / "base"))
    _rows_come_in_several_shards(run)
    _two_adapters_are_merged_at_the_best_alpha(run / "v8")
    _the_quantized_model_splits_over_four_cards(Checkpoint(run / "v8" / "awq"))
    _answers_are_scored_and_submitted(run)


def _the_base_keeps_the_difficulties_of_72b(base: Checkpoint) -> None:
    assert len(base.shards) > 1
    assert base.config["intermediate_size"] // 128 % 2 == 1
    assert base.config["num_key_value_heads"] == 8
    assert not base.ties_embeddings


def _rows_come_in_several_shards(run: Path) -> None:
    assert len(list((run / "data" / "v8").glob("train-*.parquet"))) >= 5
    log = [json.loads(line) for line in (run / "adapters" / "v8" / "metrics.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 2


def _two_adapters_are_merged_at_the_best_alpha(folder: Path) -> None:
    best = yaml.safe_load((folder / "sweep" / "best.yaml").read_text())
    assert [Path(adapter["path"]).name for adapter in best["adapters"]] == ["v8", "v9b"]
    merged = read_manifest(folder / "merged")
    assert merged is not None
    assert merged["config"]["wise_ft_alpha"] == best["wise_ft_alpha"]


def _the_quantized_model_splits_over_four_cards(quantized: Checkpoint) -> None:
    assert quantized.config["intermediate_size"] == 1024  # 640 is five groups of 128; eight split over four cards
    assert quantized.config["quantization_config"]["quant_method"] == "awq"


def _answers_are_scored_and_submitted(run: Path) -> None:
    questions = load_questions(run / "questions.json")
    every = load_questions(ROOT / "examples" / "questions" / "development.json")
    assert {question.task_name for question in questions} == {question.task_name for question in every}
    predictions = (run / "v8" / "answers" / "predictions.jsonl").read_text().splitlines()
    assert len(predictions) == len(questions)
    submission = run / "track1" / "submission"
    profile = json.loads((submission / "models" / "profile.json").read_text())
    assert profile["engine"]["tensor_parallel_size"] == 4
    assert json.loads((submission / "aicrowd.json").read_text())["challenge_id"].endswith("concepts")
    assert (run / "v8" / "report.html").is_file()
