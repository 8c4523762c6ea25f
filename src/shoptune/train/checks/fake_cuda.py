"""Fake another machine's GPUs, so that libraries' checks for GPUs run anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from shoptune.train.machine import AMPERE, Machine

_CUDA = "13.0"  # what the GPU locks install


@contextmanager
def pretend(machine: Machine) -> Iterator[None]:
    """Answer torch's questions about CUDA as a machine would, and set the number of workers, while the block runs.

    Only questions are answered: nothing can be computed on these GPUs.
    """
    import torch

    with ExitStack() as stack:
        for name, answer in _answers(machine).items():
            stack.enter_context(mock.patch.object(torch.cuda, name, answer))
        stack.enter_context(mock.patch.object(torch.version, "cuda", _CUDA if machine.has_gpu else None))
        stack.enter_context(mock.patch.dict(os.environ, {"WORLD_SIZE": str(machine.workers)}))
        _forget_answers()
        try:
            yield
        finally:
            stack.close()
            _forget_answers()


def _answers(machine: Machine) -> dict[str, Callable[..., Any]]:
    capability = machine.capability
    if capability is None:
        return {"is_available": lambda: False, "device_count": lambda: 0}
    properties = SimpleNamespace(
        name=machine.name, major=capability[0], minor=capability[1], total_memory=machine.memory_gb * 10**9
    )
    return {
        "is_available": lambda: True,
        "device_count": lambda: machine.workers,
        "current_device": lambda: 0,
        "get_device_capability": lambda *_: capability,
        "get_device_properties": lambda *_: properties,
        "get_device_name": lambda *_: machine.name,
        "is_bf16_supported": lambda *_, **__: capability >= AMPERE,
    }


def _forget_answers() -> None:
    """Clear the caches in which transformers keeps facts about the GPU."""
    from transformers.utils import import_utils

    for name in dir(import_utils):
        forget = getattr(getattr(import_utils, name), "cache_clear", None)
        if forget and ("cuda" in name or "gpu" in name or "tf32" in name or "bf16" in name):
            forget()
