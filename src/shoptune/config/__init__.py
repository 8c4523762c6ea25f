"""Load a YAML config into a typed model.

Follows `extends: other.yaml`, applies `--set a.b=c`, rejects unknown keys, and reports all problems together.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shoptune.config.paths import written_in
from shoptune.config.shipped import find_config
from shoptune.config.yaml_loader import Loader, RepeatedKeyError
from shoptune.errors import Problem, ShoptuneError, fail, key_path, nearest, shorten

_EXTENDS = "extends"


class Settings(BaseModel):
    """Base class of config models: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    @classmethod
    def yaml_keys(cls) -> list[str]:
        """Return the keys that a YAML of this model may have."""
        return list(cls.model_fields)

    @classmethod
    def written_at(cls, location: Sequence[int | str]) -> tuple[int | str, ...]:
        """Translate a location in this model into the corresponding location in the YAML."""
        return tuple(location)

    @classmethod
    def unknown_key(cls, location: Sequence[int | str]) -> tuple[str, str]:
        """Return a description of an unknown key's problem, and the remedy."""
        return "unknown key", nearest(str(location[-1]), _keys_at(cls, location[:-1]))


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(path: Path, model: type[SettingsT], overrides: Sequence[str] = ()) -> SettingsT:
    """Read a YAML (or JSON) file into `model`.

    Args:
        path: the file.
        model: the settings model to check it against.
        overrides: `key.path=value` strings from `--set`; values are YAML, and list items are addressed by number.

    Raises:
        ShoptuneError: the file is missing or malformed, or does not match the model; the error lists all problems.
    """
    return check(path, apply_overrides(read_yaml(path), overrides), model)


def read_yaml(path: Path) -> Any:
    """Read a YAML file and the files that it extends, with the safe loader.

    `extends: other.yaml` names a file relative to this one, then to the current folder, or one that ships with
    shoptune. Mappings are merged key by key, at every depth; any other value, lists included, replaces the extended
    file's. `{0: ...}` changes the first item of an extended list instead of replacing the list. The base's keys come
    first. Texts know the file that they were read from (`shoptune.config.paths`).

    Raises:
        ShoptuneError: a file is missing or is not valid YAML, or files extend one another in a circle.
    """
    merged = None
    for file, values in reversed(_chain(path)):
        merged = _merge(merged, values, file, ())
    return merged


def _chain(path: Path) -> list[tuple[Path, Any]]:
    """A config file and those that it extends, each with its own values, the extended ones last."""
    chain: list[tuple[Path, Any]] = []
    while True:
        values = _parse(path)
        extended = values.pop(_EXTENDS, None) if isinstance(values, dict) else None
        chain.append((path, written_in(path, values)))
        if extended is None:
            return chain
        if not isinstance(extended, str) or not extended:
            raise fail(path, _EXTENDS, f"is not a file name (got {shorten(extended)})", "write `extends: other.yaml`")
        near = path.parent / extended
        following = near if near.is_file() else find_config(Path(extended))
        if not following.is_file():
            raise fail(path, _EXTENDS, f"no such file '{near}'", "use a path relative to this file")
        if any(following.samefile(seen) for seen, _ in chain):
            names = " -> ".join(str(each) for each in [*(seen for seen, _ in chain), following])
            raise fail(path, _EXTENDS, f"extends itself ({names})", "remove one `extends`")
        path = following


def _merge(base: Any, values: Any, file: Path, at: tuple[int | str, ...]) -> Any:
    if isinstance(base, dict) and isinstance(values, dict):
        return base | {key: _merge(base.get(key), value, file, (*at, key)) for key, value in values.items()}
    numbered = isinstance(values, dict) and bool(values) and all(isinstance(key, int) for key in values)
    if not isinstance(base, list) or not numbered:
        return values
    if beyond := [number for number in values if not 0 <= number < len(base)]:
        what = f"is not one of the extended list's {len(base)} items"
        raise fail(file, key_path((*at, beyond[0])), what, "count from 0")
    return [_merge(item, values[n], file, (*at, n)) if n in values else item for n, item in enumerate(base)]


def file_of(path: Path, location: Sequence[int | str]) -> Path:
    """Return the file that sets the value at a location of a config: the config itself, or one that it extends."""
    chain = _chain(path) if path.is_file() else []
    for length in range(len(location), 0, -1):
        for file, values in chain:
            if _holds(values, location[:length]):
                return file
    return path


