"""Where a row or a table's record comes from, if a teacher's answer went into it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Provenance:
    """The answer of a teacher that a row was made with.

    Attributes:
        teacher_model: the model that gave the answer.
        prompt_version: the version of the prompt that asked for it.
        answer_digest: the digest of the answer, or None if several answers went into the row.
    """

    teacher_model: str
    prompt_version: str
    answer_digest: str | None = None


PROVENANCE = tuple(field.name for field in fields(Provenance))  # the columns, all text
