"""Numbers as text."""

import pytest

from shoptune.studio.texts import count, size


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (7_740_000, "7.74 MB"), (145 * 10**9, "145 GB"), (10**13, "10 TB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_counts() -> None:
    assert [count(1, "row"), count(1082, "row"), count(2, "entry", "entries")] == ["1 row", "1,082 rows", "2 entries"]
