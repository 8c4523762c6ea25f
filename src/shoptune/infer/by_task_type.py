"""Settings with one key per task type, including task types added as plug-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import Field, create_model

from shoptune.config import Settings
from shoptune.shopbench.task_types import DEFINITIONS, Definition

SettingsT = TypeVar("SettingsT", bound=Settings)


def by_task_type(annotation: Any, default: Callable[[Definition], Any]) -> Callable[[type[SettingsT]], type[SettingsT]]:
    """Decorate a settings model to add a field for every task type, named like the task type's file.

    Args:
        annotation: the type of each field.
        default: returns a field's default, given the definition of its task type.
    """

    def decorate(model: type[SettingsT]) -> type[SettingsT]:
        fields: dict[str, Any] = {
            task_type.name.lower(): (
                annotation,
                Field(default=default(definition), description=f"for questions of type {task_type.value}"),
            )
            for task_type, definition in DEFINITIONS.items()
        }
        return create_model(
            model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **fields
        )

    return decorate
