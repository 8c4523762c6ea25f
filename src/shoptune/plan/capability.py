"""Requirements other than memory: element types, driver, compiler, and how a model can be split over GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shoptune.errors import Problem
from shoptune.plan.shapes import Shape
from shoptune.runtime.machine_facts import Machine

DRIVER: Final = 580  # the first driver release that supports CUDA 13, for which the pinned torch and vLLM are built
AMPERE: Final = (8, 0)
HOPPER: Final = (9, 0)
LOGIT_BIASES: Final = 1024  # MAX_NUM_LOGIT_BIAS_TOKENS of vLLM's GPU sampler, v1/worker/gpu/sample/logit_bias.py
_SHARED_MEMORY: Final = 1 << 28  # bytes for NCCL and vLLM's message queue, with a few processes


def installation_problems(file: Path, machine: Machine, devices: int) -> Iterator[Problem]:
    """Yield a problem for each missing part of a GPU installation: driver, compiler, headers, shared memory."""
    if not machine.gpus:
        return
    if machine.driver is not None and machine.driver[0] < DRIVER:
        what = f"the NVIDIA driver is {machine.driver_text}, but CUDA 13 needs R{DRIVER} or newer"
        yield Problem(file, "driver", what, "update the driver")
    if not machine.c_compiler:
        yield Problem(file, "compiler", "Triton needs a C compiler, but none is installed", "run apt install gcc")
    if not machine.python_headers:
        what = "Triton needs Python.h, but it is not installed"
        yield Problem(file, "compiler", what, "run apt install python3-dev")
    if devices > 1 and machine.shared_memory_bytes < _SHARED_MEMORY:
        what = f"{machine.shared_memory_bytes / 1e6:.0f} MB free, but {devices} processes need at least 268 MB"
        yield Problem(file, "shared memory", what, "start the container with --shm-size=16g")


def dtype_problems(file: Path, where: str, dtype: str, machine: Machine, *, declared: bool = True) -> Iterator[Problem]:
    """Yield a problem if the element type is bfloat16 and the GPU does not support it.

    Args:
        file: the config that the problem refers to.
        where: the key that sets the element type.
        dtype: the element type.
        machine: the machine to run on.
        declared: whether the config sets the element type; otherwise, it is the checkpoint's.
    """
    if dtype != "bfloat16" or not machine.gpus or machine.gpus[0].capability >= AMPERE:
        return
    gpu = machine.gpus[0]
    source = "" if declared else "; 'auto' selects the checkpoint's type"
    what = f"bfloat16 needs capability 8.0, but {gpu.name} has {capability_text(gpu.capability)}{source}"
    yield Problem(file, where, what, f"set {where} to half" if "dtype" in where else f"set {where} to false, fp16 true")


def parallel_problems(file: Path, where: str, shape: Shape, parallel: int, machine: Machine) -> Iterator[Problem]:
    """Yield a problem if the model cannot be split over `parallel` GPUs, or if the machine has fewer."""
    if machine.gpus and parallel > len(machine.gpus):
        what = f"requires {parallel} GPUs, but machine '{machine.name}' has {len(machine.gpus)}"
        yield Problem(file, where, what, f"set {where} to {len(machine.gpus)} or less")
    uneven = [
        f"{count} {name}"
        for name, count in (("attention heads", shape.heads), ("feed-forward channels", shape.intermediate))
        if count % parallel
    ]
    if shape.kv_heads % parallel and parallel % shape.kv_heads:
        uneven.insert(1, f"{shape.kv_heads} key-value heads")
    if uneven:
        what = f"{', '.join(uneven)} cannot be split over {parallel} GPUs"
        yield Problem(file, where, what, f"choose one of {', '.join(map(str, _splits(shape)))}")


def group_problems(file: Path, where: str, shape: Shape, group_size: int, parallel: int) -> Iterator[Problem]:
    """Yield a problem if a quantized model's layers cannot be split over the GPUs in whole quantization groups."""
    if parallel == 1:
        return
    if shape.intermediate % parallel == 0 and shape.intermediate % (group_size * parallel):
        yield Problem(file, where, unpadded(shape, group_size, parallel), _pad(shape, group_size, parallel))
    width = shape.heads * shape.head_dim
    if width % parallel == 0 and width % (group_size * parallel):
        what = f"attention is {width} wide: {parallel} GPUs cannot share it in whole groups of {group_size}"
        yield Problem(file, where, what, "use fewer GPUs")


def unpadded(shape: Shape, group_size: int, parallel: int) -> str:
    """Explain why a feed-forward width cannot be split over the GPUs in whole groups."""
    groups = shape.intermediate / group_size
    return (
        f"feed-forward layers are {shape.intermediate} wide: {groups:g} groups of {group_size} cannot be split over "
        f"{parallel} GPUs"
    )


def logit_bias_problems(file: Path, where: str, biases: int, machine: Machine) -> Iterator[Problem]:
    """Yield a problem if a request has more logit biases than vLLM's GPU sampler allows, which stops the engine."""
    if machine.gpus and biases > LOGIT_BIASES:
        what = f"{biases} logit biases, but vLLM's GPU sampler allows {LOGIT_BIASES} per request"
        yield Problem(file, where, what, f"bias at most {LOGIT_BIASES} tokens")


def capability_text(capability: tuple[int, int]) -> str:
    """Format a CUDA compute capability, such as `7.5`."""
    return f"{capability[0]}.{capability[1]}"


def _pad(shape: Shape, group_size: int, parallel: int) -> str:
    width = shape.padded(group_size, parallel).intermediate
    return f"pad to {width} before quantizing: shoptune quantize with tensor_parallel: {parallel}"


def _splits(shape: Shape) -> list[int]:
    """Return the numbers of GPUs, up to 8, over which the model can be split."""
    return [
        count
        for count in range(1, 9)
        if shape.heads % count == 0 and (shape.kv_heads % count == 0 or count % shape.kv_heads == 0)
    ]
