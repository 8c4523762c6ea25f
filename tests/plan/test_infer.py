"""Plans of inference."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from shoptune.infer.profile import EngineSettings, Profile, load_profile
from shoptune.plan.capability import logit_bias_problems
from shoptune.plan.estimate import Estimate, Setting, require
from shoptune.plan.infer import Weights, default_weights, plan_infer
from shoptune.plan.machines import find_machine
from shoptune.runtime.machine_facts import GIB
from tests.plan.settings import FILE, setting

T4X4: dict[str, Any] = {"dtype": "half", "tensor_parallel_size": 4, "gpu_memory_utilization": 0.95, "max_num_seqs": 16}


def planned(where: Setting, weights: Weights = "awq", track: int | None = None, **engine: Any) -> Estimate:
    return plan_infer(where, Profile(engine=EngineSettings(**engine)), weights, track)


def problems(where: Setting, estimate: Estimate) -> str:
    return "\n".join(map(str, estimate.problems(where.file, where.machine)))


def test_72b_on_the_challenges_machine() -> None:
    where = setting("t4x4")
    estimate = planned(where, max_model_len=4096, **T4X4)
    assert estimate.figures["weights_gb_total"] == pytest.approx(41.4, abs=0.1)
    assert estimate.figures["weights_gb_per_gpu"] == pytest.approx(10.4, abs=0.05)
    assert estimate.figures["padded_intermediate_size"] == 29696
    assert estimate.figures["kv_tokens"] == pytest.approx(37_000, rel=0.05)
    assert problems(where, estimate) == ""
    assert "231 groups of 128 cannot be split over 4 GPUs" in estimate.notes[0]


def test_the_cache_of_a_t4_by_hand() -> None:
    estimate = planned(setting("t4x4"), **{**T4X4, "gpu_memory_utilization": 0.9})
    weights = (70_464_307_200 * 0.51953125 + 2_491_416_576 * 2) / 4 + 2_138_112 * 2
    activations = 8192 * (3 * 8192 + 3 * 7424) * 2 + 16 * 152_064 * 12
    left = 0.9 * int(14.58 * GIB) - weights - activations - GIB // 2
    assert estimate.figures["kv_tokens"] == int(left // 81_920) == pytest.approx(28_000, rel=0.03)


def test_minutes_of_every_track_are_within_their_limits() -> None:
    figures = planned(setting("t4x4"), **T4X4).figures
    assert figures["track_limits_minutes"] == {"1": 70, "2": 20, "3": 30, "4": 20, "5": 140}
    for track, minutes in figures["minutes_per_track"].items():
        assert 0.25 < minutes / figures["track_limits_minutes"][track] < 1


def test_minutes_of_track_2_by_hand() -> None:
    """1896 questions of 99 tokens in batches of 16; a single token answers them, and the prefill yields it."""
    tokens = 16 * 99
    arithmetic = 2 * 70_464_307_200 * tokens / (4 * 65e12 * 0.35)
    exchange = 160 * tokens * 8192 * 2 * 1.5 / 8e9
    expected = 1896 / 16 * (arithmetic + exchange) / 60
    assert planned(setting("t4x4"), **T4X4).figures["minutes_per_track"]["2"] == round(expected, 1)


def test_a_track_that_takes_too_long_is_refused() -> None:
    where = setting("t4x4")
    slow = [dataclasses.replace(gpu, fp16_tflops=20) for gpu in where.machine.gpus]
    where = dataclasses.replace(where, machine=dataclasses.replace(where.machine, gpus=slow))
    estimate = planned(where, track=4, **T4X4)
    assert estimate.figures["track_verdict"] == "does not fit"
    assert "1349 questions, but the limit is 20" in problems(where, estimate)
    assert problems(where, planned(where, **T4X4)) == ""  # without --track, minutes are for information


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"dtype": "bfloat16"},
            "engine.dtype: bfloat16 needs capability 8.0, but Tesla T4 has 7.5; set engine.dtype to half",
        ),
        ({"dtype": "auto"}, "'auto' selects the checkpoint's type"),
        (
            {"tensor_parallel_size": 3},
            "64 attention heads, 8 key-value heads cannot be split over 3 GPUs; choose one of",
        ),
        ({"tensor_parallel_size": 8}, "requires 8 GPUs, but machine 't4x4' has 4"),
        ({"tensor_parallel_size": 2}, "memory per GPU"),
        ({"max_model_len": 50_000}, "max_model_len: is 50000, but the key-value cache"),
    ],
)
def test_profiles_that_cannot_work_on_t4_are_reported(change: dict[str, Any], expected: str) -> None:
    where = setting("t4x4")
    assert expected in problems(where, planned(where, **{**T4X4, **change}))


def test_a_quantized_checkpoint_that_was_not_padded_is_refused() -> None:
    where = setting("t4x4")
    where = dataclasses.replace(where, shape=dataclasses.replace(where.shape, group_size=128))
    found = problems(where, planned(where, **T4X4))
    assert "29568 wide: 231 groups of 128 cannot be split over 4 GPUs; pad to 29696 before quantizing" in found
    padded = dataclasses.replace(where, shape=dataclasses.replace(where.shape, intermediate=29696))
    assert problems(padded, planned(padded, **T4X4)) == ""


def test_unquantized_weights_do_not_fit() -> None:
    where = setting("t4x4")
    found = problems(where, planned(where, weights="unquantized", **T4X4))
    assert "memory per GPU: 37." in found
    assert "use more GPUs, or a smaller or quantized model" in found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"driver": (535, 183, 1)}, "the NVIDIA driver is 535.183.01, but CUDA 13 needs R580 or newer"),
        ({"c_compiler": False}, "Triton needs a C compiler"),
        ({"python_headers": False}, "Triton needs Python.h"),
        ({"shared_memory_bytes": 64 << 20}, "shared memory: 67 MB free, but 4 processes need at least 268 MB"),
        ({"gpus": ()}, "engine.gpu_memory_utilization: needs a GPU, but machine 't4x4' has none"),
    ],
)
def test_missing_parts_of_a_gpu_installation_are_reported(changes: dict[str, Any], expected: str) -> None:
    where = setting("t4x4", **changes)
    assert expected in problems(where, planned(where, **T4X4))


def test_a_gpu_that_others_use() -> None:
    where = setting("t4x4")
    busy = [*where.machine.gpus[:3], dataclasses.replace(where.machine.gpus[3], free_bytes=2 * GIB)]
    where = dataclasses.replace(where, machine=dataclasses.replace(where.machine, gpus=busy))
    assert "GPU 3 has 2.1 GB free of 15.7 GB, less than the 95% requested" in problems(where, planned(where, **T4X4))


def test_the_samplers_limit() -> None:
    machine = find_machine("t4x4")
    assert not [*logit_bias_problems(FILE, "x", 1024, machine)]
    (problem,) = logit_bias_problems(FILE, "x", 1025, machine)
    assert "1025 logit biases, but vLLM's GPU sampler allows 1024" in str(problem)
    assert not [*logit_bias_problems(FILE, "x", 5000, dataclasses.replace(machine, gpus=()))]


def test_adapters_take_memory_on_every_gpu() -> None:
    where = setting("a100x8")
    engine = {"dtype": "bfloat16", "tensor_parallel_size": 8, "enable_lora": True, "max_lora_rank": 256}
    estimate = planned(where, "unquantized", **engine)
    # A of q, k, v, gate, up is whole (5 x 8192), B an eighth; o and down the other way round.
    per_rank = 5 * 8192 + (8192 + 2 * 1024 + 2 * 29568) / 8 + (8192 + 29568) / 8 + 2 * 8192
    assert estimate.budgets[0].parts["adapters"] == 80 * 256 * per_rank * 2
    assert problems(where, estimate) == ""


def test_on_a_cpu_weights_and_cache_are_in_memory() -> None:
    where = setting("t4x4", "0.5B", gpus=())
    estimate = planned(where, "unquantized", dtype="float32", cpu_kv_cache_gib=1)
    (budget,) = estimate.budgets
    assert budget.key == "host"
    assert budget.parts["weights"] == 494_032_768 * 4
    assert estimate.figures["kv_tokens"] == GIB // (2 * 24 * 2 * 64 * 4)


def test_require_raises_with_everything_that_is_wrong() -> None:
    where = setting("t4x4", driver=(535,))
    with pytest.raises(Exception, match="R580") as raised:
        require(where, planned(where, **{**T4X4, "dtype": "bfloat16"}))
    assert len(raised.value.problems) == 2  # type: ignore[attr-defined]


def test_the_default_weights_of_a_profile(root: Any) -> None:
    assert default_weights(load_profile(root / "infer" / "t4x4.yaml")) == "awq"
    assert default_weights(load_profile(root / "infer" / "a100x8-lora.yaml")) == "unquantized"
