"""From raw files to a submission that answers, through the command line, with axolotl, AutoAWQ and vLLM running."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from shoptune.artifacts.manifest import digest, read_manifest
from shoptune.shopbench.questions import load_questions

from .engine_host import EngineHost
from .pipeline import ROOT, TRAINING, Pipeline, python_in, run_shoptune

pytestmark = pytest.mark.slow


@pytest.mark.whole_pipeline
def test_every_stage_left_a_whole_artifact(pipeline: Pipeline) -> None:
    pipeline.complete()
    stages: dict[str, list[Path]] = {}
    for manifest in pipeline.directory.glob("**/manifest.json"):
        stages.setdefault(json.loads(manifest.read_text())["stage"], []).append(manifest.parent)
        digest(manifest.parent)
    assert {stage: len(folders) for stage, folders in stages.items()} == {
        "data": 1, "train": 2, "sweep": 1, "merge": 1, "quantize": 1, "infer": 2, "evaluate": 2, "export": 1,
    }  # fmt: skip
    assert not list(pipeline.directory.glob("**/*.partial"))


def test_the_real_libraries_ran(pipeline: Pipeline) -> None:
    versions = {
        stage: (read_manifest(folder) or {})["versions"]
        for stage, folder in [("quantize", pipeline.awq), ("sweep", pipeline.sweep)]
    }
    trained = json.loads((pipeline.adapter(0) / "versions.json").read_text())  # axolotl runs in workers
    assert {"axolotl", "bitsandbytes", "peft"} <= trained.keys()
    assert "autoawq" in versions["quantize"]
    assert any(name.startswith("vllm") for name in versions["sweep"])


def test_a_second_run_does_nothing(pipeline: Pipeline) -> None:
    arguments = ["train", pipeline.train_config(), "--out", pipeline.adapter(0), *TRAINING]
    assert "up to date" in run_shoptune(*arguments)


def test_datasets_reads_the_rows(pipeline: Pipeline) -> None:
    script = (
        "import sys, datasets; rows = datasets.load_dataset('parquet', data_dir=sys.argv[1], split='train'); "
        "print(len(rows), rows[0]['messages'][-1]['role'])"
    )
    expected = pq.read_table(pipeline.rows / "train-00000-of-00001.parquet").num_rows
    assert python_in("train", script, pipeline.rows).split() == [str(expected), "assistant"]


def test_the_adapter_is_one_that_peft_loads(pipeline: Pipeline, tmp_path: Path) -> None:
    script = """
import sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained("examples/tiny_base", dtype=torch.float32)
merged = PeftModel.from_pretrained(model, sys.argv[1]).merge_and_unload()
from safetensors.torch import load_file
ours = load_file(sys.argv[2] + "/model.safetensors")
print(max(float((tensor - ours[name]).abs().max()) for name, tensor in merged.state_dict().items() if name in ours))
"""
    alone = tmp_path / "alone"
    adapters = f"adapters=[{{path: {pipeline.adapter(0)}}}]"
    run_shoptune("merge", pipeline.merge_config, "--set", adapters, "--set", "dtype=float32", "--out", alone)
    assert float(python_in("train", script, pipeline.adapter(0), alone)) < 1e-6


def test_alpha_zero_answers_as_the_base(pipeline: Pipeline, engines: EngineHost, tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    arguments = ["--model", "examples/tiny_base", "--questions", pipeline.questions, "--out", answers]
    result = engines.infer("infer/cpu-float32.yaml", *arguments)
    assert result.returncode == 0, result.stderr
    scores = tmp_path / "scores"
    run_shoptune("evaluate", answers / "predictions.jsonl", "--questions", pipeline.questions, "--out", scores)
    base = json.loads((scores / "scores.json").read_text())["overall"]["by_question"]
    points = pq.read_table(pipeline.sweep / "points.parquet").to_pylist()
    assert next(point["overall"]["score"] for point in points if point["alpha"] == 0.0) == pytest.approx(base)


def test_reloaded_weights_answer_as_a_fresh_engine_does(pipeline: Pipeline) -> None:
    """The sweep ran alpha 1 first; the merged checkpoint was answered by an engine of its own."""
    merged = json.loads((pipeline.scores("merged") / "scores.json").read_text())["overall"]["by_question"]
    points = pq.read_table(pipeline.sweep / "points.parquet").to_pylist()
    assert next(point["overall"]["score"] for point in points if point["alpha"] == 1.0) == pytest.approx(merged)


def test_the_awq_checkpoint_is_padded_and_small(pipeline: Pipeline) -> None:
    config = json.loads((pipeline.awq / "config.json").read_text())
    assert config["intermediate_size"] == 768
    assert config["quantization_config"]["quant_method"] == "awq"
    tensors = load_file(pipeline.awq / "model.safetensors")
    assert tensors["model.layers.0.mlp.down_proj.qweight"].shape == (768, 256 // 8)
    assert all(torch.isfinite(tensor).all() for name, tensor in tensors.items() if name.endswith("scales"))
    calibration = json.loads((pipeline.awq / "quantize_report.json").read_text())["calibration"]
    assert calibration["samples"] == 24
    assert all(calibration["tokens_by_task_type"].values())


def test_predictions_are_in_question_order(pipeline: Pipeline) -> None:
    lines = (pipeline.answers("awq") / "predictions.jsonl").read_text().split("\n")
    asked = [json.loads(line)["input_field"] for line in lines if line]
    assert asked == [question.input_field for question in load_questions(pipeline.questions)]


@pytest.mark.whole_pipeline
def test_the_report_has_everything(pipeline: Pipeline) -> None:
    page = (pipeline.complete().directory / "report.html").read_text()
    assert "<svg" in page
    assert all(name in page for name in ["adapter-1", "merged", "awq", "submission", "sweep"])
    assert {"merged", "awq"} <= json.loads((pipeline.directory / "scores.json").read_text()).keys()


def test_real_questions_are_asked_answered_and_scored(
    pipeline: Pipeline, engines: EngineHost, development: Path, tmp_path: Path
) -> None:
    answers, scores = tmp_path / "answers", tmp_path / "scores"
    profile = ["infer/cpu.yaml", "--set", "engine.max_model_len=2048"]
    result = engines.infer(*profile, "--model", pipeline.awq, "--questions", development, "--out", answers)
    assert result.returncode == 0, result.stderr
    run_shoptune("evaluate", answers / "predictions.jsonl", "--questions", development, "--out", scores)
    result = json.loads((scores / "scores.json").read_text())
    assert result["overall"]["questions"] == len(result["per_question"]) == 96
    assert len(result["by_task"]) == 18


def test_the_working_tree_is_left_clean(pipeline: Pipeline) -> None:
    import subprocess

    status = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    assert not [line for line in status.stdout.split("\n") if line.startswith("??")]
