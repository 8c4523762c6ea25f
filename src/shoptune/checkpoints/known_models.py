"""The `config.json` files that ship with the package, so that `shoptune plan` needs no download for these models."""

from __future__ import annotations

import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

_OWNER = "qwen"


def known_model_config(reference: str) -> dict[str, Any] | None:
    """Return the `config.json` of a model on the Hub, or None if it does not ship with the package.

    Args:
        reference: a Hub id such as `Qwen/Qwen2-72B-Instruct`, in upper or lower case, with or without `@revision`.
    """
    owner, _, name = reference.partition("@")[0].lower().rpartition("/")
    if owner != _OWNER or name not in _names():
        return None
    config: dict[str, Any] = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return config


def _names() -> list[str]:
    return sorted(file.name.removesuffix(".json") for file in _folder().iterdir() if file.name.endswith(".json"))


def _folder() -> Traversable:
    return resources.files("shoptune.checkpoints") / "model_configs"
