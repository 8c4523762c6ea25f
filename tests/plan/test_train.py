"""Plans of training: memory worked out by hand, and configs that cannot work."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from shoptune.plan.estimate import Budget, Estimate, Setting
from shoptune.plan.train import plan_train
from shoptune.runtime.machine_facts import GIB
from tests.plan.settings import setting

QLORA: dict[str, Any] = {
    "base_model": "Qwen/Qwen2-72B-Instruct",
    "adapter": "qlora",
    "load_in_4bit": True,
    "lora_r": 64,
    "lora_target_linear": True,
    "sequence_len": 2048,
    "sample_packing": True,
    "micro_batch_size": 1,
    "gradient_accumulation_steps": 4,
    "optimizer": "paged_adamw_8bit",
    "bf16": True,
    "tf32": True,
    "attn_implementation": "xformers",
    "gradient_checkpointing": True,
}
TRAINED = 842_137_600  # rank 64 on all linear layers, see test_shapes
BASE = 70_212_648_960 * 0.515869140625 + (72_706_203_648 - 70_212_648_960) * 2
ACTIVATIONS = 80 * 2048 * 8192 * 2 + 2048 * 152_064 * 10  # a block's inputs; the logits in bf16 and twice in float32


def zero(stage: int, **more: Any) -> dict[str, Any]:
    return {"zero_optimization": {"stage": stage, **more}}


def budget(estimate: Estimate, key: str) -> Budget:
    return next(one for one in estimate.budgets if one.key == key)


def problems(where: Setting, estimate: Estimate) -> str:
    return "\n".join(map(str, estimate.problems(where.file, where.machine)))


def test_qlora_under_plain_ddp() -> None:
    where = setting("a100x8")
    estimate = plan_train(where, QLORA)
    parts = budget(estimate, "gpu").parts
    assert parts == {
        "base weights": pytest.approx(BASE),
        "adapter weights": TRAINED * 4,
        "gradients": TRAINED * 4,
        "optimizer": TRAINED * 2,
        "activations": ACTIVATIONS,
        "gradient buckets": TRAINED * 4,
        "CUDA libraries": GIB // 2,
    }
    assert budget(estimate, "gpu").needed == pytest.approx(59e9, rel=0.01)
    assert "checkpoint copies" not in budget(estimate, "host").parts
    assert problems(where, estimate) == ""


def test_zero_2_copies_the_base_to_host_memory_on_every_rank() -> None:
    where = setting("a100x8")
    estimate = plan_train(where, {**QLORA, "deepspeed": zero(2)})
    assert (
        budget(estimate, "host").parts["checkpoint copies"] == pytest.approx(8 * BASE) == pytest.approx(330e9, rel=0.01)
    )
    assert budget(estimate, "gpu").parts["gradients"] == TRAINED * 2 / 8
    assert budget(estimate, "gpu").parts["optimizer"] == TRAINED * (2 + 4) / 8
    assert budget(estimate, "gpu").needed == pytest.approx(50e9, rel=0.01)
    small = setting("a100x8", memory_bytes=200 * 10**9)
    found = problems(small, plan_train(small, {**QLORA, "deepspeed": zero(2)}))
    assert "memory: 385.7 GB needed, 200.0 GB available" in found
    assert "remove deepspeed: unlike ZeRO-2, plain DDP does not copy the model to host memory" in found


def test_zero_3_shards_the_weights() -> None:
    lora = {**QLORA, "adapter": "lora", "load_in_4bit": False, "optimizer": "adamw_torch", "lora_r": 8}
    lora |= {"lora_target_linear": False, "lora_target_modules": ["q_proj", "k_proj", "v_proj"]}
    gathering = zero(3, stage3_gather_16bit_weights_on_model_save=True)
    estimate = plan_train(setting("a100x8"), {**lora, "deepspeed": gathering})
    trained = 80 * 8 * (16384 + 2 * 9216)
    parts = budget(estimate, "gpu").parts
    assert estimate.figures["trainable_parameters"] == trained
    assert parts["base weights"] == pytest.approx(72_706_203_648 * 2 / 8 + 2 * 70_212_648_960 / 80 * 2)
    assert parts["optimizer"] == trained * 12 / 8  # two moments and a copy of the weights in float32
    assert budget(estimate, "host").parts["gathered checkpoint"] == 72_706_203_648 * 2
    without = plan_train(setting("a100x8"), lora)
    assert budget(without, "gpu").parts["base weights"] == 72_706_203_648 * 2
    assert not budget(without, "gpu").fits


def test_full_fine_tuning_on_a_cpu() -> None:
    where = setting("t4x4", "0.5B", gpus=())
    keys = {"base_model": "x", "sequence_len": 512, "micro_batch_size": 2, "optimizer": "adamw_torch", "max_steps": 10}
    estimate = plan_train(where, keys)
    weights = 494_032_768
    parts = budget(estimate, "host").parts
    assert parts["base weights"] == weights * 4
    assert parts["gradients"] == weights * 4
    assert parts["optimizer"] == weights * 8
    assert parts["activations"] == 24 * 1024 * (8 * 896 + 2 * 128 + 4 * 4864) * 4 + 1024 * 151_936 * 12
    assert estimate.figures["tokens"] == 10 * 1024
    # forward 2, backward 4 operations for each weight that a token meets
    assert estimate.seconds == pytest.approx(
        10 * 1024 * 6 * (494_032_768 - 49 * 896 - 24 * 1152) / (40 * 40e9), rel=1e-6
    )


def test_hours_of_qlora() -> None:
    """Paper 001, section 4.2: 500k examples take around 24 hours on 8 A100."""
    estimate = plan_train(setting("a100x8"), QLORA)
    per_token = 6 * (70_212_648_960 + 152_064 * 8192)
    assert estimate.figures["tokens_per_second"] == round(8 * 312e12 * 0.4 / per_token)
    assert estimate.seconds is not None
    assert 20 < estimate.seconds / 3600 < 25


@pytest.mark.parametrize(
    ("machine", "change", "expected"),
    [
        ("t4x4", {}, "bf16: bfloat16 needs capability 8.0, but Tesla T4 has 7.5; set bf16 to false, fp16 true"),
        ("t4x4", {}, "tf32: TF32 needs capability 8.0"),
        ("t4x4", {}, "memory per GPU"),
        (
            "a100x8",
            {"attn_implementation": "flash_attention_2"},
            "needs the package flash-attn, which machine 'a100x8'",
        ),
        ("a100x8", {"attn_implementation": "sdpa"}, "on GPUs before Hopper, as axolotl warns; set it to xformers"),
        (
            "a100x8",
            {"device_map": {"": 0}, "load_in_4bit": False},
            "device_map: puts 145.4 GB on one GPU, which has 85.0",
        ),
    ],
)
def test_configs_that_cannot_work_are_reported(machine: str, change: dict[str, Any], expected: str) -> None:
    where = setting(machine)
    assert expected in problems(where, plan_train(where, {**QLORA, **change}))


def test_flash_attention_where_it_is_installed() -> None:
    flash = {**QLORA, "attn_implementation": "flash_attention_2"}
    here = setting("a100x8", flash_attention=True)
    assert problems(here, plan_train(here, flash)) == ""
    old = setting("t4x4", flash_attention=True)
    assert "flash-attn needs capability 8.0" in problems(old, plan_train(old, flash))


def test_sdpa_is_fine_on_hopper() -> None:
    gpus = [dataclasses.replace(gpu, capability=(9, 0)) for gpu in setting("a100x8").machine.gpus]
    hopper = setting("a100x8", gpus=gpus)
    assert problems(hopper, plan_train(hopper, {**QLORA, "attn_implementation": "sdpa"})) == ""


def test_a_config_for_gpus_on_a_cpu() -> None:
    where = setting("t4x4", gpus=())
    found = problems(where, plan_train(where, QLORA))
    assert "bf16, tf32, optimizer: need a GPU, but machine 't4x4' has none" in found


def test_too_many_processes() -> None:
    where = setting("t4x4")
    assert "8 processes, but machine 't4x4' has 4 GPUs" in problems(where, plan_train(where, QLORA, processes=8))


def test_rows_that_are_built_are_counted(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, rows in enumerate((30, 12)):
        pq.write_table(pa.table({"messages": ["x"] * rows}), tmp_path / f"train-{number:05}-of-00002.parquet")
    keys = {**QLORA, "datasets": [{"path": str(tmp_path)}], "num_epochs": 2}
    assert plan_train(setting("a100x8"), keys).figures["tokens"] == 2 * 42 * 350


def test_deepspeeds_config_is_read(tmp_path: Path) -> None:
    file = tmp_path / "zero.json"
    file.write_text(json.dumps(zero(1)))
    assert plan_train(setting("a100x8"), {**QLORA, "deepspeed": str(file)}).figures["zero_stage"] == 1


@pytest.mark.parametrize("key", ["lora_r", "micro_batch_size", "sequence_len"])
def test_a_value_of_another_type_is_left_for_axolotl_to_refuse(key: str) -> None:
    without = {name: value for name, value in QLORA.items() if name != key}
    assert plan_train(setting("a100x8"), QLORA | {key: "many"}) == plan_train(setting("a100x8"), without)
