"""Inspection of this machine, with fakes of NVML, /proc, the control groups and statvfs."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.runtime.machine import Probes, inspect_machine, total_memory
from shoptune.runtime.machine_facts import GIB
from shoptune.runtime.nvml import read_gpus
from tests.runtime.fake_machine import FakeNvml, fake_probes, statvfs, t4, write


@pytest.fixture
def probes(tmp_path: Path) -> Probes:
    return fake_probes(tmp_path)


def test_everything_that_this_machine_has(probes: Probes, tmp_path: Path) -> None:
    machine = inspect_machine(tmp_path / "not" / "there" / "yet", probes)
    assert [(gpu.name, gpu.memory_bytes, gpu.available_bytes, gpu.capability) for gpu in machine.gpus] == [
        ("Tesla T4", 15 * GIB, 15 * GIB, (7, 5)),
        ("Tesla T4", 15 * GIB, 3 * GIB, (7, 5)),
    ]
    assert machine.driver == (580, 65, 6)
    assert machine.memory_bytes == 8192000 * 1024
    assert machine.disk_bytes == 7 * 4096  # of blocks that an ordinary user may take, not of all free ones
    assert machine.shared_memory_bytes == 100 * 4096
    assert (machine.cpus, machine.c_compiler, machine.python_headers) == (40, True, True)


def test_the_disk_of_the_nearest_folder_that_exists(probes: Probes, tmp_path: Path) -> None:
    seen: list[str] = []
    (tmp_path / "runs").mkdir()
    asked = Probes(**{**vars(probes), "statvfs": statvfs({}, seen)})
    inspect_machine(tmp_path / "runs" / "track1" / "awq", asked)
    assert str(tmp_path / "runs") in seen


def test_no_driver_no_compiler_no_headers(probes: Probes, tmp_path: Path) -> None:
    bare = Probes(**{**vars(probes), "nvml": lambda: None, "which": lambda name: None, "include": tmp_path / "none"})
    machine = inspect_machine(tmp_path, bare)
    assert (machine.gpus, machine.driver, machine.c_compiler, machine.python_headers) == ((), None, False, False)


def test_the_compiler_that_cc_names(probes: Probes, tmp_path: Path) -> None:
    named = {"environment": {"CC": "my-cc"}, "which": lambda name: name if name == "my-cc" else None}
    assert inspect_machine(tmp_path, Probes(**{**vars(probes), **named})).c_compiler


GROUP = {
    "memory.max": f"{3 * GIB}\n",
    "memory.current": f"{2 * GIB}\n",
    "memory.stat": f"anon 5\ninactive_file {GIB}\n",
}


def test_a_containers_memory_limit_ignores_reclaimable_cache(probes: Probes, tmp_path: Path) -> None:
    write(tmp_path / "cgroup", GROUP)
    assert inspect_machine(tmp_path, probes).memory_bytes == 2 * GIB  # 3 - 2 + 1


def test_the_narrowest_group_counts(probes: Probes, tmp_path: Path) -> None:
    write(tmp_path / "cgroup" / "job", GROUP)
    write(tmp_path / "cgroup" / "job" / "step", {**GROUP, "memory.max": f"{2 * GIB + 5}\n"})
    write(tmp_path / "cgroup", {**GROUP, "memory.max": "max\n"})
    assert inspect_machine(tmp_path, probes).memory_bytes == GIB + 5


def test_the_total_is_the_narrowest_limit_in_use_or_not(probes: Probes, tmp_path: Path) -> None:
    unlimited = total_memory(probes)
    write(tmp_path / "cgroup" / "job", GROUP)
    write(tmp_path / "cgroup" / "job" / "step", {**GROUP, "memory.max": f"{2 * GIB + 5}\n"})
    assert (unlimited, total_memory(probes)) == (16_384_000 * 1024, 2 * GIB + 5)
    assert 1e8 < total_memory() < 1e14


def test_control_groups_of_version_1(probes: Probes, tmp_path: Path) -> None:
    write(tmp_path / "proc", {"self/cgroup": "9:memory:/slurm/job7\n4:cpu:/x\n"})
    files = {
        "memory.limit_in_bytes": f"{GIB}\n",
        "memory.usage_in_bytes": "1000\n",
        "memory.stat": "cache 9\ntotal_inactive_file 400\n",
    }
    write(tmp_path / "cgroup" / "memory" / "slurm" / "job7", files)
    assert inspect_machine(tmp_path, probes).memory_bytes == GIB - 600


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, "abc"), ("2,0", "ca"), ("", ""), ("-1", ""), ("1,9,0", "b"), ("GPU-3", "c"), ("GPU-2abc,0", "ba")],
)
def test_cuda_visible_devices(visible: str | None, names: str) -> None:
    devices = [{**t4(), "name": name} for name in "abc"]
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert "".join(gpu.name for gpu in read_gpus(lambda: FakeNvml(devices), environment)[0]) == names


def test_a_lost_gpu_is_left_out() -> None:
    gpus, driver = read_gpus(lambda: FakeNvml([{**t4(), "lost": True}, t4()], driver="535.183.01"), {})
    assert (len(gpus), driver) == (1, (535, 183, 1))


def test_a_driver_that_does_not_start_means_no_gpus() -> None:
    nvml = FakeNvml([t4()])
    nvml.nvmlInit_v2 = lambda: 9  # type: ignore[method-assign]
    assert read_gpus(lambda: nvml, {}) == ((), None)
