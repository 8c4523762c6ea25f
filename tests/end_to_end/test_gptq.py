"""GPTQ by llm-compressor: the checkpoint loads in vLLM and answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.dequantize import dequantized_tensors
from shoptune.checkpoints.tensor_file import read_rows
from tests.end_to_end.pipeline import ROOT, Pipeline, run_shoptune

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".venvs" / "gptq").is_dir(), reason="the gptq environment is not installed"),
]


def test_a_gptq_checkpoint_is_made_from_rows_and_answers(pipeline: Pipeline, tmp_path: Path) -> None:
    values = {
        "model": str(pipeline.merged),
        "engine": "llm-compressor",
        "calibration": {"rows": str(pipeline.rows), "max_samples": 32, "max_length": 128},
        "awq": None,
        "parity": None,
    }
    gptq, answers = tmp_path / "gptq", tmp_path / "answers"
    run_shoptune("quantize", pipeline.config("gptq.yaml", "quantize/demo.yaml", **values), "--out", gptq)
    config = json.loads((gptq / "config.json").read_text())
    assert config["quantization_config"]["quant_method"] == "compressed-tensors"
    assert config["intermediate_size"] == 768
    assert load_file(gptq / "model.safetensors")["model.layers.0.mlp.down_proj.weight_packed"].shape == (256, 768 // 8)
    report = json.loads((gptq / "quantize_report.json").read_text())
    assert report["calibration"]["samples"] == 32
    assert len(report["layers"]) == 28
    read_back = dict(dequantized_tensors(Checkpoint(gptq)))
    for layer in report["layers"]:
        original = Checkpoint(pipeline.merged).tensors[layer["name"]]
        padded = torch.zeros_like(read_back[layer["name"]])
        padded[: original.shape[0], : original.shape[1]] = read_rows(original)
        assert float((read_back[layer["name"]] - padded).norm()) == pytest.approx(layer["error_norm"], rel=1e-3)
    run_shoptune("infer", "infer/cpu.yaml", "--model", gptq, "--questions", pipeline.questions, "--out", answers)
    lines = [json.loads(line) for line in (answers / "predictions.jsonl").read_text().splitlines()]
    assert any(line["prediction"] for line in lines)
