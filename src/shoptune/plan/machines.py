"""Machines to plan for: one of those described in the package, this machine, or one described in a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import Field

from shoptune.config import Settings, load
from shoptune.errors import fail, nearest
from shoptune.runtime.machine import inspect_machine
from shoptune.runtime.machine_facts import GIB, Gpu, Machine

HERE: Final = "here"
_GB: Final = 10**9

Size = Annotated[float, Field(ge=0)]


class MachineFile(Settings):
    """The description of a machine.

    Attributes:
        gpu: the GPUs' name as the driver reports it. The speeds of common GPUs are known.
        gpus: the number of GPUs.
        gpu_memory_gib: the memory per GPU that is available to CUDA, in GiB.
        capability: the CUDA compute capability of the GPUs.
        cpus: the number of logical cores.
        memory_gb: the memory available to a stage, in 10^9 bytes.
        shared_memory_gb: the size of /dev/shm, in 10^9 bytes; Docker's default is 0.067.
        disk_gb: the free disk space for artifacts, in 10^9 bytes.
        disk_gb_per_s: the disk's read and write bandwidth, in 10^9 bytes per second.
        driver: the version of the NVIDIA driver.
        c_compiler: whether a C compiler is installed.
        python_headers: whether `Python.h` is installed.
        flash_attention: whether flash-attn is installed in the training environment.
        fp16_tflops: the peak rate of 16-bit matrix products per GPU, in TFLOPS, unless the GPU is known.
        memory_gb_per_s: the memory bandwidth per GPU, in 10^9 bytes per second, unless the GPU is known.
        link_gb_per_s: the all-reduce bus bandwidth between GPUs, in 10^9 bytes per second, unless the GPU is known.
    """

    gpu: str = ""
    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_memory_gib: Size = 0
    capability: Annotated[str, Field(pattern=r"^\d+\.\d+$")] = "0.0"
    cpus: Annotated[int, Field(ge=1)]
    memory_gb: Size
    shared_memory_gb: Size
    disk_gb: Size
    disk_gb_per_s: Annotated[float, Field(gt=0)] = 1
    driver: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] | None = None
    c_compiler: bool = True
    python_headers: bool = True
    flash_attention: bool = False
    fp16_tflops: Size = 0
    memory_gb_per_s: Size = 0
    link_gb_per_s: Size = 0

    def machine(self, name: str) -> Machine:
        """Convert the description into a machine with the given name."""
        major, minor = self.capability.split(".")
        gpu = Gpu(
            name=self.gpu,
            memory_bytes=int(self.gpu_memory_gib * GIB),
            capability=(int(major), int(minor)),
            fp16_tflops=self.fp16_tflops,
            memory_gb_per_s=self.memory_gb_per_s,
            link_gb_per_s=self.link_gb_per_s,
        )
        return Machine(
            name=name,
            gpus=(gpu,) * self.gpus,
            cpus=self.cpus,
            memory_bytes=int(self.memory_gb * _GB),
            disk_bytes=int(self.disk_gb * _GB),
            shared_memory_bytes=int(self.shared_memory_gb * _GB),
            driver=tuple(int(part) for part in self.driver.split(".")) if self.driver else None,
            c_compiler=self.c_compiler,
            python_headers=self.python_headers,
            flash_attention=self.flash_attention,
            disk_gb_per_s=self.disk_gb_per_s,
        )


class GpuSpeed(Settings):
    """The speeds of one type of GPU, identified by a part of its name."""

    name: str
    fp16_tflops: float
    memory_gb_per_s: float
    link_gb_per_s: float


def machine_names() -> Sequence[str]:
    """Return the names of the machines that ship with the package."""
    files = (file.name for file in _package().joinpath("machine_files").iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def find_machine(name: str, out: Path = Path()) -> Machine:
    """Find a machine by name or by the path of its description.

    Args:
        name: `here` (this machine), one of `machine_names`, or the path of a YAML file.
        out: the folder for artifacts, whose disk is measured for `here`.

    Raises:
        ShoptuneError: there is no such machine, or its description is malformed.
    """
    if name == HERE:
        return with_speeds(inspect_machine(out))
    if name in machine_names():
        with resources.as_file(_package() / "machine_files" / f"{name}.yaml") as file:
            return with_speeds(load(file, MachineFile).machine(name))
    if not Path(name).is_file():
        valid = [HERE, *machine_names()]
        raise fail("--machine", name, "is neither a known machine nor a file", nearest(name, valid))
    return with_speeds(load(Path(name), MachineFile).machine(Path(name).stem))


def with_speeds(machine: Machine) -> Machine:
    """Return the machine with missing speeds of known GPUs filled in."""
    return dataclasses.replace(machine, gpus=tuple(_with_speed(gpu) for gpu in machine.gpus))


def _with_speed(gpu: Gpu) -> Gpu:
    known = next((speed for speed in _speeds() if speed.name.lower() in gpu.name.lower()), None)
    if known is None:
        return gpu
    return dataclasses.replace(
        gpu,
        fp16_tflops=gpu.fp16_tflops or known.fp16_tflops,
        memory_gb_per_s=gpu.memory_gb_per_s or known.memory_gb_per_s,
        link_gb_per_s=gpu.link_gb_per_s or known.link_gb_per_s,
    )


def _speeds() -> list[GpuSpeed]:
    text = _package().joinpath("gpu_speeds.yaml").read_text(encoding="utf-8")
    return [GpuSpeed.model_validate(entry) for entry in yaml.safe_load(text)]


def _package() -> Traversable:
    return resources.files("shoptune.plan")
