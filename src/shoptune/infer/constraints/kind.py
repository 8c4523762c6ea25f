"""The registry of kinds of constraints: functions in `kinds/` decorated with `@constraint`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.shopbench.vocabulary import TaskType

Build = Callable[[str, Tokens, Any], Constraint | None]


@dataclass(frozen=True)
class ConstraintKind:
    """A kind of constraint.

    Attributes:
        name: its key under `constraints:` in a profile.
        task_type: the task type whose questions it applies to.
        default: the value of the key when a profile does not set it; a false value disables the constraint.
        description: the documentation of the key.
        build: returns the constraint, or None, given a question's text, a tokenizer and the profile's value.
    """

    name: str
    task_type: TaskType
    default: bool | float
    description: str
    build: Build


KINDS: dict[str, ConstraintKind] = {}


def constraint(task_type: TaskType, *, default: bool | float) -> Callable[[Build], Build]:
    """Register the decorated function as a kind of constraint under the function's name.

    Args:
        task_type: the task type whose questions it applies to.
        default: the value of the key when a profile does not set it; a false value disables the constraint.
    """

    def register(build: Build) -> Build:
        name = build.__name__
        KINDS[name] = ConstraintKind(name, task_type, default, (build.__doc__ or "").partition("\n")[0], build)
        return build

    return register
