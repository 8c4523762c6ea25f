"""Fakes of the interfaces through which a machine is inspected: NVML, /proc, control groups and statvfs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from shoptune.runtime.machine import Probes
from shoptune.runtime.machine_facts import GIB

MEMINFO = (
    "MemTotal:       16384000 kB\nMemFree:         1000000 kB\nMemAvailable:    8192000 kB\nHugePages_Total:       0\n"
)


class FakeNvml:
    """NVML's C functions: they write to the memory that they are given and return 0."""

    def __init__(self, devices: list[dict[str, Any]], driver: str = "580.65.06") -> None:
        self.devices, self.driver, self.is_open = devices, driver, False

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVML's name, like the others
        self.is_open = True
        return 0

    def nvmlShutdown(self) -> int:  # noqa: N802
        self.is_open = False
        return 0

    def nvmlSystemGetDriverVersion(self, text: Any, size: Any) -> int:  # noqa: N802
        text.value = self.driver.encode()
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.devices)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number: Any, handle: Any) -> int:  # noqa: N802
        handle._obj.value = number.value + 1
        return 15 if self.devices[number.value].get("lost") else 0

    def nvmlDeviceGetName(self, handle: Any, text: Any, size: Any) -> int:  # noqa: N802
        text.value = self._device(handle)["name"].encode()
        return 0

    def nvmlDeviceGetUUID(self, handle: Any, text: Any, size: Any) -> int:  # noqa: N802
        text.value = f"GPU-{handle.value}abc".encode()
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.total, memory._obj.free = self._device(handle)["memory"], self._device(handle)["free"]
        return 0

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any, major: Any, minor: Any) -> int:  # noqa: N802
        major._obj.value, minor._obj.value = self._device(handle)["capability"]
        return 0

    def _device(self, handle: Any) -> dict[str, Any]:
        assert self.is_open
        return self.devices[handle.value - 1]


def t4(free_gib: int = 15) -> dict[str, Any]:
    return {"name": "Tesla T4", "memory": 15 * GIB, "free": free_gib * GIB, "capability": (7, 5)}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def statvfs(
    blocks: Mapping[str, int], seen: list[str] | None = None, free: int = 7
) -> Callable[[Path], os.statvfs_result]:
    """Free blocks of 4096 bytes by path; `free` of any other."""

    def sizes(path: Path) -> Any:
        if seen is not None:
            seen.append(str(path))
        return SimpleNamespace(f_bavail=blocks.get(str(path), free), f_frsize=4096, f_bfree=10**9)

    return sizes


def fake_probes(folder: Path, **changes: Any) -> Probes:
    """Forty cores, 8.4 GB of memory, two T4, a compiler, 28672 bytes of disk; `changes` replace any of them."""
    probes = {
        "proc": write(folder / "proc", {"meminfo": MEMINFO, "self/cgroup": "0::/job/step\n"}),
        "cgroup": folder / "cgroup",
        "statvfs": statvfs({"/dev/shm": 100}),  # noqa: S108 - a fake
        "nvml": lambda: FakeNvml([t4(), t4(free_gib=3)]),
        "which": lambda name: "/usr/bin/gcc" if name == "gcc" else None,
        "include": write(folder / "include", {"Python.h": ""}),
        "environment": {},
        "cpus": lambda: 40,
    }
    return Probes(**(probes | changes))
