"""Settings that axolotl accepts, but a machine, a launcher or a later stage does not."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.config import file_of
from shoptune.errors import Problem

if TYPE_CHECKING:
    from shoptune.train.config import TrainConfig
    from shoptune.train.machine import Machine

_FUSED = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "lora_embedding_kernel")
_MLFLOW = ("use_mlflow", "mlflow_tracking_uri")
# Adapters that `shoptune merge` does not take, and why.
_UNMERGEABLE = {
    "lora_target_parameters": "adapts experts' parameters, which `shoptune merge` does not take",
    "lora_fan_in_fan_out": "stores weights transposed, which `shoptune merge` does not take",
    "peft_layer_replication": "repeats layers, which `shoptune merge` does not take",
}
_STARTS = (True, False, "gaussian", "orthogonal", "eva")


def problems_on(config: TrainConfig, machine: Machine) -> Iterator[Problem]:
    """Settings that cannot work on a machine, or whose result no later stage takes."""
    values = config.axolotl
    adapter = values.get("adapter") in {"lora", "qlora"}
    if not machine.has_gpu:
        yield from _on_cpu(config, adapter=adapter)
    if values.get("deepspeed"):
        if machine.workers == 1:
            what = "DeepSpeed splits work between processes, and there is one"
            yield _problem(config, "deepspeed", what, "remove it, or train with --processes 2 or more")
        yield from _deepspeed(config, str(values["deepspeed"]))
    if values.get("fsdp_config") and machine.workers == 1:
        what = "FSDP splits the model between processes, and there is one"
        yield _problem(config, "fsdp_config", what, "remove it, or train with --processes 2 or more")
    if (key := next(filter(values.get, _MLFLOW), None)) and importlib.util.find_spec("mlflow") is None:
        yield _problem(config, key, "MLflow is not installed", "install mlflow in the train environment, or remove it")
    if adapter:
        for key, what in _UNMERGEABLE.items():
            if values.get(key):
                yield _problem(config, key, what, "remove it")
        start = values.get("peft_init_lora_weights")
        if (start is not None and start not in _STARTS) or values.get("loftq_config"):
            key = "loftq_config" if values.get("loftq_config") else "peft_init_lora_weights"
            what = "changes the base's own weights before training, and `shoptune merge` adds to the base as it was"
            yield _problem(config, key, what, "remove it")


def _on_cpu(config: TrainConfig, *, adapter: bool) -> Iterator[Problem]:
    values = config.axolotl
    for key in ("bf16", "bfloat16", "fp16", "tf32"):
        if values.get(key) and values[key] != "auto":
            yield _problem(config, key, "training on a CPU is in float32", f"set {key}: false, or train on a GPU")
    for key in ("deepspeed", "fsdp_config"):
        if values.get(key):
            yield _problem(config, key, "needs GPUs", "remove it, or train on GPUs")
    fused = [key for key in _FUSED[:3] if values.get(key) is not False]
    if adapter and fused:
        what = "the fused kernels run on GPUs only, and axolotl turns them on unless they are set to false"
        yield _problem(config, fused[0], what, f"set {', '.join(fused)} to false")


def _deepspeed(config: TrainConfig, name: str) -> Iterator[Problem]:
    """Yield the problems that DeepSpeed's config class finds in its JSON."""
    file = Path(name)
    if not file.is_file():
        yield _problem(config, "deepspeed", f"no such file '{name}'", "choose a JSON file")
        return
    try:
        from deepspeed.runtime.config import DeepSpeedConfig

        DeepSpeedConfig(_filled(json.loads(file.read_text(encoding="utf-8"))))
    except ImportError:
        yield _problem(config, "deepspeed", "DeepSpeed is not installed", "run `make setup`")
    except Exception as error:  # DeepSpeed raises assertions, pydantic errors and its own
        yield Problem(file, "", f"DeepSpeed refuses it: {error}", "correct the value")


def _filled(value: Any, key: str = "") -> Any:
    """DeepSpeed's config with numbers for `auto`, which transformers fills in when training starts."""
    if isinstance(value, Mapping):
        return {name: _filled(inner, name) for name, inner in value.items()}
    if value != "auto":
        return value
    return True if key == "enabled" else 1


def _problem(config: TrainConfig, key: str, what: str, remedy: str) -> Problem:
    return Problem(file_of(config.file, [key]), key, what, remedy)
