"""The config keys that axolotl knows, kept as data: axolotl itself accepts any key and ignores those it does not know.

`python -m shoptune.train.axolotl_keys` in the train environment writes the file; `--check` compares.
"""

from __future__ import annotations

import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

FILE = Path(__file__).with_name("axolotl_keys.json")

# A key leads to the keys inside it, or to null when its value is free.
KeyTree = dict[str, Any]


def known_keys() -> KeyTree:
    """The keys of the axolotl version that requirements/train.txt pins."""
    tree: KeyTree = json.loads(FILE.read_text(encoding="utf-8"))
    return tree


def discover() -> KeyTree:
    """The keys of the installed axolotl."""
    from axolotl.utils.schemas.config import AxolotlInputConfig

    return _keys(AxolotlInputConfig, frozenset()) or {}


def _keys(annotation: Any, seen: frozenset[type]) -> KeyTree | None:
    tree: KeyTree = {}
    for option in _options(annotation):
        origin = typing.get_origin(option)
        if isinstance(option, type) and issubclass(option, BaseModel) and option not in seen:
            for name, field in option.model_fields.items():
                tree |= dict.fromkeys(filter(None, (name, field.alias)), _keys(field.annotation, seen | {option}))
        elif origin in {list, tuple} and typing.get_args(option):
            tree |= _keys(typing.get_args(option)[0], seen) or {}
        elif option is dict or origin is dict:
            return None
    return tree or None


def _options(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        return [option for argument in typing.get_args(annotation) for option in _options(argument)]
    if origin is typing.Annotated:
        return _options(typing.get_args(annotation)[0])
    return [annotation]


def _text(tree: KeyTree) -> str:
    return json.dumps(tree, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    found = _text(discover())
    if "--check" not in sys.argv:
        FILE.write_text(found, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != found:
        sys.exit(f"{FILE.name} is out of date: run python -m shoptune.train.axolotl_keys")
