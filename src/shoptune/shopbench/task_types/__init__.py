"""Task types, one per file: parser, reference text, metrics and constraint. See `docs/extending.md`."""

from __future__ import annotations

from collections.abc import Mapping

from shoptune.runtime.plugins import load_plugins
from shoptune.shopbench.task_types._definition import Definition, Parsed, Reference, Wording
from shoptune.shopbench.vocabulary import TaskType

__all__ = ["DEFINITIONS", "Definition", "Parsed", "Reference", "Wording"]

_LOADED: Mapping[str, Definition] = {name: module.DEFINITION for name, module in load_plugins(__name__).items()}
# In the enumeration's order.
DEFINITIONS: Mapping[TaskType, Definition] = {task_type: _LOADED[task_type.name.lower()] for task_type in TaskType}
