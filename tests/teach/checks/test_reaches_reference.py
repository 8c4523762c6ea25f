from __future__ import annotations

import pytest
from pydantic import ValidationError

from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.checks.reaches_reference import ReachesReference
from tests.teach.checks.applying import applied

CHECK = ReachesReference(field="rationale", answer=r"\|(\d)", reference="answer")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("The pack holds 6 tins of 1.4 ounces, and 6 times 1.4 is 8.4 ounces.|1", "1"),
        ("A tabletop game has cards, which sleeves protect; the others are not used at a table.|0", "0"),
        ("9.24 oz times 6 = 55.44 oz, so option 1 is right.|1", "1"),
        ("Cents per piece: 12, 15, 9 and 11. The lowest is 9, which is the third product. |2", "2"),
        ("Two pounds are 32 ounces, more than the 30 of option 3.|4\n", "4"),
    ],
)
def test_reasoning_that_reaches_the_reference_is_kept(text: str, reference: str) -> None:
    assert applied(CHECK, "rationale", text, {"answer": reference}) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The pack holds 6 tins of 1.4 ounces, and 6 plus 1.4 is 7.4 ounces.|0", "concludes another answer"),
        ("The pack holds 6 tins of 1.4 ounces, which is 8.4 ounces, option 1.", "has no conclusion"),
        ("It is |1 or |1", "does not end with its conclusion"),
        ("First |0, but 6 times 1.4 is 8.4.|1", "does not end with its conclusion"),
        ("6 times 1.4 is 8.4.|1 is the answer.", "does not end with its conclusion"),
        ("|1", "gives no reasons"),
        ("6 times 1.4 is 8.4.|12", "does not end with its conclusion"),
    ],
)
def test_other_reasoning_is_rejected(text: str, reason: str) -> None:
    assert applied(CHECK, "rationale", text, {"answer": "1"}) == (f"rationale {reason}",)


def test_lists_of_numbers_are_compared_as_the_benchmark_reads_them() -> None:
    check = ReachesReference(field="rationale", answer=r"\|([\d,]+)", reference="answer", task_type=TaskType.RETRIEVAL)
    assert applied(check, "rationale", "Both are ties.|3,8,9", {"answer": "3,8,9"}) == "Both are ties.|3,8,9"
    assert applied(check, "rationale", "Both are ties.|3,8,1", {"answer": "3,8,9"}) == (
        "rationale concludes another answer",
    )


@pytest.mark.parametrize("pattern", ["(", "no group"])
def test_the_expression_is_checked(pattern: str) -> None:
    with pytest.raises(ValidationError, match="answer"):
        ReachesReference(field="rationale", answer=pattern, reference="answer")
