"""A safe YAML loader that rejects duplicate keys."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_./][\w./-]*", re.ASCII)


# The loader based on libyaml reads all recipes in a tenth of the time.
class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, except that duplicate keys are errors. The default is to keep the last value."""

    def flatten_mapping(self, node: Any) -> None:
        """Check a mapping, then add the keys of `<<` to it."""
        if not getattr(node, "is_checked", False):  # a flattened mapping may hold a key of `<<` and its own
            node.is_checked = True
            _refuse_repeated_keys(node)
        super().flatten_mapping(node)


def _refuse_repeated_keys(node: Any) -> None:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            if first := lines.get((key.tag, key.value)):
                what = f"'{key.value}' is set twice, first in line {first}"
                raise RepeatedKeyError(None, None, what, key.start_mark)
            lines[key.tag, key.value] = line


class RepeatedKeyError(yaml.constructor.ConstructorError):
    """A mapping sets a key twice."""


def as_yaml(text: str) -> str:
    """A text as YAML, also within brackets: as it is, or quoted where YAML would read something else."""
    if _PLAIN.fullmatch(text) and yaml.load(text, Loader=Loader) == text:  # noqa: S506 - a safe loader
        return text
    return json.dumps(text, ensure_ascii=False)
