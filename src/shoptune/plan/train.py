"""Plan training: memory per GPU and on the host, disk space for checkpoints, and duration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shoptune.errors import Problem
from shoptune.plan.capability import AMPERE, HOPPER, capability_text, dtype_problems, installation_problems
from shoptune.plan.estimate import Budget, Estimate, Setting, amount
from shoptune.plan.roofline import TRAINING_SHARE, training_tokens_per_second
from shoptune.plan.train_memory import FULL, GRADIENTS, LIBRARIES, OPTIMIZER, Job, gpu_parts, host_parts, zero_settings

ROWS: Final = 500_000  # paper 001, section 4.2
TOKENS_PER_ROW: Final = 350  # assumed


def plan_train(setting: Setting, keys: Mapping[str, Any], processes: int | None = None) -> Estimate:
    """Estimate a training config.

    Args:
        setting: the base model and the machine.
        keys: axolotl's keys and values.
        processes: the number of processes, or None for one per GPU.
    """
    machine = setting.machine
    job = Job(keys, setting.shape, processes or max(len(machine.gpus), 1), bool(machine.gpus), zero_settings(keys))
    parts = gpu_parts(job)
    speed = training_tokens_per_second(
        job.shape, machine, job.processes, recompute=job.recomputes, full=job.adapter == FULL
    )
    tokens, source = _tokens(job)
    remedy = "lower micro_batch_size or sequence_len, turn on gradient_checkpointing, or use ZeRO-3"
    if job.on_gpu:
        limit = min(gpu.available_bytes for gpu in machine.gpus)
        memory = [
            Budget("gpu", "memory per GPU", parts, limit, remedy),
            Budget("host", "memory", host_parts(job), machine.memory_bytes, _host_remedy(job)),
        ]
    else:
        on_host = {name: size * job.processes for name, size in parts.items()} | {
            "libraries": LIBRARIES * job.processes
        }
        memory = [Budget("host", "memory", on_host, machine.memory_bytes, remedy)]
    return Estimate(
        stage="train",
        budgets=[*memory, _disk(setting, job)],
        seconds=tokens / speed if speed else None,
        figures={
            "processes": job.processes,
            "trainable_parameters": job.trainable,
            "tokens_per_second": round(speed) if speed else None,
            "tokens": round(tokens),
            "zero_stage": job.zero_stage,
        },
        assumptions=_assumptions(setting, job, source, known=speed is not None),
        refusals=[*_refusals(setting, job)],
    )


def _disk(setting: Setting, job: Job) -> Budget:
    state = 2 if "8bit" in str(job.keys.get("optimizer")) else 8
    checkpoint = job.trainable * (job.trainable_element + state)
    kept = int(job.keys.get("save_total_limit") or 2) + 1
    parts = {"checkpoints": float(checkpoint * kept)}
    if not setting.local:
        parts["download of the base"] = job.shape.parameters * 2.0
    remedy = "free some space, or choose an --out on another disk"
    return Budget("disk", "disk", parts, setting.machine.disk_bytes, remedy)


def _tokens(job: Job) -> tuple[float, str]:
    """Return the number of tokens in the whole training, and a phrase that explains the figure."""
    if steps := job.keys.get("max_steps"):
        batch = job.tokens_per_step * int(job.keys.get("gradient_accumulation_steps") or 1) * job.processes
        return float(steps * batch), f"{steps} steps of {batch} tokens"
    epochs = float(job.keys.get("num_epochs") or 1)
    sets = job.keys.get("datasets")
    rows, source = _rows([entry for entry in sets if isinstance(entry, Mapping)] if isinstance(sets, list) else [])
    return rows * TOKENS_PER_ROW * epochs, f"{rows} rows ({source}) of {TOKENS_PER_ROW} tokens, {epochs:g} epochs"


def _rows(sets: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Return the number of training rows, from Parquet footers, or paper 001's number if they are not built yet."""
    files = [file for entry in sets for file in _parquet(Path(str(entry.get("path", ""))))]
    if not files:
        return ROWS, "paper 001's number, since the data is not built yet"
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in files), "counted"


def _parquet(path: Path) -> list[Path]:
    return sorted(path.glob("train*.parquet")) if path.is_dir() else [path] if path.suffix == ".parquet" else []


def _host_remedy(job: Job) -> str:
    if job.zero_stage in {OPTIMIZER, GRADIENTS}:
        return f"remove deepspeed: unlike ZeRO-{job.zero_stage}, plain DDP does not copy the model to host memory"
    return "use a machine with more memory, or fewer processes"


