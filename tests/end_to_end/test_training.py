"""What axolotl really trains on, and that an interrupted or divided run ends with the same weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.pipeline import ROOT, SHOPTUNE, TRAINING, Pipeline, python_in, run_shoptune

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
    lines = (adapter / "training_log.jsonl").read_text().splitlines()
    return [entry["loss"] for entry in map(json.loads, lines) if "loss" in entry]


@pytest.mark.early
def test_loss_counts_on_the_answer_alone_and_the_tokens_are_those_of_the_prompt(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    output = python_in("train", _LABELS, pipeline.train_config(), tmp_path)
    assert "rows " in output


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
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
    common = ["--set", "max_steps=3", "--set", "logging_steps=1", "--set", "sample_packing=false"]
    one, two = tmp_path / "one", tmp_path / "two"
    config = pipeline.train_config()
    run_shoptune("train", config, "--out", two, "--processes", "2", *common)
    run_shoptune("train", config, "--out", one, "--set", "gradient_accumulation_steps=2", *common)
    assert _losses(two) == pytest.approx(_losses(one), rel=0.02)
    assert len(_losses(two)) == 3


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
