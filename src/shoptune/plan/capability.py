"""What cannot work on a machine, regardless of memory: element types, drivers, compilers, ways to split a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shoptune.errors import Problem
from shoptune.plan.shapes import Shape
from shoptune.runtime.machine_facts import Machine

DRIVER: Final = 580  # the first that runs CUDA 13, for which the pinned torch and vLLM are built
AMPERE: Final = (8, 0)
HOPPER: Final = (9, 0)
LOGIT_BIASES: Final = 1024  # MAX_NUM_LOGIT_BIAS_TOKENS of vLLM's GPU sampler, v1/worker/gpu/sample/logit_bias.py
_SHARED_MEMORY: Final = 1 << 28  # NCCL and vLLM's message queue, for a handful of processes


def installation_problems(file: Path, machine: Machine, devices: int) -> Iterator[Problem]:
    """What a stage that runs on GPUs needs of the machine besides memory: driver, compiler, headers, shared memory."""
    if not machine.gpus:
        return
    if machine.driver is not None and machine.driver[0] < DRIVER:
        what = f"the NVIDIA driver is {machine.driver_text}, the CUDA 13 wheels need R{DRIVER} or newer"
        yield Problem(file, "driver", what, "update the driver")
    if not machine.c_compiler:
        yield Problem(file, "compiler", "no C compiler, which Triton needs", "install one: apt install gcc")
    if not machine.python_headers:
        what = "no Python.h, which Triton needs"
        yield Problem(file, "compiler", what, "install the interpreter's headers: apt install python3-dev")
    if devices > 1 and machine.shared_memory_bytes < _SHARED_MEMORY:
        what = f"{machine.shared_memory_bytes / 1e6:.0f} MB free, {devices} processes need 268 MB or more"
        yield Problem(file, "shared memory", what, "start the container with --shm-size=16g")


def dtype_problems(file: Path, where: str, dtype: str, machine: Machine, *, declared: bool = True) -> Iterator[Problem]:
    """bfloat16 where the GPU has none.

    Args:
        file: the config, for the problem.
        where: the key that sets the element type.
        dtype: the element type.
        machine: where it would run.
        declared: whether the config says so; else the checkpoint does.
    """
    if dtype != "bfloat16" or not machine.gpus or machine.gpus[0].capability >= AMPERE:
        return
    gpu = machine.gpus[0]
    source = "" if declared else "; 'auto' takes the checkpoint's"
    what = f"bfloat16 needs capability 8.0, {gpu.name} has {capability_text(gpu.capability)}{source}"
    yield Problem(file, where, what, f"set {where} to half" if "dtype" in where else f"set {where} to false, fp16 true")


def parallel_problems(file: Path, where: str, shape: Shape, parallel: int, machine: Machine) -> Iterator[Problem]:
    """Ways of splitting a model over GPUs that do not work out."""
    if machine.gpus and parallel > len(machine.gpus):
        what = f"{parallel} GPUs wanted, machine '{machine.name}' has {len(machine.gpus)}"
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
    """A quantized model whose layers cannot be split over the GPUs in whole groups."""
    if parallel == 1:
        return
    if shape.intermediate % parallel == 0 and shape.intermediate % (group_size * parallel):
        yield Problem(file, where, unpadded(shape, group_size, parallel), _pad(shape, group_size, parallel))
    width = shape.heads * shape.head_dim
    if width % parallel == 0 and width % (group_size * parallel):
        what = f"attention is {width} wide, which {parallel} GPUs cannot share in whole groups of {group_size}"
        yield Problem(file, where, what, "use fewer GPUs")


def unpadded(shape: Shape, group_size: int, parallel: int) -> str:
    """Why a feed-forward width cannot be split."""
    groups = shape.intermediate / group_size
    return (
        f"feed-forward layers are {shape.intermediate} wide: {groups:g} groups of {group_size} cannot be split over "
        f"{parallel} GPUs"
    )


def logit_bias_problems(file: Path, where: str, biases: int, machine: Machine) -> Iterator[Problem]:
    """More logit biases for a request than vLLM's GPU sampler takes; one more ends the engine."""
    if machine.gpus and biases > LOGIT_BIASES:
        what = f"{biases} logit biases, vLLM's GPU sampler takes {LOGIT_BIASES} for a request"
        yield Problem(file, where, what, f"bias {LOGIT_BIASES} tokens at most")


def capability_text(capability: tuple[int, int]) -> str:
    """`7.5` and the like."""
    return f"{capability[0]}.{capability[1]}"


def _pad(shape: Shape, group_size: int, parallel: int) -> str:
    width = shape.padded(group_size, parallel).intermediate
    return f"pad to {width} before quantizing: shoptune quantize with tensor_parallel: {parallel}"


def _splits(shape: Shape) -> list[int]:
    """The numbers of GPUs, up to 8, that a model can be split over."""
    return [
        count
        for count in range(1, 9)
        if shape.heads % count == 0 and (shape.kv_heads % count == 0 or count % shape.kv_heads == 0)
    ]
