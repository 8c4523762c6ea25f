"""The forms of a model that the parity gate compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

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
        """The same checkpoint in vLLM."""
        return Form(self.name + SERVED, self.path, (), "vllm", self.is_quantized)

    def values(self) -> dict[str, Any]:
        """The form as JSON values."""
        return asdict(self)


def adapters_form(config: Mapping[str, Any], inputs: Mapping[str, Path]) -> Form | None:
    """The base with its adapters, unmerged, from the config and inputs of a merge; None if PEFT cannot express it.

    Each adapter's delta is scaled by its weight and wise-ft's alpha. TIES and DARE change deltas in ways that are not a
    sum, and a base rounded to NF4 has other weights.
    """
    if config.get("method") != "task_arithmetic" or config.get("base_weights") != "checkpoint":
        return None
    folders = [inputs.get(f"adapters[{number}]") for number in range(len(config["adapters"]))]
    base = inputs.get("base")
    if base is None or not all(folder and folder.is_dir() for folder in (base, *folders)):
        return None
    factors = [float(config["wise_ft_alpha"]) * float(adapter["weight"]) for adapter in config["adapters"]]
    adapters = tuple((str(folder), factor) for folder, factor in zip(folders, factors, strict=True))
    return Form("base + adapters", str(base), adapters)
