"""Register a kind of constraint: a function in `kinds/` under the `constraint` decorator."""

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
        task_type: the questions it applies to.
        default: its value in a profile that does not mention it; a false value switches it off.
        description: for the documentation of the key.
        build: gives the constraint for a question's text, a tokenizer and the profile's value, or None.
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
        task_type: the questions it applies to.
        default: its value in a profile that does not mention it.
    """

    def register(build: Build) -> Build:
        name = build.__name__
        KINDS[name] = ConstraintKind(name, task_type, default, (build.__doc__ or "").partition("\n")[0], build)
        return build

    return register
