"""Durations from a roofline model: a step takes as long as the longer of its arithmetic and its memory traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shoptune.plan.shapes import Shape
from shoptune.runtime.machine_facts import Machine

# Assumed shares of the peak rates; the report prints them.
TRAINING_SHARE: Final = 0.40  # 2.3k tokens/s of QLoRA on 8 A100; paper 001: "500k examples takes around 24 hours"
PREFILL_SHARE: Final = 0.35
BANDWIDTH_SHARE: Final = 0.75
CPU_GFLOPS: Final = 40  # per core in float32; measured: a 3.5M-parameter model trains at 3.8k tokens/s on two cores
CPU_GB_PER_S: Final = 20  # memory bandwidth of a machine without a GPU
ALL_REDUCE_SECONDS: Final = 30e-6  # the minimum duration of one all-reduce


@dataclass(frozen=True)
class Engine:
    """The devices that run a model, with their peak rates.

    Attributes:
        shape: the model's shapes.
        weight_bytes: the bytes of all weights that a step reads, summed over GPUs.
        devices: the number of GPUs that share the model; 1 for a CPU.
        flops: the peak arithmetic rate per device, in operations per second.
        bandwidth: the peak memory bandwidth per device, in bytes per second.
        link: the all-reduce bus bandwidth, in bytes per second.
    """

    shape: Shape
    weight_bytes: float
    devices: int
    flops: float
    bandwidth: float
    link: float

    @property
    def is_known(self) -> bool:
        """Whether all speeds needed for an estimate are known."""
        return self.flops > 0 and self.bandwidth > 0 and (self.devices == 1 or self.link > 0)

    def prefill_seconds(self, tokens: float) -> float:
        """Return the seconds to process prompts: 2 operations per weight and token, plus all-reduces."""
        arithmetic = 2 * self.shape.linear_weights * tokens / (self.devices * self.flops * PREFILL_SHARE)
        return max(arithmetic, self._read_seconds()) + self._exchange_seconds(tokens)

    def decode_seconds(self, batch: float) -> float:
        """Return the seconds of a step that generates one token per answer in a batch and reads all weights once."""
        arithmetic = 2 * self.shape.active_weights * batch / (self.devices * self.flops * PREFILL_SHARE)
        return max(arithmetic, self._read_seconds()) + self._exchange_seconds(batch)

    def _read_seconds(self) -> float:
        return self.weight_bytes / (self.devices * self.bandwidth * BANDWIDTH_SHARE)

    def _exchange_seconds(self, tokens: float) -> float:
        """Return the seconds of two 16-bit all-reduces of hidden states per layer; a ring sends 2 (n - 1) / n of it."""
        if self.devices == 1:
            return 0
        volume = tokens * self.shape.hidden * 2 * 2 * (self.devices - 1) / self.devices
        return 2 * self.shape.layers * max(volume / self.link, ALL_REDUCE_SECONDS)


def engine(shape: Shape, weight_bytes: float, machine: Machine, devices: int) -> Engine:
    """Return an engine of `devices` GPUs of a machine, or of its CPU if it has no GPU."""
    if not machine.gpus:
        return Engine(shape, weight_bytes, 1, machine.cpus * CPU_GFLOPS * 1e9, CPU_GB_PER_S * 1e9, 0)
    gpu = machine.gpus[0]
    bandwidth, link = gpu.memory_gb_per_s * 1e9, gpu.link_gb_per_s * 1e9
    return Engine(shape, weight_bytes, devices, gpu.fp16_tflops * 1e12, bandwidth, link)


def training_tokens_per_second(
    shape: Shape, machine: Machine, devices: int, *, recompute: bool, full: bool
) -> float | None:
    """Return the tokens per second that training processes, or None if the GPU's speed is unknown.

    Operations per weight and token: 2 for the forward pass, 2 for the gradients of activations, 2 for the gradients of
    weights in full training, and 2 to recompute activations.
    """
    operations = 2 * shape.active_weights * (2 + int(full) + int(recompute))
    if not machine.gpus:
        return machine.cpus * CPU_GFLOPS * 1e9 / operations
    peak = devices * machine.gpus[0].fp16_tflops * 1e12
    return peak * TRAINING_SHARE / operations if peak else None


def speed_assumptions(machine: Machine, parallel: int) -> Iterator[str]:
    """Yield the assumptions behind the duration of inference, as sentences."""
    if not machine.gpus:
        yield f"speed: {CPU_GFLOPS} GFLOPS per core and {CPU_GB_PER_S} GB/s of memory bandwidth"
        return
    gpu = machine.gpus[0]
    yield (
        f"speed per GPU: {PREFILL_SHARE:.0%} of {gpu.fp16_tflops:g} TFLOPS for prompts, "
        f"{BANDWIDTH_SHARE:.0%} of {gpu.memory_gb_per_s:g} GB/s for answers"
    )
    if parallel > 1:
        yield f"two all-reduces per layer at {gpu.link_gb_per_s:g} GB/s, at least {ALL_REDUCE_SECONDS * 1e6:g} us each"
