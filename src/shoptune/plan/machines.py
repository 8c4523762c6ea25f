"""Machines to plan for: those described in the package, this one, or a file in the same form."""

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
        gpu: the GPUs' name as the driver reports it; speeds of well-known ones need not be given.
        gpus: how many there are.
        gpu_memory_gib: memory of each that CUDA can use, in GiB.
        capability: their CUDA compute capability.
        cpus: logical cores.
        memory_gb: memory for a stage, in 10^9 bytes.
        shared_memory_gb: size of /dev/shm; Docker's default is 0.067.
        disk_gb: free space where artifacts go.
        disk_gb_per_s: what the disk reads or writes per second.
        driver: version of the NVIDIA driver.
        c_compiler: whether a C compiler is installed.
        python_headers: whether `Python.h` is installed.
        flash_attention: whether flash-attn is installed for training.
        fp16_tflops: peak of 16-bit matrix products, for a GPU that is not well known.
        memory_gb_per_s: memory bandwidth of a GPU.
        link_gb_per_s: all-reduce bus bandwidth between the GPUs.
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
        """The machine that is described."""
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
    """The speeds of one GPU, by a part of its name."""

    name: str
    fp16_tflops: float
    memory_gb_per_s: float
    link_gb_per_s: float


def machine_names() -> Sequence[str]:
    """The machines that ship with the package."""
    files = (file.name for file in _package().joinpath("machine_files").iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def find_machine(name: str, out: Path = Path()) -> Machine:
    """A machine by the name of its description, by a file, or this one.

    Args:
        name: `here`, a name as in `machine_names`, or the path of a YAML file.
        out: where artifacts would go on this machine.

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
    """The machine with the speeds of well-known GPUs filled in where they are missing."""
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
