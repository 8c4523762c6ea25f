from __future__ import annotations

import pytest

from shoptune.teach.checks.consistent import Consistent
from tests.teach.checks.applying import apply

CHECK = Consistent(own="own_answer", score="correctness", task_type="task_type", given="answer")


def _judged(kind: str, given: str, own: str, score: int) -> str | None:
    (found,) = apply(CHECK, [{"own_answer": own, "correctness": score}], {"task_type": kind, "answer": given})
    return found if isinstance(found, str) else None


@pytest.mark.parametrize(
    ("kind", "given", "own", "score"),
    [
        ("multiple-choice", "2", "2", 5),
        ("multiple-choice", "1", "2", 1),
        ("multiple-choice", "4", "5", 4),  # a rating next to one's own is acceptable
        ("retrieval", "3,8,9", "9,3,8", 5),
        ("retrieval", "4", "1,2,7", 4),  # what a customer does next can be several things
        ("ranking", "1,4,2,3,5", "4,1,2,3,5", 4),
        ("named_entity_recognition", "tablette", "Tablette", 5),
        ("named_entity_recognition", "asus", "tablette", 1),
        ("generation", "A switch with a lever.", "An electric switch that is flipped.", 5),
    ],
)
def test_a_judgement_that_follows_from_its_own_answer_is_kept(kind: str, given: str, own: str, score: int) -> None:
    assert _judged(kind, given, own, score) is None


@pytest.mark.parametrize(
    ("kind", "given", "own", "score", "reason"),
    [
        ("multiple-choice", "2", "2", 1, "correctness is low, but own_answer is the same"),
        ("multiple-choice", "2", "3", 5, "correctness is high, but own_answer is another"),
        ("multiple-choice", "2", "the second option", 5, "own_answer is not in the form of an answer"),
        ("retrieval", "3,8,9", "9,8,3", 2, "correctness is low, but own_answer is the same"),
        ("retrieval", "3,8,9", "none of them", 1, "own_answer is not in the form of an answer"),
        ("ranking", "1,4,2,3,5", "1,4,2,3,5", 1, "correctness is low, but own_answer is the same"),
        (
            "named_entity_recognition",
            "asus, tablette",
            "Tablette, Asus",
            2,
            "correctness is low, but own_answer is the same",
        ),
        ("generation", "Comfortable", " comfortable", 1, "correctness is low, but own_answer is the same"),
    ],
)
def test_a_contradiction_is_rejected(kind: str, given: str, own: str, score: int, reason: str) -> None:
    assert _judged(kind, given, own, score) == reason
