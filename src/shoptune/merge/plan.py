"""From a merge config to the delta of each weight."""

from __future__ import annotations

import hashlib

import torch

from shoptune.checkpoints.tensor_file import TensorSpec, read_rows
from shoptune.errors import fail
from shoptune.merge.config import MergeConfig
from shoptune.merge.delta import Delta
from shoptune.merge.lineage import other_base
from shoptune.merge.lora import Adapter, Factors, load_adapter
from shoptune.merge.method import LowRankMethod
from shoptune.merge.nf4 import is_quantized_in_training, nf4_round_trip
from shoptune.merge.sources import Sources
from shoptune.runtime.progress import say

_TIED = {"model.embed_tokens.weight": "output layer", "lm_head.weight": "embedding"}


class Plan:
    """A merge that is ready to compute: adapters are opened and checked against the base.

    Args:
        config: what to merge.
        sources: the folders.

    Raises:
        ShoptuneError: an adapter does not fit the base, or was trained on another.
    """

    def __init__(self, config: MergeConfig, sources: Sources) -> None:
        self.config, self.base = config, sources.base
        self._members: list[tuple[Adapter, float]] = [
            (load_adapter(path, sources.base), member.weight)
            for path, member in zip(sources.adapters, config.adapters, strict=True)
        ]
        self._check_lineage()
        self._refuse_one_sided_ties()
        self._whole: tuple[str, torch.Tensor] | None = None

    @property
    def targets(self) -> list[str]:
        """Every weight that an adapter changes, in the base's order."""
        changed = {name for adapter, _ in self._members for name in adapter.targets}
        return [name for name in self.base.tensors if name in changed]

    def factors(self, name: str) -> Factors:
        """The factors of what the merge adds to one target, alpha included.

        Raises:
            ShoptuneError: the method computes no factors.
        """
        method = self.config.method
        if not isinstance(method, LowRankMethod):
            what = f"is {method.method}, whose delta has no factors"
            raise fail(self.base.path, "method", what, "use task_arithmetic, or merge to a full checkpoint")
        return method.factors(self._parts(name), self.config.wise_ft_alpha)

    def delta(self, name: str) -> Delta | None:
        """What the merge adds to one weight; None if that is nothing."""
        parts, alpha = self._parts(name), self.config.wise_ft_alpha
        if not parts or alpha == 0:
            return None
        return self.config.method.delta(parts, alpha, self._generator(name))

    def _parts(self, name: str) -> list[tuple[Factors, float]]:
        """The factors and weight of each adapter that changes a weight."""
        return [(adapter.targets[name].load(), weight) for adapter, weight in self._members if name in adapter.targets]

    def read(self, spec: TensorSpec, first: int, last: int, memory: memoryview) -> torch.Tensor:
        """Rows of the weights to add deltas to: the checkpoint's, read into `memory`, or what NF4 makes of them."""
        if self.config.base_weights == "checkpoint" or not is_quantized_in_training(spec):
            return read_rows(spec, first, last, memory=memory)
        if self._whole is None or self._whole[0] != spec.name:  # double quantization looks at a whole matrix
            source: torch.dtype = getattr(torch, self.config.nf4_source)
            self._whole = spec.name, nf4_round_trip(read_rows(spec), source)
        return self._whole[1][first:last]

    def _generator(self, name: str) -> torch.Generator:
        """A random generator per weight, so that the order of weights does not matter."""
        seed = hashlib.sha256(f"{self.config.seed}/{name}".encode()).digest()[:8]
        return torch.Generator().manual_seed(int.from_bytes(seed, "little") >> 1)

    def _check_lineage(self) -> None:
        """Refuse adapters of another base, or warn, as the config says."""
        for number, (adapter, _) in enumerate(self._members):
            what = other_base(adapter.path, adapter.targets, self.base, self.config.base)
            if what is None:
                continue
            if self.config.other_base == "refuse":
                remedy = "merge it into its own base, or set other_base: warn"
                raise fail(adapter.path, f"adapters[{number}]", what, remedy)
            say(f"merge: {adapter.path}: adapters[{number}]: {what}")

    def _refuse_one_sided_ties(self) -> None:
        """Refuse a delta on one side of a tied embedding and output layer, which would change both."""
        if not self.base.ties_embeddings:
            return
        for adapter, _ in self._members:
            for name in _TIED.keys() & adapter.targets.keys():
                what = f"changes a weight that this base ties to its {_TIED[name]}"
                raise fail(adapter.path, name, what, "train without a delta on it, or untie the base")
