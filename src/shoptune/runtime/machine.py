"""Inspect this machine: memory, disk, GPUs, driver and compiler."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shoptune.errors import ShoptuneError
from shoptune.runtime import environments
from shoptune.runtime.machine_facts import Machine
from shoptune.runtime.nvml import load_nvml, read_gpus

_COMPILERS: Final = ("cc", "gcc", "clang")


@dataclass(frozen=True)
class Probes:
    """Where the facts about a machine are read.

    Attributes:
        proc: the process file system.
        cgroup: the control groups' file system.
        statvfs: sizes of the file system that holds a path.
        nvml: opens NVIDIA's management library.
        which: finds a program.
        include: the folder of the interpreter's C headers.
        environment: environment variables.
        cpus: counts the cores that this process may use.
    """

    proc: Path = Path("/proc")
    cgroup: Path = Path("/sys/fs/cgroup")
    statvfs: Callable[[Path], os.statvfs_result] = os.statvfs
    nvml: Callable[[], Any | None] = load_nvml
    which: Callable[[str], str | None] = shutil.which
    include: Path = field(default_factory=lambda: Path(sysconfig.get_paths()["include"]))
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cpus: Callable[[], int] = lambda: len(os.sched_getaffinity(0))


def inspect_machine(out: Path = Path(), probes: Probes | None = None) -> Machine:
    """Return the resources that this machine has available now.

    Args:
        out: where artifacts go; need not exist yet.
        probes: where to look.
    """
    probes = probes or Probes()
    gpus, driver = read_gpus(probes.nvml, probes.environment)
    compilers = [probes.environment.get("CC", ""), *_COMPILERS]
    return Machine(
        name="here",
        gpus=gpus,
        cpus=probes.cpus(),
        memory_bytes=available_memory(probes),
        disk_bytes=free_disk(out, probes),
        shared_memory_bytes=free_disk(Path("/dev/shm"), probes),  # noqa: S108 - asked for its size only
        driver=driver,
        c_compiler=any(probes.which(name) for name in compilers if name),
        python_headers=(probes.include / "Python.h").is_file(),
        flash_attention=_has_flash_attention(),
    )


def available_memory(probes: Probes) -> int:
    """Memory available to a new process in bytes: the kernel's estimate, capped by the control groups' limits."""
    available = _meminfo(probes.proc / "meminfo").get("MemAvailable", 0)
    return min([available, *(group.left for group in _limited_groups(probes))])


def total_memory(probes: Probes | None = None) -> int:
    """Memory in bytes that this process may use, in use or not: the machine's, capped by the control groups' limits."""
    probes = probes or Probes()
    total = _meminfo(probes.proc / "meminfo").get("MemTotal", 0)
    return min([total, *(group.limit for group in _limited_groups(probes))])


def free_disk(path: Path, probes: Probes) -> int:
    """Free bytes, for an ordinary user, on the file system that a path is on or will be on."""
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    sizes = probes.statvfs(existing)
    return sizes.f_bavail * sizes.f_frsize


def _meminfo(file: Path) -> dict[str, int]:
    """The lines of /proc/meminfo, in bytes."""
    values: dict[str, int] = {}
    with suppress(OSError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            amount = value.split()
            if amount and amount[0].isdigit():
                values[name] = int(amount[0]) * (1024 if amount[-1] == "kB" else 1)
    return values


@dataclass(frozen=True)
class _Group:
    """A control group with a memory limit: the limit and what is left of it, in bytes."""

    limit: int
    left: int


def _limited_groups(probes: Probes) -> Iterator[_Group]:
    """Yield each limited control group of this process and its parents; cgroup v2, then v1."""
    for folder in _groups(probes, "0::"):
        yield from _limited(folder, "memory.max", "memory.current", "inactive_file")
    for folder in _groups(probes, "memory:"):
        yield from _limited(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _groups(probes: Probes, kind: str) -> list[Path]:
    root = probes.cgroup if kind == "0::" else probes.cgroup / "memory"
    group = "/"
    with suppress(OSError):
        for line in (probes.proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            if kind in line:
                group = line.rpartition(":")[2]
    below = root / group.strip("/")
    return [folder for folder in (below, *below.parents) if folder == root or root in folder.parents]


def _limited(folder: Path, limit: str, usage: str, reclaimable: str) -> Iterator[_Group]:
    with suppress(OSError, ValueError):  # no such file, or `max`: there is no limit
        most = int((folder / limit).read_text(encoding="utf-8"))
        used = int((folder / usage).read_text(encoding="utf-8"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="utf-8").splitlines())
        yield _Group(most, max(most - used + int(stat.get(reclaimable, 0)), 0))


def _has_flash_attention() -> bool:
    """Whether the environment for training, or this one, has flash-attn."""
    if importlib.util.find_spec("flash_attn") is not None:
        return True
    with suppress(ShoptuneError):
        libraries = environments.python_of("train").parents[1] / "lib"
        return any(libraries.glob("python*/site-packages/flash_attn/__init__.py"))
    return False
