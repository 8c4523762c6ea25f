"""Write an ensemble as one PEFT adapter, of the summed rank or compressed to a smaller one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.checkpoints.tensor_file import writing
from shoptune.merge.certificate import FILE
from shoptune.merge.factors import Factors
from shoptune.merge.plan import Plan
from shoptune.runtime.progress import bar, say

_MODULE_PREFIX = "base_model.model."


def write_adapter(plan: Plan, directory: Path, rank: int | None) -> dict[str, str]:
    """Write the ensemble's factors as an adapter that PEFT and vLLM load.

    Both factors are scaled by the square root of wise-ft's alpha (paper 001, section 4.4). Every target has the same
    rank, filled up with zeros, since vLLM reads one rank for all; `lora_alpha` equals it, so that the scale is 1.

    Args:
        plan: what to merge; only its exact sum has factors.
        directory: where to.
        rank: the rank to compress to, or None to keep the summed rank, which is exact.

    Returns:
        The SHA-256 digest of the weights, by file name.

    Raises:
        ShoptuneError: the method computes no factors.
    """
    size = rank or max(plan.factors(name).a.shape[0] for name in plan.targets)
    shapes = {name: plan.base.tensors[name].shape for name in plan.targets}
    layout = [
        entry
        for name, (rows, columns) in shapes.items()
        for entry in (
            (_factor_name(name, "A"), torch.float32, (size, rows if _is_embedding(name) else columns)),
            (_factor_name(name, "B"), torch.float32, (columns if _is_embedding(name) else rows, size)),
        )
    ]
    losses: dict[str, Truncation] = {}
    file = directory / "adapter_model.safetensors"
    with writing(file, layout) as writer, bar("merge", len(shapes)) as progress:
        for name in shapes:
            factors = plan.factors(name)
            if rank is not None:
                factors, losses[name] = compress(factors, rank)
            a, b = _balanced(factors, plan.config.wise_ft_alpha, size)
            if _is_embedding(name):  # PEFT adds the transpose of B @ A to an embedding
                a, b = b.T, a.T
            writer.write_rows(_factor_name(name, "A"), 0, a)
            writer.write_rows(_factor_name(name, "B"), 0, b)
            progress.advance()
    _write_config(plan, directory, size)
    _write_certificate(plan, directory, size, losses)
    if losses:
        say(f"merge: {sentence(losses, size)}")
    return {file.name: writer.sha256}


@dataclass(frozen=True)
class Truncation:
    """The loss from compressing one delta.

    Attributes:
        whole: sum of squares of the delta.
        lost: sum of squares of what is missing from its approximation.
    """

    whole: float
    lost: float

    @property
    def share(self) -> float:
        """The share of the norm that was lost, from 0 to 1."""
        return math.sqrt(self.lost / self.whole) if self.whole else 0.0


def total(losses: Iterable[Truncation]) -> Truncation:
    """The losses of several deltas together."""
    listed = list(losses)
    return Truncation(math.fsum(loss.whole for loss in listed), math.fsum(loss.lost for loss in listed))


def sentence(losses: Mapping[str, Truncation], rank: int) -> str:
    """Describe the loss from compressing the ensemble, in total and in the worst matrix."""
    worst = max(losses, key=lambda name: losses[name].share)
    return (
        f"compressing to rank {rank} lost {total(losses.values()).share:.1%} of the delta's norm in total and "
        f"{losses[worst].share:.1%} in the worst matrix, {worst}"
    )


def compress(factors: Factors, rank: int) -> tuple[Factors, Truncation]:
    """The best approximation of a delta by one of smaller rank, and what it loses.

    By the Eckart-Young theorem, this is the truncated singular value decomposition. The dense delta is never formed:
    with `B = Q_B R_B` and `A^T = Q_A R_A`, the delta is `Q_B (R_B R_A^T) Q_A^T`, whose core is as small as the summed
    rank.

    Args:
        factors: the delta.
        rank: at most this many singular values are kept.
    """
    q_b, r_b = torch.linalg.qr(factors.b.double())
    q_a, r_a = torch.linalg.qr(factors.a.double().T)
    u, s, v = torch.linalg.svd(r_b @ r_a.T)
    kept = min(rank, len(s))
    root = s[:kept].sqrt()
    b = q_b @ (u[:, :kept] * root)
    a = (root[:, None] * v[:kept]) @ q_a.T
    return Factors(a.float(), b.float()), Truncation(float(s.square().sum()), float(s[kept:].square().sum()))


def _balanced(factors: Factors, alpha: float, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Move the root of alpha's size from B to A, and fill both up with zeros to a rank."""
    root = math.sqrt(abs(alpha))
    a = factors.a * root
    b = factors.b / root if root else factors.b
    missing = rank - a.shape[0]
    return torch.nn.functional.pad(a, (0, 0, 0, missing)), torch.nn.functional.pad(b, (0, missing))


def _is_embedding(name: str) -> bool:
    return name.endswith("embed_tokens.weight")


def _factor_name(name: str, side: str) -> str:
    module = name.removesuffix(".weight")
    return f"{_MODULE_PREFIX}{module}." + (f"lora_embedding_{side}" if _is_embedding(name) else f"lora_{side}.weight")


def _write_config(plan: Plan, directory: Path, rank: int) -> None:
    settings = {
        "base_model_name_or_path": plan.config.base,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": sorted({name.split(".")[-2] for name in plan.targets}),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": False,
    }
    (directory / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _write_certificate(plan: Plan, directory: Path, rank: int, losses: Mapping[str, Truncation]) -> None:
    value = {
        "rank": rank,
        "wise_ft_alpha": plan.config.wise_ft_alpha,
        "exact": not losses,
        "total_lost_share": total(losses.values()).share,
        "lost_share": {name: loss.share for name, loss in losses.items()},
    }
    (directory / FILE).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
