"""The parity gate of a quantize run: adapters, merged, padded, 4-bit, and each as vLLM serves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.parity.config import Parity
from shoptune.parity.forms import Form, adapters_form
from shoptune.quantize.source import PaddedSource
from shoptune.quantize.widths import intermediate_size


def check_parity(parity: Parity, source: PaddedSource, directory: Path, workspace: Path) -> None:
    """Run the gate on a finished 4-bit checkpoint.

    Args:
        parity: prompts and thresholds.
        source: what was quantized.
        directory: the 4-bit checkpoint.
        workspace: a folder for what is needed meanwhile, the padded copy among it.

    Raises:
        ShoptuneError: a form does not pass, or cannot be computed.
    """
    from shoptune.parity.gate import run_gate

    forms = [*_unmerged(source.checkpoint.path), Form("merged", str(source.checkpoint.path))]
    if parity.padded and source.width != intermediate_size(source.checkpoint):
        forms.append(Form("padded", str(_padded(source, workspace / "padded"))))
    forms.append(Form("4-bit", str(directory), is_quantized=True))
    if parity.served:
        forms += [form.served() for form in forms if not form.adapters]
    run_gate(parity, forms, directory, workspace)


def _unmerged(model: Path) -> list[Form]:
    """The base with its adapters, if the model was merged by shoptune and they are still there."""
    manifest: Mapping[str, Any] = read_manifest(model) or {}
    if manifest.get("stage") != "merge":
        return []
    inputs = {name: Path(entry["path"]) for name, entry in manifest["inputs"].items()}
    form = adapters_form(manifest["config"], inputs)
    return [form] if form else []


def _padded(source: PaddedSource, folder: Path) -> Path:
    from shoptune.quantize.pad import pad_checkpoint
    from shoptune.runtime.progress import bar

    folder.mkdir(parents=True)
    with bar("pad", sum(spec.nbytes for spec in source.checkpoint.tensors.values())) as progress:
        pad_checkpoint(source.checkpoint, source.width, folder, progress)
    return folder
