"""Another name of the same concept: neither the concept's own name nor that of another concept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shoptune.data.parsing.product_types import singular
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._names import plain_name


class SameConcept(FieldCheck):
    """Reject names that are spellings, broader or narrower forms of the concept, or that mean another concept as well.

    Attributes:
        field: the column of the answer: the other name.
        concept: the column of the record with the concept.
        others: the column of the record with the list of other concepts of the same department.
    """

    name: Literal["same_concept"] = "same_concept"
    concept: str = "concept"
    others: str = "others"

    @property
    def record_columns(self) -> Sequence[str]:
        """The concept, and the concepts that the name must not mean."""
        return (self.concept, self.others)

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Compare the words of the names in the singular."""
        name, concept = _words(answer[self.field]), _words(record[self.concept])
        if "".join(name) == "".join(concept):
            return f"{self.field} is the same name"
        if set(name) > set(concept) or set(name) < set(concept):
            return f"{self.field} is broader or narrower"
        if any(name == _words(other) for other in record[self.others] or ()):
            return f"{self.field} names another concept"
        return None


def _words(name: object) -> list[str]:
    return [singular(word) for word in plain_name(name).replace("-", " ").replace("'", "").split()]