def _refusals(setting: Setting, job: Job) -> Iterator[Problem]:
    file, machine, keys = setting.file, setting.machine, job.keys
    yield from _wrong_kind(setting, job)
    if not machine.gpus:
        return
    yield from installation_problems(file, machine, job.processes)
    gpu = machine.gpus[0]
    if job.processes > len(machine.gpus):
        what = f"{job.processes} processes, but machine '{machine.name}' has {len(machine.gpus)} GPUs"
        yield Problem(file, "--processes", what, "start one process per GPU")
    if keys.get("bf16") is True:
        yield from dtype_problems(file, "bf16", "bfloat16", machine)
    if keys.get("tf32") is True and gpu.capability < AMPERE:
        what = f"TF32 needs capability 8.0, but {gpu.name} has {capability_text(gpu.capability)}"
        yield Problem(file, "tf32", what, "set tf32 to false")
    yield from _attention(setting, keys)
    whole = keys.get("device_map")
    if whole and whole != "auto" and job.base_bytes > gpu.available_bytes:
        what = f"puts {amount(job.base_bytes)} on one GPU, which has {amount(gpu.available_bytes)}"
        yield Problem(file, "device_map", what, "remove device_map, or set load_in_4bit")


def _wrong_kind(setting: Setting, job: Job) -> Iterator[Problem]:
    """Yield a problem if the config has keys that need a GPU and the machine has none."""
    if setting.machine.gpus:
        return
    wanted = [key for key in ("bf16", "fp16", "tf32") if job.keys.get(key) is True]
    if any(word in str(job.keys.get("optimizer")) for word in ("paged", "8bit")):
        wanted.append("optimizer")
    if job.keys.get("deepspeed"):
        wanted.append("deepspeed")
    if wanted:
        what = f"need a GPU, but machine '{setting.machine.name}' has none"
        yield Problem(
            setting.file, ", ".join(wanted), what, "train on a machine with GPUs, or write a config for a CPU"
        )


def _attention(setting: Setting, keys: Mapping[str, Any]) -> Iterator[Problem]:
    gpu, chosen = setting.machine.gpus[0], str(keys.get("attn_implementation") or "")
    flash = chosen.startswith("flash_attention") or bool(keys.get("flash_attention"))
    where = "attn_implementation" if chosen else "flash_attention"
    other = "xformers" if gpu.capability >= AMPERE else "sdpa without sample_packing"
    if flash and not setting.machine.flash_attention:
        what = f"needs the package flash-attn, which machine '{setting.machine.name}' does not have"
        yield Problem(setting.file, where, what, f"set attn_implementation to {other}")
    elif flash and gpu.capability < AMPERE:
        what = f"flash-attn needs capability 8.0, but {gpu.name} has {capability_text(gpu.capability)}"
        yield Problem(setting.file, where, what, f"set attn_implementation to {other}")
    packed = keys.get("sample_packing") and keys.get("bf16") is True
    if (chosen == "sdpa" or keys.get("sdp_attention")) and packed and AMPERE <= gpu.capability < HOPPER:
        what = "sdpa with sample_packing in bf16 can give a loss of 0.0 on GPUs before Hopper, as axolotl warns"
        yield Problem(setting.file, "attn_implementation", what, "set it to xformers or flex_attention")


def _assumptions(setting: Setting, job: Job, source: str, *, known: bool) -> list[str]:
    optimizer = job.keys.get("optimizer") or "adamw_torch"
    lines = [
        f"{job.adapter}, {job.trainable / 1e6:.1f}M trained weights of {job.trainable_element} bytes each, {optimizer}",
        f"{job.processes} processes, {_distribution(job)}, {job.tokens_per_step} tokens per forward pass and process",
        f"training data: {source}",
    ]
    if not known:
        return [*lines, "no time, since the GPU's speed is unknown: describe the machine in a file (--machine FILE)"]
    operations = 4 + 2 * int(job.recomputes) + 2 * int(job.adapter == FULL)
    if not setting.machine.gpus:
        return [*lines, f"speed: 40 GFLOPS per core; {operations} operations per weight and token"]
    peak = setting.machine.gpus[0].fp16_tflops
    rate = f"{TRAINING_SHARE:.0%} of {peak:g} TFLOPS per GPU"
    return [*lines, f"speed: {rate}; {operations} operations per weight and token"]


def _distribution(job: Job) -> str:
    if job.processes == 1:
        return "no distribution"
    if job.keys.get("fsdp") or job.keys.get("fsdp_config"):
        return "FSDP"
    return f"ZeRO-{job.zero_stage}" if job.zero_stage else "plain DDP"
