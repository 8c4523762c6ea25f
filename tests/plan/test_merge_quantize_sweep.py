"""Plans of merges, quantization and sweeps."""

from __future__ import annotations

import dataclasses

import pytest

from shoptune.infer.profile import EngineSettings, Profile
from shoptune.plan.estimate import Budget, Estimate, Setting
from shoptune.plan.merge import MergeWork, plan_merge
from shoptune.plan.quantize import QuantizeWork, plan_quantize
from shoptune.plan.sweep import SweepWork, plan_sweep
from tests.plan.settings import setting

PARAMETERS = 72_706_203_648
PADDED = PARAMETERS + 80 * 3 * 8192 * 128


def budget(estimate: Estimate, key: str) -> Budget:
    return next(one for one in estimate.budgets if one.key == key)


def problems(where: Setting, estimate: Estimate) -> str:
    return "\n".join(map(str, estimate.problems(where.file, where.machine)))


def test_a_merge_is_a_matter_of_disk() -> None:
    where = dataclasses.replace(setting("a100x8"), local=False)
    estimate = plan_merge(where, MergeWork(members=3, dtype="float16"))
    assert budget(estimate, "disk").parts == {
        "merged checkpoint": PARAMETERS * 2,
        "download of the base": PARAMETERS * 2,
    }
    assert budget(estimate, "host").needed < 2e9
    assert estimate.seconds == 4 * PARAMETERS / 2e9  # read and written at 2 GB/s
    full = setting("a100x8", disk_bytes=100 * 10**9)
    found = problems(full, plan_merge(full, MergeWork(3, "float16")))
    assert "disk: 145.4 GB needed, 100.0 GB available on machine 'a100x8'" in found


def test_dense_methods_hold_the_largest_matrix_of_every_member() -> None:
    estimate = plan_merge(setting("a100x8"), MergeWork(members=3, dtype="float16", dense=True, nf4=True))
    parts = budget(estimate, "host").parts
    assert parts["dense deltas"] == 4 * 29568 * 8192 * 5
    assert parts["NF4 rounding"] == 8 * 29568 * 8192


QUANTIZE = QuantizeWork(group_size=128, tensor_parallel=4, samples=96, max_length=1024, on_gpu=True)


def test_quantization_needs_one_block_in_memory_or_the_model() -> None:
    where = setting("a100x8")
    estimate = plan_quantize(where, QUANTIZE)
    assert estimate.figures["padded_intermediate_size"] == 29696
    block = 2 * (152_064 * 8192 + 880_803_840)
    assert budget(estimate, "host").parts["embedding and one block"] == pytest.approx(block)
    whole = plan_quantize(where, dataclasses.replace(QUANTIZE, blockwise=False))
    assert budget(whole, "host").parts["model"] == PADDED * 2
    placed = budget(estimate, "gpu").parts
    assert placed["weights"] == pytest.approx(block)
    assert placed["calibration"] == 96 * 194 * (4 * 8192 + 3 * 29696) * 2
    assert budget(estimate, "disk").parts["finished blocks"] == pytest.approx(41.5e9, rel=0.02)
    assert problems(where, estimate) == ""
    assert estimate.seconds is not None
    assert estimate.seconds / 3600 == pytest.approx(1.5, rel=0.2)  # paper 001, section 4.6, on one A100


def test_a_device_map_that_puts_the_whole_model_on_one_gpu() -> None:
    where = setting("a100x8")
    found = problems(where, plan_quantize(where, dataclasses.replace(QUANTIZE, whole_model=True)))
    assert "device_map: puts 145.4 GB on one GPU, which has 85.0 GB; leave the weights on the CPU" in found


def test_quantizing_without_a_gpu() -> None:
    where = setting("t4x4", "0.5B", gpus=())
    assert "device: needs a GPU" in problems(where, plan_quantize(where, QUANTIZE))
    on_cpu = plan_quantize(where, dataclasses.replace(QUANTIZE, on_gpu=False, tensor_parallel=1, blockwise=False))
    assert budget(on_cpu, "host").parts["model"] == 494_032_768 * 4  # AutoAWQ computes in float32 there
    assert problems(where, on_cpu) == ""


def test_layers_that_are_not_whole_groups_are_reported() -> None:
    where = setting("a100x8")
    odd = dataclasses.replace(where, shape=dataclasses.replace(where.shape, hidden=8224))
    assert "awq.q_group_size: layers are 8224 wide" in problems(odd, plan_quantize(odd, QUANTIZE))
    done = dataclasses.replace(where, shape=dataclasses.replace(where.shape, group_size=128))
    assert "model: is already quantized" in problems(done, plan_quantize(done, QUANTIZE))


def sweep(*, lora: bool, members: int = 3) -> Estimate:
    engine = EngineSettings(
        dtype="bfloat16", tensor_parallel_size=8, enable_lora=lora, max_lora_rank=128 if lora else None
    )
    work = SweepWork(points=12, questions=96, merge=MergeWork(members, "float16"))
    return plan_sweep(setting("a100x8"), Profile(engine=engine), work)


def test_a_sweep_with_adapters_writes_no_checkpoints() -> None:
    with_adapters, merged = sweep(lora=True), sweep(lora=False)
    assert budget(with_adapters, "disk").needed == 842_137_600 * 2
    assert budget(merged, "disk").needed == PARAMETERS * 2
    assert with_adapters.figures["points"] == 12
    assert with_adapters.figures["weights"] == "unquantized"
    assert with_adapters.seconds is not None
    assert merged.seconds is not None
    assert merged.seconds - with_adapters.seconds == pytest.approx(12 * 4 * PARAMETERS / 2e9)


def test_ranks_add_up() -> None:
    assert sweep(lora=True).notes == ["3 adapters of rank 64 need max_lora_rank 192, but the profile has 128"]
    assert sweep(lora=True, members=2).notes == []
