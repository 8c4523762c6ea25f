"""Store calibration activations in host memory up to a limit, and beyond it in files that are mapped into memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

import torch


class Activations:
    """Allocates tensors for copies of activations, on disk once the memory limit is reached.

    The operating system writes back and evicts mapped pages when memory is short, so only tensors below the limit
    occupy memory permanently.

    Args:
        limit: the limit of host memory, in bytes.
        directory: the folder for the files, which are unnamed and disappear together with the tensors.
    """

    def __init__(self, limit: int, directory: Path) -> None:
        self._limit, self._directory = limit, directory
        self.in_memory, self.on_disk = 0, 0

    def allocate(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Allocate a tensor in host memory, or in a file if the limit is reached. Its values are undefined."""
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
        """Reset the memory in use to zero. Call it when earlier copies are no longer needed."""
        self.in_memory, self.on_disk = 0, 0
