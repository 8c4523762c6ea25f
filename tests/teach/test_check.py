from __future__ import annotations

from shoptune.teach.check import apply_checks
from shoptune.teach.checks.distinct import Distinct
from shoptune.teach.checks.short_name import ShortName


def test_each_check_sees_the_normal_form_of_what_earlier_ones_accepted() -> None:
    checks = [ShortName(field="aspect", refused=("overall",)), Distinct(field="aspect")]
    names = ["Fit", "overall", "fit", "OVERALL", "size"]
    answers = [{"aspect": name, "number": number} for number, name in enumerate(names)]
    assert apply_checks(checks, answers, {}) == [
        ({"aspect": "fit", "number": 0}, None),
        ({"aspect": "overall", "number": 1}, "short_name: aspect names nothing"),
        ({"aspect": "fit", "number": 2}, "distinct: aspect is repeated"),
        ({"aspect": "overall", "number": 3}, "short_name: aspect names nothing"),
        ({"aspect": "size", "number": 4}, None),
    ]
    assert apply_checks([], answers[:1], {}) == [(answers[0], None)]
    assert apply_checks(checks, [], {}) == []
