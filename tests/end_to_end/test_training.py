"""The tokens that axolotl trains on, and the weights of interrupted and distributed runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.pipeline import ROOT, SEQUENCES, SHOPTUNE, TRAINING, Pipeline, python_in, run_shoptune, shoptune
from tests.warm.interpreters import WarmInterpreters

pytestmark = pytest.mark.slow

_LABELS = """
import sys
from axolotl.cli.args import TrainerCliArgs
from axolotl.cli.config import load_cfg
from axolotl.common.datasets import load_datasets
from transformers import AutoTokenizer
from shoptune.train.config import load_train_config
from pathlib import Path
import pyarrow.parquet as pq
import yaml

config = load_train_config(Path(sys.argv[1]), ["sample_packing=false", "curriculum_sampling=true"])
directory = Path(sys.argv[2])
base = Path(config.base_model)
file = directory / "axolotl.yaml"
file.write_text(yaml.safe_dump(config.for_axolotl(base, directory)))
dataset = load_datasets(cfg=load_cfg(str(file)), cli_args=TrainerCliArgs()).train_dataset
tokenizer = AutoTokenizer.from_pretrained(base)
rendered = {tokenizer.apply_chat_template(row["messages"], tokenize=False): row["messages"][-1]["content"]
            for row in pq.read_table(config.data_files[0] / "train-00000-of-00001.parquet").to_pylist()}
seen = 0
for row in dataset:
    answer = rendered[tokenizer.decode(row["input_ids"])]
    learned = tokenizer.decode([label for label in row["labels"] if label != -100])
    assert learned.rstrip("\\n") == answer + "<|im_end|>", (learned, answer)
    seen += 1
assert seen == len(rendered)
print("rows", seen)
"""


def _losses(adapter: Path) -> list[float]:
    lines = (adapter / "metrics.jsonl").read_text().splitlines()
    return [entry["loss"] for entry in map(json.loads, lines) if "loss" in entry]


def _start_warm(command: list[str]) -> subprocess.Popen[str]:
    warm = WarmInterpreters.current
    python, variables = str(warm.python("main")), os.environ | warm.variables()
    arguments = [python, "-m", "shoptune", *command]
    return subprocess.Popen(arguments, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True)


@pytest.mark.early
def test_loss_counts_on_the_answer_alone_and_the_tokens_are_those_of_the_prompt(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    output = python_in("train", _LABELS, pipeline.train_config(), tmp_path)
    assert "rows " in output


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    command = ["train", str(pipeline.train_config()), "--out", str(out), *TRAINING]
    process = subprocess.Popen([SHOPTUNE, *command], cwd=ROOT, start_new_session=True)
    checkpoint = out.with_name("adapter.partial") / "checkpoints" / "checkpoint-6"
    while not checkpoint.exists():
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.01)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    run_shoptune(*command)
    weights = "adapter_model.safetensors"
    assert (out / weights).read_bytes() == (pipeline.adapter(0) / weights).read_bytes()


@pytest.mark.early
def test_two_processes_train_one_model(pipeline: Pipeline, tmp_path: Path) -> None:
    # Two workers with one sequence each make the batch of one worker that adds up two.
    run_shoptune("train", pipeline.train_config(), "--out", tmp_path / "two", "--processes", "2", *SEQUENCES, cold=True)
    assert _losses(tmp_path / "two") == pytest.approx(_losses(pipeline.two_sequences()), rel=0.02)
    assert len(_losses(tmp_path / "two")) == 3


@pytest.mark.early
def test_two_machines_train_one_model(pipeline: Pipeline, tmp_path: Path) -> None:
    # Two "nodes" on loopback that meet through torchrun's rendezvous, with one worker each.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    out = tmp_path / "adapter"
    common = ["train", str(pipeline.train_config()), "--out", str(out), "--launcher", "torchrun", "--nodes", "2"]
    common += ["--processes", "1", "--rendezvous", f"127.0.0.1:{port}", *SEQUENCES]
    second = _start_warm([*common, "--node-rank", "1"])
    run_shoptune(*common, "--node-rank", "0")
    _, printed = second.communicate(timeout=120)
    assert second.returncode == 0, printed
    assert f"machine 1 of 2 is done; machine 0 publishes {out}" in printed
    assert _losses(out) == pytest.approx(_losses(pipeline.two_sequences()), rel=0.02)
    assert len(_losses(out)) == 3


def test_sigterm_saves_a_checkpoint_from_which_the_run_resumes(pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    command = ["train", str(pipeline.train_config()), "--out", str(out), *TRAINING]
    process = _start_warm(command)
    progress = out.with_name("adapter.partial") / "progress.json"
    while not (progress.exists() and json.loads(progress.read_text())["step"] >= 1):
        assert process.poll() is None, "ended before it could be stopped"
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, printed = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted; run the same command to resume" in printed
    (checkpoint,) = (out.with_name("adapter.partial") / "checkpoints").glob("checkpoint-*")
    assert int(checkpoint.name.removeprefix("checkpoint-")) not in {6, 12}, "saved because it was asked to"
    run_shoptune(*command)
    for name in ("adapter_model.safetensors", "metrics.jsonl", "loss_curve.svg"):
        assert (out / name).read_bytes() == (pipeline.adapter(0) / name).read_bytes()


@pytest.mark.early
def test_wrong_settings_are_one_line_errors_before_training(pipeline: Pipeline, tmp_path: Path) -> None:
    config = pipeline.train_config()
    settings = ["--set", "lora_o_kernel=null", "--set", "lora_r=many"]
    result = shoptune("train", config, "--out", tmp_path / "adapter", *settings)
    assert result.returncode == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 2
    assert "lora_o_kernel: the fused kernels run on GPUs only" in lines[0]
    assert "lora_r: Input should be a valid integer" in lines[1]


@pytest.mark.early
def test_a_nan_loss_stops_the_run(pipeline: Pipeline, tmp_path: Path) -> None:
    settings = ["learning_rate=1e30", "max_grad_norm=1e30", "warmup_steps=0", "max_steps=8", "logging_steps=1"]
    arguments = [part for setting in settings for part in ("--set", setting)]
    result = shoptune("train", pipeline.train_config(), "--out", tmp_path / "adapter", *arguments)
    assert result.returncode == 2, result.stderr
    log = tmp_path / "adapter.partial" / "axolotl.log"
    assert f"error: {log}: step " in result.stderr
    assert "the loss is not a number; lower learning_rate" in result.stderr
    assert log.stat().st_size > 0


@pytest.mark.early
def test_the_known_keys_are_those_of_the_installed_axolotl() -> None:
    script = "from shoptune.train.axolotl_keys import discover, known_keys; print(discover() == known_keys())"
    assert python_in("train", script).endswith("True\n")


DEEPSPEED = sorted((ROOT / "training_configs" / "deepspeed").glob("*.json"))


@pytest.mark.early
def test_deepspeed_takes_the_configs() -> None:
    # "auto" is filled in by transformers before deepspeed sees it.
    script = """
