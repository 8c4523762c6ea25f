"""Described machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.plan.machines import find_machine, machine_names
from shoptune.runtime.machine_facts import GIB


def test_every_machine_that_ships_with_the_package() -> None:
    assert {"a100x8", "t4x4"} <= set(machine_names())
    for name in machine_names():
        machine = find_machine(name)
        assert machine.name == name
        assert all(gpu.fp16_tflops and gpu.memory_gb_per_s and gpu.link_gb_per_s for gpu in machine.gpus)


def test_the_challenges_machine() -> None:
    machine = find_machine("t4x4")
    assert (len(machine.gpus), machine.gpus[0].capability, machine.cpus) == (4, (7, 5), 40)
    assert machine.gpus[0].memory_bytes == int(14.58 * GIB)
    assert machine.memory_bytes == 180 * 10**9


def test_this_machine() -> None:
    machine = find_machine("here")
    assert machine.cpus >= 1
    assert machine.memory_bytes > 10**8
    assert machine.disk_bytes > 0


DESCRIPTION = """
gpu: My Card
gpus: 2
gpu_memory_gib: 10
capability: "8.6"
cpus: 8
memory_gb: 64
shared_memory_gb: 1
disk_gb: 100
driver: "580.1"
"""


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(DESCRIPTION)
    machine = find_machine(str(file))
    assert (machine.name, machine.driver, machine.gpus[1].fp16_tflops) == ("mine", (580, 1), 0)
    file.write_text(DESCRIPTION.replace("My Card", "NVIDIA L40S") + "fp16_tflops: 300\n")
    gpu = find_machine(str(file)).gpus[0]
    assert (gpu.fp16_tflops, gpu.memory_gb_per_s) == (300, 864)  # what the file says counts, the rest is known


def test_mistakes_in_a_file_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(DESCRIPTION.replace('"8.6"', "yes").replace("cpus", "cpu"))
    with pytest.raises(ShoptuneError) as raised:
        find_machine(str(file))
    text = str(raised.value)
    assert "capability" in text
    assert "cpu: unknown key; did you mean" in text


def test_an_unknown_name() -> None:
    with pytest.raises(ShoptuneError, match="did you mean 't4x4'"):
        find_machine("t4x8")
