"""An inference profile: how vLLM runs on one kind of machine, and how questions are put and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from shoptune.config import Settings, apply_overrides, check, load, read_yaml
from shoptune.config.paths import resolved
from shoptune.infer.by_task_type import by_task_type
from shoptune.infer.constraints.settings import ConstraintSettings
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.vocabulary import TaskType

Count = Annotated[int, Field(ge=1)]


class EngineSettings(Settings):
    """vLLM's engine arguments, under vLLM's names; a key that is left out keeps vLLM's default.

    Attributes:
        dtype: element type of weights and activations.
        max_model_len: the longest prompt and answer together, in tokens.
        max_num_seqs: the most questions answered in one step.
        max_num_batched_tokens: tokens computed in one step; the activations of a step take memory from the cache.
        tensor_parallel_size: how many GPUs share the model.
        gpu_memory_utilization: the share of each GPU's memory that vLLM may use.
        enforce_eager: run without CUDA graphs.
        enable_prefix_caching: compute the shared beginning of prompts once.
        enable_lora: serve adapters over the checkpoint; a sweep then serves each ensemble as one adapter.
        max_lora_rank: the largest rank of an adapter, one of vLLM's sizes; an ensemble has the sum of its ranks.
        cpu_kv_cache_gib: memory for the KV cache on a CPU, in GiB; without effect on a GPU.
    """

    dtype: Literal["auto", "half", "float16", "bfloat16", "float32"] = "auto"
    max_model_len: Count | None = None
    max_num_seqs: Count | None = None
    max_num_batched_tokens: Count | None = None
    tensor_parallel_size: Count = 1
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    enforce_eager: bool = False
    enable_prefix_caching: bool = True
    enable_lora: bool = False
    max_lora_rank: Literal[1, 8, 16, 32, 64, 128, 256, 320, 512] | None = None
    cpu_kv_cache_gib: Count | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of vLLM's engine and of `vllm serve`."""
        return self.model_dump(exclude_none=True, exclude={"cpu_kv_cache_gib"})

    def environment(self) -> dict[str, str]:
        """What vLLM reads from the environment only."""
        # FlashInfer's sampler is compiled at start-up, which needs nvcc; vLLM's own gives the same greedy answers.
        variables = {"VLLM_USE_FLASHINFER_SAMPLER": "0"}
        if self.tensor_parallel_size > 1:  # a forked worker inherits CUDA and threads in an unusable state
            variables["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"
        if self.cpu_kv_cache_gib:
            variables["VLLM_CPU_KVCACHE_SPACE"] = str(self.cpu_kv_cache_gib)
        return variables


@by_task_type(Count, lambda definition: definition.max_tokens)
class TokenLimits(Settings):
    """The maximum length of an answer in tokens, by task type; the defaults are those of paper 000, section 4.4."""

    def of(self, task_type: TaskType) -> int:
        """The limit for one task type."""
        limit: int = getattr(self, task_type.name.lower())
        return limit


class Profile(Settings):
    """An inference YAML.

    Attributes:
        engine: how to start vLLM.
        max_tokens: maximum lengths of answers.
        chat_template_arguments: arguments of the checkpoint's chat template, such as Qwen3's `enable_thinking: false`.
        prompting: how questions are put: the keys of a prompting YAML, or its file name.
        constraints: which answers are constrained to what their question allows.
        repair: repair the format of answers.
        default_choice: the prediction for a multiple-choice answer that names no option, when `repair` is on.
        batch_size: questions passed to the engine together; the answers to a batch are saved together.
        seed: the engine's seed; decoding is greedy, so it decides little.
    """

    engine: EngineSettings = EngineSettings()
    max_tokens: TokenLimits = TokenLimits()
    chat_template_arguments: Mapping[str, bool | int | float | str] = Field(default_factory=dict)
    prompting: Prompting = Prompting()
    constraints: ConstraintSettings = ConstraintSettings()
    repair: bool = True
    default_choice: Annotated[int, Field(ge=0, le=9)] = 0
    batch_size: Count = 128
    seed: int = 0


def load_profile(file: Path | None, overrides: Sequence[str] = ()) -> Profile:
    """Read an inference YAML, and the prompting YAML that it names.

    Args:
        file: the inference YAML, or None for the defaults.
        overrides: texts from `--set`; `prompting=FILE` names the prompting YAML, `prompting.KEY=VALUE` changes it.

    Raises:
        ShoptuneError: a file is missing or invalid.
    """
    naming = [override for override in overrides if override.startswith("prompting=")]
    values = apply_overrides(read_yaml(file) if file else {}, naming)
    named = values.get("prompting") if isinstance(values, dict) else None
    if isinstance(named, str):
        prompting = Path(resolved(named))
        load(prompting, Prompting)  # errors name this file
        values["prompting"] = read_yaml(prompting)
    rest = [override for override in overrides if override not in naming]
    return check(file or Path("--set"), apply_overrides(values, rest), Profile)
