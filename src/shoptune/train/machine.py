"""The machine that a training config is for: its GPUs, and what follows from their generation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shoptune.errors import nearest

# CUDA compute capability and memory in units of 10^9 bytes, from the cards' data sheets.
CARDS: dict[str, tuple[tuple[int, int], int]] = {
    "t4": ((7, 5), 16),
    "a100": ((8, 0), 80),
    "a800": ((8, 0), 80),
    "a10": ((8, 6), 24),
    "rtx3090": ((8, 6), 24),
    "rtx4090": ((8, 9), 24),
    "l4": ((8, 9), 24),
    "l40s": ((8, 9), 48),
    "h100": ((9, 0), 80),
    "h800": ((9, 0), 80),
    "h200": ((9, 0), 141),
    "b200": ((10, 0), 180),
}
AMPERE, _HOPPER = (8, 0), (9, 0)


@dataclass(frozen=True)
class Machine:
    """The devices that train.

    Attributes:
        name: as in a config: `cpu`, or a card and how many of them, as `a100x8`.
        capability: the cards' CUDA compute capability; None on a CPU.
        memory_gb: of one card, in units of 10^9 bytes; 0 on a CPU.
        workers: processes that train together, one per card.
    """

    name: str
    capability: tuple[int, int] | None
    memory_gb: int
    workers: int

    @property
    def has_gpu(self) -> bool:
        """Whether training runs on GPUs."""
        return self.capability is not None

    def attention(self) -> tuple[str, str]:
        """The `attn_implementation` that suits packed rows in this machine's number format, and the reason."""
        if self.capability is None:
            return "sdpa", "it runs on a CPU and keeps packed rows apart"
        if self.capability >= _HOPPER:
            return "sdpa", "from Hopper on, torch's own attention takes packed rows in bfloat16"
        if self.capability >= AMPERE:
            return "flex_attention", "sdpa with packed rows in bfloat16 may give a loss of 0 before Hopper"
        return "xformers", "torch's attention for packed rows needs Ampere"


def this_machine(workers: int) -> Machine:
    """The machine this runs on, with so many workers; loads torch."""
    import torch

    if not torch.cuda.is_available():
        return Machine("cpu", None, 0, workers)
    properties = torch.cuda.get_device_properties(0)
    capability = (properties.major, properties.minor)
    return Machine(f"{workers} x {properties.name}", capability, properties.total_memory // 10**9, workers)


def parse_machine(name: str) -> Machine:
    """The machine of a name such as `a100x8`, `h100x2` or `cpu`.

    Raises:
        ValueError: the name has another form, or the card is unknown.
    """
    match = re.fullmatch(r"(?P<card>[a-z][a-z0-9]*)x(?P<count>[1-9]\d*)", name) if name not in CARDS else None
    if match is None and not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise ValueError("is not a card and a number such as a100x8, or cpu")
    card, workers = (match["card"], int(match["count"])) if match else (name, 1)
    if card == "cpu":
        return Machine(name, None, 0, workers)
    if card not in CARDS:
        raise ValueError(f"unknown card '{card}'; {nearest(card, CARDS)}")
    capability, memory = CARDS[card]
    return Machine(name, capability, memory, workers)
