"""The merge stage: from a merge YAML to a merged checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from shoptune.artifact import Artifact, Build, Request, make
from shoptune.checkpoint import Checkpoint, locate
from shoptune.merge.config import MergeConfig
from shoptune.merge.delta import ensemble
from shoptune.merge.lora import Adapter, Factors, load_adapter
from shoptune.merge.stream import write_merged
from shoptune.progress import bar


def run(config: MergeConfig, file: Path, out: Path, *, force: bool = False) -> Artifact:
    """Merge the ensemble into the base and write a full checkpoint.

    Args:
        config: what to merge.
        file: where the config was read from, for errors.
        out: the artifact's directory.
        force: merge even when the artifact is up to date.

    Raises:
        ShoptuneError: an adapter does not fit the base, or a checkpoint is not as it must be.
    """
    base = Checkpoint(locate(config.base, file, "base"))
    paths = [locate(member.path, file, f"adapters[{number}].path") for number, member in enumerate(config.adapters)]
    inputs = {"base": base.path} | {f"adapters[{number}]": path for number, path in enumerate(paths)}
    request = Request("merge", config.model_dump(mode="json"), inputs)

    def write(build: Build) -> None:
        weights = [member.weight for member in config.adapters]
        members = [(load_adapter(path, base), weight) for path, weight in zip(paths, weights, strict=True)]
        write_checkpoint(base, members, config, build.directory)

    return make(request, out, write, force=force)


def write_checkpoint(
    base: Checkpoint, members: list[tuple[Adapter, float]], config: MergeConfig, directory: Path
) -> None:
    """Write the merged weights, the base's tokenizer and other files, and a config with the new element type."""

    def delta(name: str) -> Factors | None:
        parts = [(adapter.targets[name].load(), weight) for adapter, weight in members if name in adapter.targets]
        if not parts or config.wise_ft_alpha == 0:
            return None
        return ensemble(parts, config.wise_ft_alpha)

    dtype: torch.dtype = getattr(torch, config.dtype)
    size = sum(spec.nbytes for spec in base.tensors.values())
    with bar("merge", size) as progress:
        write_merged(base, delta, directory, dtype, progress)
    base.copy_side_files(directory, but=["config.json"])
    settings = {key: value for key, value in base.config.items() if key not in {"torch_dtype", "dtype"}}
    settings["torch_dtype"] = config.dtype
    (directory / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
