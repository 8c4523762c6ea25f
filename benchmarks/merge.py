"""Merge speed and memory: ours against PEFT, mergekit, and copying the file, in one run on one checkpoint.

Run: .venv/bin/python benchmarks/merge.py [--repeat 3] [--without mergekit]
A 1.5B-shaped random bfloat16 checkpoint and two rank-64 adapters on all linear layers are made under runs/benchmarks.
They are merged with their files in the page cache, and, compared with copying, with their files only on disk. Then two
real-shaped layers of Qwen2-72B show that memory does not grow with the number of layers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from checkpoints import QWEN2_1_5B, QWEN2_72B_LAYERS, Shape, make_inputs
from measure import Measured, best, measure, report

RUN = Path("runs/benchmarks/merge")
TRAIN_PYTHON = Path(".venvs/train/bin/python")
MERGEKIT = Path(".venvs/mergekit/bin/mergekit-yaml")


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
    title = "1.5B-shaped checkpoint, two rank-64 adapters"
    compare(f"{title}, files in the page cache", ways, arguments.repeat, RUN / "merge.json")
    read = [file for folder in (base, *adapters) for file in folder.glob("*.safetensors")]
    from_disk = {name: partial(after_eviction, read, ways[name]) for name in ("shoptune", "cp and sync")}
    compare(f"{title}, files on the disk only", from_disk, arguments.repeat, RUN / "merge-from-disk.json")
    deep(arguments.repeat)


def compare(title: str, ways: Mapping[str, Callable[[], Measured]], repeat: int, file: Path) -> None:
    """Run every way, in turns, so that a slow spell of the machine meets all; the first is ours."""
    runs: dict[str, list[Measured]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():
            runs[name].append(way())
    rows = [best(measured) for measured in runs.values()]
    for row in rows:
        row["times ours"] = row["seconds"] / rows[0]["seconds"]
    report(title, rows, file)


def after_eviction(files: Iterable[Path], way: Callable[[], Measured]) -> Measured:
    """Run a way whose inputs are not in the page cache, as those of a model larger than memory never are."""
    for file in files:
        with file.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return way()


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


def shoptune(base: Path, adapters: list[Path]) -> Measured:
    """Our merge, as a user runs it."""
    out = RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    members = [{"path": str(adapter), "weight": 0.5} for adapter in adapters]
    config = RUN / "merge.yaml"
    config.write_text(json.dumps({"base": str(base), "adapters": members, "wise_ft_alpha": 0.56, "dtype": "bfloat16"}))
    return measure("shoptune", [Path(sys.executable).with_name("shoptune"), "merge", config, "--out", out])


def copy(base: Path) -> Measured:
    """The lower bound: read the weights, write as many, sync the disk."""
    out = RUN / "out"
    shutil.rmtree(out, ignore_errors=True)
    return measure("cp and sync", ["bash", "-c", f"cp -r '{base}' '{out}' && sync"])


def peft(base: Path, adapters: list[Path]) -> Measured:
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


def mergekit(base: Path, adapters: list[Path]) -> Measured:
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
resolve_options "$(machine_kind)"
"$UV" venv --quiet --python 3.11 .venvs/mergekit
"$UV" pip install --quiet --python .venvs/mergekit/bin/python "${OPTIONS[@]}" mergekit torch==2.13.0"""
        subprocess.run(["bash", "-ec", script], check=True)  # noqa: S607 - the user's shell


if __name__ == "__main__":
    main()
