"""Whether an adapter or a tuned checkpoint was trained on the base that it is merged into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import digest, read_manifest
from shoptune.checkpoints.checkpoint import Checkpoint, read_json
from shoptune.merge.tuned import is_checkpoint

# An adapter of one architecture may fit another in the shapes that it changes.
_ARCHITECTURE = (
    "model_type",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "vocab_size",
)
_HUB_CACHE = "models--"  # the Hub's cache keeps `owner/name` in `models--owner--name/snapshots/<commit>`
_LAYER = re.compile(r"\.layers\.(\d+)\.")


def other_base(adapter: Path, targets: Iterable[str], base: Checkpoint, reference: str) -> str | None:
    """Return the evidence that an adapter was trained on another base, or None if there is none.

    What shoptune trained has a manifest with the digest of its base, which decides. For other adapters, compare what
    `adapter_config.json` says of the base: its name, and, if the folder exists, its architecture. For other tuned
    checkpoints, compare the architecture.

    Args:
        adapter: the folder of the adapter, or of a fully tuned checkpoint.
        targets: the names of the weights that it changes.
        base: the checkpoint to merge into.
        reference: how the merge YAML names the base, a path or a Hub id.
    """
    inputs = (read_manifest(adapter) or {}).get("inputs", {})
    recorded = inputs.get("base_model") or inputs.get("base")
    if recorded is not None:
        same = recorded["sha256"] == digest(base.path)
        return None if same else f"was trained on {recorded['path']}, whose weights are not those of {base.path}"
    if is_checkpoint(adapter):
        return _other_architecture(read_json(adapter / "config.json"), base, "is a model")
    settings = read_json(adapter / "adapter_config.json")
    return _other_depth(targets, settings.get("layers_to_transform"), base) or _other_model(
        settings.get("base_model_name_or_path"), base, reference
    )


def _other_depth(targets: Iterable[str], chosen: object, base: Checkpoint) -> str | None:
    """Compare the layers that an adapter changes with those of the base."""
    layers = {int(number) for name in targets for number in _LAYER.findall(name)}
    depth = base.config.get("num_hidden_layers")
    if not layers or chosen is not None or not isinstance(depth, int) or max(layers) + 1 == depth:
        return None
    return f"changes layers 0 to {max(layers)}, but {base.path} has {depth} layers"


def _other_model(name: object, base: Checkpoint, reference: str) -> str | None:
    if not isinstance(name, str) or not name:
        return None
    folder = Path(name)
    if (folder / "config.json").is_file():
        if folder.resolve() == base.path.resolve():
            return None
        if what := _other_architecture(read_json(folder / "config.json"), base, f"was trained on {name},"):
            return what
    if _model_name(name) in {_model_name(reference), _model_name(str(base.path))}:
        return None
    return f"was trained on {name}, not on {reference}, according to its adapter_config.json"


def _other_architecture(config: Mapping[str, Any], base: Checkpoint, which: str) -> str | None:
    for key in _ARCHITECTURE:
        if config.get(key) != base.config.get(key):
            return f"{which} whose {key} is {config.get(key)}, not {base.config.get(key)}"
    return None


def _model_name(reference: str) -> str:
    """The model's name without its owner or the folders above it, in lower case."""
    parts = Path(reference).parts
    cached = [part.removeprefix(_HUB_CACHE).split("--")[-1] for part in parts if part.startswith(_HUB_CACHE)]
    return (cached or list(parts) or [reference])[-1].lower()
