"""The `constraints:` section of a profile: one key per kind, discovered from the files in `kinds/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from shoptune.config import Settings
from shoptune.infer.constraints import kinds  # registers every kind
from shoptune.infer.constraints.allowed import constraint_to
from shoptune.infer.constraints.constraint import FREE, Constraint, Tokens
from shoptune.infer.constraints.kind import KINDS
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_ = kinds
_DOC = "The constraints to apply to answers; `false` or 0 disables a kind.\n\nAttributes:\n"


def _fields() -> dict[str, Any]:
    return {
        kind.name: (type(kind.default), Field(default=kind.default, description=kind.description))
        for kind in KINDS.values()
    }


if TYPE_CHECKING:

    class ConstraintSettings(Settings):
        """The profile's value for each kind of constraint, keyed by the kind's name."""

else:
    ConstraintSettings = create_model(
        "ConstraintSettings",
        __base__=Settings,
        __module__=__name__,
        __doc__=_DOC + "".join(f"    {kind.name}: {kind.description}\n" for kind in KINDS.values()),
        **_fields(),
    )


def constraint_for(question: str, task_type: TaskType, settings: ConstraintSettings, tokens: Tokens) -> Constraint:
    """Return the constraint on the answer to one question.

    It comes from the first kind for the question's task type that returns one. If no kind covers the task type, as
    for one added as a plug-in, the constraint is derived from the answers that its definition allows.

    Args:
        question: the question's text.
        task_type: the task type stated in the system prompt.
        settings: the profile's value for each kind.
        tokens: the checkpoint's tokenizer.
    """
    kinds_for = [kind for kind in KINDS.values() if kind.task_type is task_type]
    if not kinds_for:
        return constraint_to(DEFINITIONS[task_type].allowed(question), question, tokens) or FREE
    for kind in kinds_for:
        value = getattr(settings, kind.name)
        found = kind.build(question, tokens, value) if value else None
        if found is not None:
            return found
    return FREE
