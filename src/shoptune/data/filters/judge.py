"""Rows that a teacher judges wrong or too easy, by their ids."""

from __future__ import annotations

from shoptune.data.mixture import Mixture
from shoptune.data.tables.teacher import JUDGE, TeacherTables

_SPOILED = "spoiled"  # rows that were given a wrong answer on purpose, to see whether the judge notices


def refused_rows(mixture: Mixture, teacher: TeacherTables) -> frozenset[str]:
    """The ids of rows that score below the mixture's limits; of several scores of a row, the lowest counts.

    Args:
        mixture: sets the limits.
        teacher: the teacher's tables; without `judge`, no row is refused.
    """
    limits, table = mixture.judge, teacher.tables.get(JUDGE)
    if limits is None or table is None:
        return frozenset()
    return frozenset(
        record["row_id"]
        for record in table.records()
        if not record.get(_SPOILED)
        and (record["correctness"] < limits.min_correctness or record["difficulty"] < limits.min_difficulty)
    )
