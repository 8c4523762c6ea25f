"""Write a merge as a full checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from shoptune.merge.certificate import FILE, Certificate
from shoptune.merge.plan import Plan
from shoptune.merge.stream import Output, write_merged
from shoptune.runtime.progress import bar


def write_checkpoint(plan: Plan, directory: Path) -> tuple[Certificate, dict[str, str]]:
    """Write the merged weights, the base's tokenizer and other files, a config with the new type, and the certificate.

    Args:
        plan: what to merge.
        directory: where to.

    Returns:
        What rounding lost, and the SHA-256 digest of every shard by file name.
    """
    base, config = plan.base, plan.config
    dtype: torch.dtype = getattr(torch, config.dtype)
    certificate = Certificate()
    with bar("merge", sum(spec.nbytes for spec in base.tensors.values())) as progress:
        sha256 = write_merged(base, plan.read, plan.delta, Output(directory, dtype, certificate, progress))
    base.copy_side_files(directory, but=["config.json", FILE])
    settings = {key: value for key, value in base.config.items() if key not in {"torch_dtype", "dtype"}}
    settings["torch_dtype"] = config.dtype
    (directory / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    certificate.write(
        directory, {"dtype": config.dtype, "method": config.method.method, "base_weights": config.base_weights}
    )
    return certificate, sha256
