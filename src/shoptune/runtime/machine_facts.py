"""The facts about a machine: GPUs, memory, disk, compiler. Measured by `machine.py` or read from a description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        name: as the driver reports it.
        memory_bytes: all of its memory that CUDA can use.
        capability: CUDA compute capability, (7, 5) for a T4.
        free_bytes: what other processes leave; all of it when None.
        fp16_tflops: peak of dense 16-bit matrix products in 10^12 operations per second; 0 when unknown.
        memory_gb_per_s: memory bandwidth in 10^9 bytes per second; 0 when unknown.
        link_gb_per_s: all-reduce bus bandwidth between the GPUs of a machine in 10^9 bytes per second; 0 when unknown.
    """

    name: str
    memory_bytes: int
    capability: tuple[int, int]
    free_bytes: int | None = None
    fp16_tflops: float = 0
    memory_gb_per_s: float = 0
    link_gb_per_s: float = 0

    @property
    def available_bytes(self) -> int:
        """Memory that a new process can get."""
        return self.memory_bytes if self.free_bytes is None else self.free_bytes


@dataclass(frozen=True)
class Machine:
    """A machine that a stage may run on.

    Attributes:
        name: `here`, or the name of a description.
        gpus: the GPUs that a process sees.
        cpus: logical cores.
        memory_bytes: memory available now, within the limits of a container.
        disk_bytes: free space where artifacts go.
        shared_memory_bytes: free space of /dev/shm, through which the processes of one stage exchange data.
        driver: version of the NVIDIA driver, (580, 65, 6) for instance; None without one.
        c_compiler: whether a C compiler is installed.
        python_headers: whether `Python.h` is installed for the interpreter.
        flash_attention: whether the flash-attn package is installed for training.
        disk_gb_per_s: what the disk reads or writes, in 10^9 bytes per second.
    """

    name: str
    gpus: Sequence[Gpu]
    cpus: int
    memory_bytes: int
    disk_bytes: int
    shared_memory_bytes: int
    driver: tuple[int, ...] | None = None
    c_compiler: bool = True
    python_headers: bool = True
    flash_attention: bool = False
    disk_gb_per_s: float = 1.0

    @property
    def driver_text(self) -> str:
        """The driver's version as NVIDIA writes it, `580.65.06` for instance; empty without one."""
        first, *rest = self.driver or ("",)
        return ".".join([str(first), *(f"{part:02}" for part in rest)])
