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
from tests.end_to_end.pipeline import ROOT, Pipeline, python_in, run_shoptune

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


# Three runs: a whole one; one that is killed while it saves its second block, in a forked process; one that resumes it.
_RESUME = """
import os, signal, sys
from pathlib import Path
import torch, transformers

folder = Path(sys.argv[1])
settings = transformers.Qwen2Config(
    hidden_size=128, intermediate_size=192, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
    vocab_size=64, tie_word_embeddings=False,
)
torch.manual_seed(0)
torch.set_num_threads(1)
transformers.Qwen2ForCausalLM(settings).save_pretrained(folder / "model")
transformers.AutoTokenizer.from_pretrained("examples/tiny_base").save_pretrained(folder / "model")

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.quantize import gptq_layers
from shoptune.quantize.engine import Work
from shoptune.quantize.engines.llm_compressor import LlmCompressor
from shoptune.quantize.layers import Grid, LayerChecks
from shoptune.quantize.source import PaddedSource

blocks = torch.randint(64, (4, 32), generator=torch.Generator().manual_seed(0)).tolist()
source = PaddedSource(Checkpoint(folder / "model"), 256)

def run(name):
    out = folder / name
    (out / "kept").mkdir(parents=True, exist_ok=True)
    checks = LayerChecks(source, Grid(128, symmetric=True), None, out / "kept" / "layers")
    LlmCompressor().quantize(Work(source, blocks, "cpu", out, out / "kept", checks, 1 << 30))
    return (out / "model.safetensors").read_bytes(), checks.layers()

save = gptq_layers.save_file
killed = folder / "killed" / "kept"

def save_and_die(tensors, file):
    save(tensors, file)
    if file.name.startswith("model.layers.1.mlp.up_proj"):
        os.kill(os.getpid(), signal.SIGKILL)

if (child := os.fork()) == 0:
    gptq_layers.save_file = save_and_die
    run("killed")
died = os.waitpid(child, 0)[1] == signal.SIGKILL
finished = {file: file.stat().st_mtime_ns for file in killed.glob("model.layers.0.*.safetensors")}
resumed, whole = run("killed"), run("whole")
again = [file.name for file, time in finished.items() if file.exists() and file.stat().st_mtime_ns != time]
print(died, len(finished), resumed == whole, again)
"""


def test_a_killed_run_resumes_and_gives_the_same_bytes(tmp_path: Path) -> None:
    assert python_in("gptq", _RESUME, tmp_path).split("\n")[-2] == "True 7 True []"
