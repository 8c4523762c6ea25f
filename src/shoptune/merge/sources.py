"""Locate the folders that a merge reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.merge.config import MergeConfig


@dataclass(frozen=True)
class Sources:
    """The folders of a merge.

    Attributes:
        base: the base checkpoint.
        adapters: the adapters' folders, in the order of the config.
    """

    base: Checkpoint
    adapters: Sequence[Path]

    @classmethod
    def of(cls, config: MergeConfig, file: Path) -> Sources:
        """Locate the folders that a config names; download those that are Hub ids.

        Raises:
            ShoptuneError: one is missing, or the base is quantized.
        """
        base = Checkpoint(locate(config.base, file, "base"))
        base.refuse_quantized()
        paths = [locate(member.path, file, f"adapters[{n}].path") for n, member in enumerate(config.adapters)]
        return cls(base, paths)

    def inputs(self) -> dict[str, Path]:
        """The folders by name, for a manifest."""
        return {"base": self.base.path} | {f"adapters[{n}]": path for n, path in enumerate(self.adapters)}
