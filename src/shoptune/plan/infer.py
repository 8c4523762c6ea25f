"""Plan inference: weights, key-value cache and activations on each GPU, and the minutes per track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from shoptune.errors import Problem
from shoptune.infer.constraints.constraint import MAX_LOGIT_BIAS
from shoptune.infer.profile import Profile
from shoptune.plan.capability import (
    dtype_problems,
    group_problems,
    installation_problems,
    logit_bias_problems,
    parallel_problems,
    unpadded,
)
from shoptune.plan.estimate import DOES_NOT_FIT, FITS, Budget, Estimate, Setting, amount
from shoptune.plan.roofline import Engine, engine, speed_assumptions
from shoptune.plan.shapes import BYTES, Shape, awq_bytes
from shoptune.plan.tracks import BATCH, TRACKS, question_assumptions, track_minutes
from shoptune.runtime.machine_facts import GIB
from shoptune.shopbench.vocabulary import TaskType

Weights = Literal["awq", "unquantized"]

GROUP_SIZE: Final = 128
_UTILIZATION: Final = 0.9  # vLLM's default
_MOST_TOKENS: Final = 8192  # vLLM's default of max_num_batched_tokens
_MOST_SEQUENCES: Final = 256  # vLLM's default of max_num_seqs
_CUDA_BYTES: Final = GIB // 2  # assumed size of NCCL's buffers, workspaces and kernels
_LIBRARIES: Final = 2e9  # bytes of torch and vLLM per process
_CPU_CACHE_GIB: Final = 4  # vLLM's default of VLLM_CPU_KVCACHE_SPACE


@dataclass(frozen=True)
class Load:
    """The model as the engine loads it.

    Attributes:
        shape: the model's shapes, with feed-forward layers padded if needed.
        linear_bytes: the bytes per weight of a linear layer.
        element: the bytes per other number.
        parallel: the number of GPUs that share the model.
    """

    shape: Shape
    linear_bytes: float
    element: int
    parallel: int

    @property
    def is_quantized(self) -> bool:
        """Whether the weights of linear layers have fewer bits than other numbers."""
        return self.linear_bytes < self.element

    @property
    def weight_bytes(self) -> float:
        """The bytes of all weights."""
        return self.shape.bytes(self.linear_bytes, self.element)

    @property
    def weight_bytes_per_gpu(self) -> float:
        """The bytes of the weights on each GPU."""
        return self.shape.bytes_per_gpu(self.linear_bytes, self.parallel, self.element)


def default_weights(profile: Profile) -> Weights:
    """Guess the format of the weights that a profile is meant for: AWQ, unless it enables LoRA or uses float32."""
    return "unquantized" if profile.engine.enable_lora or profile.engine.dtype == "float32" else "awq"


def plan_infer(setting: Setting, profile: Profile, weights: Weights, track: int | None = None) -> Estimate:
    """Estimate inference with a profile.

    Args:
        setting: the model and the machine.
        profile: the inference YAML.
        weights: the format of the weights, used unless the checkpoint's config states that they are quantized.
        track: the challenge's track whose time limit applies, or None to ignore time limits.
    """
    machine, options = setting.machine, profile.engine
    load = load_of(setting, profile, weights)
    computing = engine(load.shape, load.weight_bytes, machine, load.parallel)
    minutes = _minutes(computing, profile) if computing.is_known else {}
    budget, tokens = _gpu(setting, profile, load) if machine.gpus else _cpu(setting, profile, load)
    length = options.max_model_len
    figures: dict[str, Any] = {
        "weights": "awq" if load.is_quantized else "unquantized",
        "weights_gb_total": round(setting.shape.bytes(load.linear_bytes, load.element) / 1e9, 2),
        "padded_weights_gb_total": round(load.weight_bytes / 1e9, 2),
        "weights_gb_per_gpu": round(load.weight_bytes_per_gpu / 1e9, 2),
        "intermediate_size": setting.shape.intermediate,
        "padded_intermediate_size": load.shape.intermediate,
        "kv_gb_per_gpu": round(max(budget.limit - budget.needed, 0) / 1e9, 2),
        "kv_tokens": tokens,
        "minutes_per_track": {str(number): round(value, 1) for number, value in minutes.items()},
        "track_limits_minutes": {str(number): one.minutes for number, one in TRACKS.items()},
    }
    refusals = [*_refusals(setting, profile, load)]
    if tokens < (length or 1) and budget.fits:
        what = f"is {length}, but the key-value cache has space for only {tokens} tokens"
        refusals.append(Problem(setting.file, "engine.max_model_len", what, "lower it or max_num_batched_tokens"))
    seconds = None
    if track is not None and minutes:
        seconds, limit = minutes[track] * 60, TRACKS[track].minutes
        figures["track"] = track
        figures["track_verdict"] = FITS if minutes[track] <= limit else DOES_NOT_FIT
        if minutes[track] > limit:
            what = (
                f"about {minutes[track]:.0f} minutes for {TRACKS[track].questions} questions, but the limit is {limit}"
            )
            refusals.append(Problem(setting.file, f"track {track}", what, "lower max_tokens or the prompts' length"))
    return Estimate(
        stage="infer",
        budgets=[budget],
        seconds=seconds,
        figures=figures,
        assumptions=_assumptions(setting, profile, load, known=bool(minutes)),
        notes=[*_notes(setting, load)],
        refusals=refusals,
    )


def load_of(setting: Setting, profile: Profile, weights: Weights) -> Load:
    """Describe the model as loaded. A model that is not quantized yet is padded as `shoptune quantize` would do."""
    shape, parallel = setting.shape, profile.engine.tensor_parallel_size
    declared = profile.engine.dtype if profile.engine.dtype != "auto" else shape.dtype
    element = BYTES.get(declared, 2)
    if shape.group_size:
        return Load(shape, awq_bytes(shape.group_size), element, parallel)
    if weights == "unquantized":
        return Load(shape, element, element, parallel)
    return Load(shape.padded(GROUP_SIZE, parallel), awq_bytes(GROUP_SIZE), element, parallel)


def _step_tokens(profile: Profile) -> int:
    return profile.engine.max_num_batched_tokens or _MOST_TOKENS


def activation_bytes(load: Load, tokens: int, sequences: int) -> float:
    """Estimate the peak memory of one step on one GPU, in bytes, without weights and cache.

    Per token of the step: hidden states, residual and normed input (3 x hidden), and gate, up and their product
    (3 x intermediate / GPUs). Per sequence: the logits, a copy and a sorted copy, in float32.
    """
    shape = load.shape
    return tokens * (3 * shape.hidden + 3 * shape.intermediate / load.parallel) * load.element + (
        sequences * shape.vocab * 4 * 3
    )


def _gpu(setting: Setting, profile: Profile, load: Load) -> tuple[Budget, int]:
    """Return the memory needed on each GPU, and the number of tokens for which the remainder has space in the cache."""
    options, gpu = profile.engine, min(setting.machine.gpus, key=lambda gpu: gpu.available_bytes)
    limit = gpu.memory_bytes * (options.gpu_memory_utilization or _UTILIZATION)
    sequences = options.max_num_seqs or _MOST_SEQUENCES
    parts = {
        "weights": load.weight_bytes_per_gpu,
        "activations": activation_bytes(load, _step_tokens(profile), sequences),
        "CUDA libraries": float(_CUDA_BYTES),
    }
    if options.enable_lora:
        parts["adapters"] = load.shape.lora_weights(options.max_lora_rank or 16, parallel=load.parallel) * load.element
    one_token = load.shape.kv_bytes_per_token(load.parallel)
    tokens = int(max(limit - sum(parts.values()), 0) // one_token)
    usable = min(limit, gpu.available_bytes)
    return Budget("gpu", "memory per GPU", parts, usable, "use more GPUs, or a smaller or quantized model"), tokens


def _cpu(setting: Setting, profile: Profile, load: Load) -> tuple[Budget, int]:
    """Return the memory needed on a CPU, and the number of tokens in its cache, whose size is fixed."""
    cache = (profile.engine.cpu_kv_cache_gib or _CPU_CACHE_GIB) * GIB
    parts = {
        "weights": load.weight_bytes,
        "key-value cache": float(cache * load.parallel),
        "libraries": _LIBRARIES * load.parallel,
    }
    element = 4 if profile.engine.dtype == "float32" else 2
    tokens = int(cache // load.shape.kv_bytes_per_token(load.parallel, element))
    limit = setting.machine.memory_bytes
    return Budget("host", "memory", parts, limit, "free memory, or lower engine.cpu_kv_cache_gib"), tokens


def _minutes(computing: Engine, profile: Profile) -> dict[int, float]:
    limits = {task_type: profile.max_tokens.of(task_type) for task_type in TaskType}
    return {number: track_minutes(track, computing, limits, BATCH) for number, track in TRACKS.items()}


def _refusals(setting: Setting, profile: Profile, load: Load) -> Iterator[Problem]:
    file, machine, options = setting.file, setting.machine, profile.engine
    declared = options.dtype != "auto"
    dtype = options.dtype if declared else setting.shape.dtype
    yield from installation_problems(file, machine, load.parallel)
    yield from dtype_problems(file, "engine.dtype", dtype, machine, declared=declared)
    yield from parallel_problems(file, "engine.tensor_parallel_size", load.shape, load.parallel, machine)
    if setting.shape.group_size:
        yield from group_problems(
            file, "engine.tensor_parallel_size", setting.shape, setting.shape.group_size, load.parallel
        )
    yield from logit_bias_problems(file, "constraints", MAX_LOGIT_BIAS, machine)  # the most that a request has
    if not machine.gpus and options.gpu_memory_utilization is not None:
        what = f"needs a GPU, but machine '{machine.name}' has none"
        yield Problem(file, "engine.gpu_memory_utilization", what, "use a profile for CPUs, such as infer/cpu.yaml")
    if machine.gpus:
        yield from _occupied(setting, options.gpu_memory_utilization or _UTILIZATION)


def _occupied(setting: Setting, utilization: float) -> Iterator[Problem]:
    """Yield a problem per GPU on which other processes use memory that vLLM would claim, so that it does not start."""
    for number, gpu in enumerate(setting.machine.gpus):
        if gpu.available_bytes < gpu.memory_bytes * utilization:
            what = f"GPU {number} has {amount(gpu.available_bytes)} free of {amount(gpu.memory_bytes)}"
            remedy = "stop the processes that use it, or lower engine.gpu_memory_utilization"
            yield Problem(setting.file, "memory per GPU", f"{what}, less than the {utilization:.0%} requested", remedy)


def _notes(setting: Setting, load: Load) -> Iterator[str]:
    before = setting.shape
    if load.shape.intermediate != before.intermediate:
        yield (
            f"{unpadded(before, GROUP_SIZE, load.parallel)}; `shoptune quantize` with tensor_parallel: {load.parallel} "
            f"pads them to {load.shape.intermediate} first"
        )


def _assumptions(setting: Setting, profile: Profile, load: Load, *, known: bool) -> list[str]:
    machine, lines = setting.machine, []
    if not setting.shape.group_size:
        kind = f"AWQ, 4 bits in groups of {GROUP_SIZE}" if load.is_quantized else f"{load.element * 8}-bit numbers"
        lines.append(f"weights: {kind} (--weights awq or unquantized)")
    if machine.gpus:
        lines.append(f"per GPU: {amount(_CUDA_BYTES)} for CUDA libraries, steps of {_step_tokens(profile)} tokens")
    if not known:
        return [*lines, "no times, since the GPU's speed is unknown: describe the machine in a file (--machine FILE)"]
    return [*lines, *speed_assumptions(machine, load.parallel), *question_assumptions()]
