"""Plan quantization. AutoAWQ reads one block at a time; llm-compressor keeps the model in host memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shoptune.errors import Problem
from shoptune.plan.capability import installation_problems, unpadded
from shoptune.plan.estimate import Budget, Estimate, Setting, amount
from shoptune.plan.roofline import CPU_GFLOPS
from shoptune.plan.shapes import Shape, awq_bytes

# 20 candidate scales, plus the search for clipping limits. The share is chosen such that Qwen2-72B with 96 questions
# takes 1.5 hours on an A100, as in paper 001, section 4.6.
_FORWARD_PASSES: Final = 25
_GPU_SHARE: Final = 0.04
_LIBRARIES: Final = 2e9
_TOKENS_PER_QUESTION: Final = 194  # mean for development questions with chat template, with Qwen2's tokenizer


@dataclass(frozen=True)
class QuantizeWork:
    """The properties of a quantize config that determine its cost.

    Attributes:
        group_size: the number of consecutive weights that share a scale.
        tensor_parallel: the number of GPUs that will share the model.
        samples: the number of calibration questions.
        max_length: the maximum length of a question, in tokens.
        on_gpu: whether the search runs on a GPU.
        blockwise: whether the engine reads one block at a time, rather than the whole model into host memory.
        whole_model: whether the whole model is put on one GPU (`device_map`).
    """

    group_size: int
    tensor_parallel: int
    samples: int
    max_length: int
    on_gpu: bool
    blockwise: bool = True
    whole_model: bool = False


def plan_quantize(setting: Setting, work: QuantizeWork) -> Estimate:
    """Estimate padding and AWQ."""
    machine, shape = setting.machine, setting.shape.padded(work.group_size, work.tensor_parallel)
    element = 2 if work.on_gpu else 4
    tokens = work.samples * min(work.max_length, _TOKENS_PER_QUESTION)
    packed = shape.bytes(awq_bytes(work.group_size))
    search = search_bytes(shape, tokens, element)
    whole = not work.blockwise or work.whole_model
    model = float(shape.parameters * element) if whole else _block_and_embedding(shape) * element
    memory = {"model" if whole else "embedding and one block": model, "libraries": _LIBRARIES}
    budgets = []
    if work.on_gpu and machine.gpus:
        placed = {"weights": _placed(shape, work), "calibration": search}
        limit = max(gpu.available_bytes for gpu in machine.gpus)
        budgets.append(Budget("gpu", "memory per GPU", placed, limit, "lower calibration.max_samples or max_length"))
    memory["calibration"] = search
    disk = {"finished blocks": packed, "4-bit checkpoint": packed}
    if not setting.local:
        disk["download of the model"] = shape.parameters * 2.0
    seconds = _seconds(setting, work, shape, tokens)
    return Estimate(
        stage="quantize",
        budgets=[
            *budgets,
            Budget("host", "memory", memory, machine.memory_bytes, "use a machine with more memory"),
            Budget("disk", "disk", disk, machine.disk_bytes, "free some space, or choose an --out on another disk"),
        ],
        seconds=seconds,
        figures={
            "intermediate_size": setting.shape.intermediate,
            "padded_intermediate_size": shape.intermediate,
            "weights_gb_total": round(packed / 1e9, 2),
        },
        assumptions=[
            f"{work.samples} questions of {min(work.max_length, _TOKENS_PER_QUESTION)} tokens for calibration",
            f"{_FORWARD_PASSES} forward passes at {_speed(setting, work)}",
        ],
        notes=[*_notes(setting, shape, work)],
        refusals=[*_refusals(setting, work)],
    )


def search_bytes(shape: Shape, tokens: int, element: int) -> float:
    """Return the bytes of a block's input, residual, normed input, output, gate, up and product, for all tokens."""
    return float(tokens * (4 * shape.hidden + 3 * shape.intermediate) * element)


def _placed(shape: Shape, work: QuantizeWork) -> float:
    """Return the bytes of the weights on the GPU: all of them, or the embedding and one block."""
    if work.whole_model:
        return shape.parameters * 2.0
    return 2.0 * _block_and_embedding(shape)


def _block_and_embedding(shape: Shape) -> float:
    """Return the number of weights in the embedding and one block."""
    return shape.vocab * shape.hidden + shape.linear_weights / shape.layers


def _seconds(setting: Setting, work: QuantizeWork, shape: Shape, tokens: int) -> float | None:
    operations = 2 * shape.linear_weights * tokens * _FORWARD_PASSES
    if not work.on_gpu:
        return operations / (setting.machine.cpus * CPU_GFLOPS * 1e9)
    peak = max((gpu.fp16_tflops for gpu in setting.machine.gpus), default=0) * 1e12
    return operations / (peak * _GPU_SHARE) if peak else None


def _speed(setting: Setting, work: QuantizeWork) -> str:
    if not work.on_gpu:
        return f"{CPU_GFLOPS} GFLOPS per core"
    peak = max((gpu.fp16_tflops for gpu in setting.machine.gpus), default=0)
    return f"{_GPU_SHARE:.0%} of {peak:g} TFLOPS"


def _notes(setting: Setting, padded: Shape, work: QuantizeWork) -> Iterator[str]:
    if padded.intermediate != setting.shape.intermediate:
        why = unpadded(setting.shape, work.group_size, work.tensor_parallel)
        yield f"{why}; padded with zeros to {padded.intermediate}"


def _refusals(setting: Setting, work: QuantizeWork) -> Iterator[Problem]:
    file, machine = setting.file, setting.machine
    if setting.shape.group_size:
        yield Problem(file, "model", "is already quantized", "choose the merged checkpoint")
    if setting.shape.hidden % work.group_size:
        what = f"layers are {setting.shape.hidden} wide, which is not a multiple of {work.group_size}"
        yield Problem(file, "awq.q_group_size", what, "choose 64 or 32")
    if not work.on_gpu:
        return
    if not machine.gpus:
        what = f"needs a GPU, but machine '{machine.name}' has none"
        yield Problem(file, "device", what, "set device to cpu")
        return
    yield from installation_problems(file, machine, 1)
    size, limit = setting.shape.parameters * 2.0, max(gpu.available_bytes for gpu in machine.gpus)
    if work.whole_model and size > limit:
        what = f"puts {amount(size)} on one GPU, which has {amount(limit)}"
        yield Problem(file, "device_map", what, "leave the weights on the CPU: AutoAWQ moves one block at a time")
