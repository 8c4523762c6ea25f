"""Merge speed and memory: ours against PEFT, mergekit, and copying the file, in one run on one checkpoint.

Run: .venv/bin/python benchmarks/merge.py [--repeat 3] [--layers 28] [--without mergekit]
A 1.5B-shaped random bfloat16 checkpoint and two rank-64 adapters on all linear layers are made under runs/benchmarks.
Then two real-shaped layers of Qwen2-72B show that memory does not grow with the number of layers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from measure import best, measure, report

from shoptune.tensor_file import writing

RUN = Path("runs/benchmarks/merge")
TRAIN_PYTHON = Path(".venvs/train/bin/python")
MERGEKIT = Path(".venvs/mergekit/bin/mergekit-yaml")
RANK = 64


@dataclass(frozen=True)
class Shape:
    """The sizes that decide a Qwen2 checkpoint's shapes."""

    hidden: int
    intermediate: int
    layers: int
    key_value: int
    vocabulary: int

    def linear(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of every linear layer of one block."""
        return {
            "self_attn.q_proj": (self.hidden, self.hidden),
            "self_attn.k_proj": (self.key_value, self.hidden),
            "self_attn.v_proj": (self.key_value, self.hidden),
            "self_attn.o_proj": (self.hidden, self.hidden),
            "mlp.gate_proj": (self.intermediate, self.hidden),
            "mlp.up_proj": (self.intermediate, self.hidden),
            "mlp.down_proj": (self.hidden, self.intermediate),
        }


QWEN2_1_5B = Shape(1536, 8960, 28, 256, 151936)
QWEN2_72B_LAYERS = Shape(8192, 29568, 2, 1024, 1024)


def main() -> None:
    """Make the inputs, run every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], choices=["peft", "mergekit"])
    arguments = parser.parse_args()
    base, adapters = make_inputs(RUN / "1.5b", QWEN2_1_5B)
    ways = {"shoptune": lambda: shoptune(base, adapters), "cp and sync": lambda: copy(base)}
    if "peft" not in arguments.without:
        ways["PEFT cat + merge_and_unload"] = lambda: peft(base, adapters)
    if "mergekit" not in arguments.without:
        install_mergekit()
        ways["mergekit"] = lambda: mergekit(base, adapters)
    runs = {name: [] for name in ways}
    for _ in range(arguments.repeat):  # in turns, so that a slow spell of the machine meets all
        for name, way in ways.items():
            runs[name].append(way())
    rows = [best(measured) for measured in runs.values()]
    for row in rows:
        row["times ours"] = row["seconds"] / rows[0]["seconds"]
    report("1.5B-shaped checkpoint, two rank-64 adapters", rows, RUN / "merge.json")
    deep(arguments.repeat)


def deep(repeat: int) -> None:
    """Memory and time a layer of Qwen2-72B, from one and from two layers."""
    rows = []
    for layers in (1, 2):
        shape = Shape(**{**QWEN2_72B_LAYERS.__dict__, "layers": layers})
        base, adapters = make_inputs(RUN / f"72b-{layers}", shape)
        rows.append(best([shoptune(base, adapters) for _ in range(repeat)]) | {"layers": layers})
        shutil.rmtree(RUN / f"72b-{layers}")
    predicted = rows[0]["seconds"] + 79 * (rows[1]["seconds"] - rows[0]["seconds"])
    report("Layers of Qwen2-72B's shape, two rank-64 adapters", rows, RUN / "merge-72b.json")
    print(f"predicted for 80 layers: {predicted / 60:.1f} min on this machine")


def make_inputs(directory: Path, shape: Shape) -> tuple[Path, list[Path]]:
    """A random base and two random adapters; kept from run to run.

    They are made in a process of its own: a command that is measured starts as a copy of this one, and would be counted
    with the memory that this one ever had.
    """
    maker = multiprocessing.get_context("spawn").Process(target=_make_inputs, args=(directory, shape))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit("making the inputs failed")
    return directory / "base", [directory / "adapter-1", directory / "adapter-2"]


def _make_inputs(directory: Path, shape: Shape) -> None:
    base, adapters = directory / "base", [directory / "adapter-1", directory / "adapter-2"]
    if not (base / "config.json").is_file():
        base.mkdir(parents=True, exist_ok=True)
        _write_base(base, shape)
    for seed, adapter in enumerate(adapters):
        if not (adapter / "adapter_config.json").is_file():
            adapter.mkdir(exist_ok=True)
            _write_adapter(adapter, base, shape, seed)


def shoptune(base: Path, adapters: list[Path]) -> object:
    """Our merge, as a user runs it."""
    out = RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    members = [{"path": str(adapter), "weight": 0.5} for adapter in adapters]
    config = RUN / "merge.yaml"
    config.write_text(json.dumps({"base": str(base), "adapters": members, "wise_ft_alpha": 0.56, "dtype": "bfloat16"}))
    return measure("shoptune", [Path(sys.executable).with_name("shoptune"), "merge", config, "--out", out])