def _holds(values: Any, location: Sequence[int | str]) -> bool:
    try:
        for part in location:
            values = values[part]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _parse(path: Path) -> Any:
    if path.is_dir():
        raise fail(path, "", "is a folder, not a config file", "choose a YAML file")
    if not path.is_file():
        raise fail(path, "", "no such file", "check the path; `shoptune configs list` lists the shipped ones")
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - both loaders are safe
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        if isinstance(error, RepeatedKeyError):
            raise fail(path, where, what, "keep one of the two") from error
        raise fail(path, where, f"not valid YAML ({what})", "correct the syntax") from error


def check(path: Path, values: Any, model: type[SettingsT]) -> SettingsT:
    """Validate plain values against a settings model. Errors name the file that sets the value.

    Raises:
        ShoptuneError: the values do not match the model; the error lists one problem per value.
    """
    if not isinstance(values, dict):
        raise fail(path, "", f"contains a {type(values).__name__}, not keys and values", "write `key: value` lines")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [_problem(path, model, dict(details)) for details in error.errors(include_url=False)]
        raise ShoptuneError(problems) from error


def apply_overrides(values: Any, overrides: Iterable[str]) -> Any:
    """Apply `key.path=value` strings to nested dicts and lists, in place.

    Raises:
        ShoptuneError: an override is not of that form, or its path does not exist.
    """
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key:
            raise fail("--set", override, "is not of the form key=value", "write, for example, --set seed=7")
        *parents, last = key.split(".")
        target = values
        for parent in parents:
            target = _child(target, parent, override)
        try:
            value = yaml.load(text, Loader=Loader)  # noqa: S506 - as safe as the loader that it extends
        except yaml.YAMLError as error:
            raise fail("--set", override, "the value is not valid YAML", "quote the value") from error
        if isinstance(target, list):
            target[_index(target, last, override)] = value
        elif isinstance(target, dict):
            target[last] = value
        else:
            raise fail("--set", override, f"'{key}' is inside a value, not a group of keys", "check the key path")
    return values


def _child(target: Any, name: str, override: str) -> Any:
    if isinstance(target, list):
        return target[_index(target, name, override)]
    if isinstance(target, dict):
        return target.setdefault(name, {})
    raise fail("--set", override, f"'{name}' is inside a value, not a group of keys", "check the key path")


def _index(items: list[Any], name: str, override: str) -> int:
    if not name.isdigit() or int(name) >= len(items):
        raise fail("--set", override, f"'{name}' is not one of the list's {len(items)} items", "count from 0")
    return int(name)


def _problem(path: Path, model: type[Settings], details: dict[str, Any]) -> Problem:
    location = tuple(part for part in details["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    written = model.written_at(location)
    path, where = file_of(path, written), key_path(written)
    if details["type"] == "extra_forbidden":
        return Problem(path, where, *model.unknown_key(location))
    if details["type"] == "union_tag_invalid":
        tag, tags = details["ctx"]["tag"], re.findall("'(.*?)'", details["ctx"]["expected_tags"])
        what = details["ctx"]["discriminator"].strip("'") if isinstance(location[-1], int) else location[-1]
        return Problem(path, where, f"no such {what}: '{tag}'", nearest(tag, tags))
    if details["type"] == "missing":
        return Problem(path, where, "is missing", "add it")
    message = details["msg"].removeprefix("Value error, ")
    what = message[:1].lower() + message[1:]
    return Problem(path, where, f"{what} (got {shorten(details['input'])})", "correct the value")


def _keys_at(model: type[BaseModel], location: Iterable[int | str]) -> list[str]:
    """Return the keys of the settings model at a location inside another one."""
    current: list[Any] = [model]
    for part in location:
        current = [inner for annotation in current for inner in _step(annotation, part)]
    return [key for annotation in current if hasattr(annotation, "yaml_keys") for key in annotation.yaml_keys()]


def _step(annotation: Any, part: int | str) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return _options(field.annotation) if field else [annotation]
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    return _options(arguments[-1]) if arguments else []  # an item of a list or tuple, a value of a mapping


def _options(annotation: Any) -> list[Any]:
    """Return the members of a union, or the annotation itself."""
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return [option for option in typing.get_args(annotation) if option is not type(None)]
    if typing.get_origin(annotation) is typing.Annotated:
        return _options(typing.get_args(annotation)[0])
    return [annotation]