import json, sys
from deepspeed.runtime.config import DeepSpeedConfig
def fill(value, key=""):
    if isinstance(value, dict):
        return {name: fill(inner, name) for name, inner in value.items()}
    return value if value != "auto" else {"bf16": True, "enabled": True}.get(key, 1)
for file in sys.argv[1:]:
    print("stage", DeepSpeedConfig(fill(json.load(open(file)))).zero_optimization_stage)
"""
    assert DEEPSPEED
    stages = [line for line in python_in("train", script, *DEEPSPEED).splitlines() if line.startswith("stage ")]
    assert stages == [f"stage {file.stem[-1]}" for file in DEEPSPEED]


_NF4_LOGITS = """
import sys
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
base, adapter, *merged = sys.argv[1:]
ids = torch.arange(40, 104).view(1, -1)
nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                         bnb_4bit_compute_dtype=torch.float32)
model = AutoModelForCausalLM.from_pretrained(base, quantization_config=nf4, device_map="cpu", dtype=torch.float32)
for module in model.modules():
    if hasattr(module, "support_avx512bf16_for_cpu"):
        module.support_avx512bf16_for_cpu = False
trained = PeftModel.from_pretrained(model, adapter)(ids).logits
for folder in merged:
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(ids).logits
    print((trained - ours).abs().max().item())
"""


def test_merging_onto_the_nf4_base_gives_the_model_that_was_trained(pipeline: Pipeline, tmp_path: Path) -> None:
    common = ["nf4_source=float32", "dtype=float32", f"adapters=[{{path: {pipeline.adapter(0)}}}]"]
    names = ("nf4", "checkpoint")
    for name in names:
        arguments = [part for setting in [f"base_weights={name}", *common] for part in ("--set", setting)]
        run_shoptune("merge", pipeline.merge_config, *arguments, "--out", tmp_path / name)
    folders = [tmp_path / name for name in names]
    output = python_in("train", _NF4_LOGITS, ROOT / "examples/tiny_base", pipeline.adapter(0), *folders)
    nf4, checkpoint = map(float, output.splitlines()[-2:])
    assert nf4 < 1e-3
    assert checkpoint > 0.05
