"""The forms of a model that the parity gate compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from shoptune.checkpoints.checkpoint import read_json

SERVED = " in vLLM"


@dataclass(frozen=True)
class Form:
    """One form of a model.

    Attributes:
        name: as shown.
        path: folder of the checkpoint.
        adapters: folders of PEFT adapters and the factor of each one's delta.
        library: what computes it.
        is_quantized: whether its weights have 4 bits.
        ensemble: folder of the adapters as one, for vLLM.
    """

    name: str
    path: str
    adapters: Sequence[tuple[str, float]] = field(default_factory=tuple)
    library: Literal["transformers", "vllm"] = "transformers"
    is_quantized: bool = False
    ensemble: str | None = None

    def served(self) -> Form:
        """Return the same checkpoint as a form in vLLM."""
        return Form(self.name + SERVED, self.path, (), "vllm", self.is_quantized)

    def values(self) -> dict[str, Any]:
        """Return the form as JSON values."""
        return asdict(self)


def adapters_form(config: Mapping[str, Any], inputs: Mapping[str, Path]) -> Form | None:
    """Return the base with its unmerged adapters, from a merge's config and inputs; None if PEFT cannot express it.

    Each adapter's delta is scaled by its weight and wise-ft's alpha. TIES and DARE change deltas in ways that are not a
    sum, and a base rounded to NF4 has other weights. DoRA, biases and whole modules cannot be scaled, so an
    adapter with one of these must be alone and whole.
    """
    if config.get("method") != "task_arithmetic" or config.get("base_weights") != "checkpoint":
        return None
    folders = [inputs.get(f"adapters[{number}]") for number in range(len(config["adapters"]))]
    base = inputs.get("base")
    if base is None or not all(folder and (folder / "adapter_config.json").is_file() for folder in folders):
        return None
    factors = [float(config["wise_ft_alpha"]) * float(adapter["weight"]) for adapter in config["adapters"]]
    if factors != [1.0] and not all(_is_low_rank(folder) for folder in folders if folder):
        return None
    adapters = tuple((str(folder), factor) for folder, factor in zip(folders, factors, strict=True))
    return Form("base + adapters", str(base), adapters)


def _is_low_rank(adapter: Path) -> bool:
    """Whether an adapter consists only of low-rank deltas, which can be scaled."""
    file = adapter / "adapter_config.json"
    settings = read_json(file) if file.is_file() else {"use_dora": True}
    return (
        not settings.get("use_dora") and not settings.get("modules_to_save") and settings.get("bias", "none") == "none"
    )
