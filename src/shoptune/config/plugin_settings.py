"""Plug-ins with settings, one per module of a package, chosen by name in a config.

A plug-in's settings are a pydantic model with a discriminator (`method: ties`). In a YAML, they are written inline, on
the same level as the other keys of the config:

    method: ties
    density: 0.5
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeGuard, Union

from pydantic import Field, GetCoreSchemaHandler, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import CoreSchema

from shoptune.config import Settings
from shoptune.runtime.plugins import load_plugins


@cache
def settings_plugins(package: str, key: str) -> Mapping[str, type[Settings]]:
    """Return the plug-ins of a package by name, in alphabetical order.

    Args:
        package: the dotted name of a package; each of its modules defines one or more plug-ins.
        key: the field whose literal type is the plug-in's name.
    """
    found: dict[str, type[Settings]] = {}
    for module in load_plugins(package).values():
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__ == module.__name__ and _is_plugin(value, key):
                found[value.model_fields[key].get_default()] = value
    return dict(sorted(found.items()))


def _is_plugin(value: type, key: str) -> TypeGuard[type[Settings]]:
    return issubclass(value, Settings) and not inspect.isabstract(value) and key in value.model_fields


@dataclass(frozen=True)
class OneOf:
    """Annotates a field that can be any of a package's plug-ins, distinguished by the field `key`.

    The annotation becomes a discriminated union when pydantic builds the model; type checkers see only the interface.
    """

    package: str
    key: str

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the union."""
        classes = tuple(settings_plugins(self.package, self.key).values())
        if len(classes) == 1:
            return handler.generate_schema(classes[0])
        union: Any = Union.__getitem__(classes)  # the classes are known only now
        return handler.generate_schema(Annotated[union, Field(discriminator=self.key)])


class InlineSettings(Settings):
    """Settings that contain one plug-in's settings, written inline.

    A subclass sets `plugin_field` (the name of the field, which is also the discriminator), `plugin_package` (the
    package of the plug-ins) and `plugin_default` (the plug-in to use if the YAML does not choose one).
    """

    plugin_field: ClassVar[str]
    plugin_package: ClassVar[str]
    plugin_default: ClassVar[str]

    @classmethod
    def _plugins(cls) -> Mapping[str, type[Settings]]:
        return settings_plugins(cls.plugin_package, cls.plugin_field)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        """Move the keys of plug-ins from the config to the plug-in's settings. Null counts as not set."""
        if not isinstance(values, dict) or isinstance(values.get(cls.plugin_field), (dict, Settings)):
            return values
        owned = {key for plugin in cls._plugins().values() for key in plugin.model_fields} - cls.model_fields.keys()
        name = values.get(cls.plugin_field, cls.plugin_default)
        inline = {key: value for key, value in values.items() if key in owned and value is not None}
        rest = {key: value for key, value in values.items() if key not in owned}
        return {**rest, cls.plugin_field: {cls.plugin_field: name, **inline}}

    @model_serializer(mode="wrap")
    def _inline(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write the plug-in's settings inline, as they were read."""
        values: dict[str, Any] = {}
        for key, value in handler(self).items():
            values |= value if key == self.plugin_field else {key: value}
        return values

    @classmethod
    def _within(cls, location: Sequence[int | str]) -> tuple[type[Settings], tuple[int | str, ...]] | None:
        """Return the plug-in that a location belongs to, and the location inside it; None if it is the config's own."""
        if location[:1] != (cls.plugin_field,) or len(location) == 1:
            return None
        found, inner = cls._plugins(), tuple(location[1:])
        return (found[str(inner[0])], inner[1:]) if inner[0] in found else (next(iter(found.values())), inner)

    @classmethod
    def written_at(cls, location: Sequence[int | str]) -> tuple[int | str, ...]:
        """Translate a location, leaving out the plug-in's field and name, which do not enclose its keys in the YAML."""
        within = cls._within(location)
        return tuple(location) if within is None else within[1]

    @classmethod
    def unknown_key(cls, location: Sequence[int | str]) -> tuple[str, str]:
        """Describe an unknown key's problem, and name the plug-in that it belongs to."""
        within = cls._within(location)
        if within is None:
            return super().unknown_key(location)
        plugin, inner = within
        owners = [name for name, other in cls._plugins().items() if inner[0] in other.model_fields]
        if len(inner) == 1 and owners:
            what = f"belongs to {cls.plugin_field}: {' or '.join(owners)}"
            return what, f"remove it, or change {cls.plugin_field}"
        return plugin.unknown_key(inner)

    @classmethod
    def yaml_keys(cls) -> list[str]:
        """Return the config's own keys and those of every plug-in."""
        inline = [key for plugin in cls._plugins().values() for key in plugin.model_fields]
        return list(dict.fromkeys([*super().yaml_keys(), *inline]))
