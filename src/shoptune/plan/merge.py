"""Plan a merge. Tensors are streamed, so disk space and bandwidth matter more than memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shoptune.plan.estimate import Budget, Estimate, Setting, amount
from shoptune.plan.roofline import CPU_GFLOPS
from shoptune.plan.shapes import BYTES

RANK: Final = 64  # the rank of the adapters in paper 001's ensembles
_LIBRARIES: Final = 6e8  # bytes of torch
_BUFFERS: Final = 5e8  # bytes of the blocks that are read, computed and written concurrently


@dataclass(frozen=True)
class MergeWork:
    """The properties of a merge config that determine its cost.

    Attributes:
        members: the number of adapters in the ensemble.
        dtype: the element type of the merged weights.
        dense: whether the method needs whole deltas, as TIES does, instead of adding low-rank ones.
        nf4: whether the base is first rounded to NF4, one whole matrix at a time.
    """

    members: int
    dtype: str
    dense: bool = False
    nf4: bool = False


def plan_merge(setting: Setting, work: MergeWork) -> Estimate:
    """Estimate the merge of an ensemble into its base."""
    shape, machine = setting.shape, setting.machine
    largest = max(linear.weights for linear in shape.linears)
    memory = {"libraries": _LIBRARIES, "block buffers": _BUFFERS}
    if work.dense:
        memory["dense deltas"] = 4.0 * largest * (work.members + 2)  # one per member, the result, one temporary
    if work.nf4:
        memory["NF4 rounding"] = 8.0 * largest
    written, read = float(shape.parameters * BYTES[work.dtype]), float(shape.parameters * BYTES.get(shape.dtype, 2))
    disk = {"merged checkpoint": written}
    if not setting.local:
        disk["download of the base"] = read
    operations = 2 * RANK * work.members * shape.linear_weights
    arithmetic = operations / (machine.cpus * CPU_GFLOPS * 1e9)
    remedy = "free some space, or choose an --out on another disk"
    return Estimate(
        stage="merge",
        budgets=[
            Budget("host", "memory", memory, machine.memory_bytes, "free memory, or use method: task_arithmetic"),
            Budget("disk", "disk", disk, machine.disk_bytes, remedy),
        ],
        seconds=max((read + written) / (machine.disk_gb_per_s * 1e9), arithmetic),
        figures={"members": work.members, "written_gb": round(written / 1e9, 2), "read_gb": round(read / 1e9, 2)},
        assumptions=[
            f"disk: {machine.disk_gb_per_s:g} GB/s, {amount(read)} read, {amount(written)} written",
            f"{work.members} adapters of rank {RANK} on all linear layers; {CPU_GFLOPS} GFLOPS per core",
        ],
    )
