"""generation_config.json: greedy decoding, and the tokens that end an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.shopbench.control_tokens import token_text

FILE = "generation_config.json"
_KEPT = ("bos_token_id", "eos_token_id", "pad_token_id")


def generation_config(folder: Path) -> dict[str, Any]:
    """Return the settings with which the scores were measured: greedy, ended by the checkpoint's own tokens.

    The base's settings for sampling, such as a temperature or a repetition penalty, are left out.

    Args:
        folder: the checkpoint; its tokens come from its generation_config.json, its tokenizer, and its config.json.
    """
    settings: dict[str, Any] = {"do_sample": False, "max_new_tokens": 128}
    given = read_json(folder / FILE) if (folder / FILE).is_file() else {}
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    tokens = _tokenizer_ids(folder)
    for key in _KEPT:
        if (value := given.get(key, tokens.get(key, config.get(key)))) is not None:
            settings[key] = value
    return settings


def write_generation_config(folder: Path, file: Path) -> None:
    """Write the settings of a checkpoint to a file."""
    file.write_text(json.dumps(generation_config(folder), indent=2) + "\n", encoding="utf-8")


def _tokenizer_ids(folder: Path) -> Mapping[str, int]:
    """Return the ids of the special tokens that tokenizer_config.json names."""
    if not ((folder / "tokenizer.json").is_file() and (folder / "tokenizer_config.json").is_file()):
        return {}
    tokenizer = read_json(folder / "tokenizer.json")
    ids = {**tokenizer.get("model", {}).get("vocab", {})} if isinstance(tokenizer.get("model"), dict) else {}
    ids |= {token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])}
    names = read_json(folder / "tokenizer_config.json")
    found = {key: ids.get(token_text(names.get(key.removesuffix("_id")))) for key in _KEPT}
    return {key: number for key, number in found.items() if number is not None}
