"""The teacher recipe: which records, the prompt, the form of answers, the checks and the backend."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from shoptune.config import Settings
from shoptune.config.paths import plain
from shoptune.config.plugin_settings import OneOf, settings_plugins
from shoptune.data.recipe import Language, Name
from shoptune.shopbench.provenance import PROVENANCE
from shoptune.teach.backend import Backend, Count
from shoptune.teach.backends.local import Local
from shoptune.teach.check import Check
from shoptune.teach.prompts import problem_of_template
from shoptune.teach.schema import closed, columns_of, problem_of_schema

Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

NUMBER = "number"
_BACKENDS = "shoptune.teach.backends"
_CHECKS = "shoptune.teach.checks"
_PLUGIN_AT: Mapping[int | str, int] = {"backend": 1, "checks": 2}  # the place of its name in the location of an error


class Sampling(Settings):
    """How answers are generated.

    Attributes:
        max_tokens: the maximum length of an answer, in tokens.
        temperature: the sampling temperature; 0 is greedy decoding.
        samples: the number of answers per record.
        seed: the seed of the first sample; the others count up from it.
    """

    max_tokens: Count = 256
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    samples: Count = 1
    seed: int = 0

    @model_validator(mode="after")
    def _samples_differ(self) -> Sampling:
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("samples above 1 need a temperature above 0; greedy answers are all the same")
        return self


class Each(Settings):
    """A list in the answer whose elements become rows of their own.

    Attributes:
        field: the property with the list.
        column: the column for the elements if they are not objects; objects become one column per property.
    """

    field: Column
    column: Column | None = None


class TeacherRecipe(Settings):
    """A teacher recipe YAML.

    Attributes:
        table: the name of the table, by which data recipes use it.
        records: a DuckDB query over the ingested tables; one prompt is made from each record.
        key: the columns that identify a record; they are copied to the table.
        system: the system prompt; a sentence about quoted text is added to it.
        prompt: a Jinja template over the record's columns; every text must be quoted: `{{ quoted(title) }}`.
        answer: the JSON Schema of an answer, an object; its properties become columns.
        checks: checks that reject answers, in this order.
        each: the list in the answer whose elements become rows.
        report: DuckDB queries over the views `answers` and `rejected`, each with one value, by name; the values are
            written to summary.json.
        sampling: how answers are generated.
        personal_data: the columns from which e-mail addresses, phone numbers and order numbers are removed before a
            prompt is made; null for all columns with text.
        languages: the languages of the records, which decide how phone numbers are recognized.
        backend: where the teacher runs.
        model: folder, Hub id or name of the teacher; `--model` overrides it.
        local_only: refuse a backend that sends prompts to another machine.
        max_failed: the run stops when a larger share of the requests has failed for good.
        licence: the terms under which the teacher's answers may be used, as you state them; dataset cards quote it.
    """

    table: Name
    records: str
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    system: str
    prompt: str
    answer: dict[str, Any]
    checks: tuple[Annotated[Check, OneOf(_CHECKS, "name")], ...] = ()
    each: Each | None = None
    report: dict[Name, str] = Field(default_factory=dict)
    sampling: Sampling = Sampling()
    personal_data: tuple[Column, ...] | None = None
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    backend: Annotated[Backend, OneOf(_BACKENDS, "kind")] = Local()
    model: str | None = None
    local_only: bool = False
    max_failed: Annotated[float, Field(ge=0, le=1)] = 0.05
    licence: str = ""

    @field_validator("answer", mode="after")
    @classmethod
    def _closed(cls, value: dict[str, Any]) -> dict[str, Any]:
        if problem := problem_of_schema(plain(value)):
            raise ValueError(problem)
        return closed(plain(value))

    @field_validator("backend", mode="before")
    @classmethod
    def _local_by_default(cls, value: Any) -> Any:
        return {"kind": "local", **value} if isinstance(value, dict) else value

    @field_validator("prompt", mode="after")
    @classmethod
    def _template_is_valid(cls, value: str) -> str:
        if problem := problem_of_template(value):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _columns_fit(self) -> TeacherRecipe:
        if problem := _problem_of_each(self):
            raise ValueError(problem)
        answered = list(self.columns)
        names = [*self.key, *([NUMBER] if self.is_numbered else []), *answered, *PROVENANCE]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the table would have two columns '{twice[0]}'; rename one in `key` or `answer`")
        for check in self.checks:
            if unknown := [name for name in check.answer_fields if name not in self.columns]:
                raise ValueError(f"check '{check.name}' reads '{unknown[0]}', but answers have {', '.join(answered)}")
        return self

    @classmethod
    def written_at(cls, location: Sequence[int | str]) -> tuple[int | str, ...]:
        """Translate a location, leaving out the name of a backend or a check, which does not enclose its keys."""
        place = _PLUGIN_AT.get(location[0]) if location else None
        return tuple(part for number, part in enumerate(location) if number != place)

    @classmethod
    def unknown_key(cls, location: Sequence[int | str]) -> tuple[str, str]:
        """Describe an unknown key's problem; the remedy names the nearest key of its backend or check."""
        place = _PLUGIN_AT.get(location[0])
        if place is None or len(location) <= place + 1:
            return super().unknown_key(location)
        package, key = (_BACKENDS, "kind") if location[0] == "backend" else (_CHECKS, "name")
        plugin = settings_plugins(package, key)[str(location[place])]
        return plugin.unknown_key(location[place + 1 :])

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of each column that answers add to the table, by name."""
        return columns_of(self.answer, self.each.field if self.each else None, self.each.column if self.each else None)

    @property
    def is_numbered(self) -> bool:
        """Whether a record may have several rows; they are then numbered from 1."""
        return self.each is not None or self.sampling.samples > 1

    @property
    def prompt_version(self) -> str:
        """A digest of the prompt, the form of answers and the checks; 12 hexadecimal digits."""
        checks = [{**check.model_dump(mode="json"), "version": check.version} for check in self.checks]
        each = self.each.model_dump(mode="json") if self.each else None
        parts = [self.system, self.prompt, self.answer, each, checks]
        return hashlib.sha256(json.dumps(plain(parts), sort_keys=True).encode()).hexdigest()[:12]

    def fingerprint(self) -> dict[str, Any]:
        """The settings that decide the table, as JSON values."""
        values = self.model_dump(mode="json", exclude={"backend", "model", "local_only", "max_failed"})
        return values | {"prompt_version": self.prompt_version}


def _problem_of_each(recipe: TeacherRecipe) -> str | None:
    if recipe.each is None:
        return None
    listed = recipe.answer["properties"].get(recipe.each.field, {})
    if listed.get("type") != "array" or "items" not in listed:
        return f"each.field: '{recipe.each.field}' is not a list with `items` in `answer`"
    is_object = listed["items"].get("type") == "object"
    if is_object == (recipe.each.column is not None):
        return "each.column is for lists of values, not of objects" if is_object else "each.column is missing"
    return None
