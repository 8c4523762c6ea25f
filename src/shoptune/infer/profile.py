"""An inference profile: how to run the engine on one kind of machine, and how long answers may be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from shoptune.config import Settings, apply_overrides, check, load, read_yaml
from shoptune.infer.by_task_type import by_task_type
from shoptune.infer.constraints import ConstraintSettings
from shoptune.infer.prompting import Prompting
from shoptune.shopbench.vocabulary import TaskType

Count = Annotated[int, Field(ge=1)]


class EngineSettings(Settings):
    """vLLM's engine arguments, under vLLM's names; what is left out keeps vLLM's default.

    Attributes:
        enable_lora: be ready to serve adapters over the checkpoint; a sweep then serves each ensemble as one.
        max_lora_rank: the largest rank of an adapter, one of vLLM's sizes; an ensemble has the sum of its ranks.
        cpu_kv_cache_gib: memory for the key-value cache on a CPU, in GiB; without meaning on a GPU.
    """

    dtype: Literal["auto", "half", "float16", "bfloat16", "float32"] = "auto"
    max_model_len: Count | None = None
    max_num_seqs: Count | None = None
    tensor_parallel_size: Count = 1
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    enforce_eager: bool = False
    enable_prefix_caching: bool = True
    enable_lora: bool = False
    max_lora_rank: Literal[1, 8, 16, 32, 64, 128, 256, 320, 512] | None = None
    cpu_kv_cache_gib: Count | None = None


@by_task_type(Count, lambda definition: definition.max_tokens)
class TokenLimits(Settings):
    """The most tokens an answer may have, by task type; paper 000, section 4.4, gives the defaults."""

    def of(self, task_type: TaskType) -> int:
        """The limit for one task type."""
        limit: int = getattr(self, task_type.name.lower())
        return limit


class Profile(Settings):
    """An inference YAML.

    Attributes:
        engine: how to start vLLM.
        max_tokens: length limits of answers.
        prompting: how questions are put; in the YAML the name of a prompting YAML, or its keys.
        constraints: which answers are held to what their question allows.
        repair: mend the form of answers before they are handed in.
        default_choice: what to hand in for a multiple-choice answer that names no option, where answers are repaired.
        batch_size: questions that are handed to the engine together; the answers to a batch are saved together.
        seed: the engine's seed; decoding is greedy, so it only decides what vLLM leaves open.
    """

    engine: EngineSettings = EngineSettings()
    max_tokens: TokenLimits = TokenLimits()
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
        ShoptuneError: one of the two is not as it must be.
    """
    naming = [override for override in overrides if override.startswith("prompting=")]
    values = apply_overrides(read_yaml(file) if file else {}, naming)
    named = values.get("prompting") if isinstance(values, dict) else None
    if isinstance(named, str):
        load(Path(named), Prompting)  # its mistakes are told under its own name
        values["prompting"] = read_yaml(Path(named))
    rest = [override for override in overrides if override not in naming]
    return check(file or Path("--set"), apply_overrides(values, rest), Profile)
