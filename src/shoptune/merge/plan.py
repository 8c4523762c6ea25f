"""From a merge config to the delta of each weight."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from shoptune.checkpoints.tensor_file import TensorSpec, read_rows
from shoptune.errors import fail
from shoptune.merge.changes import LoraChange, Member, as_matrix
from shoptune.merge.config import MergeConfig
from shoptune.merge.delta import Delta
from shoptune.merge.factors import Factors
from shoptune.merge.lineage import other_base
from shoptune.merge.lora import load_adapter
from shoptune.merge.method import LowRankMethod
from shoptune.merge.nf4 import is_quantized_in_training, nf4_round_trip
from shoptune.merge.sources import Sources
from shoptune.merge.tuned import is_checkpoint, load_tuned
from shoptune.runtime.progress import say


class Plan:
    """A merge that is ready to compute: its members are opened and checked against the base.

    Args:
        config: what to merge.
        sources: the folders.

    Raises:
        ShoptuneError: a member does not fit the base, or was trained on another.
    """

    def __init__(self, config: MergeConfig, sources: Sources) -> None:
        self.config, self.base = config, sources.base
        self._members: list[tuple[Member, float]] = [
            (self._open(path), member.weight) for path, member in zip(sources.adapters, config.adapters, strict=True)
        ]
        self._check_lineage()
        self._whole: tuple[str, torch.Tensor] | None = None

    @property
    def targets(self) -> list[str]:
        """Every weight that a member changes, in the base's order."""
        changed = {name for member, _ in self._members for name in member.targets}
        return [name for name in self.base.tensors if name in changed]

    def factors(self, name: str) -> Factors:
        """The factors of what the merge adds to one target, alpha included.

        Raises:
            ShoptuneError: the method computes no factors, or a member's change has none.
        """
        method = self.config.method
        if not isinstance(method, LowRankMethod):
            what = f"is {method.method}, whose delta has no factors"
            raise fail(self.base.path, "method", what, "use task_arithmetic, or merge to a full checkpoint")
        parts = []
        for member, weight in self._members:
            change = member.targets.get(name)
            if isinstance(change, LoraChange):
                parts.append((change.factors(), weight))
            elif change is not None:
                what = "is not changed by low-rank factors alone, so the ensemble is no LoRA adapter"
                raise fail(member.path, name, what, "merge to a full checkpoint")
        return method.factors(parts, self.config.wise_ft_alpha)

    def delta(self, name: str) -> Delta | None:
        """Return the delta that the merge adds to one weight, or None if there is none."""
        changes = [(member.targets[name], weight) for member, weight in self._members if name in member.targets]
        alpha = self.config.wise_ft_alpha
        if not changes or alpha == 0:
            return None

        def base() -> torch.Tensor:
            return as_matrix(self._weight(self.base.tensors[name]))

        parts = [(change.load(base), weight) for change, weight in changes]
        return self.config.method.delta(parts, alpha, self._generator(name), base)

    def read(self, spec: TensorSpec, first: int, last: int, memory: memoryview) -> torch.Tensor:
        """Return rows of the weights to add deltas to, read into `memory`: as in the checkpoint, or rounded to NF4."""
        if self.config.base_weights == "checkpoint" or not is_quantized_in_training(spec):
            return read_rows(spec, first, last, memory=memory)
        if self._whole is None or self._whole[0] != spec.name:  # double quantization looks at a whole matrix
            self._whole = spec.name, self._weight(spec)
        return self._whole[1][first:last]

    def _weight(self, spec: TensorSpec) -> torch.Tensor:
        """A whole weight to add a delta to."""
        weight = read_rows(spec)
        if self.config.base_weights == "nf4" and is_quantized_in_training(spec):
            source: torch.dtype = getattr(torch, self.config.nf4_source)
            weight = nf4_round_trip(weight, source)
        return weight

    def _open(self, path: Path) -> Member:
        if not is_checkpoint(path):
            return load_adapter(path, self.base)
        if self.config.base_weights == "nf4":
            what = "is a fully tuned checkpoint, which was not trained on NF4 weights"
            raise fail(path, "", what, "set base_weights: checkpoint")
        return load_tuned(path, self.base)

    def _generator(self, name: str) -> torch.Generator:
        """A random generator per weight, so that the order of weights does not matter."""
        seed = hashlib.sha256(f"{self.config.seed}/{name}".encode()).digest()[:8]
        return torch.Generator().manual_seed(int.from_bytes(seed, "little") >> 1)

    def _check_lineage(self) -> None:
        """Reject members trained on another base, or warn about them, depending on the config."""
        for number, (member, _) in enumerate(self._members):
            what = other_base(member.path, member.targets, self.base, self.config.base)
            if what is None:
                continue
            if self.config.other_base == "refuse":
                remedy = "merge it into its own base, or set other_base: warn"
                raise fail(member.path, f"adapters[{number}]", what, remedy)
            say(f"merge: {member.path}: adapters[{number}]: {what}")