def copy(base: Path) -> object:
    """The least that any tool must do: read the weights, write as many, wait for the disk."""
    out = RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    return measure("cp and sync", ["bash", "-c", f"cp -r '{base}' '{out}' && sync"])


def peft(base: Path, adapters: list[Path]) -> object:
    """PEFT's exact way: concatenate the adapters, merge, save."""
    script = """
import sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, first, second, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
model = PeftModel.from_pretrained(model, first, adapter_name="first")
model.load_adapter(second, adapter_name="second")
model.add_weighted_adapter(["first", "second"], [0.28, 0.28], "both", combination_type="cat")
model.set_adapter("both")
model.merge_and_unload(adapter_names=["both"]).save_pretrained(out)
import os; os.sync()
"""
    out = RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [TRAIN_PYTHON, "-W", "ignore", "-c", script, base, *adapters, out]
    return measure("PEFT cat + merge_and_unload", command, HF_HUB_OFFLINE="1")


def mergekit(base: Path, adapters: list[Path]) -> object:
    """Mergekit's task arithmetic over `base+adapter` models."""
    out = RUN / "out"
    for folder in (out, RUN / "lora-cache"):
        shutil.rmtree(folder, ignore_errors=True)
    models = [{"model": f"{base}+{adapter}", "parameters": {"weight": 0.28}} for adapter in adapters]
    config = {"merge_method": "task_arithmetic", "base_model": str(base), "models": models, "dtype": "bfloat16"}
    file = RUN / "mergekit.yaml"
    file.write_text(json.dumps(config))
    command = f"'{MERGEKIT}' '{file}' '{out}' --lora-merge-cache '{RUN / 'lora-cache'}' --copy-tokenizer && sync"
    return measure("mergekit", ["bash", "-c", command], HF_HUB_OFFLINE="1")


def install_mergekit() -> None:
    """Mergekit pins libraries of its own: an environment of its own, made once."""
    if not MERGEKIT.is_file():
        script = """source requirements/uv.sh
"$UV" venv --quiet --python 3.11 .venvs/mergekit
"$UV" pip install --quiet --python .venvs/mergekit/bin/python "${UV_SOURCES[@]}" mergekit torch==2.13.0"""
        subprocess.run(["bash", "-ec", script], check=True)  # noqa: S607 - the user's shell


def _write_base(directory: Path, shape: Shape) -> None:
    tensors = {"model.embed_tokens.weight": (shape.vocabulary, shape.hidden), "model.norm.weight": (shape.hidden,)}
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}"
        tensors |= {f"{prefix}.{name}.weight": sizes for name, sizes in shape.linear().items()}
        for name in ("q_proj", "k_proj", "v_proj"):
            tensors[f"{prefix}.self_attn.{name}.bias"] = (shape.linear()[f"self_attn.{name}"][0],)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}.{norm}.weight"] = (shape.hidden,)
    generator = torch.Generator().manual_seed(0)
    layout = [(name, torch.bfloat16, sizes) for name, sizes in tensors.items()]
    with writing(directory / "model.safetensors", layout) as writer:
        for name, sizes in tensors.items():
            writer.write_rows(name, 0, (torch.randn(*sizes, generator=generator) * 0.02).to(torch.bfloat16))
    heads = shape.hidden // 128
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": 2048,
        "model_type": "qwen2",
        "num_attention_heads": heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.key_value // 128,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": shape.vocabulary,
    }
    for file in Path("examples/tiny_base").glob("tokenizer*"):
        shutil.copyfile(file, directory / file.name)
    (directory / "config.json").write_text(json.dumps(config, indent=2))


def _write_adapter(directory: Path, base: Path, shape: Shape, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(shape.layers):
        for name, (rows, columns) in shape.linear().items():
            prefix = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{prefix}.lora_A.weight"] = (RANK, columns)
            tensors[f"{prefix}.lora_B.weight"] = (rows, RANK)
    layout = [(name, torch.float32, sizes) for name, sizes in tensors.items()]
    with writing(directory / "adapter_model.safetensors", layout) as writer:
        for name, sizes in tensors.items():
            writer.write_rows(name, 0, torch.randn(*sizes, generator=generator) * 0.003)
    config = {
        "base_model_name_or_path": str(base),
        "bias": "none",
        "lora_alpha": RANK,
        "peft_type": "LORA",
        "r": RANK,
        "target_modules": sorted(name.split(".")[-1] for name in shape.linear()),
        "task_type": "CAUSAL_LM",
    }
    (directory / "adapter_config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main()
