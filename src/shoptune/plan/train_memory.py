"""The memory that training needs on each GPU and on the host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shoptune.plan.shapes import Shape, nf4_bytes
from shoptune.runtime.machine_facts import GIB

FULL: Final = "full"
LIBRARIES: Final = 2e9  # bytes of torch, axolotl and the data set per process
_CUDA_BYTES: Final = GIB // 2
_SHARD: Final = 5e9  # bytes of a checkpoint's largest file; each process reads one file at a time
_FLOAT32: Final = 4  # bytes
# ZeRO's stages partition the optimizer state (1), also gradients (2), and also weights (3).
_NONE, OPTIMIZER, GRADIENTS, _WEIGHTS = range(4)


@dataclass(frozen=True)
class Job:
    """The properties of a training config that determine its memory.

    Attributes:
        keys: axolotl's keys and values.
        shape: the shapes of the base model.
        processes: the number of processes, one per GPU.
        on_gpu: whether training runs on GPUs.
        zero: the ZeRO section of DeepSpeed's config, empty without DeepSpeed.
    """

    keys: Mapping[str, Any]
    shape: Shape
    processes: int
    on_gpu: bool
    zero: Mapping[str, Any]

    @property
    def zero_stage(self) -> int:
        """ZeRO's stage, or 0 without DeepSpeed. FSDP counts as stage 3, since it shards everything too."""
        if self.keys.get("fsdp") or self.keys.get("fsdp_config"):
            return _WEIGHTS
        return int(self.zero.get("stage", _NONE))

    @property
    def adapter(self) -> str:
        """`qlora`, `lora`, or `full` if all weights are trained."""
        return str(self.keys.get("adapter") or FULL)

    @property
    def element(self) -> int:
        """The bytes per number outside of quantized layers: 2 with 16-bit training, else 4."""
        return 2 if any(self.keys.get(key) for key in ("bf16", "fp16", "bfloat16", "float16")) else 4

    @property
    def base_bytes(self) -> float:
        """The bytes of the base model as it is loaded."""
        per_weight: float = self.element
        if self.keys.get("load_in_4bit"):
            per_weight = nf4_bytes()
        elif self.keys.get("load_in_8bit"):
            per_weight = 1
        return self.shape.bytes(per_weight, self.element)

    @property
    def trainable(self) -> int:
        """The number of weights that are trained."""
        if self.adapter == FULL:
            return self.shape.parameters
        targets = None if self.keys.get("lora_target_linear") else self.keys.get("lora_target_modules")
        return int(self.shape.lora_weights(self._whole("lora_r", 8), targets))

    @property
    def trainable_element(self) -> int:
        """The bytes per trained weight: PEFT keeps adapters in float32, DeepSpeed converts them to 16 bits."""
        return self.element if self.zero_stage or self.adapter == FULL else 4

    @property
    def tokens_per_step(self) -> int:
        """The number of tokens in one forward pass on one GPU."""
        return self._whole("micro_batch_size", 1) * self._whole("sequence_len", 512)

    def _whole(self, key: str, default: int) -> int:
        """Return an integer from the config, or the default if it has another type, which axolotl's checks report."""
        value = self.keys.get(key)
        return value if isinstance(value, int) and value else default

    @property
    def recomputes(self) -> bool:
        """Whether activations are recomputed in the backward pass."""
        return bool(self.keys.get("gradient_checkpointing"))


def gpu_parts(job: Job) -> dict[str, float]:
    """Return the bytes on one GPU at the peak of a step, by purpose."""
    weights, stage, parts = job.trainable * job.trainable_element, job.zero_stage, job.processes
    shared = parts if stage else 1
    optimizer = job.trainable * _optimizer_bytes(job)
    base = job.base_bytes
    found = {
        "base weights": base / shared + _gathered(job) if stage == _WEIGHTS else base,
        "adapter weights": weights / (shared if stage == _WEIGHTS else 1) if job.adapter != FULL else 0,
        "gradients": weights / (shared if stage >= GRADIENTS else 1),
        "optimizer": 0 if _offloaded(job, "offload_optimizer") else optimizer / shared,
        "activations": activation_bytes(job),
    }
    if parts > 1 and not stage:
        found["gradient buckets"] = weights  # DistributedDataParallel reduces copies of the gradients
    if _offloaded(job, "offload_param"):
        found["base weights"] = _gathered(job)
    if job.on_gpu:
        found["CUDA libraries"] = float(_CUDA_BYTES)
    return {name: float(size) for name, size in found.items() if size}


def activation_bytes(job: Job) -> float:
    """Return the bytes of a forward pass's activations, plus the larger of the loss and one block's backward pass.

    Per token, a block keeps 8 x hidden (inputs of norms and projections, the output of attention, residuals), keys and
    values, and 4 x intermediate (gate, up, activation, product). With gradient checkpointing, it keeps only its input.
    The loss keeps the logits in the model's element type, and a copy and the gradient in float32.
    """
    shape, tokens, element = job.shape, job.tokens_per_step, job.element
    block = tokens * (8 * shape.hidden + 2 * shape.kv_heads * shape.head_dim + 4 * shape.intermediate) * element
    kept = shape.layers * (tokens * shape.hidden * element if job.recomputes else block)
    logits = tokens * shape.vocab * (element + 8)
    dequantized = shape.intermediate * shape.hidden * element if job.keys.get("load_in_4bit") else 0
    return float(kept + max(logits, dequantized + (block if job.recomputes else 0)))


def host_parts(job: Job) -> dict[str, float]:
    """Return the peak bytes of host memory for all processes of a machine, by purpose."""
    parts = {"libraries": LIBRARIES * job.processes, "loading": min(_SHARD, job.shape.parameters * 2) * job.processes}
    if job.zero_stage in {
        OPTIMIZER,
        GRADIENTS,
    }:  # DeepSpeed copies the module's state to host memory on every rank that saves
        parts["checkpoint copies"] = job.base_bytes * job.processes
    if job.zero_stage == _WEIGHTS and job.zero.get("stage3_gather_16bit_weights_on_model_save"):
        parts["gathered checkpoint"] = job.shape.parameters * 2.0
    if _offloaded(job, "offload_optimizer"):
        parts["optimizer"] = job.trainable * 12.0
    if _offloaded(job, "offload_param"):
        parts["base weights"] = job.base_bytes
    return parts


def _gathered(job: Job) -> float:
    """Return the bytes of two blocks' weights, which ZeRO-3 gathers before they are used."""
    return 2 * job.shape.linear_weights / job.shape.layers * job.element


def _optimizer_bytes(job: Job) -> int:
    """Return the bytes of optimizer state per weight; DeepSpeed adds a float32 copy of 16-bit weights."""
    name, copies = str(job.keys.get("optimizer") or "adamw_torch"), bool(job.zero_stage) and job.element < _FLOAT32
    if name.startswith("sgd"):
        state = 0
    elif "8bit" in name:
        state = 2
    else:
        state = 8 if copies else 2 * job.trainable_element
    return state + (4 if copies else 0)


def zero_settings(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ZeRO section of DeepSpeed's config, or an empty mapping without DeepSpeed."""
    named = keys.get("deepspeed")
    values: Any = named
    if isinstance(named, str):
        values = {}
        with suppress(OSError, ValueError):  # a check of the train stage reports the error
            values = json.loads(Path(named).read_text(encoding="utf-8"))
    part = values.get("zero_optimization") if isinstance(values, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _offloaded(job: Job, key: str) -> bool:
    part = job.zero.get(key)
    return isinstance(part, Mapping) and part.get("device") == "cpu"
