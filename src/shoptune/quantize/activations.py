"""Calibration activations in host memory up to a limit, and beyond it in a file that is mapped into memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

import torch


class Activations:
    """Tensors for copies of activations; those that do not fit the limit are on disk.

    The system writes mapped pages back and evicts them when memory is short, so that only the limit counts.

    Args:
        limit: bytes of host memory.
        directory: for the files, which have no names and vanish with the tensors.
    """

    def __init__(self, limit: int, directory: Path) -> None:
        self._limit, self._directory = limit, directory
        self.in_memory, self.on_disk = 0, 0

    def allocate(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """A tensor in host memory, or in a file if the limit is reached; its values are undefined."""
        count = math.prod(shape)
        size = count * dtype.itemsize
        if self.in_memory + size <= self._limit:
            self.in_memory += size
            return torch.empty(tuple(shape), dtype=dtype)
        self.on_disk += size
        with TemporaryFile(dir=self._directory) as file:
            file.truncate(size)
            mapped = torch.from_file(f"/proc/self/fd/{file.fileno()}", shared=True, size=count, dtype=dtype)
        return mapped.view(tuple(shape))

    def release(self) -> None:
        """Count from zero, once the copies are no longer used."""
        self.in_memory, self.on_disk = 0, 0
