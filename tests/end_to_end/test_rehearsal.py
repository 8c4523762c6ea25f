"""The 72B chain's own configs and make targets, run on a CPU with a small base that keeps 72B's difficulties."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import Checkpoint
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rehearsal of track 1."""
    directory = tmp_path_factory.mktemp("rehearsal") / "run"
    command = ["make", "--no-print-directory", "export", "report", "REHEARSAL=1", "TRACK=1", f"RUN={directory}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return directory


def test_rows_come_in_several_shards(run: Path) -> None:
    shards = sorted((run / "data" / "v8").glob("train-*.parquet"))
    assert len(shards) >= 5
    log = [json.loads(line) for line in (run / "adapters" / "v8" / "metrics.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 2


def test_the_base_keeps_the_difficulties_of_72b(run: Path) -> None:
    base = Checkpoint(run / "base")
    assert len(base.shards) > 1
    assert base.config["intermediate_size"] // 128 % 2 == 1
    assert base.config["num_key_value_heads"] == 8
    assert not base.ties_embeddings


def test_two_adapters_are_merged_at_the_best_alpha(run: Path) -> None:
    best = yaml.safe_load((run / "v8" / "sweep" / "best.yaml").read_text())
    assert [Path(adapter["path"]).name for adapter in best["adapters"]] == ["v8", "v9b"]
    merged = read_manifest(run / "v8" / "merged")
    assert merged is not None
    assert merged["config"]["wise_ft_alpha"] == best["wise_ft_alpha"]


def test_the_quantized_model_splits_over_four_cards(run: Path) -> None:
    config = Checkpoint(run / "v8" / "awq").config
    assert config["intermediate_size"] == 1024  # 640 is five groups of 128; eight is the next multiple of four
    assert config["quantization_config"]["quant_method"] == "awq"


def test_answers_are_scored_and_submitted(run: Path) -> None:
    questions = (ROOT / "examples" / "questions" / "development.json").read_text().splitlines()
    predictions = (run / "v8" / "answers" / "predictions.jsonl").read_text().splitlines()
    assert len(predictions) == len([line for line in questions if line.strip()])
    profile = json.loads((run / "track1" / "submission" / "models" / "profile.json").read_text())
    assert profile["engine"]["tensor_parallel_size"] == 4
    assert json.loads((run / "track1" / "submission" / "aicrowd.json").read_text())["challenge_id"].endswith("concepts")
    assert (run / "v8" / "report.html").is_file()
