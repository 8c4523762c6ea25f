"""An inference profile: the settings of vLLM for one kind of machine, and how questions are asked and answered."""

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
    """vLLM's engine arguments, under vLLM's names; keys that are not set keep vLLM's defaults.

    Attributes:
        dtype: element type of weights and activations.
        max_model_len: the maximum length of a prompt and its answer together, in tokens.
        max_num_seqs: the maximum number of questions processed in one step.
        max_num_batched_tokens: the maximum number of tokens processed in one step; a higher value needs more memory for
            activations, which leaves less for the KV cache.
        tensor_parallel_size: how many GPUs share the model.
        gpu_memory_utilization: the share of each GPU's memory that vLLM may use.
        enforce_eager: run without CUDA graphs.
        enable_prefix_caching: compute prefixes that prompts share only once.
        enable_lora: apply adapters to the checkpoint at run time; a sweep then serves each ensemble as one adapter.
        max_lora_rank: the maximum rank of an adapter; the rank of an ensemble is the sum of its adapters' ranks.
        cpu_kv_cache_gib: memory for the KV cache on a CPU, in GiB; ignored on a GPU.
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
        """Return the arguments for vLLM's engine, which are also those of `vllm serve`."""
        return self.model_dump(exclude_none=True, exclude={"cpu_kv_cache_gib"})

    def environment(self) -> dict[str, str]:
        """Return the settings that vLLM reads only from environment variables."""
        # FlashInfer's sampler is compiled at start-up, which needs nvcc; vLLM's own sampler is equivalent here.
        variables = {"VLLM_USE_FLASHINFER_SAMPLER": "0"}
        # vLLM gives up on a constraint that is not compiled within 5 s, as on a busy machine, and the answer is empty.
        variables["VLLM_REGEX_COMPILATION_TIMEOUT_S"] = "300"
        if self.tensor_parallel_size > 1:  # CUDA and threads are not usable in a forked worker
            variables["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"
        if self.cpu_kv_cache_gib:
            variables["VLLM_CPU_KVCACHE_SPACE"] = str(self.cpu_kv_cache_gib)
        return variables


@by_task_type(Count, lambda definition: definition.max_tokens)
class TokenLimits(Settings):
    """The maximum length of an answer, in tokens, per task type; the defaults follow paper 000, section 4.4."""

    def of(self, task_type: TaskType) -> int:
        """Return the limit for one task type."""
        limit: int = getattr(self, task_type.name.lower())
        return limit


class Profile(Settings):
    """An inference YAML.

    Attributes:
        engine: the arguments of vLLM's engine.
        max_tokens: the maximum lengths of answers.
        chat_template_arguments: arguments for the checkpoint's chat template, such as Qwen3's `enable_thinking: false`.
        prompting: how questions are asked: either the keys of a prompting YAML or the name of such a file.
        constraints: the answers to constrain to what their question allows.
        repair: repair the format of answers.
        default_choice: the prediction for a multiple-choice answer that names no option, when `repair` is on.
        batch_size: the number of questions passed to the engine together; their answers are saved together.
        seed: the engine's seed; it has little influence, since decoding is greedy.
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
    """Read an inference YAML, and the prompting YAML that it refers to.

    Args:
        file: the inference YAML, or None for the defaults.
        overrides: `key.path=value` strings from `--set`; `prompting=FILE` selects a prompting YAML, and
            `prompting.KEY=VALUE` overrides one of its keys.

    Raises:
        ShoptuneError: a file is missing or invalid.
    """
    naming = [override for override in overrides if override.startswith("prompting=")]
    values = apply_overrides(read_yaml(file) if file else {}, naming)
    named = values.get("prompting") if isinstance(values, dict) else None
    if isinstance(named, str):
        prompting = Path(resolved(named))
        load(prompting, Prompting)  # so that errors mention this file
        values["prompting"] = read_yaml(prompting)
    rest = [override for override in overrides if override not in naming]
    return check(file or Path("--set"), apply_overrides(values, rest), Profile)
