"""Time from a roofline model: a step takes as long as its arithmetic or its memory traffic, whichever takes longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shoptune.plan.shapes import Shape
from shoptune.runtime.machine_facts import Machine

# Shares of the peak that are reached: assumptions, which the report prints.
TRAINING_SHARE: Final = 0.40  # 2.3k tokens/s of QLoRA on 8 A100; paper 001: "500k examples takes around 24 hours"
PREFILL_SHARE: Final = 0.35
BANDWIDTH_SHARE: Final = 0.75
CPU_GFLOPS: Final = 40  # per core in float32; a 3.5M-parameter model trained at 3.8k tokens/s on two cores
CPU_GB_PER_S: Final = 20  # memory bandwidth of a machine without a GPU
ALL_REDUCE_SECONDS: Final = 30e-6  # the least time of one all-reduce


@dataclass(frozen=True)
class Engine:
    """What computes a model's tokens.

    Attributes:
        shape: of the model.
        weight_bytes: of all weights that a step reads, over all GPUs.
        devices: GPUs that share the model; 1 for a CPU.
        flops: of one device, per second, at its peak.
        bandwidth: of one device's memory, bytes per second, at its peak.
        link: all-reduce bus bandwidth, bytes per second.
    """

    shape: Shape
    weight_bytes: float
    devices: int
    flops: float
    bandwidth: float
    link: float

    @property
    def is_known(self) -> bool:
        """Whether the speeds that count are known."""
        return self.flops > 0 and self.bandwidth > 0 and (self.devices == 1 or self.link > 0)

    def prefill_seconds(self, tokens: float) -> float:
        """Time to read prompts: 2 operations for each weight and token, and the all-reduces of the hidden states."""
        arithmetic = 2 * self.shape.linear_weights * tokens / (self.devices * self.flops * PREFILL_SHARE)
        return max(arithmetic, self._read_seconds()) + self._exchange_seconds(tokens)

    def decode_seconds(self, batch: float) -> float:
        """Time of one step that writes a token of each answer in a batch: all weights are read once."""
        arithmetic = 2 * self.shape.active_weights * batch / (self.devices * self.flops * PREFILL_SHARE)
        return max(arithmetic, self._read_seconds()) + self._exchange_seconds(batch)

    def _read_seconds(self) -> float:
        return self.weight_bytes / (self.devices * self.bandwidth * BANDWIDTH_SHARE)

    def _exchange_seconds(self, tokens: float) -> float:
        """Two all-reduces of 16-bit hidden states per layer; a ring sends 2 (n - 1) / n of the data."""
        if self.devices == 1:
            return 0
        volume = tokens * self.shape.hidden * 2 * 2 * (self.devices - 1) / self.devices
        return 2 * self.shape.layers * max(volume / self.link, ALL_REDUCE_SECONDS)


def engine(shape: Shape, weight_bytes: float, machine: Machine, devices: int) -> Engine:
    """The engine that `devices` GPUs of a machine make, or its CPU when it has none."""
    if not machine.gpus:
        return Engine(shape, weight_bytes, 1, machine.cpus * CPU_GFLOPS * 1e9, CPU_GB_PER_S * 1e9, 0)
    gpu = machine.gpus[0]
    bandwidth, link = gpu.memory_gb_per_s * 1e9, gpu.link_gb_per_s * 1e9
    return Engine(shape, weight_bytes, devices, gpu.fp16_tflops * 1e12, bandwidth, link)


def training_tokens_per_second(
    shape: Shape, machine: Machine, devices: int, *, recompute: bool, full: bool
) -> float | None:
    """Tokens that training processes per second, or None when the GPU's speed is unknown.

    2 operations per weight and token forward, 2 for the gradients of activations, 2 more for those of the weights when
    all are trained, and 2 to compute activations again.
    """
    operations = 2 * shape.active_weights * (2 + int(full) + int(recompute))
    if not machine.gpus:
        return machine.cpus * CPU_GFLOPS * 1e9 / operations
    peak = devices * machine.gpus[0].fp16_tflops * 1e12
    return peak * TRAINING_SHARE / operations if peak else None


def speed_assumptions(machine: Machine, parallel: int) -> Iterator[str]:
    """The assumptions behind the times of inference, in sentences."""
    if not machine.gpus:
        yield f"speed: {CPU_GFLOPS} GFLOPS per core and {CPU_GB_PER_S} GB/s of memory bandwidth"
        return
    gpu = machine.gpus[0]
    yield (
        f"speed of each GPU: {PREFILL_SHARE:.0%} of {gpu.fp16_tflops:g} TFLOPS reading prompts, "
        f"{BANDWIDTH_SHARE:.0%} of {gpu.memory_gb_per_s:g} GB/s writing answers"
    )
    if parallel > 1:
        yield f"two all-reduces per layer at {gpu.link_gb_per_s:g} GB/s, {ALL_REDUCE_SECONDS * 1e6:g} us at least"
